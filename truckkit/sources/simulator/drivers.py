"""What a driver does: haul, wait, spot, load, dump, refuel, eat, hand over, break down.

Each driver is one SimPy process. It moves its truck through the world and writes down in the truck's
log what it does; nothing here knows of samples.
"""

from __future__ import annotations

from collections.abc import Generator
from random import Random
from typing import Any

import numpy as np

from truckkit.sources.simulator.calendar import Shift
from truckkit.sources.simulator.diggers import Digger
from truckkit.sources.simulator.layouts import GATE_SPOT, Spot
from truckkit.sources.simulator.log import Load, Tip, TruckLog
from truckkit.sources.simulator.paths import along, cut, direction, evenly
from truckkit.sources.simulator.stands import Stand
from truckkit.sources.simulator.traffic import SLOWER
from truckkit.sources.simulator.trucks import GATE, SPEED, Motion, drive, paced
from truckkit.sources.simulator.world import HOUR, MINUTE, Refuel, WorkOrder, World

Steps = Generator[Any, Any, Any]

PARK = "Park up"
TROUBLES = (
    ("breakdown", "engine", "low coolant level, hose replaced"),
    ("breakdown", "suspension", "rear strut charged"),
    ("tyre", "tyres", "position 4 changed"),
    ("breakdown", "hydraulics", "hoist valve leaking"),
    ("inspection", "brakes", "retarder grid checked"),
    ("breakdown", "electrical", "wheel motor blower fault cleared"),
)


class Driver:
    """The drivers of one truck, one after the other."""

    def __init__(self, world: World, log: TruckLog, diggers: dict[str, Digger]) -> None:
        self.world, self.log, self.diggers = world, log, diggers
        self.env, self.model = world.env, log.model
        self.random = Random(f"{world.plan.seed} {log.name}")
        self.loaded = False
        self.here, self.bay = PARK, log.bay
        self.operator: str | None = None
        self.skill = 1.0
        self.breaks_at = round(self.random.expovariate(1 / (70 * HOUR)))
        self.rests_in: str | None = None
        """The shift in which the truck has no driver for a while."""

    # A shift -----------------------------------------------------------------------------------

    def run(self) -> Steps:
        """From the first instant of the plan to its end."""
        layout = self.world.stands[PARK].layout
        parked = self.world.inside(self.model, False, layout, "back", self.bay)
        self.log.begin(parked, self.world.atlas.base(parked), self.model.idle_lph)
        for shift in self.world.shifts:
            self._say("delay", PARK)
            self.operator = f"{shift.crew}{self.log.bay + 1:02d}"
            self.skill = min(1.06, max(0.88, self.random.gauss(0.98, 0.03)))
            ready = max(self.world.now, shift.start) + self._between(5, 16) * MINUTE
            yield from self._until(ready)
            if self.rests_in == shift.name or self.random.random() < 0.08:
                yield from self._rest(self._between(0.8, 2.5) * HOUR)
            if self.world.now < shift.stop - HOUR // 2:
                yield from self._work(shift)

    def _work(self, shift: Shift) -> Steps:
        """Cycle after cycle, until the shift is nearly over."""
        leaves = shift.stop - self._between(9, 17) * MINUTE
        eats = shift.start + self._between(4.6, 6.8) * HOUR
        while self.world.now < leaves:
            yield from self._cycle()
            if self.log.tank_l < self.model.tank_l * self.random.uniform(0.16, 0.26):
                yield from self._refuel()
            if self.breaks_at < self.world.now:
                yield from self._repair()
            elif eats < self.world.now < leaves - HOUR // 2:
                eats = shift.stop
                yield from self._park()
                self._say("delay", PARK)
                yield from self._until(self.world.now + self._between(24, 38) * MINUTE)
        if self.here != PARK:
            yield from self._park()

    def _rest(self, lasts: float) -> Steps:
        """Parked with the engine off."""
        self._say("standby", PARK)
        yield from self._off(lasts)
        self._say("delay", PARK)
        yield self.env.timeout(round(self._between(1.2, 4) * MINUTE))

    # A cycle -----------------------------------------------------------------------------------

    def _cycle(self) -> Steps:
        digger = self._choose_digger()
        before = self.log.odometer_m
        came = self.here
        yield from self._travel(digger.face, "return")
        arrived = yield from self._into(digger.face, "queue_load", "spot_load", digger.name)
        yield self.env.timeout(self._ms(digger.first_bucket()))
        start = self.world.now
        self._say("load", digger.face, digger.name)
        for weight, lasts in digger.buckets(self.model.target_t):
            self.log.weigh(self.world.now, self._ms(lasts), self.log.payload[-1][1] + weight)
            yield self.env.timeout(self._ms(digger.between()))
        payload = self.log.payload[-1][1]
        self.loaded = True
        empty_m = self.log.odometer_m - before
        place = self.world.stands[digger.face].layout.place
        before = self.log.odometer_m
        self.log.loads.append(
            Load(
                start, self.world.now, arrived, digger.name, digger.face, came, payload, empty_m,
                place.gate[2], self.operator or "",
            )
        )  # fmt: skip
        self.log.tips.append(None)
        goal = self._choose_dump(digger)
        yield from self._travel(goal, "haul")
        arrived = yield from self._into(goal, "queue_dump", "spot_dump", None)
        loaded_m = self.log.odometer_m - before
        yield from self._tip()
        self.log.tips[-1] = Tip(arrived, goal, loaded_m, self.world.stands[goal].layout.place.gate[2])

    def _tip(self) -> Steps:
        """Body up, the load slides, body down; some drive off before it is all the way down."""
        yield self.env.timeout(self._ms(self._between(1.5, 5)))
        self.log.body.append(self.world.now)
        self._say("dump", self.here)
        slide, rise, lower = self._between(3, 6), self._between(14, 20), self._between(9, 13)
        yield self.env.timeout(self._ms(slide))
        self.log.weigh(self.world.now, self._ms(rise - 1), 0.0)
        yield self.env.timeout(self._ms(rise + self._between(0, 8)))
        self.loaded = False
        early = self.random.random() < 0.2
        self.log.body.append(self.world.now + self._ms(lower))
        yield self.env.timeout(self._ms(self._between(3, 6) if early else lower + self._between(1, 5)))

    # Getting about -----------------------------------------------------------------------------

    def _travel(self, there: str, state: str) -> Steps:
        """Out of the bay, and along the road to the gate of another place."""
        world, here, stand = self.world, self.here, self.world.stands[self.here]
        out = world.inside(self.model, self.loaded, stand.layout, "out", self.bay)
        trunk = world.trunk(self.model, self.loaded, here, there)
        way, _, marks = world.way(here, there)
        wish = self.skill * min(1.04, max(0.93, self.random.gauss(1.0, 0.02)))
        paces = wish * SLOWER
        passed = trunk.when(marks)
        after_s = out.seconds + paced(passed, trunk.seconds, paces)
        wait, choice = world.traffic.join(world.now, way, after_s * 1000)
        pace = float(paces[choice])
        if wait:
            yield self.env.timeout(wait)
        world.stands[there].coming += 1
        self._say(state)
        if here != PARK:
            stand.release(self.bay)
        yield from self._drive(out)
        share = (self.breaks_at - self.world.now) / (trunk.seconds * 1000 / pace)
        if 0.2 < share < 0.8:
            yield from self._break_down(here, there, share, pace, state)
        else:
            yield from self._drive(trunk, pace)
        world.stands[there].coming -= 1
        self.here = there

    def _into(self, place: str, queues: str, spots: str, loader: str | None) -> Steps:
        """From the gate through the queue into a bay; answers when the truck first stood."""
        stand = self.world.stands[place]
        spot: Spot = GATE_SPOT
        arrived: int | None = None
        bay = stand.bay(self)
        if bay is None:
            stand.line.append(self)
            layout, number = stand.layout, len(stand.line) - 1
            yield from self._drive(self._inside(layout, "slot", number, spot))
            spot = layout.slot(number)
            arrived = self.world.now
            self._say(queues, place, loader)
            bay = yield from self._wait(stand, spot)
            spot = self._slot
        layout = stand.layout
        yield from self._drive(self._inside(layout, "bay", bay, spot))
        if not layout.through:
            yield self.env.timeout(self._ms(self._between(1.0, 2.5)))
            self.log.reverse.append(self.world.now)
            self._say(spots, place, loader)
            arrived = arrived or self.world.now
            yield self.env.timeout(self._ms(self._between(0.8, 1.6)))
            yield from self._drive(self._inside(layout, "back", bay, GATE_SPOT))
            self.log.reverse.append(self.world.now + self._ms(self._between(0.4, 1.2)))
        self.bay = bay
        return arrived or self.world.now

    def _wait(self, stand: Stand, spot: Spot) -> Steps:
        """Stand in the line and move up with it, until a bay is free; answers which."""
        while True:
            bay = stand.bay(self)
            if bay is not None:
                self._slot = spot
                yield self.env.timeout(self._ms(self._between(1.5, 4)))
                return bay
            layout, number = stand.layout, stand.line.index(self)
            goal = layout.slot(number)
            if goal[0] > spot[0] + 5:
                yield self.env.timeout(self._ms(self._between(1.5, 4)))
                yield from self._drive(self._inside(layout, "slot", number, spot))
                spot = goal
            else:
                yield stand.change()

    def _park(self) -> Steps:
        """To the truck's own bay in the park."""
        yield from self._travel(PARK, "return")
        layout = self.world.stands[PARK].layout
        yield from self._drive(self._inside(layout, "bay", self.log.bay, GATE_SPOT))
        yield self.env.timeout(1500)
        self.log.reverse.append(self.world.now)
        yield self.env.timeout(900)
        yield from self._drive(self._inside(layout, "back", self.log.bay, GATE_SPOT))
        self.log.reverse.append(self.world.now + 700)
        self.bay = self.log.bay
        self._say("delay", PARK)

    # What keeps a truck from work --------------------------------------------------------------

    def _refuel(self) -> Steps:
        yield from self._travel("Fuel bay", "return")
        gate = self.world.now
        yield from self._into("Fuel bay", "delay", "delay", None)
        start = self.world.now
        self._say("delay", "Fuel bay")
        litres = round(self.model.tank_l * self.random.uniform(0.93, 0.99) - self.log.tank_l, 1)
        minutes = 2.5 + litres / 480
        self.log.stand(start, -litres * 60 / minutes)
        yield self.env.timeout(round(minutes * MINUTE))
        self.log.stand(self.world.now, self.model.idle_lph)
        self.world.refuels.append(
            Refuel(self.log.name, start, self.world.now, litres, max(0, start - gate - MINUTE))
        )

    def _repair(self) -> Steps:
        """To the workshop, where a work order is opened and worked on."""
        yield from self._travel("Workshop", "return")
        yield from self._into("Workshop", "delay", "return", None)
        yield from self._order("Workshop", self._between(0.7, 5) * HOUR)

    def _break_down(self, here: str, there: str, share: float, pace: float, state: str) -> Steps:
        """Pull over on the road, wait for the fitter, go on."""
        _, points, _ = self.world.way(here, there)
        line = evenly(points)
        s = along(line)
        trunk = self.world.trunk(self.model, self.loaded, here, there)
        stop = float(trunk.rows[int(share * trunk.cells), 5])
        aside = 13.0 * np.exp(-(((s - stop) / 30.0) ** 2))
        angle = direction(line)
        line[:, 0] += aside * np.sin(angle)
        line[:, 1] -= aside * np.cos(angle)
        s = along(line)
        first = drive(cut(line, 0.0, stop), self.model, self.loaded, enters=GATE)
        second = drive(cut(line, stop, float(s[-1])), self.model, self.loaded, leaves=GATE)
        yield from self._drive(first, pace)
        yield from self._order(None, self._between(0.4, 2) * HOUR)
        self._say(state)
        yield from self._drive(second, pace)

    def _order(self, place: str | None, lasts: float) -> Steps:
        kind, component, description = self.random.choice(TROUBLES)
        start = self.world.now
        self._say("down", place)
        index = len(self.world.work_orders)
        self.world.work_orders.append(WorkOrder(self.log.name, start, None, kind, component, description))
        yield self.env.timeout(self._ms(self._between(20, 90)))
        yield from self._off(lasts)
        yield self.env.timeout(self._ms(self._between(20, 60)))
        self.world.work_orders[index] = WorkOrder(
            self.log.name, start, self.world.now, kind, component, description
        )
        self.breaks_at = self.world.now + round(self.random.expovariate(1 / (70 * HOUR)))

    # Small steps -------------------------------------------------------------------------------

    def _choose_digger(self) -> Digger:
        def wait(digger: Digger) -> float:
            stand = self.world.stands[digger.face]
            trunk = self.world.trunk(self.model, False, self.here, digger.face).seconds
            before = len(stand.line) + stand.coming + stand.busy
            return max(trunk, before * digger.service_s) + 0.4 * trunk + self.random.uniform(0, 60)

        return min(self.diggers.values(), key=wait)

    def _choose_dump(self, digger: Digger) -> str:
        mine, stands = self.world.mine, self.world.stands
        if self.random.random() < digger.ore:
            crusher = mine.of_kind("crusher")[0].name
            crowded = (
                len(stands[crusher].line) + stands[crusher].coming > 2 * stands[crusher].layout.place.bays
            )
            return mine.of_kind("stockpile")[0].name if crowded else crusher
        return min((place.name for place in mine.of_kind("dump")), key=lambda name: stands[name].coming)

    def _inside(self, layout: Any, what: str, number: int, start: Spot) -> Any:
        return self.world.inside(self.model, self.loaded, layout, what, number, start)

    def _drive(self, motion: Motion, pace: float | None = None) -> Steps:
        base = self.world.atlas.base(motion)
        if pace is None:
            lasts = self.log.drive(self.world.now, motion, base)
        else:
            lasts = self.log.move(self.world.now, motion, base, pace)
        yield self.env.timeout(lasts)
        if motion.rows[-1, SPEED] == 0:
            self.log.stand(self.world.now, self.model.idle_lph)

    def _off(self, lasts: float) -> Steps:
        """Stand with the engine off."""
        self.log.engine.append(self.world.now)
        self.log.stand(self.world.now, 0.0)
        yield self.env.timeout(round(lasts))
        self.log.engine.append(self.world.now)
        self.log.stand(self.world.now, self.model.idle_lph)

    def _until(self, instant: float) -> Steps:
        yield self.env.timeout(max(0, round(instant) - self.world.now))

    def _say(self, state: str, place: str | None = None, loader: str | None = None) -> None:
        self.log.say(self.world.now, state, place, loader, self.operator)

    def _between(self, least: float, most: float) -> float:
        return self.random.uniform(least, most)

    @staticmethod
    def _ms(seconds: float) -> int:
        return round(seconds * 1000)
