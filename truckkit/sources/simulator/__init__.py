"""A seeded mine: what its systems record, and, kept apart, what truly happened.

>>> mine = simulate(Plan(trucks=2, hours=0.5))
>>> mine.observed.table("trucks")["truck"].to_pylist()
['T01', 'T02']
>>> sum(batch.num_rows for batch in mine.observed.batches("positions"))
3600
>>> mine.truth.table("states")["state"][0].as_py()
'delay'
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pyarrow as pa

from truckkit.errors import unknown
from truckkit.sources.simulator import observed, truth
from truckkit.sources.simulator.fleet import run
from truckkit.sources.simulator.plan import Channels, Noise, Plan, Wishes
from truckkit.sources.simulator.records import Dated, arrow_schema
from truckkit.sources.simulator.world import World

__all__ = ["Channels", "Noise", "Plan", "Rows", "Simulated", "Wishes", "simulate"]

Maker = Callable[[World], Dated]

OBSERVED: Mapping[str, Maker] = {
    "trucks": observed.trucks,
    "places": observed.places,
    "roads": observed.roads,
    "shifts": observed.shifts,
    "plans": observed.plans,
    "limits": observed.limits,
    "tyres": observed.tyres,
    "maintenance": observed.maintenance,
    "refuels": observed.refuels,
    "positions": observed.positions,
    "telemetry": observed.telemetry,
}
TRUTH: Mapping[str, Maker] = {"states": truth.states, "cycles": truth.cycles, "places": truth.places}


@dataclass(frozen=True)
class Rows:
    """Tables of one run, made when asked for; each has the schema's columns without ``load_id``."""

    world: World = field(repr=False)
    makers: Mapping[str, Maker] = field(repr=False)

    @property
    def names(self) -> tuple[str, ...]:
        """The tables there are, in an order in which they can be stored."""
        return tuple(self.makers)

    def batches(self, name: str) -> Iterator[pa.RecordBatch]:
        """A table in batches of bounded size: day tables by day, truck and time."""
        return (batch for _, batch in self.dated(name))

    def dated(self, name: str) -> Dated:
        """The same, each batch with the number of its day."""
        if name not in self.makers:
            raise unknown("table", name, self.makers, self.world.plan.name)
        return self.makers[name](self.world)

    def table(self, name: str) -> pa.Table:
        """A whole table; only for what fits in memory."""
        return pa.Table.from_batches(self.batches(name), schema=arrow_schema(name))


@dataclass(frozen=True)
class Simulated:
    """One run of a simulated mine."""

    plan: Plan
    observed: Rows
    """What trucks, dispatch and workshop record."""
    truth: Rows
    """What truly happened: states, cycles, and places as they moved."""

    def dropouts(self) -> list[tuple[str, datetime, datetime]]:
        """Truck, start and stop of each time of which nothing was stored: no detector can know it.

        One that is shorter than the time between two positions may have lost nothing, and is left out.
        """
        start = self.plan.start
        return [
            (sensors.log.name, start + timedelta(milliseconds=low), start + timedelta(milliseconds=high))
            for sensors in observed.sensors(self.truth.world)
            for low, high in sensors.dropouts.tolist()
            if high - low >= 1000 / self.plan.hz
        ]


def simulate(plan: Plan | None = None) -> Simulated:
    """Run a seeded mine; its samples are made when they are asked for.

    The same plan gives the same bytes.
    """
    plan = plan or Plan()
    world = run(plan)
    return Simulated(plan, Rows(world, OBSERVED), Rows(world, TRUTH))
