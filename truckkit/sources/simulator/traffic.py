"""Trucks keep their distance: who is on which stretch of road, and how fast one more may follow.

Nobody overtakes, and nobody drives on another's heels. A driver who would come too close to a truck
ahead, or to one that joins from another road, drives the whole leg a little slower.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

HEADWAY_MS = 9_000
"""Time between two trucks that pass one point in one direction."""
SLOWER = (1.0, 0.97, 0.94, 0.91, 0.88, 0.84, 0.8, 0.75, 0.7)
"""Shares of the wished pace that a driver tries before waiting for the road."""
FORGET_MS = 3_600_000

Stretch = tuple[str, str]
Passing = Callable[[float], Sequence[float]]


class Traffic:
    """Who passes which stretch of road, and when."""

    def __init__(self) -> None:
        self._passing: defaultdict[Stretch, list[tuple[int, int]]] = defaultdict(list)

    def pace(self, now: int, way: Sequence[str], after: Passing, wish: float) -> float | None:
        """The greatest pace, at most the driver's wish, that keeps the distance on the whole way; or None.

        ``after`` says when each node of the way is passed at a pace, in seconds from now.
        """
        for share in SLOWER:
            pace = wish * share
            if self._free(now, way, after(pace)):
                return pace
        return None

    def book(self, now: int, way: Sequence[str], after: Sequence[float]) -> None:
        """Pass the nodes of a way at given times, in seconds from now."""
        for a, b, enter, leave in zip(way, way[1:], after, after[1:], strict=False):
            passing = self._passing[a, b]
            if len(passing) > 40:
                passing[:] = [known for known in passing if known[1] > now - FORGET_MS]
            passing.append((now + int(enter * 1000), now + int(leave * 1000)))

    def _free(self, now: int, way: Sequence[str], after: Sequence[float]) -> bool:
        for a, b, enter, leave in zip(way, way[1:], after, after[1:], strict=False):
            first, last = now + enter * 1000, now + leave * 1000
            for other_first, other_last in self._passing[a, b]:
                if other_last < first - HEADWAY_MS:
                    continue
                ahead, behind = first - other_first, last - other_last
                if ahead * behind < 0 or abs(ahead) < HEADWAY_MS or abs(behind) < HEADWAY_MS:
                    return False
        return True
