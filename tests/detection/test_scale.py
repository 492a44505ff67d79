"""A truck's scale: empty and full are told apart, whatever it is off by, or it weighs nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from truckkit.detection.scale import scale


def shown(
    empty: float, full: float, share: float = 0.5, noise: float = 0.0, samples: int = 400
) -> np.ndarray:
    random = np.random.default_rng(1)
    loaded = int(samples * share)
    truth = np.concatenate([np.full(samples - loaded, empty), np.full(loaded, full)])
    return truth + random.normal(0, noise, samples)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
@pytest.mark.parametrize(("empty", "full"), [(0.0, 290.0), (-12.0, 95.0), (20.0, 360.0), (0.0, 30.0)])
def test_empty_and_full_are_found_whatever_the_truck_and_its_offset(empty, full, share):
    found = scale(shown(empty, full, share, noise=0.5))
    assert found.empty_t == pytest.approx(empty, abs=0.5)
    assert found.full_t == pytest.approx(full, abs=0.5)
    assert found.share(np.array([empty, full])) == pytest.approx([0, 1], abs=0.03)


def test_a_scale_that_shows_no_difference_weighs_nothing():
    for readings in (
        np.empty(0),
        np.full(500, 7.0),
        np.full(500, np.nan),
        shown(0, 5),
        shown(0, 290)[:20],
        np.random.default_rng(1).normal(50, 40, 500),
    ):
        assert not scale(readings).works


def test_readings_that_cannot_be_weights_say_nothing():
    mad = np.concatenate([shown(0, 290), np.full(50, 65_527.0), np.full(50, np.inf), np.full(60, -1e20)])
    assert scale(mad).full_t == pytest.approx(290)
    assert not scale(np.full(100, 1e20)).works


@settings(max_examples=60)
@given(arrays.arrays(np.float64, st.integers(0, 200), elements=st.floats(width=32)))
def test_full_is_more_than_empty_whatever_is_shown(readings):
    found = scale(readings)
    assert not found.works or found.full_t - found.empty_t >= 8
