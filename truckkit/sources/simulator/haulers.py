"""How a truck gets about: out of a bay, along the road, through a queue, into a bay.

The driver decides what to do (``drivers``); here the truck does it, and its log is written.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from random import Random
from typing import Any

import numpy as np

from truckkit.sources.simulator.layouts import GATE_SPOT, Layout, Spot
from truckkit.sources.simulator.log import TruckLog
from truckkit.sources.simulator.pacing import BRAKES_S, Pacing, eased, halted, passing, passings, steady
from truckkit.sources.simulator.paths import Floats, along, cut, direction, evenly
from truckkit.sources.simulator.stands import Stand
from truckkit.sources.simulator.traffic import SLOWER
from truckkit.sources.simulator.trucks import DISTANCE, GATE, SPEED, Motion, drive
from truckkit.sources.simulator.world import HOUR, World

Steps = Generator[Any, Any, Any]

PARK = "Park up"
ASIDE_M = 13.0
"""How far right a truck pulls over that cannot go on."""
BRIEF, HELD = 0.05, 0.012
"""Shares of legs with a stop on the road: to give way, or held up for a minute or more."""


class Hauler:
    """One truck, moving through the world."""

    def __init__(self, world: World, log: TruckLog) -> None:
        self.world, self.log = world, log
        self.env, self.model = world.env, log.model
        self.random = Random(f"{world.plan.seed} {log.name}")
        self.loaded = False
        self.here, self.bay = PARK, log.bay
        self.operator: str | None = None
        self.skill = 1.0
        self.breaks_at = round(self.random.expovariate(1 / (70 * HOUR)))

    def broken(self) -> Steps:
        """What happens where the truck has pulled over; the driver knows."""
        raise NotImplementedError

    # On the road -------------------------------------------------------------------------------

    def travel(self, there: str, state: str) -> Steps:
        """Out of the bay, and along the road to the gate of another place."""
        world, here, stand = self.world, self.here, self.world.stands[self.here]
        out = world.inside(self.model, self.loaded, stand.layout, "out", self.bay)
        trunk, passed = world.trunk(self.model, self.loaded, here, there)
        way = world.way(here, there)[0]
        world.stands[there].coming += 1
        due = (self.breaks_at - world.now) / 1000 - out.seconds
        breaks = trunk.seconds > 120 and 0.2 < due / trunk.seconds < 0.8
        rest_s = self._rest_s() if trunk.seconds > 120 and not breaks else 0.0
        before = steady(trunk.seconds)
        if breaks:
            # A truck that pulls over for long does not keep others from passing.
            ahead = int(np.sum(passed < due))
            yield from self._join(way[: ahead - 1], out.seconds + passed[:ahead])
        elif rest_s:
            before = halted(trunk.seconds, self.between(0.15, 0.85) * trunk.seconds, rest_s)
            yield from self._join(way, out.seconds + passing(passed, before))
        else:
            paces = self.skill * min(1.04, max(0.93, self.random.gauss(1.0, 0.02))) * SLOWER
            wished, *_ = passings(passed, trunk.seconds, paces[:1])
            choice = yield from self._join(
                way,
                out.seconds + wished,
                lambda: (out.seconds + passings(passed, trunk.seconds, paces)) * 1000,
            )
            before = eased(trunk.seconds, float(paces[choice]))
        self.say(state)
        if here != PARK:
            stand.release(self.bay)
        yield from self.drive(out)
        if breaks:
            first, second = self._aside(here, there, trunk, due / trunk.seconds)
            yield from self.drive(first)
            yield from self.broken()
            yield from self._join(way[ahead:], (passed[ahead:] - due) + BRAKES_S / 2)
            self.say(state)
            yield from self.drive(second)
        elif rest_s >= 60:
            yield from self._held(trunk, before, state)
        else:
            yield from self.drive(trunk, before)
        world.stands[there].coming -= 1
        self.here = there

    def _rest_s(self) -> float:
        """How long a stop on this leg lasts [s]; mostly there is none."""
        drawn = self.random.random()
        if drawn < BRIEF:
            return self.between(6, 45)
        return self.between(65, 260) if drawn < BRIEF + HELD else 0.0

    def _held(self, trunk: Motion, pacing: Pacing, state: str) -> Steps:
        """Drive a motion with a halt that is long enough to be a delay."""
        self.log.drive(self.world.now, trunk, self.world.atlas.base(trunk), pacing, self.model.idle_lph)
        for span in pacing:
            self.say("delay" if span.first == span.last == 0.0 else state)
            yield self.env.timeout(span.ms)

    def _join(self, way: Any, after_s: Floats, slower: Callable[[], Floats] | None = None) -> Steps:
        """Wait for a gap in the traffic; answers which of the paces to drive at."""
        wait, choice = self.world.traffic.join(self.world.now, way, after_s * 1000, slower)
        if wait:
            yield self.env.timeout(wait)
        return choice

    def _aside(self, here: str, there: str, trunk: Motion, share: float) -> tuple[Motion, Motion]:
        """Two motions in place of one, with a stop between them, pulled over to the right."""
        line = evenly(self.world.way(here, there)[1])
        at = float(np.interp(share * trunk.cells, np.arange(trunk.cells + 1), trunk.rows[:, DISTANCE]))
        beside = ASIDE_M * np.exp(-(((along(line) - at) / 30.0) ** 2))
        angle = direction(line)
        line[:, 0] += beside * np.sin(angle)
        line[:, 1] -= beside * np.cos(angle)
        return (
            drive(cut(line, 0.0, at), self.model, self.loaded, enters=GATE),
            drive(cut(line, at, float(along(line)[-1])), self.model, self.loaded, leaves=GATE),
        )

    # In a place --------------------------------------------------------------------------------

    def into(self, place: str, queues: str, spots: str, loader: str | None) -> Steps:
        """From the gate through the queue into a bay; answers when the truck first stood."""
        stand = self.world.stands[place]
        spot: Spot = GATE_SPOT
        arrived: int | None = None
        bay = stand.bay(self)
        if bay is None:
            stand.line.append(self)
            layout, number = stand.layout, len(stand.line) - 1
            yield from self.drive(self._inside(layout, "slot", number, spot))
            spot = layout.slot(number)
            arrived = self.world.now
            self.say(queues, place, loader)
            bay, spot = yield from self._wait(stand, spot)
        layout = stand.layout
        yield from self.drive(self._inside(layout, "bay", bay, spot))
        if not layout.through:
            yield from self.reverse(layout, bay, spots, loader)
        self.bay = bay
        self.world.visit(place, bay)
        return arrived or self.world.now

    def reverse(self, layout: Layout, bay: int, spots: str | None, loader: str | None) -> Steps:
        """Backwards into a bay."""
        yield self.env.timeout(self.ms(self.between(1.0, 3.0)))
        self.log.reverse.append(self.world.now)
        if spots:
            self.say(spots, layout.place.name, loader)
        yield self.env.timeout(self.ms(self.between(0.8, 1.8)))
        back = self._inside(layout, "back", bay, GATE_SPOT)
        yield from self.drive(back, eased(back.seconds, self.skill * self.between(0.8, 1.1)))
        self.log.reverse.append(self.world.now + self.ms(self.between(0.4, 1.2)))

    def park(self) -> Steps:
        """To the truck's own bay in the park."""
        yield from self.travel(PARK, "return")
        layout = self.world.stands[PARK].layout
        yield from self.drive(self._inside(layout, "bay", self.log.bay, GATE_SPOT))
        yield from self.reverse(layout, self.log.bay, None, None)
        self.bay = self.log.bay
        self.world.visit(PARK, self.bay)
        self.say("delay", PARK)

    def _wait(self, stand: Stand, spot: Spot) -> Steps:
        """Stand in the line and move up with it, until a bay is free; answers which, and from where."""
        while True:
            bay = stand.bay(self)
            if bay is not None:
                yield self.env.timeout(self.ms(self.between(1.5, 4)))
                return bay, spot
            layout, number = stand.layout, stand.line.index(self)
            goal = layout.slot(number)
            if goal[0] > spot[0] + 5:
                yield self.env.timeout(self.ms(self.between(1.5, 4)))
                yield from self.drive(self._inside(layout, "slot", number, spot))
                spot = goal
            else:
                yield stand.change()

    def _inside(self, layout: Layout, what: str, number: int, start: Spot) -> Motion:
        return self.world.inside(self.model, self.loaded, layout, what, number, start)

    # Small steps -------------------------------------------------------------------------------

    def drive(self, motion: Motion, pacing: Pacing | None = None) -> Steps:
        """Drive a motion; the engine idles where it ends standing."""
        base = self.world.atlas.base(motion)
        pacing = pacing or steady(motion.seconds)
        yield self.env.timeout(self.log.drive(self.world.now, motion, base, pacing, self.model.idle_lph))
        if motion.rows[-1, SPEED] == 0:
            self.log.stand(self.world.now, self.model.idle_lph)

    def off(self, lasts: float) -> Steps:
        """Stand with the engine off."""
        self.log.engine.append(self.world.now)
        self.log.stand(self.world.now, 0.0)
        yield self.env.timeout(round(lasts))
        self.log.engine.append(self.world.now)
        self.log.stand(self.world.now, self.model.idle_lph)

    def until(self, instant: float) -> Steps:
        """Wait for an instant."""
        yield self.env.timeout(max(0, round(instant) - self.world.now))

    def say(self, state: str, place: str | None = None, loader: str | None = None) -> None:
        """Be in a state from now on."""
        self.log.say(self.world.now, state, place, loader, self.operator)

    def between(self, least: float, most: float) -> float:
        """A number that nobody could have told."""
        return self.random.uniform(least, most)

    @staticmethod
    def ms(seconds: float) -> int:
        """Whole milliseconds."""
        return round(seconds * 1000)
