"""Which trucks queued, where, for how long, and what that cost."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import ibis
from ibis import _

from truckkit import align
from truckkit.metrics import grouping

QUEUES = ("queue_load", "queue_dump")
"""The states of waiting for a turn."""

KEYS = ("loader", "hour")
"""The words by which the time in queues is split."""


def queues(
    states: ibis.Table,
    rates: ibis.Table,
    start: datetime,
    stop: datetime,
    *,
    kinds: Sequence[str] = QUEUES,
    at: str | None = None,
    longer: timedelta | None = None,
) -> ibis.Table:
    """Which trucks queued, where, for how long, and what it cost in tonnes.

    A queue that the bounds of the time asked for cut is kept whole; ``inside_min`` is what of it lies in
    that time, and what is lost is priced by it, so that windows add up. What a truck would have done instead
    is work at the rate that it had in that time: tonnes dumped per minute of work, see ``metrics.rates``,
    and the fleet's where it hardly worked.

    Parameters
    ----------
    states
        State intervals, see ``schema.STATE_INTERVALS``, whole, of those that overlap the time asked for.
    rates
        See ``metrics.rates.truck_rates``: ``truck`` and ``rate_tpm``.
    start, stop
        The time asked for.
    kinds
        Which of ``QUEUES``.
    at
        A place or a loader.
    longer
        Keep the queues that last longer than this, outside of the time asked for included.

    Returns
    -------
    ibis.Table
        One row per queue: ``truck, state, start, stop, place, loader``, ``queue_min`` [min], ``inside_min``
        [min], ``rate_tpm`` [t/min], and ``lost_t`` [t], the last two multiplied.

    Examples
    --------
    >>> import truckkit as tk
    >>> tk.sample().queues(at="SH1", longer="5min").state.nunique().execute()
    1
    """
    first, last = align.instant(start), align.instant(stop)
    waited = states.filter(states.state.isin(list(kinds)), states.start < last, states.stop > first)
    if at is not None:
        here = ibis.literal(at)
        waited = waited.filter((waited.place == here) | (waited.loader == here))
    inside = ibis.least(waited.stop, last).delta(ibis.greatest(waited.start, first), unit="microsecond")
    each = waited.select(
        "truck",
        "state",
        "start",
        "stop",
        "place",
        "loader",
        queue_min=waited.stop.delta(waited.start, unit="microsecond") / 60e6,
        inside_min=inside / 60e6,
    )
    if longer is not None:
        each = each.filter(each.queue_min > longer.total_seconds() / 60)
    priced = each.left_join(rates.select("truck", "rate_tpm"), "truck").drop("truck_right")
    return priced.mutate(lost_t=_.inside_min * _.rate_tpm)


def queued(
    states: ibis.Table, start: datetime, stop: datetime, by: Sequence[str] = KEYS, *, offset_min: int = 0
) -> ibis.Table:
    """How long trucks queued at each loader, hour by hour or in all.

    Queues are cut at the bounds of the time asked for and of hours, so that windows and hours add up.

    Parameters
    ----------
    states
        State intervals, see ``schema.STATE_INTERVALS``.
    start, stop
        The time asked for.
    by
        None, some or all of ``KEYS``.
    offset_min
        Minutes past the full hour of UTC at which the hours of the site's clock start.

    Returns
    -------
    ibis.Table
        One row per group in which a truck queued: ``trucks`` that did and ``queue_min`` [min], of all of
        them together: two trucks that wait for a minute make two.

    Examples
    --------
    >>> import truckkit as tk
    >>> tk.sample().queued(by="loader").select("loader", "trucks").order_by("loader").to_pyarrow().to_pylist()
    [{'loader': 'SH1', 'trucks': 6}, {'loader': 'SH2', 'trucks': 6}]
    """
    waited = states.filter(states.state == "queue_load", states.loader.notnull())
    pieces = align.clipped(waited.select("truck", "loader", "start", "stop"), start, stop)
    if "hour" in by:
        pieces = align.per_hour(pieces, offset_min)
    long_min = pieces.stop.delta(pieces.start, unit="microsecond") / 60e6
    return grouping.aggregated(
        pieces.mutate(long_min=long_min),
        by,
        trucks=_.truck.nunique(),
        queue_min=_.long_min.sum().fill_null(0.0),
    )
