"""Which truck came to which loader, when, and what the loader did meanwhile: it served, or it hung."""

from __future__ import annotations

import ibis

from truckkit import schema

AT_LOADER = ("queue_load", "spot_load", "load")
"""The states of a truck that is at a loader."""

AWAY_MIN = 60.0
"""A loader that no truck came to for longer than this may have been elsewhere, or off."""


def visits(states: ibis.Table) -> ibis.Table:
    """Each visit of a truck to a loader: when it came, how long it queued, spotted and was loaded.

    A visit lasts until the truck drives, dumps or comes to another loader; a delay between the queue and
    the bucket does not end it, and is in none of its minutes. Intervals of which the source does not name
    the loader belong to no visit.

    Parameters
    ----------
    states
        State intervals, see ``schema.STATE_INTERVALS``, of one source a truck.

    Returns
    -------
    ibis.Table
        One row per visit: ``truck, loader, load_place, arrived``, ``stop`` (when it was over), ``queue_min``,
        ``spot_min`` and ``load_min`` [min], ``loaded`` (false where the truck left without being loaded).
    """
    there = states.filter(states.state.isin(AT_LOADER), states.loader.notnull())
    driving = [state for state in schema.CYCLE_STATES if state not in AT_LOADER]
    drives = states.filter(states.state.isin(driving)).select("truck", _drove=states.start)
    told = there.select("truck", "loader", "state", "start", "stop", "place")
    since = told.asof_join(drives, on=told.start >= drives["_drove"], predicates="truck")
    long_min = since.stop.delta(since.start, unit="microsecond") / 60e6
    spent = {state: (since.state == state).ifelse(long_min, 0.0) for state in AT_LOADER}
    return (
        since.group_by("truck", "loader", "_drove")
        .aggregate(
            load_place=since.place.max(),
            arrived=since.start.min(),
            stop=since.stop.max(),
            queue_min=spent["queue_load"].sum(),
            spot_min=spent["spot_load"].sum(),
            load_min=spent["load"].sum(),
            loaded=(since.state == "load").any(),
        )
        .drop("_drove")
    )


def timeline(states: ibis.Table, away_min: float = AWAY_MIN) -> ibis.Table:
    """What each loader did from its first truck to its last: a truck was there, or it hung for one.

    A truck is there while it queues, spots or loads at the loader. Where none is, the loader hangs, from the
    moment the last one left until the next one comes; a stretch of more than ``away_min`` is marked ``away``,
    for the loader may have been elsewhere. Before its first truck and after its last nothing is known.

    Parameters
    ----------
    states
        State intervals, see ``schema.STATE_INTERVALS``, of all trucks.
    away_min
        Minutes.

    Returns
    -------
    ibis.Table
        One row per loader and stretch ``[start, stop)``: ``loader, start, stop``, ``doing`` (truck, hang or
        away), ``next_truck`` (who ended it, where it is a hang or away). They tile.
    """
    there = states.filter(states.state.isin(AT_LOADER), states.loader.notnull(), states.stop > states.start)
    earlier = ibis.window(group_by="loader", order_by=["start", "stop", "truck"], preceding=(None, 1))
    told = there.select("loader", "truck", "start", "stop", _free=there.stop.max().over(earlier))
    # Each row brings what it adds to the time in which a truck was there, and the hang that it ends.
    parts = told.mutate(_hang=ibis.array([False, True]).unnest())
    hung = parts["_hang"]
    pieces = parts.select(
        "loader",
        start=ibis.ifelse(
            hung, parts["_free"], ibis.greatest(parts.start, parts["_free"].fill_null(parts.start))
        ),
        stop=ibis.ifelse(hung, parts.start, parts.stop),
        next_truck=ibis.ifelse(hung, parts.truck, ibis.null("string")),
        _hang=hung,
    )
    held = pieces.filter(pieces.start.notnull(), pieces.start < pieces.stop)
    long_min = held.stop.delta(held.start, unit="microsecond") / 60e6
    doing = ibis.cases((~held["_hang"], "truck"), (long_min > away_min, "away"), else_="hang")
    return held.mutate(doing=doing).drop("_hang")
