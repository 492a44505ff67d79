"""What the mine's systems record: samples of trucks, and the lists that its office keeps."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from truckkit.sources.simulator.diggers import FURTHEST_M
from truckkit.sources.simulator.layouts import Layout
from truckkit.sources.simulator.noise import LEVELS, Sensors
from truckkit.sources.simulator.records import Dated, batch, rows, when
from truckkit.sources.simulator.traces import Instants, Trace, instants
from truckkit.sources.simulator.trucks import GATE, drive
from truckkit.sources.simulator.truth import days, shift_at
from truckkit.sources.simulator.world import World

MOST_ROWS = 200_000
"""Rows in one batch, about."""


def positions(world: World) -> Dated:
    """Columns of ``schema.POSITIONS``: by day, truck and time, or as they arrive where there is noise."""
    plan = world.plan
    every = 1000 / plan.hz
    for day, channel, start, stop in _windows(world, every):
        at = instants(every, channel.phase(every, 0), start, stop)
        columns = channel.trace.positions(at)
        if channel.sensors:
            at, columns = channel.sensors.positions(at, columns, start)
        yield day, batch("positions", {"truck": channel.truck, "at": when(plan, at), **columns}, len(at))


def telemetry(world: World) -> Dated:
    """Columns of ``schema.TELEMETRY``: at an even period (see ``Plan.hz``), and when something changes."""
    plan = world.plan
    if plan.channels == "gps":
        return
    every = plan.readings_ms
    for day, channel, start, stop in _windows(world, every):
        trace = channel.trace
        low, high = np.searchsorted(trace.changes, (start, stop))
        at = _both(instants(every, channel.phase(every, 1), start, stop), trace.changes[low:high])
        columns = trace.telemetry(at, np.random.default_rng([plan.seed, trace.log.bay, 2, start]))
        if plan.channels == "payload":
            columns = {"payload_t": columns["payload_t"]}
        if channel.sensors:
            at, columns = channel.sensors.telemetry(at, columns, trace.speed(at), start)
        yield day, batch("telemetry", {"truck": channel.truck, "at": when(plan, at), **columns}, len(at))


def _both(one: Instants, other: Instants) -> Instants:
    """Instants of either, in order, each once; sorting is quicker here than NumPy's own union."""
    at = np.sort(np.concatenate([one, other]), kind="stable")
    return at[np.concatenate([[True], at[1:] > at[:-1]])] if len(at) else at


@dataclass(frozen=True)
class Channel:
    """What tells of one truck: its trace, and its sensors where they are not perfect."""

    trace: Trace
    sensors: Sensors | None

    @property
    def truck(self) -> str:
        """Name of the truck."""
        return self.trace.log.name

    def phase(self, every_ms: float, stream: int) -> float:
        """When in its period a truck samples [ms]: no two trucks and streams do at once."""
        draw = np.random.default_rng([self.trace.plan.seed, self.trace.log.bay, stream])
        return float(draw.uniform(0, every_ms))


def sensors(world: World) -> list[Sensors]:
    """The sensors of each truck; none where the plan has no noise."""
    level = LEVELS[world.plan.noise]
    return [] if level is None else [Sensors(log, world.plan, level) for log in world.logs]


def _windows(world: World, every_ms: float) -> Iterator[tuple[int, Channel, int, int]]:
    """Truck after truck, day after day; a day of many samples comes in parts."""
    table = world.atlas.rows()
    imperfect: list[Sensors | None] = [*sensors(world)] or [None] * len(world.logs)
    channels = [
        Channel(Trace(log, table, world.plan), sensor)
        for log, sensor in zip(world.logs, imperfect, strict=True)
    ]
    for day, (start, stop) in enumerate(days(world)):
        parts = max(1, math.ceil((stop - start) / every_ms / MOST_ROWS))
        cuts = [start + (stop - start) * part // parts for part in range(parts + 1)]
        for channel in channels:
            for low, high in pairwise(cuts):
                yield day, channel, low, high


def trucks(world: World) -> Dated:
    """Columns of ``schema.TRUCKS``."""
    yield (
        0,
        rows(
            "trucks",
            (
                {
                    "truck": log.name,
                    "model": log.model.name,
                    "fleet": log.model.name.split()[1],
                    "target_payload_t": log.model.target_t,
                    "empty_mass_t": log.model.empty_t,
                    "tank_l": log.model.tank_l,
                    "given": True,
                }
                for log in world.logs
            ),
            world.plan,
        ),
    )


def places(world: World) -> Dated:
    """Columns of ``schema.PLACES``, as the office knows them: a face is one place however it advances."""
    found: list[dict[str, Any]] = []
    for was in world.places[: len(world.mine.places)]:
        (x, y, z), reach = was.at, was.radius_m
        if was.kind == "load":
            x, y, z = Layout(world.mine.places[was.place], *(far / 2 for far in FURTHEST_M)).bay_point(0)
            reach += max(FURTHEST_M) / 2
        found.append(_place(was.place, was.kind, x, y, z, reach))
    found += [
        _place(name, "node", *point, 20.0)
        for name, point in world.mine.nodes.items()
        if name not in world.mine.places
    ]
    yield 0, rows("places", found, world.plan)


def _place(name: str, kind: str, x: float, y: float, z: float, reach: float) -> dict[str, Any]:
    return {
        "place": name,
        "kind": kind,
        "x_m": x,
        "y_m": y,
        "elevation_m": z,
        "radius_m": reach,
        "given": True,
    }


def roads(world: World) -> Dated:
    """Columns of ``schema.ROADS``: each segment in both directions, with the times of the first model."""
    model = world.models[0]
    found = []
    for (a, b), line in world.mine.lines.items():
        empty, loaded = (drive(line, model, full, enters=GATE, leaves=GATE) for full in (False, True))
        found.append(
            {
                "road": f"{a} to {b}",
                "from_place": a,
                "to_place": b,
                "length_m": round(empty.metres, 1),
                "empty_s": round(empty.seconds, 1),
                "loaded_s": round(loaded.seconds, 1),
                "closed": False,
            }
        )
    yield 0, rows("roads", found, world.plan)


def shifts(world: World) -> Dated:
    """Columns of ``schema.SHIFTS``."""
    found = (
        {"shift": shift.name, "start": shift.start, "stop": shift.stop, "crew": shift.crew}
        for shift in world.shifts
    )
    yield 0, rows("shifts", found, world.plan)


def maintenance(world: World) -> Dated:
    """Columns of ``schema.MAINTENANCE``; an order still open when the plan ends has no stop."""
    found = (
        {
            "work_order": f"WO-{1001 + number}",
            "truck": order.truck,
            "start": order.start,
            "stop": order.stop,
            "kind": order.kind,
            "component": order.component,
            "description": order.description,
            "version": 1,
        }
        for number, order in enumerate(world.work_orders)
    )
    yield 0, rows("maintenance", found, world.plan)


def refuels(world: World) -> Dated:
    """Columns of ``schema.REFUELS``."""
    found = (
        {
            "truck": refuel.truck,
            "start": refuel.start,
            "stop": refuel.stop,
            "fuel_l": refuel.litres,
            "queue_min": refuel.waited_ms / 60_000,
            "place": "Fuel bay",
            "shift": shift_at(world.shifts, refuel.start),
        }
        for refuel in sorted(world.refuels, key=lambda refuel: (refuel.start, refuel.truck))
    )
    yield 0, rows("refuels", found, world.plan)


def plans(world: World) -> Dated:
    """Columns of ``schema.PLANS``: for the site and each loader, about what a good shift brings."""
    loads = 23.0 * len(world.logs)
    target = sum(log.model.target_t for log in world.logs) / len(world.logs)
    circuits = [("all", 1.0), *((loader.name, 1 / len(world.loaders)) for loader in world.loaders)]
    found = (
        {
            "shift": shift.name,
            "circuit": circuit,
            "planned_t": float(round(loads * share * target, -2)),
            "planned_loads": float(round(loads * share)),
        }
        for shift in world.shifts
        for circuit, share in circuits
    )
    yield 0, rows("plans", found, world.plan)


def tyres(world: World) -> Dated:
    """Columns of ``schema.TYRES``: two tyres in front and four at the rear, as rigid trucks have.

    Empty, such a truck stands with half its mass on each axle; loaded, with two thirds on the rear one.
    """
    found = (
        {
            "model": model.name,
            "position": position,
            "tyre": "53/80R63",
            "rating_tkph": 1000.0,
            "empty_share": round(empty / tyres, 4),
            "loaded_share": round(loaded / tyres, 4),
        }
        for model in world.models
        for position, tyres, empty, loaded in (("front", 2, 0.5, 1 / 3), ("rear", 4, 0.5, 2 / 3))
    )
    yield 0, rows("tyres", found, world.plan)


def limits(world: World) -> Dated:
    """Columns of ``schema.LIMITS``: speed for all, less for the loaded, and the greatest payload by model."""
    found: list[dict[str, Any]] = [
        {"limit_name": "Site speed", "kind": "speed", "most": 50.0, "unit": "km/h"},
        {"limit_name": "Loaded speed", "kind": "speed", "loaded": True, "most": 42.0, "unit": "km/h"},
    ]
    found += [
        {
            "limit_name": f"{model.name} payload",
            "kind": "payload",
            "model": model.name,
            "loaded": True,
            "most": round(1.2 * model.target_t, 1),
            "unit": "t",
        }
        for model in world.models
    ]
    yield 0, rows("limits", found, world.plan)
