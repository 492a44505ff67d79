"""Segments: what pieces were decoded to, as states that tile."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from truckkit.detection import decoder as model
from truckkit.detection.pieces import PIECE
from truckkit.detection.segments import STATE, segments
from truckkit.detection.stops import STOP

SECOND = 1000.0


def pieces(*seconds: float) -> np.ndarray:
    out = np.zeros(len(seconds), PIECE)
    out["stop"] = np.cumsum(seconds) * SECOND
    out["start"] = out["stop"] - np.array(seconds) * SECOND
    out["metres"], out["share"], out["body"] = 10.0, np.nan, -1
    out["run"] = np.arange(len(out))
    return out


def told(path: list[int], cut: np.ndarray, stops: np.ndarray | None = None) -> np.ndarray:
    said = np.full((len(path), len(model.WORDS)), -3.0)
    said[np.arange(len(path)), path] = 0.0
    return segments(cut, np.empty(0, STOP) if stops is None else stops, said, np.array(path, np.int64))


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 15), st.integers(1, 500)), max_size=30))
def test_segments_tile_the_pieces_whatever_they_were_decoded_to(drawn):
    path, cut = [state for state, _ in drawn], pieces(*(seconds for _, seconds in drawn))
    found = told(path, cut)
    if not drawn:
        assert len(found) == 0
        return
    assert (found["start"][0], found["stop"][-1]) == (cut["start"][0], cut["stop"][-1])
    assert (found["stop"][:-1] == found["start"][1:]).all()
    assert (found["stop"] > found["start"]).all()
    assert (found["state"][1:] != found["state"][:-1]).all()
    assert found["metres"].sum() == pytest.approx(cut["metres"].sum())
    assert ((found["confidence"] >= 0) & (found["confidence"] <= 1)).all()


def test_states_with_and_without_a_load_are_one_word():
    found = told([model.DELAY_E, model.DELAY_L, model.HAUL], pieces(60, 60, 60))
    assert [STATE[number] for number in found["state"]] == ["delay", "haul"]


def test_nobody_is_sure_of_what_nobody_saw():
    found = told([model.HAUL, model.NO_DATA_L, model.HAUL], pieces(60, 60, 60))
    assert found["confidence"].tolist() == pytest.approx([found["confidence"][0], 0, found["confidence"][0]])
    assert found["confidence"][0] > 0.5


def test_a_queue_and_spotting_are_at_the_site_that_they_lead_to_and_driving_is_nowhere():
    path = [model.RETURN, model.QUEUE_LOAD, model.SPOT_LOAD, model.LOAD, model.HAUL]
    stops = np.zeros(1, STOP)
    stops["first"] = stops["last"] = 3
    stops["site"] = 7
    assert told(path, pieces(60, 60, 60, 60, 60), stops)["site"].tolist() == [-1, 7, 7, 7, -1]


def test_where_no_channel_tells_loading_begins_a_moment_after_the_truck_stands():
    path = [model.RETURN, model.SPOT_LOAD, model.LOAD, model.HAUL]
    found = told(path, pieces(60, 20, 100, 60))
    assert found["start"][2] == found["stop"][1] == (80 + 9) * SECOND
    cut = pieces(60, 20, 100, 60)
    cut["bucket"][2] = 1  # the scale told of the first bucket
    assert told(path, cut)["start"][2] == 80 * SECOND
