"""The simulated world: the mine, its trucks and loaders, the motions they know, and what is written down.

Time is whole milliseconds from the start of the plan. What is random comes from one generator for each
truck and loader, seeded by the plan, so that a run repeats itself exactly.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from random import Random
from typing import Any, TypeAlias

import numpy as np
import simpy

from truckkit.sources.simulator.calendar import Shift, shifts
from truckkit.sources.simulator.layouts import GATE_SPOT, Layout, Spot
from truckkit.sources.simulator.log import Atlas, TruckLog
from truckkit.sources.simulator.mine import LANE_M, Mine, dig
from truckkit.sources.simulator.paths import Floats, along, evenly, lane
from truckkit.sources.simulator.plan import Plan
from truckkit.sources.simulator.stands import Stand
from truckkit.sources.simulator.traffic import Stretch, Traffic
from truckkit.sources.simulator.trucks import BACKWARDS, GATE, MODELS, Model, Motion, drive

MINUTE = 60_000
HOUR = 60 * MINUTE
Point: TypeAlias = tuple[float, float, float]
STRETCH_M = 110.0
"""About how far apart trucks look whether they come too close."""


@dataclass
class Loader:
    """A loading unit: where it stands, how fast it loads, and what it digs."""

    name: str
    face: str
    passes: int
    pass_s: float
    ore: float
    """Share of its loads that is ore."""


@dataclass(frozen=True)
class PlaceWas:
    """Where a place was for a while [ms]; ``stop`` is None while it still is."""

    place: str
    kind: str
    loader: str | None
    at: Point
    radius_m: float
    start: int
    stop: int | None


@dataclass(frozen=True)
class WorkOrder:
    """Work on one truck [ms]."""

    truck: str
    start: int
    stop: int | None
    kind: str
    component: str
    description: str


@dataclass(frozen=True)
class Refuel:
    """One refuelling [ms]."""

    truck: str
    start: int
    stop: int
    litres: float
    waited_ms: int


class World:
    """Everything that drives, digs and waits, what it drives along, and the record of it."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.env = simpy.Environment()
        self.shifts: list[Shift] = shifts(plan)
        count = 2 if plan.trucks <= 9 else min(8, math.ceil(plan.trucks / 6.5))
        self.random = Random(f"{plan.seed} mine")
        self.mine: Mine = dig(self.random, plan.trucks, faces=count + 1)
        self.traffic = Traffic()
        self.atlas = Atlas()
        self.models: tuple[Model, ...] = MODELS[:1] if plan.trucks < 12 else MODELS
        self.stands = {place.name: Stand(self.env, Layout(place)) for place in self.mine.places.values()}
        self.walking = False
        """True while a loader walks to another face: one at a time."""
        self.loaders = [self._loader(number) for number in range(count)]
        self.logs = [self._log(number) for number in range(plan.trucks)]
        self.places: list[PlaceWas] = []
        self.stood: list[list[Point]] = []
        """Where trucks stood in each of ``places`` while it was so: a point for every visit."""
        self._now_at: dict[str, int] = {}
        for name in self.stands:
            self.moved(name, 0)
        for log in self.logs:
            self.visit("Park up", log.bay)
        self.work_orders: list[WorkOrder] = []
        self.refuels: list[Refuel] = []
        self._motions: dict[Any, Motion] = {}
        self._trunks: dict[Any, tuple[Motion, Floats]] = {}
        self._ways: dict[tuple[str, str], tuple[tuple[Stretch, ...], Floats, Floats]] = {}

    @property
    def now(self) -> int:
        """Milliseconds since the start of the plan."""
        return int(self.env.now)

    # What trucks drive along -------------------------------------------------------------------

    def way(self, start: str, stop: str) -> tuple[tuple[Stretch, ...], Floats, Floats]:
        """From gate to gate: the stretches passed, the lane, and how far along it their ends lie [m]."""
        known = self._ways.get((start, stop))
        if known is None:
            nodes = self.mine.route(start, stop)
            centre, marks = self.mine.centre(nodes)
            points = lane(centre, LANE_M)
            marks = np.interp(marks, along(evenly(centre)), along(points))
            stretches: list[Stretch] = []
            ends = [0.0]
            for a, b, enter, leave in zip(nodes, nodes[1:], marks, marks[1:], strict=False):
                parts = max(1, round((leave - enter) / STRETCH_M))
                stretches += [(a, b, part) for part in range(parts)]
                ends += [enter + (leave - enter) * (part + 1) / parts for part in range(parts)]
            known = tuple(stretches), points, np.array(ends)
            self._ways[start, stop] = known
        return known

    def trunk(self, model: Model, loaded: bool, start: str, stop: str) -> tuple[Motion, Floats]:
        """From gate to gate, and when the ends of the stretches of road are passed [s]."""
        key = (model.name, loaded, start, stop)
        if key not in self._trunks:
            _, points, marks = self.way(start, stop)
            motion = drive(points, model, loaded, enters=GATE, leaves=GATE)
            self._trunks[key] = motion, motion.when(marks)
        return self._trunks[key]

    def inside(
        self, model: Model, loaded: bool, layout: Layout, what: str, number: int, start: Spot = GATE_SPOT
    ) -> Motion:
        """A motion inside a place: to a slot, to a bay, back into it, or out."""
        key = (model.name, loaded, layout, what, number, start)
        if key not in self._motions:
            enters = GATE if start == GATE_SPOT else 0.0
            match what:
                case "slot":
                    motion = drive(layout.to_slot(number, start), model, loaded, enters=enters, most=GATE)
                case "bay":
                    motion = drive(layout.to_bay(number, start), model, loaded, enters=enters, most=GATE)
                case "back":
                    motion = drive(layout.into_bay(number), model, loaded, most=BACKWARDS)
                case _:
                    motion = drive(layout.out(number), model, loaded, leaves=GATE, most=GATE)
            self._motions[key] = motion
        return self._motions[key]

    # Who there is ------------------------------------------------------------------------------

    def _loader(self, number: int) -> Loader:
        # From the bottom up, so that the face left free is near the rim.
        face = self.mine.of_kind("load")[-1 - number].name
        quick = number % 3 != 1
        return Loader(
            f"SH{number + 1}",
            face,
            passes=5 if quick else 6,
            pass_s=self.random.uniform(29, 34) if quick else self.random.uniform(38, 44),
            ore=(0.65, 0.25, 0.5)[number % 3],
        )

    def _log(self, number: int) -> TruckLog:
        model = self.models[number % len(self.models)]
        log = TruckLog(f"T{number + 1:02d}", model, bay=number)
        log.engine_h = round(self.random.uniform(2_000, 38_000), 2)
        log.payload.append((0, 0.0))
        return log

    def _was(self, name: str, start: int) -> PlaceWas:
        layout = self.stands[name].layout
        kind, bays = layout.place.kind, layout.place.bays
        first, last = np.array(layout.bay_point(0)), np.array(layout.bay_point(bays - 1))
        x, y, z = (first + last) / 2
        loader = next((loader.name for loader in self.loaders if loader.face == name), None)
        reach = 45.0 + float(np.hypot(*(last - first)[:2])) / 2
        return PlaceWas(name, kind, loader, (float(x), float(y), float(z)), reach, start, None)

    def visit(self, name: str, bay: int) -> None:
        """Write down that a truck stands in a bay of a place."""
        self.stood[self._now_at[name]].append(self.stands[name].layout.bay_point(bay))

    def moved(self, name: str, now: int) -> None:
        """Write down that a place moved, or whose face it is."""
        if name in self._now_at:
            index = self._now_at[name]
            self.places[index] = replace(self.places[index], stop=now)
        self._now_at[name] = len(self.places)
        self.places.append(self._was(name, now))
        self.stood.append([])
