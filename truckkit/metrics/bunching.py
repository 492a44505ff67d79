"""Bunching: trucks come together, one queues, and then the loader hangs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import ibis
from ibis import _

from truckkit import align, schema
from truckkit.metrics import grouping
from truckkit.metrics.loadings import AWAY_MIN

KEYS = ("loader", "hour", "shift", "crew")
"""The words by which bunching is split."""


def bunching(
    timeline: ibis.Table,
    visits: ibis.Table,
    states: ibis.Table,
    start: datetime,
    stop: datetime,
    within: timedelta,
    by: Sequence[str] = ("loader",),
    *,
    shifts: ibis.Table | None = None,
    offset_min: int = 0,
) -> ibis.Table:
    """How much was lost to trucks that came in bunches: queue and hang at one loader in one stretch of time.

    The time asked for is cut into stretches of the length ``within``, from its start. What a loader hung in
    a stretch in which trucks queued there too was not for want of trucks, but because they came
    together: the lesser of the two is bunched. A stretch belongs to the hour and shift in which it
    starts. A headway is the time from one truck's arrival at a loader to the next one's; those of more
    than an hour, for which the loader may have been elsewhere, do not count.

    There is no standard for this; the idea of both losses in one window is from miningfms.com.

    Parameters
    ----------
    timeline, visits
        See ``metrics.loadings``.
    states
        State intervals, see ``schema.STATE_INTERVALS``, of all trucks.
    start, stop
        The time asked for.
    within
        Length of a stretch; the median cycle is a good one.
    by
        None, some or all of ``KEYS``.
    shifts, offset_min
        As ``metrics.grouping.keyed`` takes them.

    Returns
    -------
    ibis.Table
        One row per group: ``arrivals``, ``headway_min`` [min], the mean, and ``headway_cv`` (standard
        deviation over mean; 0 is a clockwork, 1 is chance), ``queue_min`` and ``hang_min`` [min],
        ``bunched_min`` [min], the lesser of the two per loader and stretch, summed, and ``within_min``
        [min], the length of a stretch.

    Examples
    --------
    >>> import truckkit as tk
    >>> lost = tk.sample().bunching()
    >>> (lost.bunched_min <= lost.queue_min).all().execute()
    True
    """
    first, last = align.instant(start), align.instant(stop)
    queued = states.filter(states.state == "queue_load", states.loader.notnull()).select(
        "loader", "start", "stop", doing=ibis.literal("queue")
    )
    hung = timeline.filter(timeline.doing == "hang").select("loader", "start", "stop", "doing")
    pieces = _per_stretch(align.clipped(ibis.union(queued, hung), start, stop), start, within)
    long_min = pieces.stop.delta(pieces.start, unit="microsecond") / 60e6
    lost = (
        pieces.mutate(long_min=long_min)
        .group_by("loader", "since")
        .aggregate(
            queue_min=_.long_min.sum(where=_.doing == "queue").fill_null(0.0),
            hang_min=_.long_min.sum(where=_.doing == "hang").fill_null(0.0),
        )
    )
    by_loader = ibis.window(group_by="loader", order_by=["arrived", "truck"])
    since_last = visits.mutate(_before=visits.arrived.lag().over(by_loader))
    came = since_last.filter(since_last.arrived >= first, since_last.arrived < last)
    headway = came.arrived.delta(came["_before"], unit="microsecond") / 60e6
    empty = ibis.null("float64")
    rows = ibis.union(
        lost.select(
            "loader",
            "since",
            "queue_min",
            "hang_min",
            bunched_min=ibis.least(_.queue_min, _.hang_min),
            headway_min=empty,
            came=ibis.literal(0),
        ),
        came.select(
            "loader",
            since=came.arrived.cast(schema.INSTANT),
            queue_min=ibis.literal(0.0),
            hang_min=ibis.literal(0.0),
            bunched_min=ibis.literal(0.0),
            headway_min=ibis.ifelse(headway <= AWAY_MIN, headway, empty),
            came=ibis.literal(1),
        ),
    )
    split = grouping.keyed(rows, by, at="since", shifts=shifts, offset_min=offset_min)
    summed = grouping.aggregated(
        split,
        by,
        arrivals=_.came.sum().cast("int64"),
        headway_min=_.headway_min.mean(),
        _spread=_.headway_min.std(how="pop"),
        queue_min=_.queue_min.sum(),
        hang_min=_.hang_min.sum(),
        bunched_min=_.bunched_min.sum(),
    )
    return (
        summed.mutate(
            headway_cv=summed["_spread"] / summed.headway_min.nullif(0.0),
            within_min=ibis.literal(within.total_seconds() / 60),
        )
        .drop("_spread")
        .relocate("headway_cv", after="headway_min")
    )


def _per_stretch(intervals: ibis.Table, start: datetime, within: timedelta) -> ibis.Table:
    """Intervals cut into stretches of one length, with the instant ``since`` at which each starts."""
    origin = align.instant(start)
    long_us = int(within / timedelta(microseconds=1))
    number = ibis.range(
        intervals.start.delta(origin, unit="microsecond") // long_us,
        (intervals.stop.delta(origin, unit="microsecond") - 1) // long_us + 1,
    )
    pieces = intervals.mutate(_number=number.unnest())
    marked = pieces.mutate(
        since=(origin + (pieces["_number"] * long_us).as_interval("us")).cast(schema.INSTANT)
    )
    ends = marked.since + ibis.interval(microseconds=long_us)
    return marked.mutate(
        start=ibis.greatest(marked.start, marked.since), stop=ibis.least(marked.stop, ends)
    ).drop("_number")
