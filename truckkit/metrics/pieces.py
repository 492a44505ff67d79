"""The asked time as pieces: cut at the bounds of shifts and hours, with what nobody told of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import ibis
from ibis import _

from truckkit import align

INSIDE = ("truck", "model", "fleet", "shift", "crew", "hour")
"""The words by which time is split: a minute belongs to one of each."""


def lasts_us(rows: ibis.Table) -> ibis.Value:
    """How long intervals last, in whole microseconds: sums of them are exact [µs]."""
    return rows.stop.delta(rows.start, unit="microsecond")


def slices(shifts: ibis.Table, start: datetime, stop: datetime) -> ibis.Table:
    """The asked time as shifts, and as what lies between them: together they tile it.

    Where two shifts overlap, the earlier one ends where the later one starts.

    Returns
    -------
    ibis.Table
        One row per shift and per stretch outside of any: ``start``, ``stop``, ``shift``, ``crew``,
        the last two empty outside.
    """
    first, last = align.instant(start), align.instant(stop)
    following = shifts.start.lead().over(order_by=shifts.start).fill_null(last)
    worked = shifts.select("shift", "crew", "start", stop=ibis.least(shifts.stop, following), _next=following)
    nobody = {"shift": ibis.null("string"), "crew": ibis.null("string")}
    between = worked.select(**nobody, start=worked.stop, stop=worked["_next"])
    earlier = shifts.aggregate(_first=shifts.start.min()).select(
        **nobody, start=first, stop=_["_first"].fill_null(last)
    )
    tiles = align.stacked(worked.drop("_next"), between, earlier)
    return align.clipped(tiles, start, stop).filter(_.start < _.stop)


def cut(
    intervals: ibis.Table,
    by: Sequence[str],
    shifts: ibis.Table,
    start: datetime,
    stop: datetime,
    offset_min: int = 0,
) -> ibis.Table:
    """Intervals cut at the bounds of shifts and hours, where ``by`` asks for them.

    Parameters
    ----------
    intervals
        Rows with ``start`` and ``stop``, cut to the time asked for.
    by
        Words of ``INSIDE``.
    shifts
        See ``schema.SHIFTS``.
    start, stop
        The time asked for.
    offset_min
        Minutes past the full hour of UTC at which the hours of the site's clock start.

    Returns
    -------
    ibis.Table
        One row per interval and shift or hour of which it holds some: as given, cut, with ``shift``,
        ``crew`` and ``hour`` as asked. The lengths of the pieces sum to that of the interval.
    """
    words = [word for word in ("shift", "crew") if word in by]
    if words:
        tiles = slices(shifts, start, stop).select(*words, **{"_since": _.start, "_until": _.stop})
        intervals = intervals.drop(*(word for word in words if word in intervals.columns))
        met = intervals.join(tiles, [intervals.start < tiles["_until"], intervals.stop > tiles["_since"]])
        intervals = met.mutate(
            start=ibis.greatest(met.start, met["_since"]), stop=ibis.least(met.stop, met["_until"])
        ).drop("_since", "_until")
    return align.per_hour(intervals, offset_min) if "hour" in by else intervals


def runs(intervals: ibis.Table) -> ibis.Table:
    """Intervals with ``_run``: those of a truck that follow each other without a gap have one number.

    Returns
    -------
    ibis.Table
        One row per interval, as given.
    """
    by_truck = ibis.window(group_by="truck", order_by="start")
    until_now = ibis.window(group_by="truck", order_by="start", preceding=None, following=0)
    fresh = intervals.mutate(_fresh=(intervals.stop.lag().over(by_truck) != intervals.start).fill_null(True))
    return fresh.mutate(_run=fresh["_fresh"].cast("int64").sum().over(until_now)).drop("_fresh")


def untold(states: ibis.Table, trucks: ibis.Table, start: datetime, stop: datetime) -> ibis.Table:
    """The stretches of the asked time of which nothing is stored.

    Parameters
    ----------
    states
        State intervals of one source a truck, cut to the time asked for; they must not overlap.
    trucks
        The trucks asked for: ``truck``.
    start, stop
        The time asked for.

    Returns
    -------
    ibis.Table
        One row per truck and gap: ``truck``, ``start``, ``stop``.
    """
    first, last = align.instant(start), align.instant(stop)
    ends = align.stacked(
        states.select("truck", start=_.start, stop=_.stop), trucks.select("truck", start=first, stop=first)
    )
    by_truck = ibis.window(group_by="truck", order_by=["start", "stop"])
    gaps = ends.select("truck", start=_.stop, stop=_.start.lead().over(by_truck).fill_null(last))
    return gaps.filter(_.start < _.stop)
