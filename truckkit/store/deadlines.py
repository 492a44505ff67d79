"""Deadlines: one thread that stops what has run for too long.

A timer a query would start a thread a query. All deadlines here are about as far away as each other,
so a new one seldom wakes the thread that watches them. DuckDB forgets to stop what has not yet begun, so
what runs on is told again until it is over.

>>> import threading
>>> stopped = threading.Event()
>>> with Deadlines().within(0.001, stopped.set):
...     stopped.wait(10)
True
"""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_AGAIN_S = 0.05


class Deadlines:
    """Calls back what is not over in its time."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: list[tuple[float, int]] = []
        self._stops: dict[int, Callable[[], None]] = {}
        self._number = itertools.count()
        self._watching = False

    @contextmanager
    def within(self, seconds: float | None, stop: Callable[[], None]) -> Iterator[None]:
        """Call ``stop`` from another thread if the block takes longer until it ends, and never after."""
        if seconds is None:
            yield
            return
        number = next(self._number)
        until = time.monotonic() + seconds
        with self._changed:
            self._stops[number] = stop
            sooner = not self._waiting or until < self._waiting[0][0]
            heapq.heappush(self._waiting, (until, number))
            if not self._watching:
                self._watching = True
                threading.Thread(target=self._watch, name="truckkit deadlines", daemon=True).start()
            elif sooner:
                self._changed.notify()
        try:
            yield
        finally:
            # Under the lock, so that what stops a query never stops the next one on its cursor.
            with self._changed:
                self._stops.pop(number, None)

    def _watch(self) -> None:
        with self._changed:
            while True:
                while self._waiting and (
                    self._waiting[0][1] not in self._stops or self._waiting[0][0] <= time.monotonic()
                ):
                    _until, number = heapq.heappop(self._waiting)
                    if stop := self._stops.get(number):
                        stop()
                        heapq.heappush(self._waiting, (time.monotonic() + _AGAIN_S, number))
                if self._waiting:
                    self._changed.wait(max(0, self._waiting[0][0] - time.monotonic()))
                elif not self._changed.wait(60):
                    self._watching = False
                    return
