"""Which truck drove over which road, when, loaded or not, and how fast."""

from __future__ import annotations

import ibis
from ibis import _

from truckkit import schema
from truckkit.metrics.loads import with_load
from truckkit.places import RADIUS_M

REACH_M = 40.0
"""A truck passes a junction that is this near, lane and GPS considered, or within its radius."""
LONGEST = "1h"
"""What takes longer from one end of a road to the other is a stand on it, not a drive."""
MOVING_KMH = 2.0
"""A truck slower than this passes nothing: it stands."""

_CELL_M = 50.0
_VISIT_S = 30


def ends(roads: ibis.Table, places: ibis.Table) -> ibis.Table:
    """The places at which roads end, with how far they reach.

    Returns
    -------
    ibis.Table
        One row per place that has a point: ``place``, ``x_m``, ``y_m``, ``elevation_m``, ``reach_m`` [m],
        ``through`` (true for a junction, which trucks drive through; at others they stop).
    """
    named = roads.select(place="from_place").union(roads.select(place="to_place"), distinct=True)
    through = places.kind == "node"
    given_m = ibis.coalesce(places.radius_m, through.ifelse(0.0, RADIUS_M))
    return places.filter(places.x_m.notnull(), places.y_m.notnull()).semi_join(named, "place").select(
        "place", "x_m", "y_m", "elevation_m", reach_m=ibis.greatest(given_m, REACH_M), through=through
    )  # fmt: skip


def passages(positions: ibis.Table, ends: ibis.Table) -> ibis.Table:
    """When trucks passed the places at which roads end.

    All positions in motion that follow each other within reach of one place are one passage. A truck that
    leaves a place and comes back to it without passing another has passed it once. Positions with a fault
    are not looked at. A place that no position caught, in a hole say, was not passed.

    Parameters
    ----------
    positions
        See ``schema.POSITIONS``.
    ends
        See ``ends``.

    Returns
    -------
    ibis.Table
        One row per passage: ``truck``, ``place``, ``reached`` and ``left`` (first and last instant within
        reach; for a junction both are that of the closest approach).
    """
    wide = ends.mutate(
        _column=ibis.range(_cell(ends.x_m - ends.reach_m), _cell(ends.x_m + ends.reach_m) + 1).unnest()
    )
    cells = wide.select(
        "place", "reach_m", "through", "_column", _x="x_m", _y="y_m",
        _row=ibis.range(_cell(wide.y_m - wide.reach_m), _cell(wide.y_m + wide.reach_m) + 1).unnest(),
    )  # fmt: skip
    # NaN is above all numbers or equal to none; either way it is not within a million kilometres.
    moving = positions.filter(
        positions.x_m.abs() < 1e9,
        positions.y_m.abs() < 1e9,
        positions.fault.isnull(),
        positions.speed_kmh.isnull() | (positions.speed_kmh > MOVING_KMH),
    ).select("truck", "at", "x_m", "y_m", _column=_cell(_.x_m), _row=_cell(_.y_m))
    near = moving.join(cells, ["_column", "_row"])
    near = near.mutate(_apart=(_.x_m - _._x) * (_.x_m - _._x) + (_.y_m - _._y) * (_.y_m - _._y)).filter(
        _._apart <= _.reach_m * _.reach_m
    )
    # Few rows before any window: half a minute of one truck near one place is one.
    brief = near.group_by("truck", "place", "through", _part=_.at.epoch_seconds() // _VISIT_S).aggregate(
        since=_.at.min(), until=_.at.max(), closest=_.at.argmin(_._apart), apart=_._apart.min()
    )
    by_truck = ibis.window(group_by="truck", order_by=["closest", "place"])
    runs = brief.mutate(_new=(_.place != _.place.lag().over(by_truck)).fill_null(True).cast("int64"))
    runs = runs.mutate(
        _run=_._new.sum().over(ibis.cumulative_window(group_by="truck", order_by=["closest", "place"]))
    )
    found = runs.group_by("truck", "place", "through", "_run").aggregate(
        entered=_.since.min(), gone=_.until.max(), closest=_.closest.argmin(_.apart)
    )
    return found.select(
        "truck",
        "place",
        reached=_.through.ifelse(_.closest, _.entered),
        left=_.through.ifelse(_.closest, _.gone),
    )


def _cell(metres: ibis.Value) -> ibis.Value:
    return (metres / _CELL_M).floor().cast("int64")


def traverses(positions: ibis.Table, roads: ibis.Table, places: ibis.Table, states: ibis.Table) -> ibis.Table:
    """Every drive over a road: who drove it, when, loaded or empty, and how fast.

    A road was driven when a truck passed its two ends one after the other, in its direction, within an
    hour. Roads may curve as they like: what lies between the ends is not looked at. A junction is passed
    at the closest approach within its radius or 40 m; a place where trucks stop (face, dump, bay) is left
    and reached at the edge of its radius. A passage that fell into a hole of the data loses the drives
    to and from it. The load is known from the last state that tells of it, at half of the drive.

    Parameters
    ----------
    positions
        See ``schema.POSITIONS``; an hour before and after the time asked for, so that none is cut.
    roads, places
        See ``schema.ROADS`` and ``schema.PLACES``.
    states
        State intervals, see ``schema.STATE_INTERVALS``, of one source a truck.

    Returns
    -------
    ibis.Table
        One row per drive ``[start, stop)`` of a truck over a road: ``truck``, ``road``, ``start``,
        ``stop``, ``from_place``, ``to_place``, ``loaded`` (empty where no state tells), ``operator``,
        ``drive_min`` [min], ``length_m`` [m] (the road's; of a road between a junction and a place where
        trucks stop, the straight way to the place's edge), ``speed_kmh`` [km/h] (length over time, standing
        included), ``climb_m`` [m] (between the ends, where their heights are known).

    Examples
    --------
    >>> import truckkit as tk
    >>> tk.sample().traverses().columns[:5]
    ('truck', 'road', 'start', 'stop', 'from_place')
    """
    ended = ends(roads, places)
    by_truck = ibis.window(group_by="truck", order_by="reached")
    passed = passages(positions, ended)
    legs = passed.select(
        "truck",
        from_place="place",
        start="left",
        to_place=_.place.lead().over(by_truck),
        stop=_.reached.lead().over(by_truck),
    )
    legs = legs.filter(_.stop > _.start, _.stop < _.start + ibis.interval(hours=1))
    known = measured(roads, ended).select("road", "from_place", "to_place", "length_m", "climb_m")
    driven = legs.join(known, ["from_place", "to_place"])
    return _with_load(driven, states)


def measured(roads: ibis.Table, ended: ibis.Table) -> ibis.Table:
    """Roads with the length over which they are timed, and the climb between their ends.

    Returns
    -------
    ibis.Table
        One row per road between two places that have a point: ``road``, ``from_place``, ``to_place``,
        ``length_m``, ``climb_m``.
    """
    first = ended.select(from_place="place", _x="x_m", _y="y_m", _z="elevation_m", _r="reach_m", _t="through")
    last = ended.select(
        to_place="place", _x2="x_m", _y2="y_m", _z2="elevation_m", _r2="reach_m", _t2="through"
    )
    both = roads.join(first, "from_place").join(last, "to_place")
    straight_m = ((both["_x2"] - both["_x"]) ** 2 + (both["_y2"] - both["_y"]) ** 2).sqrt()
    to_edge_m = straight_m - both["_t"].ifelse(0.0, both["_r"]) - both["_t2"].ifelse(0.0, both["_r2"])
    timed_m = ibis.ifelse(both["_t"] == both["_t2"], both.length_m, to_edge_m.clip(lower=0.0))
    return both.select(
        "road", "from_place", "to_place", length_m=timed_m, climb_m=(both["_z2"] - both["_z"]).cast("float64")
    )


def _with_load(driven: ibis.Table, states: ibis.Table) -> ibis.Table:
    half = driven.stop.delta(driven.start, unit="microsecond") // 2
    timed = driven.mutate(_half=(driven.start + half.as_interval("us")).cast(schema.INSTANT))
    known = with_load(timed, states, at="_half")
    drive_min = known.stop.delta(known.start, unit="microsecond") / 60e6
    return known.select(
        "truck", "road", "start", "stop", "from_place", "to_place", "loaded", "operator",
        drive_min=drive_min, length_m=known.length_m,
        speed_kmh=known.length_m / 1000 / (drive_min / 60), climb_m=known.climb_m,
    )  # fmt: skip
