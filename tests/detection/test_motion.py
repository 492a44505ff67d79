"""Standing, moving and not being seen: runs tile, and their bounds are finer than the samples."""

from __future__ import annotations

import numpy as np
import pytest

from truckkit.detection.motion import GAP_MS, MOVES, STANDS, UNSEEN, runs
from truckkit.detection.tracks import Positions


def drive(
    *legs: tuple[float, float], every: float = 1.0, told: bool = True, shaken: float = 0.0
) -> Positions:
    """Positions along a line: seconds at a speed [m/s], leg after leg, with half a metre a second squared."""
    fine = np.arange(0, sum(seconds for seconds, _speed in legs), 0.1)
    wanted = np.concatenate([np.full(round(seconds * 10), speed) for seconds, speed in legs])
    speed = np.zeros(len(fine))
    for i in range(1, len(fine)):
        speed[i] = speed[i - 1] + np.clip(wanted[i] - speed[i - 1], -0.05, 0.05)
    x = np.cumsum(speed) * 0.1
    pick = np.arange(0, len(fine), round(every * 10))
    noise = np.random.default_rng(0).normal(0, shaken, (2, len(pick))) if shaken else np.zeros((2, len(pick)))
    speeds = np.abs(speed[pick]) * 3.6 if told else np.full(len(pick), np.nan)
    return Positions(fine[pick] * 1000, x[pick] + noise[0], noise[1], np.full(len(pick), np.nan), speeds)


def kinds(positions: Positions) -> list[int]:
    return runs(positions)[1][:, 0].tolist()


@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize("every", [0.2, 1.0, 5.0, 10.0])
def test_a_truck_that_stops_once_stands_once(every: float, told: bool):
    positions = drive((120, 8), (120, 0), (120, 8), every=every, told=told)
    bounds, rows, _speed = runs(positions)
    moves = rows[:, 0].tolist()
    assert moves[-3:] == [MOVES, STANDS, MOVES]
    assert bounds[0, 0] == positions.at[0]
    assert bounds[-1, 1] == positions.at[-1]
    assert (bounds[1:, 0] == bounds[:-1, 1]).all()
    assert (bounds == np.rint(bounds)).all()
    start, stop = bounds[-2] / 1000
    assert start == pytest.approx(136, abs=1 + every / 2)  # 8 m/s are gone after 16 s
    assert stop == pytest.approx(240, abs=1 + every)


def test_a_receiver_that_shivers_does_not_move_a_truck_that_stands():
    bounds, rows, _speed = runs(drive((600, 0), told=False, shaken=1.0))
    stands = rows[:, 0] == STANDS
    assert (bounds[stands, 1] - bounds[stands, 0]).sum() > 590_000


def test_a_drive_with_one_sample_on_it_is_a_drive():
    positions = drive((120, 0), (24, 8), (120, 0), every=30.0)
    assert kinds(positions) == [STANDS, MOVES, STANDS]


def test_a_gap_is_over_fifteen_seconds_and_four_usual_periods():
    positions = drive((300, 0))
    for missing, gaps in ((14, 0), (16, 1)):
        kept = (positions.at < 100_000) | (positions.at >= 100_000 + missing * 1000 - 500)
        thin = Positions(*(getattr(positions, name)[kept] for name in positions.__dataclass_fields__))
        assert kinds(thin).count(UNSEEN) == gaps
    assert UNSEEN not in kinds(drive((300, 0), every=GAP_MS / 1000 + 5))


def test_a_truck_that_goes_back_the_way_it_came_has_turned():
    back = runs(drive((60, 5), (30, 0), (60, -5)))[1]
    on = runs(drive((60, 5), (30, 0), (60, 5)))[1]
    assert back[back[:, 0] == STANDS][-1, 3] == 1
    assert on[on[:, 0] == STANDS][-1, 3] == 0


@pytest.mark.parametrize("samples", [0, 1])
def test_fewer_than_two_samples_are_no_run(samples: int):
    positions = drive((10, 0))
    few = Positions(*(getattr(positions, name)[:samples] for name in positions.__dataclass_fields__))
    assert kinds(few) == []
