"""How many positions fell on each square of the ground, at every zoom, from one pass over the store.

The finest level has a row per square where somebody drove. Each coarser one joins two by two squares
of the one before, so a new zoom adds up thousands of squares where it counted millions of positions.

>>> fine = Level(1.0, np.array([0, 1, 2]), np.array([0, 1, 0]), np.array([5, 1, 2]))
>>> coarse = halved(fine)
>>> coarse.side_m, coarse.column.tolist(), coarse.positions.tolist()
(2.0, [0, 1], [6, 2])
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

FEWEST = 1000
"""A level with fewer squares needs no coarser one."""

Whole = npt.NDArray[Any]


@dataclass(frozen=True)
class Level:
    """Squares of one size: one entry per square with positions, `column` to the east, `row` to the north."""

    side_m: float
    column: Whole
    row: Whole
    positions: Whole

    def counts(
        self, west: float, south: float, east: float, north: float, width: int, height: int
    ) -> npt.NDArray[np.uint32]:
        """Positions on each pixel of a box [m], north at the top; a square lies where its middle lies."""
        x = (self.column + 0.5) * self.side_m
        y = (self.row + 0.5) * self.side_m
        inside = (x >= west) & (x < east) & (y >= south) & (y < north)
        # Rounding may lay the last square just past the edge.
        column = np.minimum(((x[inside] - west) * (width / (east - west))).astype(np.int64), width - 1)
        row = np.minimum(((y[inside] - south) * (height / (north - south))).astype(np.int64), height - 1)
        flat = np.bincount(
            (height - 1 - row) * width + column, weights=self.positions[inside], minlength=width * height
        )
        return flat.astype(np.uint32).reshape(height, width)


def halved(fine: Level) -> Level:
    """The level whose squares are twice as wide."""
    column, row = fine.column.astype(np.int64) >> 1, fine.row.astype(np.int64) >> 1
    first_column = column.min(initial=0)
    columns = column.max(initial=0) - first_column + 1
    squares, which = np.unique(row * columns + (column - first_column), return_inverse=True)
    positions = np.bincount(which, weights=fine.positions, minlength=len(squares)).astype(np.int64)
    return Level(
        2 * fine.side_m,
        (squares % columns + first_column).astype(np.int32),
        (squares // columns).astype(np.int32),
        positions,
    )


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
        return sum(
            each.nbytes for level in self.levels for each in (level.column, level.row, level.positions)
        )
