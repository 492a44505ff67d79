"""Trucks keep their distance: who is on which stretch of road, and when one more may follow how fast.

Nobody overtakes, and nobody drives on another's heels. A driver who would come too close to a truck
ahead, or to one that joins from another road, drives the whole leg slower or waits before setting off,
whichever arrives first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np

from truckkit.sources.simulator.paths import Floats

HEADWAY_MS = 7_500.0
"""Time between two trucks that pass one point in one direction."""
SLOWER = np.array([1.0, 0.94, 0.88, 0.81, 0.73, 0.64])
"""Shares of the wished pace that a driver considers."""
IMPATIENCE = 1.3
"""A second of waiting is felt as so many of driving."""

Stretch: TypeAlias = tuple[str, str, int]
"""Part of the road from one node to the next."""


class Traffic:
    """Who passes which stretch of road, and when."""

    def __init__(self) -> None:
        self._enter: defaultdict[Stretch, list[float]] = defaultdict(list)
        self._leave: defaultdict[Stretch, list[float]] = defaultdict(list)

    def join(
        self,
        now: int,
        way: Sequence[Stretch],
        after_ms: Floats,
        slower: Callable[[], Floats] | None = None,
    ) -> tuple[int, int]:
        """Book a way: how long to wait before setting off [ms], and which of the paces to drive at.

        ``after_ms`` says when each end of the way's stretches is passed after setting off at the pace
        that is wished, number 0; ``slower`` the same for this pace and slower ones, one row each.
        """
        number, first, last = self._met(now, way)
        choice, wait = 0, 0
        if first:
            enter, leave = np.array(first) - now, np.array(last) - now
            paces = after_ms[None, :]
            waits = _waits(enter - paces[:, number], leave - paces[:, 1:][:, number])
            if waits[0] and slower:
                paces = slower()
                waits = _waits(enter - paces[:, number], leave - paces[:, 1:][:, number])
                choice = int(np.argmin(waits * IMPATIENCE + paces[:, -1]))
                after_ms = paces[choice]
            wait = int(waits[choice])
        ends = (after_ms + (now + wait)).tolist()
        for stretch, one, other in zip(way, ends, ends[1:], strict=False):
            self._enter[stretch].append(one)
            self._leave[stretch].append(other)
        return wait, choice

    def _met(self, now: int, way: Sequence[Stretch]) -> tuple[list[int], list[float], list[float]]:
        """Everyone on the way: number of the stretch, when they enter it and when they leave it."""
        number: list[int] = []
        first: list[float] = []
        last: list[float] = []
        gone = now - HEADWAY_MS
        for index, stretch in enumerate(way):
            enter, leave = self._enter[stretch], self._leave[stretch]
            if leave and leave[0] < gone:
                kept = [which for which, left in enumerate(leave) if left >= gone]
                enter[:] = [enter[which] for which in kept]
                leave[:] = [leave[which] for which in kept]
            number += [index] * len(enter)
            first += enter
            last += leave
        return number, first, last


def _waits(first: Floats, last: Floats) -> Floats:
    """The shortest wait at each pace, given by how much later each other truck passes each stretch.

    To wait so long that one comes less than the headway before or after another, at either end of a
    stretch, or between the two ends changes order with it, is forbidden.
    """
    low = np.minimum(first, last) - HEADWAY_MS
    high = np.maximum(first, last) + HEADWAY_MS
    waits = np.zeros(len(first))
    while True:
        wait = waits[:, None]
        close = (low < wait) & (high > wait)
        if not close.any():
            return waits
        waits = np.maximum(waits, np.where(close, np.ceil(high), 0.0).max(axis=1))
