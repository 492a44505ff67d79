"""Where every minute of the calendar went, under a time usage model."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import ibis
from ibis import _

from truckkit import align
from truckkit.metrics import grouping, pieces
from truckkit.metrics.usage_models import UsageModel

_CALENDAR = "calendar"


def landed(
    states: ibis.Table,
    model: UsageModel,
    by: Sequence[str],
    *,
    trucks: ibis.Table,
    places: ibis.Table,
    maintenance: ibis.Table,
    shifts: ibis.Table,
    start: datetime,
    stop: datetime,
    offset_min: int = 0,
) -> ibis.Table:
    """The asked time, with where each of it belongs in a time usage model.

    All of it lands somewhere, for every truck: what is not stored counts as ``no_data``, so that the
    minutes of a truck sum to the length of the window. ``down`` goes by the work order that covers it,
    and other states by the kind of the place, where the model says so; of several work orders the one
    that started last counts.

    Parameters
    ----------
    states
        State intervals, see ``schema.STATE_INTERVALS``, of one source a truck, cut to the time asked
        for; they must not overlap.
    model
        The time usage model, see ``usage_models``.
    by
        Words of ``pieces.INSIDE``.
    trucks, places, maintenance, shifts
        See ``schema``; the trucks asked for.
    start, stop
        The time asked for.
    offset_min
        Minutes past the full hour of UTC at which the hours of the site's clock start.

    Returns
    -------
    ibis.Table
        One row per group, state and kind of place or work order: the words of ``by``, ``category``,
        ``level``, ``depth`` (of the level, 0 being all time) and ``spent_us`` [µs], whole, so that sums of
        it are exact.
    """
    told = _detailed(states, model, places, maintenance).select("truck", "start", "stop", "state", "detail")
    calendar = trucks.select(
        "truck",
        start=align.instant(start),
        stop=align.instant(stop),
        state=ibis.literal(_CALENDAR),
        detail=ibis.null("string"),
    )
    parts = pieces.cut(align.stacked(told, calendar), by, shifts, start, stop, offset_min)
    within = [word for word in ("shift", "crew", "hour") if word in by]
    # By truck first where that is asked for, for few rows are joined with what a truck is.
    of_trucks = ["truck"] if len(within) < len(by) else []
    long = parts.group_by(*of_trucks, *within, "state", "detail").aggregate(
        spent_us=pieces.lasts_us(parts).sum()
    )
    group = ibis.window(group_by=[*of_trucks, *within])
    # What of the calendar no other state took was not observed, whether stored as such or not at all.
    taken_us = ibis.ifelse(long.state.isin(("no_data", _CALENDAR)), 0, long.spent_us).sum().over(group)
    landed = long.mutate(
        spent_us=ibis.ifelse(long.state == _CALENDAR, long.spent_us - taken_us, long.spent_us)
    ).filter(_.state != "no_data")
    landed = landed.mutate(state=_.state.replace(_CALENDAR, "no_data"))
    keyed = grouping.keyed(landed, [word for word in by if word not in within], at="", trucks=trucks)
    return _belonging(keyed, model)


def time_usage(spent: ibis.Table, by: Sequence[str]) -> ibis.Table:
    """Where every minute of the calendar went.

    Parameters
    ----------
    spent
        See ``landed``.
    by
        Words of ``pieces.INSIDE``.

    Returns
    -------
    ibis.Table
        One row per group and category in which time was spent: ``category``, ``level`` (the deepest
        that holds it), ``spent_min`` [min], ``calendar_min`` [min] that all categories of the group sum
        to, and ``share`` of the two.

    Examples
    --------
    >>> import truckkit as tk
    >>> tk.sample().time_usage("gmg").columns[:6]
    ('truck', 'category', 'level', 'spent_min', 'calendar_min', 'share')
    """
    parted = spent.group_by(*by, "category", "level").aggregate(spent_us=_.spent_us.sum())
    parted = parted.filter(_.spent_us != 0)
    calendar_us = parted.spent_us.sum().over(ibis.window(group_by=list(by)))
    return parted.select(
        *by,
        "category",
        "level",
        spent_min=parted.spent_us / 60e6,
        calendar_min=calendar_us / 60e6,
        share=parted.spent_us / calendar_us,
    )


def kpis(spent: ibis.Table, model: UsageModel, by: Sequence[str]) -> ibis.Table:
    """Availability and utilisation, each with what it was divided by.

    A level holds the time of its own and of all levels below it. The formulas and where they come from
    stand in the model.

    Parameters
    ----------
    spent
        See ``landed``.
    model
        The time usage model that it landed in.
    by
        Words of ``pieces.INSIDE``.

    Returns
    -------
    ibis.Table
        One row per group and ratio of the model: ``ratio``, ``share`` (empty where the denominator is 0),
        ``numerator_min`` [min], ``denominator_min`` [min], ``numerator`` and ``denominator``, the levels.

    Examples
    --------
    >>> import truckkit as tk
    >>> tk.sample().kpis().columns[:4]
    ('model', 'ratio', 'share', 'numerator_min')
    """
    ratios = [
        {
            "ratio": name,
            "numerator": ratio.numerator,
            "denominator": ratio.denominator,
            "above": model.depth(ratio.numerator),
            "below": model.depth(ratio.denominator),
        }
        for name, ratio in model.ratios.items()
    ]
    asked = ibis.memtable(
        ratios,
        schema=ibis.schema(
            {
                "ratio": "string",
                "numerator": "string",
                "denominator": "string",
                "above": "int8",
                "below": "int8",
            }
        ),
    )
    each = spent.cross_join(asked)
    summed = each.group_by(*by, "ratio", "numerator", "denominator").aggregate(
        numerator_min=ibis.ifelse(_.depth >= _.above, _.spent_us, 0).sum() / 60e6,
        denominator_min=ibis.ifelse(_.depth >= _.below, _.spent_us, 0).sum() / 60e6,
    )
    return summed.select(
        *by,
        "ratio",
        share=_.numerator_min / _.denominator_min.nullif(0.0),
        numerator_min=_.numerator_min,
        denominator_min=_.denominator_min,
        numerator=_.numerator,
        denominator=_.denominator,
    )


def stretches(
    states: ibis.Table,
    model: UsageModel,
    *,
    trucks: ibis.Table,
    places: ibis.Table,
    maintenance: ibis.Table,
    start: datetime,
    stop: datetime,
) -> ibis.Table:
    """The stretches of time behind the categories of a time usage model.

    Those of a truck and category sum to its ``spent_min`` in ``time_usage``, and all of a truck tile the
    time asked for: what is not stored is ``no_data``. Parameters are those of ``time_usage``.

    Returns
    -------
    ibis.Table
        One row per stretch: ``truck``, ``start``, ``stop``, ``state``, ``place``, ``loader``, ``category``,
        ``level`` and ``spent_min`` [min].

    Examples
    --------
    >>> import truckkit as tk
    >>> tk.sample().usage_intervals("gmg").filter(lambda t: t.category == "refuelling").count().execute()
    4
    """
    columns = ("truck", "start", "stop", "state", "detail", "place", "loader")
    nothing = dict.fromkeys(("detail", "place", "loader"), ibis.null("string"))
    gaps = pieces.untold(states, trucks, start, stop).mutate(state=ibis.literal("no_data"), **nothing)
    told = _detailed(states, model, places, maintenance).select(*columns)
    each = _belonging(align.stacked(told, gaps.select(*columns)), model).drop("detail", "depth")
    return each.mutate(spent_min=pieces.lasts_us(each) / 60e6)


def _detailed(
    states: ibis.Table, model: UsageModel, places: ibis.Table, maintenance: ibis.Table
) -> ibis.Table:
    """State intervals with ``detail``: the kind of place, or of the covering work order, where it matters."""
    placed = {state for state, _kind in model.by_place}
    if placed:
        kinds = places.select("place", _kind=_.kind)
        states = states.left_join(kinds, "place").drop("place_right")
        detail = ibis.ifelse(states.state.isin(sorted(placed)), states["_kind"], ibis.null("string"))
    else:
        detail = ibis.null("string")
    states = states.mutate(detail=detail)
    if not model.by_work_order:
        return states
    down = with_orders(states.filter(_.state == "down"), maintenance)
    down = down.mutate(detail=ibis.coalesce(_.order_kind, _.detail)).select(*states.columns)
    return align.stacked(states.filter(_.state != "down"), down)


def with_orders(down: ibis.Table, maintenance: ibis.Table) -> ibis.Table:
    """Down intervals with ``order_kind`` and ``work_order`` of the work order that covers some of them.

    Of several the one that started last counts. An open order goes on.
    """
    orders = maintenance.select(
        "truck", _since=_.start, _until=_.stop, _why=_.kind.fill_null(""), _order=_.work_order
    )
    bounds = down.select("truck", "start", "stop").distinct()
    covering = bounds.join(
        orders,
        [
            bounds.truck == orders.truck,
            bounds.stop > orders["_since"],
            orders["_until"].isnull() | (orders["_until"] > bounds.start),
        ],
    )
    last = covering.group_by("truck", "start", "stop").aggregate(
        order_kind=_["_why"].argmax(_["_since"]), work_order=_["_order"].argmax(_["_since"])
    )
    joined = down.left_join(last, ["truck", "start", "stop"])
    return joined.select(*down.columns, order_kind=joined.order_kind.nullif(""), work_order=joined.work_order)


def _belonging(spent: ibis.Table, model: UsageModel) -> ibis.Table:
    """Times with ``category``, ``level`` and ``depth`` of the model."""
    special = {**model.by_place, **model.by_work_order}
    tests = [
        ((spent.state == state) & (spent.detail == kind), part) for (state, kind), part in special.items()
    ]
    tests += [(spent.state == state, part) for state, part in model.states.items()]
    return spent.mutate(
        category=ibis.cases(*((test, part.category) for test, part in tests)),
        level=ibis.cases(*((test, part.level) for test, part in tests)),
        depth=ibis.cases(*((test, model.depth(part.level)) for test, part in tests)),
    )
