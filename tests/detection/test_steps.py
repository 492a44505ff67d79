"""Steps of the payload: the first bucket and the sliding load, found in stands alone."""

from __future__ import annotations

import numpy as np
import pytest

from truckkit.detection.motion import MOVES, STANDS
from truckkit.detection.steps import DOWN, UP, steps

AT = np.arange(0, 120_000, 1_000.0)
STOOD = np.array([[0.0, 30_000.0], [30_000.0, 90_000.0], [90_000.0, 119_000.0]])
KINDS = np.array([[MOVES, 0, 30, 0], [STANDS, 30, 90, 0], [MOVES, 90, 119, 0]])


def found(shares: np.ndarray, prompt: bool = False) -> list[tuple[float, int]]:
    return [(when, int(way)) for when, way in steps(STOOD, KINDS, AT, shares, 0.05, prompt)]


def test_the_first_bucket_is_between_two_readings_or_a_moment_before_the_one_that_tells_at_once():
    shares = np.where(AT < 50_000, 0.0, np.where(AT < 70_000, 0.4, 0.9))
    assert found(shares) == [(49_500.0, UP)]
    assert found(shares, prompt=True) == [(49_500.0, UP)]


def test_a_load_begins_to_slide_some_seconds_after_the_body_moves():
    assert found(np.where(AT < 60_000, 1.0, 0.0)) == [(59_500.0 - 4_500.0, DOWN)]


def test_a_step_does_not_begin_before_the_truck_stands():
    assert found(np.where(AT < 31_000, 1.0, 0.0)) == [(30_000.0, DOWN)]


def test_what_does_not_last_is_no_step():
    shares = np.zeros(len(AT))
    shares[50] = 0.8
    assert found(shares) == []


@pytest.mark.parametrize("drift", [0.0, 0.04])
def test_a_scale_that_shivers_or_drifts_makes_no_step(drift: float):
    random = np.random.default_rng(2)
    assert found(random.normal(0, 0.008, len(AT)) + drift * AT / AT[-1]) == []


def test_a_step_while_the_truck_moves_is_none():
    assert found(np.where(AT < 15_000, 0.0, 1.0)) == []


def test_unknown_readings_are_passed_over():
    shares = np.where(AT < 50_000, 0.0, 0.9)
    shares[::2] = np.nan
    assert [way for _when, way in found(shares)] == [UP]
    assert found(np.full(len(AT), np.nan)) == []
