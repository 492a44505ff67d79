"""Trucks keep their distance: who is on which stretch of road, and when one more may follow how fast.

Nobody overtakes, and nobody drives on another's heels. A driver who would come too close to a truck
ahead, or to one that joins from another road, drives the whole leg slower or waits before setting off,
whichever arrives first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
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
        self._passing: defaultdict[Stretch, list[tuple[float, float]]] = defaultdict(list)

    def join(self, now: int, way: Sequence[Stretch], after_ms: Floats) -> tuple[int, int]:
        """Book a way: how long to wait before setting off [ms], and which of the paces to drive at.

        ``after_ms`` says when each end of the way's stretches is passed after setting off: one row a pace.
        """
        number: list[int] = []
        known: list[tuple[float, float]] = []
        gone = now - HEADWAY_MS
        for index, stretch in enumerate(way):
            passing = self._passing[stretch]
            if passing and passing[0][1] < gone:
                passing[:] = [other for other in passing if other[1] >= gone]
            number += [index] * len(passing)
            known += passing
        choice, wait = 0, 0
        if known:
            first, last = np.array(known).T - now
            waits = _waits(first - after_ms[:, number], last - after_ms[:, 1:][:, number])
            choice = int(np.argmin(waits * IMPATIENCE + after_ms[:, -1]))
            wait = int(waits[choice])
        ends = (after_ms[choice] + (now + wait)).tolist()
        for stretch, enter, leave in zip(way, ends, ends[1:], strict=False):
            self._passing[stretch].append((enter, leave))
        return wait, choice


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
