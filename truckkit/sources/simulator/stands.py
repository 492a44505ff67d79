"""Queues and bays: whose turn it is at a loader, a dump, the fuel bay or the workshop."""

from __future__ import annotations

from typing import Any

import simpy

from truckkit.sources.simulator.layouts import Layout


class Stand:
    """The bays of one place and the line before them; first come, first served."""

    def __init__(self, env: simpy.Environment, layout: Layout) -> None:
        self.env = env
        self.layout = layout
        self.line: list[object] = []
        self.coming = 0
        """Trucks on their way here."""
        self.paused = False
        """True while nobody is called in: the loader moves or cleans up."""
        self._free = list(range(layout.place.bays))
        self._waiting: list[Any] = []

    @property
    def busy(self) -> int:
        """Trucks in bays."""
        return self.layout.place.bays - len(self._free)

    def bay(self, truck: object) -> int | None:
        """The truck's bay, where it is its turn; it leaves the line."""
        if self.paused or not self._free or (self.line and self.line[0] is not truck):
            return None
        if self.line:
            self.line.pop(0)
            self._call()
        return self._free.pop(0)

    def release(self, bay: int) -> None:
        """Leave a bay."""
        self._free.append(bay)
        self._free.sort()
        self._call()

    def pause(self) -> None:
        """Call nobody in."""
        self.paused = True

    def resume(self, layout: Layout | None = None) -> None:
        """Go on, perhaps somewhere else."""
        self.paused = False
        self.layout = layout or self.layout
        self._call()

    def change(self) -> Any:
        """Something that happens when the line or the bays change."""
        event = self.env.event()
        self._waiting.append(event)
        return event

    def _call(self) -> None:
        waiting, self._waiting = self._waiting, []
        for event in waiting:
            event.succeed()
