"""What happened on each square of the ground: how many positions, how fast, in which state, with what load.

A long stretch is summed a day at a time, and each day is remembered, so that the last week costs what was
not asked for yet. The store adds up; what comes back is a row per square.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

import ibis
import numpy as np
import pyarrow as pa
from ibis import _

from truckkit import schema
from truckkit.align import clipped, in_intervals
from truckkit.errors import unknown
from truckkit.views.answers import SHARED
from truckkit.views.loads import carried
from truckkit.views.once import read_once
from truckkit.views.pyramid import Level, Pyramid, merged
from truckkit.views.scene import Scene, within

if TYPE_CHECKING:
    from truckkit.site import Site

SIDE_M = 3.0
"""The finest square: as wide as the finest pixel the page asks for [m]."""

Kind = Literal["density", "speed", "state", "payload"]
KINDS: tuple[Kind, ...] = ("density", "speed", "state", "payload")
"""Positions; their mean speed [km/h]; the state in which trucks were longest; tonnes carried [t]."""

FASTEST_KMH = 150.0
"""A speed beyond cannot be, as ``schema.SPEED`` has it, and neither can NaN [km/h]."""

STATES = tuple(schema.STATES)
_DAY = timedelta(days=1)


def kind_of(said: object) -> Kind:
    """The kind that a word names; nothing names the first.

    >>> kind_of(""), kind_of("speed")
    ('density', 'speed')
    """
    for kind in KINDS:
        if said in (kind, "", None):
            return kind
    raise unknown("backdrop", str(said)[:40], KINDS, "truckkit")


def pyramid(site: Site, scene: Scene, kind: Kind, key: tuple[Hashable, ...]) -> Pyramid:
    """The sums of the scene's stretch, at every zoom.

    Parameters
    ----------
    key
        What names the rows, apart from the stretch, among all that this process remembers.
    """
    named = ("squares", kind, *key, scene.plane)

    def day(start: datetime, stop: datetime) -> Level:
        return SHARED.get(
            (*named, start, stop),
            lambda: squares(site, scene, kind, start, stop),
            lambda level: level.nbytes,
        )

    def whole() -> Pyramid:
        return Pyramid.over(merged([day(*stretch) for stretch in days(scene.start, scene.stop)]))

    return SHARED.get((*named, "pyramid", scene.start, scene.stop), whole, lambda made: made.nbytes)


def days(start: datetime, stop: datetime) -> list[tuple[datetime, datetime]]:
    """A stretch cut at midnight UTC, as a store's files are."""
    cuts = [start]
    midnight = start.replace(hour=0, minute=0, second=0, microsecond=0) + _DAY
    while midnight < stop:
        cuts.append(midnight)
        midnight += _DAY
    return list(zip(cuts, [*cuts[1:], stop], strict=True))


def squares(site: Site, scene: Scene, kind: Kind, start: datetime, stop: datetime) -> Level:
    """The sums of one stretch on the finest squares."""
    if start >= stop:
        return Level(SIDE_M, *(np.zeros(0, np.int32),) * 2, np.zeros((0, _columns(kind)), np.float32))
    narrowed = site.between(start, stop)
    drawn = scene.plane.drawn(within(narrowed.positions, start, stop))
    return _KINDS[kind](narrowed, scene, drawn)


def _columns(kind: Kind) -> int:
    return {"density": 1, "speed": 2, "state": len(STATES), "payload": 1}[kind]


def _by_square(drawn: ibis.Table, *more: str, **sums: ibis.Deferred) -> ibis.Table:
    square = {
        "column": (_.drawn_x / SIDE_M).floor().cast("int32"),
        "row": (_.drawn_y / SIDE_M).floor().cast("int32"),
    }
    return drawn.group_by(*more, **square).aggregate(**sums)


def _once(site: Site, scene: Scene, sums: ibis.Table) -> pa.Table:
    """Sums of positions alone; of a long scene its days are read for this alone."""
    assert site.narrowed_to is not None
    return read_once(site, sums, *site.narrowed_to, long=scene.stop - scene.start)


def _level(told: pa.Table, *sums: str) -> Level:
    column, row = (told[name].to_numpy() for name in ("column", "row"))
    return Level(
        SIDE_M, column, row, np.stack([told[name].to_numpy().astype(np.float32) for name in sums], axis=1)
    )


def _density(site: Site, scene: Scene, drawn: ibis.Table) -> Level:
    return _level(_once(site, scene, _by_square(drawn, positions=_.count())), "positions")


def _speed(site: Site, scene: Scene, drawn: ibis.Table) -> Level:
    known = drawn.filter(_.speed_kmh.between(0, FASTEST_KMH))
    sums = _by_square(known, positions=_.speed_kmh.count(), together=_.speed_kmh.sum())
    return _level(_once(site, scene, sums), "positions", "together")


def _state(site: Site, scene: Scene, drawn: ibis.Table) -> Level:
    doing = _during(drawn.select("truck", "at", "drawn_x", "drawn_y"), site, site.states, "state")
    told = _by_square(
        doing.mutate(seconds=_seconds(scene, doing.truck)),
        "state",
        seconds=_.seconds.sum(),
    ).to_pyarrow()
    code = np.array([STATES.index(state) for state in told["state"].to_pylist()], np.int64)
    sums = np.zeros((told.num_rows, len(STATES)), np.float32)
    sums[np.arange(told.num_rows), code] = told["seconds"].to_numpy()
    return merged([Level(SIDE_M, told["column"].to_numpy(), told["row"].to_numpy(), sums)])


def _payload(site: Site, scene: Scene, drawn: ibis.Table) -> Level:
    moving = drawn.filter(_.speed_kmh.between(0, FASTEST_KMH)).select(
        "truck", "at", "drawn_x", "drawn_y", "speed_kmh"
    )
    bearing = _during(moving, site, carried(site), "payload_t")
    # A load times the way driven on a square, shared by the square's side, is the tonnes that crossed it.
    way_m = bearing.speed_kmh / 3.6 * _seconds(scene, bearing.truck)
    sums = _by_square(bearing.mutate(carried_tm=bearing.payload_t * way_m), carried_tm=_.carried_tm.sum())
    return _level(sums.to_pyarrow(), "carried_tm")


def _during(samples: ibis.Table, site: Site, intervals: ibis.Table, column: str) -> ibis.Table:
    """The samples that lie in an interval, with what it says."""
    assert site.narrowed_to is not None
    held = in_intervals(samples, clipped(intervals, *site.narrowed_to), column)
    return held.filter(held[column].notnull())


def _seconds(scene: Scene, truck: ibis.Value) -> ibis.Value:
    """How long a truck's position stands for: until its next one, as far apart as they usually are [s]."""
    periods: dict[int, list[str]] = {}
    for heard in scene.heard:
        periods.setdefault(heard.period_ms, []).append(heard.truck)
    usual = max(periods, key=lambda period: len(periods[period]), default=1000)
    cases = [(truck.isin(trucks), period / 1000) for period, trucks in periods.items() if period != usual]
    return ibis.cases(*cases, else_=usual / 1000) if cases else ibis.literal(usual / 1000)


_KINDS: dict[Kind, Callable[[Site, Scene, ibis.Table], Level]] = {
    "density": _density,
    "speed": _speed,
    "state": _state,
    "payload": _payload,
}
