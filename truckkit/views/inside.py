"""Which trucks were inside a box for a stretch of time, by the lines that the map draws.

A truck was inside where a position of its was, or where the straight way between two of them crosses
the box. A way that the map does not draw, over a hole or a jump, is none.

>>> import truckkit as tk
>>> from truckkit.views import scene
>>> site = tk.sample()
>>> shown = scene.scene(site, scene.window(site))
>>> inside(site, shown, shown.bounds, 0, 60_000)
[0, 1, 2, 3, 4, 5]
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import ibis
from ibis import _

from truckkit.errors import BadRequest
from truckkit.views.scene import Bounds, Scene, within

if TYPE_CHECKING:
    from truckkit.site import Site

FASTEST_M_PER_MS = 0.06
"""A position that asks for more than this has jumped [m/ms]; tracks.js draws no way to it."""

JUMP_M = 30.0
"""What a position may be wrong by before it counts as a jump [m]."""


def inside(site: Site, scene: Scene, box: Bounds, start: float, stop: float) -> list[int]:
    """The numbers of the trucks that were inside.

    Parameters
    ----------
    box
        West, south, east, north on the scene's plane [m].
    start, stop
        The stretch, from ``start`` until before ``stop`` [ms from the window's start].

    Raises
    ------
    BadRequest
        The box or the stretch runs backwards.
    """
    west, south, east, north = box
    if not (west <= east and south <= north and start < stop):
        raise BadRequest(
            "a box runs from west to east and from south to north, and its stretch from start to stop."
        )
    length = (scene.stop - scene.start) / timedelta(milliseconds=1)
    first, last = (scene.start + timedelta(milliseconds=min(max(at, 0.0), length)) for at in (start, stop))
    farthest = FASTEST_M_PER_MS * max((heard.gap_ms for heard in scene.heard), default=0) + JUMP_M
    # Ways that cross the box begin near it: of a day's positions few are put in order.
    near = scene.plane.drawn(within(site.positions, first, last)).filter(
        _.drawn_x.between(west - farthest, east + farthest),
        _.drawn_y.between(south - farthest, north + farthest),
    )
    after = ibis.window(group_by="truck", order_by="at")
    ways = near.select(
        "truck",
        "at",
        x=_.drawn_x,
        y=_.drawn_y,
        next_at=_.at.lead().over(after),
        next_x=_.drawn_x.lead().over(after),
        next_y=_.drawn_y.lead().over(after),
    )
    wait = ways.next_at.delta(ways.at, unit="millisecond")
    way = ((ways.next_x - ways.x) ** 2 + (ways.next_y - ways.y) ** 2).sqrt()
    drawn = (wait <= _gaps(scene, ways)) & (way <= FASTEST_M_PER_MS * wait + JUMP_M)
    ends = ways.mutate(dx=ibis.ifelse(drawn, _.next_x - _.x, 0.0), dy=ibis.ifelse(drawn, _.next_y - _.y, 0.0))
    # A line crosses a box where their bounds meet and not all corners lie on one side of it.
    sides = [ends.dx * (y - ends.y) - ends.dy * (x - ends.x) for x in (west, east) for y in (south, north)]
    crossing = ends.filter(
        ibis.least(ends.x, ends.x + ends.dx) <= east,
        ibis.greatest(ends.x, ends.x + ends.dx) >= west,
        ibis.least(ends.y, ends.y + ends.dy) <= north,
        ibis.greatest(ends.y, ends.y + ends.dy) >= south,
        ibis.least(*sides) <= 0,
        ibis.greatest(*sides) >= 0,
    )
    found = set(crossing.select("truck").distinct().to_pyarrow()["truck"].to_pylist())
    return [number for number, truck in enumerate(scene.trucks) if truck in found]


def _gaps(scene: Scene, ways: ibis.Table) -> ibis.Value:
    """How far apart two positions of a truck may be before the map draws a hole [ms]."""
    gaps: dict[int, list[str]] = {}
    for heard in scene.heard:
        gaps.setdefault(heard.gap_ms, []).append(heard.truck)
    cases = [(ways.truck.isin(trucks), gap) for gap, trucks in gaps.items()]
    return ibis.cases(*cases, else_=0) if cases else ibis.literal(0)
