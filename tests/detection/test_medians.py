"""The compiled median is the median."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from truckkit.detection.medians import median


@given(st.lists(st.floats(width=32), min_size=1, max_size=40), st.data())
def test_the_middle_of_what_is_known_is_that_of_numpy(values: list[float], data: st.DataObject):
    first = data.draw(st.integers(0, len(values) - 1))
    last = data.draw(st.integers(first, len(values) - 1))
    asked = np.array(values)
    known = np.sort([value for value in values[first : last + 1] if np.isfinite(value)])
    told = median(asked, first, last, np.empty(len(values)))
    if len(known):
        assert told == known[len(known) // 2]
    else:
        assert np.isnan(told)
    assert np.array_equal(asked, np.array(values), equal_nan=True)


def test_of_nothing_there_is_no_middle():
    assert np.isnan(median(np.empty(0), 0, -1, np.empty(0)))
