"""Trucks keep their distance: who is on which stretch of road, and how fast one more may follow.

Nobody overtakes, and nobody drives on another's heels. A driver who would come too close to a truck
ahead, or to one that joins from another road, drives the whole leg a little slower.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

HEADWAY_MS = 9_000
"""Time between two trucks that pass one point in one direction."""
SLOWER = (1.0, 0.97, 0.94, 0.91, 0.88, 0.85, 0.81, 0.77, 0.73, 0.68, 0.62, 0.56, 0.5)
FORGET_MS = 3_600_000

Stretch = tuple[str, str]


class Traffic:
    """Who passes which stretch of road, and when."""

    def __init__(self) -> None:
        self._passing: defaultdict[Stretch, list[tuple[int, int]]] = defaultdict(list)

    def pace(self, now: int, way: Sequence[str], after_s: Sequence[float], wish: float) -> float:
        """The greatest pace, at most the driver's wish, that keeps the distance on the whole way.

        ``after_s`` says when each node of the way is passed at pace 1, in seconds from now.
        """
        fewest, best = 10**9, wish
        for share in SLOWER:
            pace = wish * share
            close = self._conflicts(now, way, after_s, pace)
            if close == 0:
                return pace
            if close < fewest:
                fewest, best = close, pace
        return best

    def book(self, now: int, way: Sequence[str], after_s: Sequence[float], pace: float) -> None:
        """Pass along a way at a pace."""
        for a, b, enter, leave in zip(way, way[1:], after_s, after_s[1:], strict=False):
            passing = self._passing[a, b]
            if len(passing) > 40:
                passing[:] = [known for known in passing if known[1] > now - FORGET_MS]
            passing.append((now + int(enter * 1000 / pace), now + int(leave * 1000 / pace)))

    def _conflicts(self, now: int, way: Sequence[str], after_s: Sequence[float], pace: float) -> int:
        close = 0
        for a, b, enter, leave in zip(way, way[1:], after_s, after_s[1:], strict=False):
            first, last = now + enter * 1000 / pace, now + leave * 1000 / pace
            for other_first, other_last in self._passing[a, b]:
                if other_last < first - HEADWAY_MS:
                    continue
                before, after = first - other_first, last - other_last
                if before * after < 0 or abs(before) < HEADWAY_MS or abs(after) < HEADWAY_MS:
                    close += 1
        return close
