"""The decoder: the best order of states, given evidence made by hand."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from truckkit.detection import decoder as model
from truckkit.detection.decoder import WORDS, decode, transitions


def told(*signs: dict[int, float]) -> np.ndarray:
    """Evidence of pieces: what speaks for which states."""
    said = np.full((len(signs), len(WORDS)), -6.0)
    said[:, [model.NO_DATA_E, model.NO_DATA_L]] = model.NEVER
    for row, sign in zip(said, signs, strict=True):
        for state, odds in sign.items():
            row[state] = odds
    return said


def path(said: np.ndarray, seconds: list[float]) -> list[int]:
    return decode(said, np.concatenate([[0.0], np.cumsum(seconds)]) * 1000).tolist()


CYCLE = [
    model.RETURN, model.QUEUE_LOAD, model.SPOT_LOAD, model.LOAD,
    model.HAUL, model.QUEUE_DUMP, model.SPOT_DUMP, model.DUMP, model.RETURN,
]  # fmt: skip
SECONDS = [300.0, 120.0, 40.0, 150.0, 400.0, 60.0, 40.0, 50.0, 300.0]


def test_what_speaks_for_itself_is_taken_as_it_is():
    assert path(told(*({state: 0.0} for state in CYCLE)), SECONDS) == CYCLE


def test_what_nothing_tells_of_follows_from_what_is_before_and_after():
    signs = [{state: 0.0} for state in CYCLE]
    signs[3] = {}  # nobody saw the loading
    signs[7] = {}
    found = path(told(*signs), SECONDS)
    assert found[3] == model.LOAD
    assert found[7] == model.DUMP


def test_nothing_is_hauled_away_twice_without_a_dumping_between():
    costs = transitions()
    loaded, empty = set(model.LOADED), set(model.EMPTY)
    dear = -5.0
    for state in loaded - {model.NO_DATA_L}:
        for other in empty - {model.NO_DATA_E}:
            # only what is dear, or a breakdown with a load on it, empties a truck without a dumping
            assert costs[state, other] < dear or state == model.DOWN_L
    for state in empty - {model.NO_DATA_E}:
        for other in loaded - {model.NO_DATA_L}:
            assert costs[state, other] < dear
    assert costs[model.LOAD, model.RETURN] < dear
    assert costs[model.RETURN, model.DUMP] == model.NEVER
    assert costs[model.QUEUE_LOAD, model.DUMP] == model.NEVER


def test_a_gap_may_hide_that_a_truck_was_filled_but_it_is_not_presumed():
    costs = transitions()
    assert costs[model.NO_DATA_E, model.RETURN] == 0 > costs[model.NO_DATA_E, model.HAUL]
    assert costs[model.NO_DATA_L, model.HAUL] == 0 > costs[model.NO_DATA_L, model.RETURN]


@pytest.mark.parametrize(("seconds", "state"), [(40.0, model.RETURN), (400.0, model.DELAY_E)])
def test_how_long_a_stop_lasts_says_whether_it_is_a_delay(seconds: float, state: int):
    stop = {model.RETURN: -2.0, model.DELAY_E: 0.0}
    found = path(told({model.RETURN: 0.0}, stop, {model.RETURN: 0.0}), [200.0, seconds, 200.0])
    assert found == [model.RETURN, state, model.RETURN]


@pytest.mark.parametrize(("seconds", "state"), [(45.0, model.SPOT_LOAD), (1500.0, model.QUEUE_LOAD)])
def test_nobody_spots_for_long(seconds: float, state: int):
    stop = {model.QUEUE_LOAD: -0.5, model.SPOT_LOAD: 0.0}
    signs = told({model.RETURN: 0.0}, stop, {model.LOAD: 0.0}, {model.HAUL: 0.0})
    assert path(signs, [200.0, seconds, 150.0, 300.0])[1] == state


def test_one_state_may_last_for_any_number_of_pieces():
    found = path(told(*([{model.RETURN: 0.0}] * 500)), [10.0] * 500)
    assert set(found) == {model.RETURN}


@settings(max_examples=40)
@given(
    arrays.arrays(
        np.float64,
        st.tuples(st.integers(0, 12), st.just(len(WORDS))),
        elements=st.floats(-30, 30),
    )
)
def test_only_what_may_follow_follows(said: np.ndarray):
    costs = transitions()
    found = path(said, [30.0] * len(said))
    assert len(found) == len(said)
    assert all(costs[one, other] > model.NEVER for one, other in pairwise(found))
