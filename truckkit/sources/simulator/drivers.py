"""What drivers do with a shift: haul, wait, refuel, eat, hand over, wait for the fitter.

Each truck is one SimPy process, driven by one driver after the other. Nothing here knows of samples.
"""

from __future__ import annotations

from truckkit.sources.simulator.calendar import Shift
from truckkit.sources.simulator.diggers import Digger
from truckkit.sources.simulator.haulers import PARK, Hauler, Steps
from truckkit.sources.simulator.log import Load, Tip, TruckLog
from truckkit.sources.simulator.world import HOUR, MINUTE, Refuel, WorkOrder, World

TROUBLES = (
    ("breakdown", "engine", "low coolant level, hose replaced"),
    ("breakdown", "suspension", "rear strut charged"),
    ("tyre", "tyres", "position 4 changed"),
    ("breakdown", "hydraulics", "hoist valve leaking"),
    ("inspection", "brakes", "retarder grid checked"),
    ("breakdown", "electrical", "wheel motor blower fault cleared"),
)


class Driver(Hauler):
    """The drivers of one truck, one after the other."""

    def __init__(self, world: World, log: TruckLog, diggers: list[Digger]) -> None:
        super().__init__(world, log)
        self.diggers = diggers
        self.rests_in: str | None = None
        """The shift in which the truck has no driver for a while."""

    def run(self) -> Steps:
        """From the first instant of the plan to its end."""
        layout = self.world.stands[PARK].layout
        parked = self.world.inside(self.model, False, layout, "back", self.bay)
        odometer_m = self.between(20_000, 400_000) * 1000
        tank_l = self.model.tank_l * self.between(0.25, 0.95)
        self.log.begin(parked, self.world.atlas.base(parked), odometer_m, tank_l, self.model.idle_lph)
        for shift in self.world.shifts:
            self.say("delay", PARK)
            self.operator = f"{shift.crew}{self.log.bay + 1:02d}"
            self.skill = min(1.06, max(0.88, self.random.gauss(0.98, 0.03)))
            yield from self.until(max(self.world.now, shift.start) + self.between(5, 16) * MINUTE)
            if self.rests_in == shift.name or self.random.random() < 0.08:
                yield from self._rest(self.between(0.8, 2.5) * HOUR)
            if self.world.now < shift.stop - HOUR // 2:
                yield from self._work(shift)

    def _work(self, shift: Shift) -> Steps:
        """Cycle after cycle, until the shift is nearly over."""
        leaves = shift.stop - self.between(9, 17) * MINUTE
        eats = shift.start + self.between(4.6, 6.8) * HOUR
        while self.world.now < leaves:
            yield from self._cycle()
            if self.log.tank_l < self.model.tank_l * self.between(0.16, 0.26):
                yield from self._refuel()
            if self.breaks_at < self.world.now:
                yield from self._repair()
            elif eats < self.world.now < leaves - HOUR // 2:
                eats = shift.stop
                yield from self.park()
                yield from self.until(self.world.now + self.between(24, 38) * MINUTE)
        if self.here != PARK:
            yield from self.park()

    def _cycle(self) -> Steps:
        """To a loader, and with its load to a dump."""
        digger = self._choose_digger()
        before, came = self.log.odometer_m, self.here
        yield from self.travel(digger.face, "return")
        arrived = yield from self.into(self.here, "queue_load", "spot_load", digger.name)
        yield self.env.timeout(self.ms(digger.first_bucket()))
        start = self.world.now
        self.say("load", self.here, digger.name)
        for weight, lasts in digger.buckets(self.model.target_t):
            self.log.weigh(self.world.now, self.ms(lasts), self.log.payload[-1][1] + weight)
            yield self.env.timeout(self.ms(digger.between()))
        self.loaded = True
        self.log.loads.append(
            Load(
                start=start,
                full=self.world.now,
                arrived_load=arrived,
                loader=digger.name,
                load_place=self.here,
                from_place=came,
                payload_t=self.log.payload[-1][1],
                empty_m=self.log.odometer_m - before,
                load_z=self._height(),
                operator=self.operator or "",
            )
        )
        self.log.tips.append(None)
        before = self.log.odometer_m
        yield from self.travel(self._choose_dump(digger), "haul")
        arrived = yield from self.into(self.here, "queue_dump", "spot_dump", None)
        driven = self.log.odometer_m - before
        yield from self._tip()
        self.log.tips[-1] = Tip(arrived, self.here, driven, self._height())

    def _tip(self) -> Steps:
        """Body up, the load slides, body down; some drive off before it is all the way down."""
        yield self.env.timeout(self.ms(self.between(1.5, 5)))
        self.log.body.append(self.world.now)
        self.say("dump", self.here)
        slide, rise, lower = self.between(3, 6), self.between(14, 20), self.between(9, 13)
        yield self.env.timeout(self.ms(slide))
        self.log.weigh(self.world.now, self.ms(rise - 1), 0.0)
        yield self.env.timeout(self.ms(rise + self.between(0, 8)))
        self.loaded = False
        early = self.random.random() < 0.2
        self.log.body.append(self.world.now + self.ms(lower))
        yield self.env.timeout(self.ms(self.between(3, 6) if early else lower + self.between(1, 5)))

    # What keeps a truck from work --------------------------------------------------------------

    def _rest(self, lasts: float) -> Steps:
        """Parked with the engine off."""
        self.say("standby", PARK)
        yield from self.off(lasts)
        self.say("delay", PARK)
        yield self.env.timeout(round(self.between(1.2, 4) * MINUTE))

    def _refuel(self) -> Steps:
        yield from self.travel("Fuel bay", "return")
        gate = self.world.now
        yield from self.into("Fuel bay", "delay", "delay", None)
        start = self.world.now
        self.say("delay", "Fuel bay")
        litres = round(self.model.tank_l * self.between(0.93, 0.99) - self.log.tank_l, 1)
        minutes = 2.5 + litres / 480
        self.log.stand(start, -litres * 60 / minutes)
        yield self.env.timeout(round(minutes * MINUTE))
        self.log.stand(self.world.now, self.model.idle_lph)
        waited = max(0, start - gate - MINUTE)
        self.world.refuels.append(Refuel(self.log.name, start, self.world.now, litres, waited))

    def _repair(self) -> Steps:
        """To the workshop, where a work order is opened and worked on."""
        yield from self.travel("Workshop", "return")
        yield from self.into("Workshop", "delay", "return", None)
        yield from self._order("Workshop", self.between(0.7, 5) * HOUR)

    def broken(self) -> Steps:
        """Pulled over on the road, until the fitter has come and gone."""
        yield from self._order(None, self.between(0.4, 2) * HOUR)

    def _order(self, place: str | None, lasts: float) -> Steps:
        trouble, start = self.random.choice(TROUBLES), self.world.now
        self.say("down", place)
        index = len(self.world.work_orders)
        self.world.work_orders.append(WorkOrder(self.log.name, start, None, *trouble))
        yield self.env.timeout(self.ms(self.between(20, 90)))
        yield from self.off(lasts)
        yield self.env.timeout(self.ms(self.between(20, 60)))
        self.world.work_orders[index] = WorkOrder(self.log.name, start, self.world.now, *trouble)
        self.breaks_at = self.world.now + round(self.random.expovariate(1 / (70 * HOUR)))

    # Where to ----------------------------------------------------------------------------------

    def _choose_digger(self) -> Digger:
        """The loader at which the truck would be soonest under the bucket."""

        def wait(digger: Digger) -> float:
            stand = self.world.stands[digger.face]
            trunk = self.world.trunk(self.model, False, self.here, digger.face)[0].seconds
            before = len(stand.line) + stand.coming + stand.busy
            return max(trunk, before * digger.service_s) + 0.4 * trunk + self.between(0, 60)

        return min((digger for digger in self.diggers if not digger.walks), key=wait)

    def _choose_dump(self, digger: Digger) -> str:
        """Ore to the crusher, or to the stockpile where the crusher is crowded; waste to the freer dump."""
        mine, stands = self.world.mine, self.world.stands
        if self.random.random() < digger.ore:
            crusher = mine.of_kind("crusher")[0].name
            crowded = (
                len(stands[crusher].line) + stands[crusher].coming > 2 * stands[crusher].layout.place.bays
            )
            return mine.of_kind("stockpile")[0].name if crowded else crusher
        return min((place.name for place in mine.of_kind("dump")), key=lambda name: stands[name].coming)

    def _height(self) -> float:
        return self.world.stands[self.here].layout.place.gate[2]
