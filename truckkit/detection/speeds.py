"""How fast a truck was at each of its samples: what its receiver says, or else the way over time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from truckkit.detection.tracks import Floats, Instants, Positions

SLOWEST_KMH = 2.0
"""A truck that is faster moves, however good its receiver."""
_FASTEST_KMH = 90.0
"""No haul truck is faster; a position that says so is wrong."""
_WINDOWS_MS = (2_000.0, 4_000.0, 8_000.0, 16_000.0)
"""Times to each side over which a speed may be taken from positions."""
_MOSTLY = 0.5
"""A receiver that tells of fewer speeds than this share tells of none: two kinds of speed do not mix."""


def speeds(positions: Positions, gap: float) -> Floats:
    """Speed at each sample [km/h], smoothed; no way is taken over a silence longer than ``gap`` [ms]."""
    at, x, y, told = positions.at, positions.x_m, positions.y_m, positions.speed_kmh
    window = _WINDOWS_MS[0]
    if np.isfinite(told).mean() < _MOSTLY:
        told = np.full(len(at), np.nan)
        window = _window(x, y, float(np.median(np.diff(at[:20_000]))))
    found: Floats = _speeds(at, x, y, told, gap, window)
    return found


def _window(x: Floats, y: Floats, period: float) -> float:
    """Over how long to each side a speed is to be taken [ms], so that the receiver's noise is none."""
    for window in _WINDOWS_MS:
        k = max(1, round(window / period))
        if len(x) < 4 * k or period > window:
            break
        # Trucks mostly stand or go on as they went, so this is mostly noise.
        bends = [np.median(np.abs(each[2 * k :] - 2 * each[k:-k] + each[: -2 * k])) for each in (x, y)]
        noise = 1.4826 * float(max(bends)) / np.sqrt(6)
        if 3600 * 2.5 * noise / (np.sqrt(2) * k * period) < SLOWEST_KMH:
            break
    return window


@njit(cache=True)
def _speeds(at: Instants, x: Floats, y: Floats, told: Floats, gap: float, window: float) -> Any:
    """What the sensor says, or else the way over time; the middle one of three where they are close."""
    n = len(at)
    raw = np.empty(n)
    for i in range(n):
        if np.isfinite(told[i]) and 0.0 <= told[i] < _FASTEST_KMH:
            raw[i] = told[i]
            continue
        low, high = i, i
        while high + 1 < n and at[high + 1] - at[high] < gap and at[high] - at[i] < window:
            high += 1
        while low > 0 and at[low] - at[low - 1] < gap and at[i] - at[low] < window:
            low -= 1
        if high > low:
            way = np.hypot(x[high] - x[low], y[high] - y[low])
            raw[i] = min(way / (at[high] - at[low]) * 3600.0, _FASTEST_KMH)
        else:
            raw[i] = 0.0
    out = raw.copy()
    for i in range(1, n - 1):
        if at[i + 1] - at[i - 1] < 5_000:
            a, b, c = raw[i - 1], raw[i], raw[i + 1]
            out[i] = max(min(a, b), min(max(a, b), c))
    return out
