"""What a truck has done in all: hours, idle hours, fuel, loads, tonnes and way, as counters that rise.

Where the truck has a counter of its own that the store holds, its readings are told as they are. Where it
has none, truckkit counts what the store knows, from the first instant that it knows of; the column
``since`` says from when, and is empty for the truck's own counter. One never becomes the other: a truck of
which its own counter was read once is told by that counter alone.

With ``recent``, the site in its last hours, a counter gives what a snapshot needs: own readings of that time
alone, and of what is counted that which takes no look at every sample there is.

>>> import truckkit as tk
>>> loads(tk.sample()).columns
('truck', 'at', 'total', 'since')
"""

from __future__ import annotations

from collections.abc import Callable

import ibis
from ibis import _

from truckkit import align, schema
from truckkit.cycles import dumped
from truckkit.doubted import believed
from truckkit.site import Site
from truckkit.store import stated, whole

IDLE = ("queue_load", "queue_dump", "delay")
"""States in which the engine runs and the truck waits."""
NOT_OPERATING = ("standby", "down", "no_data")
"""States in which the engine is off, or nobody saw whether it was on."""


def operating_hours(site: Site, recent: Site | None = None) -> ibis.Table:
    """Hours that the engine has run [h].

    The truck's own: ``engine_h`` of telemetry. Counted: the lengths of its state intervals but those of
    standby, down and no_data, each at its stop, since its first interval.
    """
    return _own_else(site, recent, _told("engine_h"), lambda rest: _hours(rest, ~_.state.isin(NOT_OPERATING)))


def idle_hours(site: Site, recent: Site | None = None) -> ibis.Table:
    """Hours that the engine has run while the truck waited [h].

    The truck's own: the channel ``idle_h``. Counted: the lengths of its state intervals of queue_load,
    queue_dump and delay, each at its stop, since its first interval.
    """
    return _own_else(site, recent, _channel("idle_h"), lambda rest: _hours(rest, _.state.isin(IDLE)))


def fuel_used(site: Site, recent: Site | None = None) -> ibis.Table:
    """Fuel that the truck has burned [l].

    The truck's own: the channel ``fuel_used_l``. Counted: the mean of ``fuel_rate_lph`` of each minute of
    the clock in which one was read, times a minute, since the first such minute. A minute without a
    reading burns nothing that was seen.
    """
    own = _channel("fuel_used_l")
    return own(recent) if recent else _own_else(site, None, own, _burned)


def loads(site: Site, recent: Site | None = None) -> ibis.Table:
    """Loads that the truck has dumped.

    The truck's own: the channel ``loads``. Counted: its cycles whose load was dumped, each when it was, since
    the start of the first of its cycles (see ``cycles.dumped``).
    """
    return _own_else(site, recent, _channel("loads"), lambda rest: _dumped(rest, ibis.literal(1.0)))


def payload(site: Site, recent: Site | None = None) -> ibis.Table:
    """Payload that the truck has moved [kg].

    The truck's own: the channel ``payload_total_t``. Counted: the tonnes of its cycles whose load was dumped,
    measured, else reported, each when it was dumped, since the start of the first of its cycles. A load of
    unknown tonnes adds nothing.
    """
    own = _channel("payload_total_t", scale=1000)
    return _own_else(site, recent, own, lambda rest: _dumped(rest, _.carried_t.fill_null(0.0) * 1000))


def distance(site: Site, recent: Site | None = None) -> ibis.Table:
    """Way that the truck has driven [km].

    The truck's own: ``odometer_km`` of telemetry. Counted: the straight ways from each position that can be
    to the next in the site's grid, but not over a silence of a minute or more, since the first.
    """
    own = _told("odometer_km")
    return own(recent) if recent else _own_else(site, None, own, _driven)


def _told(column: str) -> Callable[[Site], ibis.Table]:
    """The readings of a counter that telemetry has a column for."""

    def own(site: Site) -> ibis.Table:
        read = site.telemetry
        value = read[column]
        return _own(read.filter(read.fault.isnull(), value.notnull(), ~value.isnan()), value)

    return own


def _channel(name: str, scale: float = 1.0) -> Callable[[Site], ibis.Table]:
    """The readings of a counter that came as a channel of its own."""

    def own(site: Site) -> ibis.Table:
        read = site.table("channels")
        rows = read.filter(read.channel == name, read.number.notnull(), ~read.number.isnan())
        return _own(rows, rows.number * scale)

    return own


def _own(rows: ibis.Table, value: ibis.Value) -> ibis.Table:
    return rows.select("truck", "at", total=value.cast("float64"), since=ibis.null(schema.INSTANT))


def _hours(site: Site, counts: ibis.Deferred) -> ibis.Table:
    states = site.states.mutate(since=_.start.min().over(ibis.window(group_by="truck")))
    return _risen(
        states.filter(counts).select(
            "truck", "since", at=_.stop, more=_.stop.delta(_.start, unit="microsecond") / 3.6e9
        )
    )


def _dumped(site: Site, more: ibis.Value | ibis.Deferred) -> ibis.Table:
    cycles = dumped(site.cycles.mutate(since=_.start.min().over(ibis.window(group_by="truck"))))
    return _risen(cycles.filter(_.dumped.notnull()).select("truck", "since", at=_.dumped, more=more))


def _burned(site: Site) -> ibis.Table:
    read = site.telemetry.filter(
        _.fault.isnull(), _.fuel_rate_lph >= 0, _.fuel_rate_lph < 1e5, ~_.fuel_rate_lph.isnan()
    )
    minutes = read.group_by("truck", _minute=read.at.truncate("m")).aggregate(
        at=_.at.max(), more=_.fuel_rate_lph.cast("float64").mean() / 60, since=_.at.min()
    )
    return _risen(minutes)


def _driven(site: Site) -> ibis.Table:
    by_truck = ibis.window(group_by="truck", order_by="at")
    places = believed(site.positions).filter(_.x_m.notnull(), _.y_m.notnull())
    stepped = places.select(
        "truck",
        "at",
        _step_s=_.at.delta(_.at.lag().over(by_truck), unit="microsecond") / 1e6,
        _far_m=((_.x_m - _.x_m.lag().over(by_truck)) ** 2 + (_.y_m - _.y_m.lag().over(by_truck)) ** 2).sqrt(),
    )
    ways = stepped.select(
        "truck",
        "at",
        more=ibis.ifelse(_["_step_s"] < align.SILENT_S, _["_far_m"] / 1000, 0.0).fill_null(0.0),
        since=_.at,
    )
    return _risen(ways)


def _risen(rows: ibis.Table) -> ibis.Table:
    """The counter that rises by ``more`` at each instant: two at one instant are one reading."""
    at_once = rows.group_by("truck", "at").aggregate(more=_.more.sum(), since=_.since.min())
    return at_once.select(
        "truck",
        "at",
        total=_.more.sum().over(ibis.cumulative_window(group_by="truck", order_by="at")),
        since=_.since.min().over(ibis.window(group_by="truck")),
    )


def _own_else(
    site: Site,
    recent: Site | None,
    own: Callable[[Site], ibis.Table],
    counted: Callable[[Site], ibis.Table],
) -> ibis.Table:
    """The trucks' own counters, and what is counted of those that have none."""
    told = set(whole(stated(own(site).select("truck").distinct()))["truck"].to_pylist())
    # Asked beforehand: to count over all samples of trucks that need no counting would take long.
    rest = [truck for truck in site.truck_names if truck not in told]
    read = own(recent or site)
    if not rest:
        return read
    return align.stacked(read, counted(site.truck(*rest))) if told else counted(site.truck(*rest))
