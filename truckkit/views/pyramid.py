"""Sums over the squares of the ground, at every zoom, from one pass over the store.

The finest level has a row per square where somebody drove, with one sum or several: how many positions,
how fast they were together, how long trucks were in each state. Each coarser level joins two by two squares
of the one before, so a new zoom adds up thousands of squares where it counted millions of positions.

>>> fine = Level(1.0, np.array([0, 1, 2]), np.array([0, 1, 0]), np.array([[5], [1], [2]]))
>>> coarse = halved(fine)
>>> coarse.side_m, coarse.column.tolist(), coarse.sums[:, 0].tolist()
(2.0, [0, 1], [6.0, 2.0])
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

FEWEST = 1000
"""A level with fewer squares needs no coarser one."""

Whole = npt.NDArray[Any]
Sums = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Level:
    """Squares of one size: one entry per square with positions, `column` to the east, `row` to the north."""

    side_m: float
    column: Whole
    row: Whole
    sums: Whole
    """One row per square, one column per thing that was summed."""

    def over(self, west: float, south: float, east: float, north: float, width: int, height: int) -> Sums:
        """The sums on each pixel of a box [m], north at the top; a square lies where its middle lies.

        The first axis is what was summed, then rows, then columns.
        """
        x = (self.column + 0.5) * self.side_m
        y = (self.row + 0.5) * self.side_m
        inside = (x >= west) & (x < east) & (y >= south) & (y < north)
        # Rounding may lay the last square just past the edge.
        column = np.minimum(((x[inside] - west) * (width / (east - west))).astype(np.int64), width - 1)
        row = np.minimum(((y[inside] - south) * (height / (north - south))).astype(np.int64), height - 1)
        pixel = (height - 1 - row) * width + column
        return _added(pixel, self.sums[inside], width * height).T.reshape(-1, height, width)

    @property
    def nbytes(self) -> int:
        """How much memory it takes [bytes]."""
        return int(self.column.nbytes + self.row.nbytes + self.sums.nbytes)


def halved(fine: Level) -> Level:
    """The level whose squares are twice as wide."""
    column, row = fine.column.astype(np.int64) >> 1, fine.row.astype(np.int64) >> 1
    return _joined(2 * fine.side_m, column, row, fine.sums)


def merged(levels: Sequence[Level]) -> Level:
    """Levels of one size, such as those of several days, as one."""
    return _joined(
        levels[0].side_m,
        *(np.concatenate([getattr(level, name) for level in levels]) for name in ("column", "row", "sums")),
    )


def _joined(side_m: float, column: Whole, row: Whole, sums: Whole) -> Level:
    """Squares that are named more than once become one."""
    first = int(column.min(initial=0))
    columns = int(column.max(initial=0)) - first + 1
    named = row.astype(np.int64) * columns + (column.astype(np.int64) - first)
    squares, which = np.unique(named, return_inverse=True)
    added = _added(which, sums, len(squares)).astype(np.float32 if sums.dtype == np.float32 else np.float64)
    return Level(
        side_m, (squares % columns + first).astype(np.int32), (squares // columns).astype(np.int32), added
    )


def _added(which: Whole, sums: Whole, among: int) -> Sums:
    added = [np.bincount(which, weights=each, minlength=among) for each in sums.T]
    return np.stack(added, axis=1) if added else np.zeros((among, 0))


@dataclass(frozen=True)
class Pyramid:
    """Levels of one window, the finest first."""

    levels: tuple[Level, ...]

    @classmethod
    def over(cls, finest: Level) -> Pyramid:
        levels = [finest]
        # Squares around the origin never join across it: the side, not the number, ends the climb.
        while len(levels[-1].column) > FEWEST and len(levels) < 16:
            levels.append(halved(levels[-1]))
        return cls(tuple(levels))

    def level(self, pixel_m: float) -> Level | None:
        """The coarsest level whose squares are no wider than a pixel; None when even the finest is wider."""
        return next((level for level in reversed(self.levels) if level.side_m <= pixel_m), None)

    @property
    def nbytes(self) -> int:
        """How much memory it takes [bytes]."""
        return sum(level.nbytes for level in self.levels)
