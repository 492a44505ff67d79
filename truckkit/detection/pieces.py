"""Pieces: stretches of one truck's time in which nothing that is seen changes.

A run of standing or moving is cut where reverse, body or engine change, where the first bucket
falls and where the load begins to slide. A piece is what the decoder gives a state to, so the
bounds of states are bounds of pieces. Instants are milliseconds.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from truckkit.detection import features
from truckkit.detection.motion import UNSEEN, runs
from truckkit.detection.scale import Scale, scale
from truckkit.detection.steps import steps
from truckkit.detection.tracks import Floats, Instants, Readings, Switch, Track

PIECE = np.dtype(
    [
        ("start", "f8"),
        ("stop", "f8"),
        ("kind", "i8"),  # motion.STANDS, MOVES or UNSEEN
        ("run", "i8"),  # number of the run that it is a part of
        ("x_m", "f8"),  # where it stands, or where it moves to
        ("y_m", "f8"),
        ("elevation_m", "f8"),
        ("metres", "f8"),  # driven, by speed
        ("beyond", "f8"),  # 1 where it went on beyond a stand, -1 where it went back; NaN where not seen
        ("reverse", "i8"),  # 1 on, 0 off, -1 not known
        ("body", "i8"),
        ("engine", "i8"),
        ("share", "f8"),  # of a full load, on the truck's own scale: the mean
        ("before", "f8"),  # the share shown last before it starts, or else first in it
        ("after", "f8"),  # the share shown last before it stops
        ("fuel", "f8"),  # percent gained
        ("back", "i8"),  # 1 where the truck left its stand the way that it had come
        (
            "bucket",
            "i8",
        ),  # at its start 1 the first bucket falls, 2 the load slides, 3 a driver would go into reverse
    ]
)

_PLAUSIBLE_KMH = (14.0, 28.0)
"""Nobody is faster in reverse, nor with the body up: the switch is stuck."""
_IRREGULAR = 0.03
_SHIFTS_MS = 1_500.0
"""From reverse selected to the first movement."""


def pieces(track: Track, orders: Floats) -> tuple[NDArray[Any], Scale]:
    """A truck's pieces (see ``PIECE``), which tile the time from its first sample to its last, and its scale.

    ``orders`` are start and stop of its work orders [ms], shape (n, 2).
    """
    where, read = track.positions, track.readings
    bounds, rows, speed = runs(where)
    weighs = scale(read.payload_t)
    shares = weighs.share(read.payload_t) if weighs.works else np.full(len(read.at), np.nan)
    noise = weighs.noise_t / (weighs.full_t - weighs.empty_t) if weighs.works else 0.0
    seen = np.interp(read.at, where.at, speed) if len(where.at) else np.zeros(len(read.at))
    reverse = _believed(read.at, read.reverse, seen, _PLAUSIBLE_KMH[0])
    body = _believed(read.at, read.body_up, seen, _PLAUSIBLE_KMH[1])
    prompt = _prompt(read.at, (reverse, body, read.engine_on))
    buckets = steps(bounds, rows, read.at, shares, max(0.015, 4 * noise), prompt)
    buckets = np.concatenate([buckets, _turned(bounds, rows)])
    cuts, marks = _cuts(read, (reverse, body, read.engine_on), buckets, orders, prompt)
    out = np.zeros(len(rows) + len(cuts), PIECE)
    count = _cut(out, bounds, rows, cuts, marks)
    out = out[:count].copy()
    features.positions(out, rows, where.at, where.x_m, where.y_m, where.elevation_m, speed)
    features.readings(out, read.at, reverse, body, read.engine_on, shares, read.fuel_pct)
    return out, weighs


@njit(cache=True)
def _believed(at: Instants, switch: Switch, speed: Floats, most: float) -> Switch:
    """The switch, not known from where it is on at a speed at which it cannot be until it changes."""
    out = switch.copy()
    stuck = False
    for i in range(len(at)):
        if switch[i] != 1:
            stuck = False
        elif speed[i] > most:
            stuck = True
        if stuck:
            out[i] = -1
    return out


def _turned(bounds: Floats, rows: NDArray[np.int64]) -> Floats:
    """When a driver would go into reverse, in each stand after which the truck went back."""
    start, stop = bounds[rows[:, 3] == 1].T
    return np.column_stack([np.maximum((start + stop) / 2, stop - _SHIFTS_MS), np.full(len(start), 3.0)])


def _cuts(
    read: Readings, switches: tuple[Switch, Switch, Switch], buckets: Floats, orders: Floats, prompt: bool
) -> tuple[Instants, NDArray[np.int64]]:
    """The instants at which pieces are cut, in order, and what is there: 0, or as in ``PIECE``."""
    found = [*(_changes(read.at, switch, prompt) for switch in switches), orders.ravel()]
    at = np.rint(np.concatenate([*found, buckets[:, 0]]))
    marks = np.concatenate([np.zeros(sum(map(len, found))), buckets[:, 1]]).astype(np.int64)
    order = np.argsort(at, kind="stable")
    return at[order], marks[order]


def _changes(at: Instants, switch: Switch, prompt: bool) -> Instants:
    """When a switch changed: when the truck said so, or between two readings where it does not at once."""
    known = np.flatnonzero(switch >= 0)
    if len(known) < 2:
        return np.empty(0)
    after = known[np.flatnonzero(np.diff(switch[known])) + 1]
    before = known[np.searchsorted(known, after) - 1]
    apart = at[after] - at[before]
    halves = np.zeros(len(after)) if prompt else np.minimum(apart, _period(at)) / 2
    instants: Instants = at[after] - halves
    return instants


def _period(at: Instants) -> float:
    return float(np.median(np.diff(at))) if len(at) > 1 else 0.0


def _prompt(at: Instants, switches: tuple[Switch, ...]) -> bool:
    """True where the truck tells of a change at once, and does not wait for its next reading."""
    apart = []
    for switch in switches:
        known = np.flatnonzero(switch >= 0)
        after = known[1:][np.diff(switch[known]) != 0]
        apart.append(at[after] - at[after - 1])
    every = np.concatenate(apart)
    if not len(every):
        return bool(len(at) > 2 and np.mean(np.diff(at) < 0.8 * _period(at)) > _IRREGULAR)
    return bool(np.mean(every < 0.8 * _period(at)) > 0.4)


@njit(cache=True)
def _cut(out: Any, bounds: Floats, rows: Any, cuts: Instants, marks: Any) -> int:
    count, k = 0, 0
    for run in range(len(rows)):
        since, mark = bounds[run, 0], 0
        while k < len(cuts) and cuts[k] < since:
            k += 1
        while k < len(cuts) and cuts[k] < bounds[run, 1]:
            if rows[run, 0] != UNSEEN and cuts[k] > since:
                out[count].start, out[count].stop = since, cuts[k]
                out[count].kind, out[count].run, out[count].bucket = rows[run, 0], run, mark
                count += 1
                since, mark = cuts[k], 0
            if rows[run, 0] != UNSEEN:
                mark = max(mark, marks[k])
            k += 1
        if bounds[run, 1] > since:
            out[count].start, out[count].stop = since, bounds[run, 1]
            out[count].kind, out[count].run, out[count].bucket = rows[run, 0], run, mark
            count += 1
    return count
