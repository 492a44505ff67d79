"""What a loading unit does: fill trucks bucket by bucket, clean up its floor, advance along its face."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from random import Random
from typing import Any

from truckkit.sources.simulator.layouts import Layout
from truckkit.sources.simulator.world import MINUTE, Loader, World

FURTHEST_M = (90.0, 30.0)
"""How far a face may advance inwards and to the left in one run."""


class Digger:
    """One loading unit at its face."""

    def __init__(self, world: World, loader: Loader) -> None:
        self.world, self.loader = world, loader
        self.name, self.face, self.ore = loader.name, loader.face, loader.ore
        self.random = Random(f"{world.plan.seed} {loader.name}")
        self.walks = False
        self.service_s = loader.passes * loader.pass_s + 55.0

    def first_bucket(self) -> float:
        """From a truck in place to the first bucket over it [s]."""
        return self.random.uniform(3, 16)

    def between(self) -> float:
        """From one bucket to the next, or from the last to the horn [s]."""
        return max(14.0, self.random.gauss(self.loader.pass_s, 2.5))

    def buckets(self, target_t: float) -> Iterator[tuple[float, float]]:
        """Weight of each bucket [t], and how long it takes to fall [s]."""
        fill = self.random.gauss(0.985, 0.03)
        for number in range(self.loader.passes):
            share = self.random.gauss(1.0, 0.07)
            last = number == self.loader.passes - 1
            yield (
                round(target_t * fill * share / self.loader.passes * (0.97 if last else 1.0), 2),
                self.random.uniform(1.8, 3.0),
            )

    def run(self) -> Generator[Any, Any, None]:
        """Clean up now and then, advance along the face every few hours, walk to another after days."""
        world = self.world
        advances = world.now + self._minutes(80, 200)
        leaves = world.now + self._minutes(900, 2600)
        while True:
            yield world.env.timeout(self._minutes(35, 80))
            if world.now > leaves and not world.walking:
                yield from self._walk()
                leaves = world.now + self._minutes(2000, 4500)
                continue
            stand = world.stands[self.face]
            stand.pause()
            while stand.busy:
                yield stand.change()
            if world.now < advances:
                yield world.env.timeout(self._minutes(2, 6))
                stand.resume()
            else:
                yield world.env.timeout(self._minutes(4, 10))
                stand.resume(self._further(stand.layout, bool(stand.line)))
                world.moved(self.face, world.now)
                advances = world.now + self._minutes(100, 260)

    def _walk(self) -> Generator[Any, Any, None]:
        """To the face where no loader is, once the last truck that was sent has been loaded."""
        world = self.world
        world.walking = self.walks = True
        while world.stands[self.face].coming or world.stands[self.face].line or world.stands[self.face].busy:
            yield world.env.timeout(MINUTE)
        taken = {loader.face for loader in world.loaders}
        left = self.face
        self.loader.face = self.face = next(
            place.name for place in world.mine.of_kind("load") if place.name not in taken
        )
        world.moved(left, world.now)
        yield world.env.timeout(self._minutes(40, 100))
        world.moved(self.face, world.now)
        world.walking = self.walks = False

    def _further(self, layout: Layout, waited_for: bool) -> Layout:
        """The layout after an advance; back only where nobody waits, for trucks in line cannot."""
        on = layout.on + self.random.uniform(18, 34)
        if on > FURTHEST_M[0]:
            on = layout.on if waited_for else self.random.uniform(0, 25)
        left = min(FURTHEST_M[1], max(0.0, layout.left + self.random.uniform(-7, 9)))
        return Layout(layout.place, round(on, 1), round(left, 1))

    def _minutes(self, least: float, most: float) -> int:
        return round(self.random.uniform(least, most) * MINUTE)
