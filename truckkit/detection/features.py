"""What was seen in each piece: where the truck was, how far it went, what its channels said. Compiled."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from truckkit.detection.medians import median
from truckkit.detection.motion import MOVES, STANDS, UNSEEN
from truckkit.detection.steps import OLD_MS
from truckkit.detection.tracks import Floats, Instants, Switch

_AROUND_M, _AROUND_MS = 120.0, 600_000.0
"""How far round a stand it is looked where the truck came from and went, and how long at the most."""


@njit(cache=True)
def positions(out: Any, rows: Any, at: Instants, x: Floats, y: Floats, z: Floats, speed: Floats) -> None:
    """Fill in what positions say of pieces; ``rows`` are the runs that they are parts of."""
    room = np.empty(len(at))
    run = -1
    for p in range(len(out)):
        piece = out[p]
        first, last = rows[piece.run, 1], rows[piece.run, 2]
        piece.beyond = np.nan
        if piece.kind == STANDS:
            if piece.run == run:
                before = out[p - 1]
                piece.x_m, piece.y_m, piece.elevation_m = before.x_m, before.y_m, before.elevation_m
                piece.beyond = before.beyond
            else:
                piece.x_m, piece.y_m = median(x, first, last, room), median(y, first, last, room)
                piece.elevation_m = median(z, first, last, room)
                piece.beyond = _beyond(at, x, y, piece.x_m, piece.y_m, first, last)
            piece.back = rows[piece.run, 3]
            run = piece.run
            continue
        low = np.searchsorted(at, piece.start)
        high = np.searchsorted(at, piece.stop)
        end = min(last, high)
        piece.x_m, piece.y_m, piece.elevation_m = x[end], y[end], z[end]
        if piece.kind == MOVES:
            piece.metres = _metres(at, speed, low, high, piece.start, piece.stop)


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
def _beyond(at: Instants, x: Floats, y: Floats, here_x: float, here_y: float, first: int, last: int) -> float:
    """1 where a truck went on beyond its stand, -1 where it went back the side that it had come from.

    Between the two it is the cosine of how it turned, seen from so far that turning about in place
    does not matter. NaN where the truck was not seen to come or to go so far.
    """
    i, j = first, last
    while np.hypot(x[i] - here_x, y[i] - here_y) < _AROUND_M:
        i -= 1
        if i < 0 or at[first] - at[i] > _AROUND_MS:
            return np.nan
    while np.hypot(x[j] - here_x, y[j] - here_y) < _AROUND_M:
        j += 1
        if j >= len(at) or at[j] - at[last] > _AROUND_MS:
            return np.nan
    came_x, came_y, left_x, left_y = here_x - x[i], here_y - y[i], x[j] - here_x, y[j] - here_y
    return (came_x * left_x + came_y * left_y) / (np.hypot(came_x, came_y) * np.hypot(left_x, left_y))


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
        fresh = piece.start - when < OLD_MS
        total, count, filled = 0.0, 0, tank
        piece.before = _middle(one, two, three) if fresh else np.nan
        if piece.kind == UNSEEN:  # what was shown before says nothing of what is gained after
            one, two, three, tank = np.nan, np.nan, np.nan, np.nan
        first = k
        while k < n and at[k] < piece.stop:
            when = at[k]
            was_reverse, was_body, was_engine = reverse[k], body[k], engine[k]
            if np.isfinite(shares[k]):
                one, two, three = two, three, shares[k]
                total += shares[k]
                count += 1
                if np.isnan(piece.before):
                    piece.before = shares[k]
            tank = fuel[k] if np.isfinite(fuel[k]) else tank
            k += 1
        piece.after = _middle(one, two, three) if piece.stop - when < OLD_MS else np.nan
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
