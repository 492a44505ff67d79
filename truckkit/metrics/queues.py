"""Which trucks queued, where, for how long, and what that cost."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import ibis
from ibis import _

from truckkit import schema, times

QUEUES = ("queue_load", "queue_dump")
"""The states of waiting for a turn."""


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
    first, last = (ibis.literal(times.stored(bound), schema.INSTANT) for bound in (start, stop))
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
