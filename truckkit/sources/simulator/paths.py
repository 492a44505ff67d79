"""Lines that trucks follow: curves, lanes beside a centre line, and what is left and right of them.

A path is an array of points ``x, y, z`` [m], closely spaced; angles are in radians, counter-clockwise
from east, until ``heading`` turns them into degrees clockwise from north.
"""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]

STEP_M = 2.0
"""Distance between two points of a finished path."""


def along(points: Floats) -> Floats:
    """Distance from the first point to each, on the map."""
    steps = np.hypot(np.diff(points[:, 0]), np.diff(points[:, 1]))
    return np.concatenate([[0.0], np.cumsum(steps)])


def evenly(points: Floats, step: float = STEP_M) -> Floats:
    """The same line with points at even distances; the ends stay."""
    s = along(points)
    count = max(2, math.ceil(s[-1] / step) + 1)
    grid = np.linspace(0.0, s[-1], count)
    return np.column_stack([np.interp(grid, s, points[:, column]) for column in range(3)])


def curve(start: Floats, leaving: float, stop: Floats, arriving: float, reach: float = 0.38) -> Floats:
    """A smooth line between two points, leaving and arriving in given directions (a cubic Bézier)."""
    span = math.hypot(stop[0] - start[0], stop[1] - start[1]) * reach
    first = np.array([start[0] + span * math.cos(leaving), start[1] + span * math.sin(leaving)])
    second = np.array([stop[0] - span * math.cos(arriving), stop[1] - span * math.sin(arriving)])
    t = np.linspace(0.0, 1.0, 65)[:, None]
    plane = (
        (1 - t) ** 3 * start[:2]
        + 3 * (1 - t) ** 2 * t * first
        + 3 * (1 - t) * t**2 * second
        + t**3 * stop[:2]
    )
    line = np.column_stack([plane, np.zeros(len(t))])
    s = along(line)
    line[:, 2] = start[2] + (stop[2] - start[2]) * s / s[-1]
    return evenly(line)


def drift(start: Floats, stop: Floats, count: int = 25) -> Floats:
    """From one point to another in a place's own frame: on along ``u``, across along ``w`` gently."""
    t = np.linspace(0.0, 1.0, count)
    soft = t * t * (3 - 2 * t)
    return np.column_stack(
        [start[0] + (stop[0] - start[0]) * t, start[1] + (stop[1] - start[1]) * soft, np.zeros(count)]
    )


def joined(*parts: Floats) -> Floats:
    """Several lines as one; a point that two of them share counts once."""
    kept = [parts[0]]
    for part in parts[1:]:
        same = np.hypot(*(part[0, :2] - kept[-1][-1, :2])) < 1e-6
        kept.append(part[1:] if same else part)
    return np.concatenate(kept)


def direction(points: Floats) -> Floats:
    """Direction of the line at each point, unwrapped [rad]."""
    dx = np.gradient(points[:, 0])
    dy = np.gradient(points[:, 1])
    return np.unwrap(np.arctan2(dy, dx))


def lane(centre: Floats, offset: float, softness: float = 14.0) -> Floats:
    """The lane to the right of a centre line, its corners rounded as a truck rounds them.

    Both ends stay in place, so that lanes meet the layouts of places exactly; each point lies beside
    that of ``evenly(centre)``.
    """
    line = evenly(centre)
    pad = int(3 * softness / STEP_M)
    padded = np.pad(line, ((pad, pad), (0, 0)), mode="edge")
    weights = np.exp(-0.5 * (np.arange(-pad, pad + 1) * STEP_M / softness) ** 2)
    weights /= weights.sum()
    smooth = np.column_stack([np.convolve(padded[:, column], weights, "same") for column in range(3)])[
        pad:-pad
    ]
    from_end = np.minimum(np.arange(len(line)), np.arange(len(line))[::-1]) * STEP_M
    share = np.clip((from_end - 2 * STEP_M) / (5 * softness), 0.0, 1.0)[:, None]
    rounded = line + (smooth - line) * share * share * (3 - 2 * share)
    angle = direction(rounded)
    angle[[0, -1]] = angle[[1, -2]]
    right = np.column_stack([np.sin(angle), -np.cos(angle), np.zeros(len(angle))])
    return rounded + offset * right


def heading(angle: Floats) -> Floats:
    """Degrees clockwise from north, from radians counter-clockwise from east; not wrapped."""
    return 90.0 - np.degrees(angle)


def cut(points: Floats, start: float, stop: float) -> Floats:
    """The stretch of a line from one distance along it to another [m]."""
    s = along(points)
    inner = s[(s > start + 1e-9) & (s < stop - 1e-9)]
    grid = np.concatenate([[start], inner, [stop]])
    return np.column_stack([np.interp(grid, s, points[:, column]) for column in range(3)])
