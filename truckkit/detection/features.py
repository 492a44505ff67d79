"""What was seen in each piece: where the truck was, how far it went, what its channels said. Compiled."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from truckkit.detection.medians import median
from truckkit.detection.motion import MOVES, STANDS
from truckkit.detection.tracks import Floats, Instants, Switch

_OLD_MS = 60_000.0
"""A reading says nothing of what is so long after it."""
_STEEP, _CLIMB_M = 0.045, 40.0
"""Grade and length of what counts as a climb."""


@njit(cache=True)
def positions(out: Any, rows: Any, at: Instants, x: Floats, y: Floats, z: Floats, speed: Floats) -> None:
    """Fill in what positions say of pieces; ``rows`` are the runs that they are parts of."""
    room = np.empty(len(at))
    run = -1
    for p in range(len(out)):
        piece = out[p]
        first, last = rows[piece.run, 1], rows[piece.run, 2]
        piece.climbs_kmh = np.nan
        if piece.kind == STANDS:
            if piece.run == run:
                before = out[p - 1]
                piece.x_m, piece.y_m, piece.elevation_m = before.x_m, before.y_m, before.elevation_m
            else:
                piece.x_m, piece.y_m = median(x, first, last, room), median(y, first, last, room)
                piece.elevation_m = median(z, first, last, room)
            piece.back = rows[piece.run, 3]
            run = piece.run
            continue
        low = np.searchsorted(at, piece.start)
        high = np.searchsorted(at, piece.stop)
        end = min(last, high)
        piece.x_m, piece.y_m, piece.elevation_m = x[end], y[end], z[end]
        if piece.kind == MOVES:
            piece.metres = _metres(at, speed, low, high, piece.start, piece.stop)
            piece.climbs_kmh = _climb(at, z, speed, low, high)


@njit(cache=True)
def _metres(at: Instants, speed: Floats, low: int, high: int, start: float, stop: float) -> float:
    metres = 0.0
    for i in range(low, high - 1):
        metres += (speed[i] + speed[i + 1]) / 2 * (at[i + 1] - at[i]) / 3600.0
    if high > low:
        metres += (
            speed[low] / 2 * (at[low] - start) / 3600.0 + speed[high - 1] / 2 * (stop - at[high - 1]) / 3600.0
        )
    elif low > 0 and low < len(at):
        metres = (speed[low - 1] + speed[low]) / 2 * (stop - start) / 3600.0
    return metres


@njit(cache=True)
def _climb(at: Instants, z: Floats, speed: Floats, low: int, high: int) -> float:
    """The mean speed over the steeper climbs, each 40 m long; NaN where there are few."""
    way, i, lasted, climbed = 0.0, low, 0.0, 0.0
    for k in range(low, high - 1):
        way += (speed[k] + speed[k + 1]) / 2 * (at[k + 1] - at[k]) / 3600.0
        if way >= _CLIMB_M:
            if (
                np.isfinite(z[k + 1] - z[i])
                and (z[k + 1] - z[i]) / way > _STEEP
                and at[k + 1] - at[i] < 120_000
            ):
                lasted += at[k + 1] - at[i]
                climbed += way
            way, i = 0.0, k + 1
    return climbed / lasted * 3600.0 if lasted > 30_000 else np.nan


@njit(cache=True)
def readings(
    out: Any, at: Instants, reverse: Switch, body: Switch, engine: Switch, shares: Floats, fuel: Floats
) -> None:
    """Fill in what channels say of pieces: in a piece most readings win, else the last one before it."""
    k, n = 0, len(at)
    was_reverse, was_body, was_engine = np.int8(-1), np.int8(-1), np.int8(-1)
    one, two, three = np.nan, np.nan, np.nan  # the last shares shown, the newest last
    tank, when = np.nan, -1e18
    for p in range(len(out)):
        piece = out[p]
        while k < n and at[k] < piece.start:
            when = at[k]
            was_reverse, was_body, was_engine = reverse[k], body[k], engine[k]
            if np.isfinite(shares[k]):
                one, two, three = two, three, shares[k]
            tank = fuel[k] if np.isfinite(fuel[k]) else tank
            k += 1
        fresh = piece.start - when < _OLD_MS
        total, count, filled = 0.0, 0, tank
        piece.before = _middle(one, two, three) if fresh else np.nan
        first = k
        while k < n and at[k] < piece.stop:
            when = at[k]
            was_reverse, was_body, was_engine = reverse[k], body[k], engine[k]
            if np.isfinite(shares[k]):
                one, two, three = two, three, shares[k]
                total += shares[k]
                count += 1
            tank = fuel[k] if np.isfinite(fuel[k]) else tank
            k += 1
        piece.after = _middle(one, two, three) if piece.stop - when < _OLD_MS else np.nan
        piece.share = total / count if count else piece.before
        piece.fuel = tank - filled
        piece.reverse = _said(reverse, first, k, was_reverse, fresh)
        piece.body = _said(body, first, k, was_body, fresh)
        piece.engine = _said(engine, first, k, was_engine, fresh)


@njit(cache=True)
def _said(switch: Switch, first: int, stop: int, held: np.int8, fresh: bool) -> Any:
    """What a switch said from one reading to another: mostly on or mostly off, or what it said last."""
    on, off = 0, 0
    for k in range(first, stop):
        on += switch[k] == 1
        off += switch[k] == 0
    if on + off == 0:
        return held if fresh else -1
    return 1 if on > off else 0


@njit(cache=True)
def _middle(one: float, two: float, three: float) -> float:
    """The middle one of three; of fewer that are known the newest."""
    if np.isfinite(one):
        return max(min(one, two), min(max(one, two), three))
    return three
