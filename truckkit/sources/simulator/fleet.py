"""The run: drivers and diggers as processes in discrete time (SimPy), from the first instant to the last."""

from __future__ import annotations

from truckkit.sources.simulator.diggers import Digger
from truckkit.sources.simulator.drivers import Driver
from truckkit.sources.simulator.plan import Plan
from truckkit.sources.simulator.world import World


def run(plan: Plan) -> World:
    """Run a plan to its end; the world then holds the logs of what everyone did."""
    world = World(plan)
    diggers = [Digger(world, loader) for loader in world.loaders]
    drivers = [Driver(world, log, diggers) for log in world.logs]
    _see_to_variety(world, drivers)
    for digger in diggers:
        world.env.process(digger.run())
    for driver in drivers:
        world.env.process(driver.run())
    world.env.run(until=plan.length_ms)
    return world


def _see_to_variety(world: World, drivers: list[Driver]) -> None:
    """Even a short run of a few trucks has a breakdown and a truck on standby."""
    chosen = world.random
    if world.plan.length_ms > 3 * 3_600_000:
        driver = chosen.choice(drivers)
        driver.breaks_at = min(driver.breaks_at, round(world.plan.length_ms * chosen.uniform(0.3, 0.6)))
        if world.shifts:
            chosen.choice(drivers).rests_in = world.shifts[-1].name
