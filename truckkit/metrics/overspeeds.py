"""Who drove faster than the limit, where, loaded or empty."""

from __future__ import annotations

from collections.abc import Sequence

import ibis
from ibis import _

from truckkit import align
from truckkit.metrics.loads import with_load

BELIEVED_KMH = 300.0
"""No truck drives faster; such a speed, and one that is no number, is a fault of the sensor."""


def limits_that_hold(limits: ibis.Table, trucks: ibis.Table, roads: ibis.Table) -> ibis.Table:
    """Which speed limit holds for a truck on a road, loaded and empty.

    The most particular limit holds: one for the road before one for the site, then one for the truck's
    model before one for all, then one for its load before one for both. Of two that are equally
    particular the lower holds. Where nobody knows the load only limits for both hold.

    Parameters
    ----------
    limits, trucks, roads
        See ``schema.LIMITS``, ``schema.TRUCKS`` and ``schema.ROADS``.

    Returns
    -------
    ibis.Table
        One row per truck, road (``_road``, empty text for off all roads) and load (``_load``: 1 loaded,
        0 empty, -1 unknown) for which a limit holds: ``limit_kmh``, ``limit_name``.
    """
    speed = limits.filter(limits.kind == "speed", limits.most.notnull()).select(
        "limit_name",
        _limit_road="road",
        _limit_model="model",
        _limit_load=_code(limits.loaded),
        limit_kmh="most",
    )
    where = roads.select(_road=_.road.cast("string")).union(
        trucks.select(_road=ibis.literal("")), distinct=True
    )
    loads = trucks.select(_load=ibis.array([1, 0, -1]).unnest()).distinct()
    every = trucks.select("truck", "model").cross_join(where).cross_join(loads).cross_join(speed)
    holding = every.filter(
        _._limit_road.isnull() | (_._limit_road == _._road),
        _._limit_model.isnull() | (_._limit_model == _.model),
        (_._limit_load == -1) | (_._limit_load == _._load),
    )
    particular = (
        4 * holding["_limit_road"].notnull().cast("int64")
        + 2 * holding["_limit_model"].notnull().cast("int64")
        + (holding["_limit_load"] != -1).cast("int64")
    )
    ranked = holding.mutate(_rank=ibis.literal(1e6) * (-particular) + holding.limit_kmh)
    return ranked.group_by("truck", "_road", "_load").aggregate(
        limit_kmh=_.limit_kmh.argmin(_._rank), limit_name=_.limit_name.argmin(_._rank)
    )


def _code(loaded: ibis.Value) -> ibis.Value:
    return loaded.cast("int64").fill_null(-1)


def overspeeds(
    positions: ibis.Table,
    limits: ibis.Table,
    states: ibis.Table,
    traverses: ibis.Table,
    hole_s: float = 5.0,
    longer_s: float = 2.0,
) -> ibis.Table:
    """Every time that a truck drove faster than the limit that held for it.

    An event is a run of positions above the limit of which each follows the one before within ``hole_s``:
    a dip or a hole of that length does not end it, a longer one does, and so does another limit. It
    lasts from its first to its last position above the limit; a single position lasts 0 s. Positions
    with a fault, or whose speed is no number or above 300 km/h, are not looked at.

    Parameters
    ----------
    positions
        See ``schema.POSITIONS``.
    limits
        See ``limits_that_hold``.
    states
        State intervals, see ``schema.STATE_INTERVALS``, of one source a truck.
    traverses
        See ``traverses.traverses``: which road a truck was on.
    hole_s
        Longest time between two positions of one event [s]. Give more where positions are rarer.
    longer_s
        Shortest event [s].

    Returns
    -------
    ibis.Table
        One row per event: ``truck``, ``start``, ``stop``, ``lasted_s`` [s], ``loaded``, ``operator``,
        ``road`` (where it was fastest; empty off the roads), ``limit_name``, ``limit_kmh``, ``top_kmh``,
        ``over_kmh`` (top less limit) [km/h], ``readings`` (positions above the limit).

    Examples
    --------
    >>> import truckkit as tk
    >>> tk.sample().overspeed().columns[:4]
    ('truck', 'start', 'stop', 'lasted_s')
    """
    # First what costs nothing: few positions are above the lowest limit of all.
    lowest = limits.aggregate(_lowest=limits.limit_kmh.min()).as_scalar()
    fast = positions.filter(
        positions.fault.isnull(), positions.speed_kmh < BELIEVED_KMH, positions.speed_kmh > lowest
    ).select("truck", "at", speed_kmh=_.speed_kmh.cast("float64"))
    told = with_load(fast, states).mutate(_load=_code(_.loaded))
    least = limits.group_by("truck", "_load").aggregate(_least=_.limit_kmh.min())
    told = told.join(least, ["truck", "_load"]).filter(_.speed_kmh > _._least)
    placed = align.in_intervals(told, traverses, "road").mutate(_road=_.road.fill_null(""))
    over = placed.join(limits, ["truck", "_load", "_road"]).filter(_.speed_kmh > _.limit_kmh)
    by_truck = ibis.window(group_by="truck", order_by="at")
    since_s = over.at.delta(over.at.lag().over(by_truck), unit="microsecond") / 1e6
    same = (since_s <= hole_s) & over.limit_name.lag().over(by_truck).identical_to(over.limit_name)
    runs = over.mutate(_new=ibis.ifelse(same.fill_null(False), 0, 1))
    runs = runs.mutate(_run=_._new.sum().over(ibis.cumulative_window(group_by="truck", order_by="at")))
    # The first of those alike, so that the same question has the same answer each time.
    fastest = {"order_by": [runs.speed_kmh.desc(), runs.at], "include_null": True}
    events = runs.group_by("truck", "_run").aggregate(
        start=_.at.min(),
        stop=_.at.max(),
        loaded=runs.loaded.first(**fastest),
        operator=runs.operator.first(**fastest),
        _road=runs["_road"].first(**fastest),
        limit_name=_.limit_name.max(),
        limit_kmh=_.limit_kmh.max(),
        top_kmh=_.speed_kmh.max(),
        readings=_.at.count(),
    )
    lasted_s = events.stop.delta(events.start, unit="microsecond") / 1e6
    return events.filter(lasted_s >= longer_s).select(
        "truck",
        "start",
        "stop",
        lasted_s=lasted_s,
        loaded=_.loaded,
        operator=_.operator,
        road=_._road.nullif(""),
        limit_name=_.limit_name,
        limit_kmh=_.limit_kmh,
        top_kmh=_.top_kmh,
        over_kmh=_.top_kmh - _.limit_kmh,
        readings=_.readings,
    )


def summary(events: ibis.Table, traverses: ibis.Table, by: Sequence[str]) -> ibis.Table:
    """How often trucks drove too fast, against how far they drove.

    Parameters
    ----------
    events
        See ``overspeeds``, with a column for each word of ``by``.
    traverses
        See ``traverses.traverses``, with the same: what the events are divided by.
    by
        The columns to count by.

    Returns
    -------
    ibis.Table
        One row per group: ``events``, ``over_min`` [min], ``top_over_kmh`` [km/h], ``drives``,
        ``drive_min`` [min], ``driven_km`` [km] and ``per_100_km``, events for each 100 km driven over
        roads (empty where none were).
    """
    happened = events.select(
        *by, event=1, over_min=_.lasted_s / 60, over_kmh=_.over_kmh,
        drive=0, drive_min=ibis.literal(0.0), driven_km=ibis.literal(0.0),
    )  # fmt: skip
    driven = traverses.select(
        *by, event=0, over_min=ibis.literal(0.0), over_kmh=ibis.null("float64"),
        drive=1, drive_min=_.drive_min, driven_km=_.length_m / 1000,
    )  # fmt: skip
    found = (
        happened.union(driven)
        .group_by(list(by))
        .aggregate(
            events=_.event.sum(),
            over_min=_.over_min.sum(),
            top_over_kmh=_.over_kmh.max(),
            drives=_.drive.sum(),
            drive_min=_.drive_min.sum(),
            driven_km=_.driven_km.sum(),
        )
    )
    return found.mutate(per_100_km=100 * _.events / _.driven_km.nullif(0.0))
