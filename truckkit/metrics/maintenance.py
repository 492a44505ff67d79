"""How reliable trucks are, and what they are down for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import ibis
from ibis import _

from truckkit import align, schema
from truckkit.metrics import grouping, pieces

PARETO = {
    "component": "what was worked on",
    "kind": "scheduled, breakdown, tyre, inspection or the site's own word",
    "truck": "the haul truck",
    "model": "its make and model",
    "fleet": "the group that the mine counts it in",
}
"""The words by which work orders are split."""


def reliability(
    states: ibis.Table,
    by: Sequence[str],
    *,
    trucks: ibis.Table,
    shifts: ibis.Table,
    start: datetime,
    stop: datetime,
    offset_min: int = 0,
) -> ibis.Table:
    """How long a truck runs between shutdowns, and how long a shutdown takes.

    A shutdown is a stretch of ``down``, however many work orders and intervals it is made of; it counts in
    the time in which it starts, so one that was going on before adds hours and no shutdown. Operating are
    the eight states of a haul cycle, queues among them; production delay is ``delay``.

        MTBS = (operating + production delay) / shutdowns
        MTTR = down / shutdowns
        availability index = MTBS / (MTBS + MTTR)

    The first two are Caterpillar's equipment metrics, read second-hand; the index is the convention and
    was not found in a source of theirs.

    Parameters
    ----------
    states
        State intervals, see ``schema.STATE_INTERVALS``, of one source a truck, whole, those that stop at
        the first instant of the time asked for among them.
    by
        Words of ``pieces.INSIDE``.
    trucks, shifts
        See ``schema``; the trucks asked for.
    start, stop
        The time asked for.
    offset_min
        Minutes past the full hour of UTC at which the hours of the site's clock start.

    Returns
    -------
    ibis.Table
        One row per group: ``shutdowns``, ``operating_h`` [h], ``delay_h`` [h], ``down_h`` [h], ``mtbs_h``
        [h], ``mttr_h`` [h] and ``availability_index``, the last three empty where nothing was shut down.

    Examples
    --------
    >>> import truckkit as tk
    >>> tk.sample().reliability("fleet").columns[:5]
    ('fleet', 'shutdowns', 'operating_h', 'delay_h', 'down_h')
    """
    first = align.instant(start)
    columns = ("truck", "start", "stop", "state", "began")
    counted = states.filter(_.state.isin((*schema.CYCLE_STATES, "delay"))).select(
        "truck", "start", "stop", "state", began=ibis.null(schema.INSTANT)
    )
    down = states.filter(_.state == "down")
    earlier = down.stop.lag().over(group_by="truck", order_by="start")
    starts = (earlier.isnull() | (earlier < down.start)) & (down.start >= first)
    down = down.mutate(began=ibis.ifelse(starts, down.start, ibis.null(schema.INSTANT))).select(*columns)
    # Each truck has a row, of no length, so that one of which nothing is told is in the answer too.
    nothing = align.clipped(align.stacked(counted, down), start, stop)
    silent = trucks.select(
        "truck",
        start=first,
        stop=align.instant(stop),
        state=ibis.literal("calendar"),
        began=ibis.null(schema.INSTANT),
    )
    parts = pieces.cut(align.stacked(nothing, silent), by, shifts, start, stop, offset_min)
    within = [word for word in ("shift", "crew", "hour") if word in by]
    hours = pieces.lasts_us(parts) / 3600e6
    long = parts.group_by("truck", *within).aggregate(
        shutdowns=(_.began == _.start).fill_null(False).cast("int64").sum(),
        operating_h=ibis.ifelse(_.state.isin(schema.CYCLE_STATES), hours, 0.0).sum(),
        delay_h=ibis.ifelse(_.state == "delay", hours, 0.0).sum(),
        down_h=ibis.ifelse(_.state == "down", hours, 0.0).sum(),
    )
    keyed = grouping.keyed(long, [word for word in by if word not in within], at="", trucks=trucks)
    summed = keyed.aggregate(
        by=list(by),
        shutdowns=_.shutdowns.sum(),
        operating_h=_.operating_h.sum(),
        delay_h=_.delay_h.sum(),
        down_h=_.down_h.sum(),
    )
    shutdowns = summed.shutdowns.nullif(0)
    ran_h = summed.operating_h + summed.delay_h
    return summed.mutate(
        mtbs_h=ran_h / shutdowns,
        mttr_h=summed.down_h / shutdowns,
        availability_index=ibis.ifelse(
            summed.shutdowns > 0, ran_h / (ran_h + summed.down_h).nullif(0.0), ibis.null("float64")
        ),
    )


def maintenance_pareto(
    maintenance: ibis.Table, by: Sequence[str], *, trucks: ibis.Table, start: datetime, stop: datetime
) -> ibis.Table:
    """What trucks are down for, and how much of it the greatest few make.

    A work order counts with the hours that it has within the time asked for; an open one goes on until
    its end. Two orders on one truck at one time count twice: these are hours of work orders, and those in
    which trucks were down are in ``reliability``.

    Parameters
    ----------
    maintenance
        Work orders, see ``schema.MAINTENANCE``.
    by
        Words of ``PARETO``.
    trucks
        See ``schema.TRUCKS``.
    start, stop
        The time asked for.

    Returns
    -------
    ibis.Table
        One row per group: ``orders``, ``down_h`` [h], ``all_down_h`` [h] of all groups,
        ``share`` of the two and ``cumulative_share``, that
        of this group and of those with more hours.

    Examples
    --------
    >>> import truckkit as tk
    >>> tk.sample().maintenance_pareto().component.to_pyarrow().to_pylist()
    ['suspension', 'tyres']
    """
    open_too = maintenance.mutate(stop=_.stop.fill_null(align.instant(stop)))
    within = align.clipped(open_too, start, stop)
    keyed = grouping.keyed(within, by, at="", trucks=trucks)
    summed = keyed.aggregate(
        by=list(by),
        orders=_.work_order.count(),
        down_h=pieces.lasts_us(keyed).sum().fill_null(0) / 3600e6,
    )
    falling = [ibis.desc("down_h"), *(ibis.asc(word) for word in by)]
    above = ibis.window(order_by=falling, preceding=None, following=0)
    all_down_h = summed.down_h.sum().over()
    return summed.mutate(
        all_down_h=all_down_h,
        share=summed.down_h / all_down_h.nullif(0.0),
        cumulative_share=summed.down_h.sum().over(above) / all_down_h.nullif(0.0),
    )
