"""The working legs of a truck: one loading, one haul, one dumping, one return, between which places."""

from __future__ import annotations

import ibis
from ibis import _

from truckkit import align
from truckkit.metrics import pieces
from truckkit.metrics.rates import WORKING

BREAKS = ("standby", "down", "no_data")
"""The states that end a leg: what follows one of them is another leg."""

DRIVES = ("haul", "return")
"""The legs on which a truck drives from one place to another."""


def legs(states: ibis.Table) -> ibis.Table:
    """How long each loading, haul, dumping, return and spotting took, and between which places.

    Intervals of one state are one leg though a queue or a delay lies between them: a haul that stands for
    a train at a crossing stays one haul, and its delay is no part of it. Standby, down time and time that
    nobody observed end a leg. A drive goes from the place of the work before it to that of the work after
    it; other work is where it is. A place that nobody told of is empty, as is that of a drive which
    starts or stops at none.

    Parameters
    ----------
    states
        State intervals, see ``schema.STATE_INTERVALS``, of one source a truck, whole.

    Returns
    -------
    ibis.Table
        One row per leg: ``truck``, ``leg`` (a number within the truck), ``state``, ``start``, ``stop`` (of
        its first and last interval), ``from_place``, ``to_place``, ``loader`` and ``leg_min`` [min], the
        time of its intervals alone.
    """
    until_now = ibis.window(group_by="truck", order_by="start", preceding=None, following=0)
    told = states.select("truck", "start", "stop", "state", "place", "loader")
    beside = _beside(told, "truck")
    fresh = (beside.state != beside["_before"]).fill_null(True)
    driving = beside.state.isin(DRIVES)
    outside = ibis.null("string")
    each = beside.select(
        "truck",
        "start",
        "state",
        "loader",
        "stop",
        leg=fresh.cast("int64").sum().over(until_now),
        from_place=ibis.ifelse(driving, ibis.ifelse(fresh, beside["_from"], outside), beside.place),
        to_place=ibis.ifelse(
            driving,
            ibis.ifelse(beside.state != beside["_after"], beside["_to"], outside),
            beside.place,
        ),
        long_us=_.stop.delta(_.start, unit="microsecond"),
    )
    return (
        each.filter(_.state.isin(WORKING))
        .group_by("truck", "leg")
        .aggregate(
            state=_.state.max(),
            start=_.start.min(),
            stop=_.stop.max(),
            from_place=_.from_place.max(),
            to_place=_.to_place.max(),
            loader=_.loader.max(),
            leg_min=_.long_us.sum() / 60e6,
        )
    )


def usual(before: ibis.Table, now: ibis.Table, trucks: ibis.Table) -> ibis.Table:
    """How long a leg between two places usually takes, by truck model: the median.

    Drives count that lead from one loading or dumping to the next and are of one interval; work at a
    place counts interval by interval. That leaves out drives with a stop, of which a median needs none,
    and work of which nobody told the place.

    Parameters
    ----------
    before
        State intervals, see ``schema.STATE_INTERVALS``, of one source a truck, whole, of the time to
        compare with.
    now
        Those of the time asked for, which say what is usual where the others do not.
    trucks
        See ``schema.TRUCKS``: ``truck``, ``model``.

    Returns
    -------
    ibis.Table
        One row per ``model``, ``state``, ``from_place`` and ``to_place``: ``usual_min`` [min]. Trucks of
        which nobody told the model have an empty text.
    """
    columns = ("truck", "state", "start", "stop", "place")
    told = align.stacked(
        before.select(*columns, early=ibis.literal(True)), now.select(*columns, early=ibis.literal(False))
    )
    beside = _beside(told, "truck", "early")
    driving = beside.state.isin(DRIVES)
    standing = [state for state in WORKING if state not in DRIVES]
    direct = beside["_before"].isin(standing) & beside["_after"].isin(standing)
    placed = beside.filter(ibis.ifelse(driving, direct, beside.state.isin(standing) & beside.place.notnull()))
    each = placed.mutate(
        from_place=ibis.ifelse(placed.state.isin(DRIVES), placed["_from"], placed.place),
        to_place=ibis.ifelse(placed.state.isin(DRIVES), placed["_to"], placed.place),
    ).left_join(trucks.select("truck", "model"), "truck")
    each = each.mutate(long_us=pieces.lasts_us(each), model=each.model.fill_null(""))
    return each.group_by("model", "state", "from_place", "to_place").aggregate(
        usual_min=ibis.coalesce(_.long_us.median(where=_.early), _.long_us.median(where=~_.early)) / 60e6
    )


def _beside(states: ibis.Table, *group: str) -> ibis.Table:
    """The states that legs are made of, each with the state and place before and after it."""
    told = states.filter(_.state.isin((*WORKING, *BREAKS)))
    in_turn = ibis.window(group_by=group, order_by="start")
    return told.mutate(
        _before=told.state.lag().over(in_turn),
        _after=told.state.lead().over(in_turn),
        _from=told.place.lag().over(in_turn),
        _to=told.place.lead().over(in_turn),
    )
