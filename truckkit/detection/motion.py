"""When a truck stands and when it moves: runs of samples, with their bounds finer than the samples.

What looks at each sample is compiled, and works on one truck's arrays. Instants are milliseconds.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from truckkit.detection.speeds import SLOWEST_KMH, speeds
from truckkit.detection.tracks import Floats, Instants, Positions

STANDS, MOVES, UNSEEN = 0, 1, 2

GAP_MS = 15_000.0
"""No sample for longer than this, and than four usual periods, means that nobody was watching."""

_LEAST_M = 4.0
"""A move shorter than this is a shiver of the receiver, or a truck that settles."""
_BLINK_MS = 1_500.0
"""A stand shorter than this is none."""
_STAYS_M = 30.0
"""A truck that tells of itself when it has moved tells of it before it is so far."""
_FEW, _OFTEN = 20, 0.15
"""Silences, and share of the time that a truck stays: from here on they are its habit."""
_LEVER_M = 8.0
"""So far from where it turned about a truck shows whether it went on or back."""


def runs(positions: Positions) -> tuple[Floats, NDArray[np.int64], Floats]:
    """Runs of standing, moving and not being seen; they tile the time from first to last sample.

    Returns
    -------
    bounds : float64 (n, 2)
        Start and stop of each run [ms].
    rows : int64 (n, 4)
        Kind (``STANDS``, ``MOVES``, ``UNSEEN``), first and last sample, and 1 where the truck went
        back the way that it had come.
    speed : float64
        Speed at each sample [km/h], smoothed.
    """
    at = positions.at
    if len(at) < 2:
        return np.empty((0, 2)), np.empty((0, 4), np.int64), np.zeros(len(at))
    period = float(np.median(np.diff(at[:20_000])))
    gap = max(GAP_MS, 4 * period)
    quiet = _quiet(at, positions.x_m, positions.y_m, gap)
    speed = speeds(positions, gap)
    enough = SLOWEST_KMH
    for _ in range(2):  # once to know how much a standing truck's speed shivers, once knowing it
        rows, bounds = np.empty((2 * len(at) + 1, 4), np.int64), np.empty((2 * len(at) + 1, 2))
        count = _runs(rows, bounds, at, positions.x_m, positions.y_m, speed, gap, quiet, 0.6 * enough, enough)
        rows, bounds = rows[:count].copy(), bounds[:count].copy()
        shiver = _shiver(rows, speed)
        if shiver * 1.25 <= enough:
            break
        enough = min(shiver * 1.25, 3 * SLOWEST_KMH)
    return np.rint(bounds), rows, speed  # whole milliseconds, so that no state is shorter than one


def _quiet(at: Instants, x: Floats, y: Floats, gap: float) -> float:
    """How long a truck that stays where it is sends nothing [ms], where it often and evenly does."""
    apart = np.diff(at)
    still = np.hypot(np.diff(x), np.diff(y)) < _STAYS_M
    silent = apart[still & (apart > gap)]
    if len(silent) < _FEW or silent.sum() < _OFTEN * apart[still].sum():
        return gap
    middle, high = np.quantile(silent, (0.5, 0.9))
    return max(gap, 1.5 * float(high)) if high < 2 * middle else gap


def _shiver(rows: NDArray[np.int64], speed: Floats) -> float:
    """The speed that a standing truck's receiver stays below, nearly always."""
    inside = [
        speed[first + 2 : last - 1] for kind, first, last, _ in rows if kind == STANDS and last > first + 20
    ]
    return float(np.quantile(np.concatenate(inside), 0.995)) if inside else 0.0


@njit(cache=True)
def _runs(
    rows: Any,
    bounds: Any,
    at: Instants,
    x: Floats,
    y: Floats,
    speed: Floats,
    gap: float,
    quiet: float,
    slow: float,
    fast: float,
) -> int:
    """Fill in the runs; answers how many there are."""
    n = len(at)
    count, first = 0, 0
    kind = MOVES if speed[0] > fast else STANDS
    since = at[0]
    for i in range(1, n + 1):
        torn = i < n and at[i] - at[i - 1] > gap
        if torn and at[i] - at[i - 1] <= quiet:
            torn = np.hypot(x[i] - x[i - 1], y[i] - y[i - 1]) > _STAYS_M
        if i == n or torn:
            count = _put(rows, bounds, count, kind, first, i - 1, since, at[i - 1])
            if torn:
                count = _put(rows, bounds, count, UNSEEN, i - 1, i, at[i - 1], at[i])
                first, since = i, at[i]
                kind = MOVES if speed[i] > fast else STANDS
        elif (kind == MOVES and speed[i] < slow) or (kind == STANDS and speed[i] > fast):
            if kind == MOVES:
                edge = _stopped(at, x, y, speed, i, slow / 2, gap)
            else:
                edge = _started(at, x, y, speed, i, slow / 2, first)
            edge = max(edge, since)
            count = _put(rows, bounds, count, kind, first, i - 1, since, edge)
            first, since = i, edge
            kind = MOVES if kind == STANDS else STANDS
    count = _settled(rows, bounds, count, at, x, y, speed, MOVES, STANDS)
    count = _settled(rows, bounds, count, at, x, y, speed, STANDS, MOVES)
    _turns(rows, count, x, y)
    return count


@njit(cache=True)
def _started(at: Instants, x: Floats, y: Floats, speed: Floats, i: int, still: float, first: int) -> float:
    """When a truck set off that is seen to move at sample ``i``: its speed drawn back to nothing."""
    before = i - 1
    while before > first and speed[before] > still and speed[before] < speed[before + 1]:
        before -= 1
    if at[i] - at[before] > 6_000 and at[i] - at[i - 1] > 3_000:
        return _drawn(at, x, y, speed[i], before, i, True)
    rise = 0.0
    if i + 1 < len(at) and at[i + 1] - at[i] <= 3_000:
        rise = (speed[i + 1] - speed[i]) / (at[i + 1] - at[i])
    if before + 1 < i:
        rise = max(rise, (speed[i] - speed[before + 1]) / (at[i] - at[before + 1]))
    lasts = speed[i] / rise if rise > 0 else at[i] - at[before]
    return max(at[before], at[i] - lasts)


@njit(cache=True)
def _stopped(at: Instants, x: Floats, y: Floats, speed: Floats, i: int, still: float, gap: float) -> float:
    """When a truck stood that is seen to stand at sample ``i``: its speed drawn on to nothing."""
    after = i
    n = len(at)
    while (
        after + 1 < n
        and at[after + 1] - at[after] <= gap
        and speed[after] > still
        and speed[after] < speed[after - 1]
    ):
        after += 1
    if at[i] - at[i - 1] > 3_000:
        return _drawn(at, x, y, speed[i - 1], i - 1, after, False)
    fall = 0.0
    if i >= 2 and at[i - 1] - at[i - 2] <= 3_000:
        fall = (speed[i - 2] - speed[i - 1]) / (at[i - 1] - at[i - 2])
    fall = max(fall, (speed[i - 1] - speed[i]) / (at[i] - at[i - 1]))
    lasts = speed[i - 1] / fall if fall > 0 else at[after] - at[i - 1]
    return min(at[after], at[i - 1] + lasts)


@njit(cache=True)
def _drawn(at: Instants, x: Floats, y: Floats, speed: float, a: int, b: int, starts: bool) -> float:
    """Between two samples far apart: from the way between them, as if driven at the speed seen."""
    way = np.hypot(x[b] - x[a], y[b] - y[a])
    lasts = min(at[b] - at[a], way / max(speed, 4.0) * 3600.0)
    return at[b] - lasts if starts else at[a] + lasts


@njit(cache=True)
def _put(rows: Any, bounds: Any, at: int, kind: int, first: int, last: int, start: float, stop: float) -> int:
    # One by one: a tuple or a slice costs the compiler seconds.
    rows[at, 0], rows[at, 1], rows[at, 2], rows[at, 3] = kind, first, last, 0
    bounds[at, 0], bounds[at, 1] = start, stop
    return at + 1


@njit(cache=True)
def _settled(
    rows: Any,
    bounds: Any,
    count: int,
    at: Instants,
    x: Floats,
    y: Floats,
    speed: Floats,
    kind: int,
    other: int,
) -> int:
    """Runs without those of one kind that are none, between two of the other."""
    kept, i = 0, 0
    while i < count:
        lone = rows[i, 0] == kind and kept > 0 and i + 1 < count
        lone = lone and rows[kept - 1, 0] == other and rows[i + 1, 0] == other
        if lone and kind == MOVES:
            lone = _way(at, speed, rows[i, 1], rows[i, 2]) < _LEAST_M
            # Between samples far apart a truck may have come a long way with one of them on it.
            a, b = rows[kept - 1, 2], rows[i + 1, 1]
            lone = lone and min(_way(at, speed, a, b), np.hypot(x[b] - x[a], y[b] - y[a])) < 2 * _LEVER_M
        elif lone:
            lone = bounds[i, 1] - bounds[i, 0] < _BLINK_MS and not _back(
                x, y, rows[kept - 1, 1], rows[i, 1], rows[i, 2], rows[i + 1, 2]
            )
        if lone:
            rows[kept - 1, 2] = rows[i + 1, 2]
            bounds[kept - 1, 1] = bounds[i + 1, 1]
            i += 2
        else:
            kept = _put(rows, bounds, kept, rows[i, 0], rows[i, 1], rows[i, 2], bounds[i, 0], bounds[i, 1])
            i += 1
    return kept


@njit(cache=True)
def _way(at: Instants, speed: Floats, first: int, last: int) -> float:
    """Metres driven from one sample to another, by speed."""
    metres = 0.0
    for i in range(first, last):
        metres += (speed[i] + speed[i + 1]) / 2 * (at[i + 1] - at[i]) / 3600.0
    return metres


@njit(cache=True)
def _turns(rows: Any, count: int, x: Floats, y: Floats) -> None:
    """Mark the stands after which the truck went back the way that it had come."""
    for i in range(1, count - 1):
        if rows[i, 0] == STANDS and rows[i - 1, 0] == MOVES and rows[i + 1, 0] == MOVES:
            rows[i, 3] = _back(x, y, rows[i - 1, 1], rows[i, 1], rows[i, 2], rows[i + 1, 2])


@njit(cache=True)
def _back(x: Floats, y: Floats, before: int, first: int, last: int, after: int) -> bool:
    """True where a truck that stood from one sample to another left against the way of its coming."""
    here_x, here_y = 0.0, 0.0
    for k in range(first, last + 1):
        here_x += x[k] / (last + 1 - first)
        here_y += y[k] / (last + 1 - first)
    i = first
    while i > before and np.hypot(x[i] - here_x, y[i] - here_y) < _LEVER_M:
        i -= 1
    j = last
    while j < after and np.hypot(x[j] - here_x, y[j] - here_y) < _LEVER_M:
        j += 1
    came_x, came_y, left_x, left_y = here_x - x[i], here_y - y[i], x[j] - here_x, y[j] - here_y
    came, left = np.hypot(came_x, came_y), np.hypot(left_x, left_y)
    if came < _LEAST_M or left < _LEAST_M:
        return False
    return (came_x * left_x + came_y * left_y) / (came * left) < -0.3
