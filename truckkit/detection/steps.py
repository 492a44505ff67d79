"""Steps of the payload: when the first bucket falls, and when the load begins to slide. Compiled."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from truckkit.detection.medians import median
from truckkit.detection.motion import STANDS
from truckkit.detection.tracks import Floats, Instants

UP, DOWN = 1, 2

_SHORTEST_MS = 10_000.0
"""In a stop that is shorter nothing is loaded or dumped."""
OLD_MS = 60_000.0
"""A reading says nothing of what is so long after it."""
_SETTLES_MS = 500.0
"""A truck that tells of a change at once tells of a bucket about so long after it began to fall."""
_TIPS_MS = 4_500.0
"""From the body's first movement to the load's."""


def steps(
    bounds: Floats, rows: NDArray[np.int64], at: Instants, shares: Floats, least: float, prompt: bool
) -> Floats:
    """The stands in which the payload steps: when it began [ms], and ``UP`` or ``DOWN``; shape (n, 2).

    A step is larger than ``least`` and lasts. A truck that is ``prompt`` tells of it at once; of the
    others' steps it is known between which two readings they were.
    """
    found = np.empty((len(rows), 2))
    return found[: _steps(found, bounds, rows, at, shares, least, prompt)].copy()


@njit(cache=True)
def _steps(
    found: Floats, bounds: Floats, rows: Any, at: Instants, shares: Floats, step: float, prompt: bool
) -> int:
    room = np.empty(9)
    count, i = 0, 0
    n = len(at)
    for run in range(len(rows)):
        if rows[run, 0] != STANDS or bounds[run, 1] - bounds[run, 0] < _SHORTEST_MS:
            continue
        while i < n and at[i] < bounds[run, 0]:
            i += 1
        base = _before(at, shares, i, room)
        before = i - 1
        k = i
        while k < n and at[k] < bounds[run, 1]:
            value = shares[k]
            if np.isfinite(value):
                if np.isnan(base):
                    base = value
                change = value - base
                if abs(change) > step and _lasts(at, shares, k, base, step, change > 0):
                    since = at[before] if before >= 0 else at[k]
                    when = at[k] - _SETTLES_MS if prompt else (at[k] + since) / 2
                    if change < 0:
                        when -= _TIPS_MS
                    found[count, 0], found[count, 1] = max(when, bounds[run, 0]), UP if change > 0 else DOWN
                    count += 1
                    break
                # What came and went, as a reading that errs does, is not what the scale shows.
                if abs(change) <= step:
                    base = 0.7 * base + 0.3 * value
                before = k
            k += 1
    return count


@njit(cache=True)
def _before(at: Instants, shares: Floats, i: int, room: Floats) -> float:
    """The middle of the last few readings before one."""
    k = i
    while k > 0 and i - k < 9 and at[i - 1] - at[k - 1] < OLD_MS:
        k -= 1
    return median(shares, k, i - 1, room)


@njit(cache=True)
def _lasts(at: Instants, shares: Floats, k: int, base: float, step: float, up: bool) -> bool:
    """True where the readings after a step stay beyond it."""
    seen, beyond = 0, 0
    j = k + 1
    while j < len(at) and seen < 3 and at[j] - at[k] < OLD_MS:
        if np.isfinite(shares[j]):
            seen += 1
            change = shares[j] - base
            if (change > step) if up else (-change > step):
                beyond += 1
        j += 1
    return seen > 0 and beyond == seen
