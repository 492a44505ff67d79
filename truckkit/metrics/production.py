"""What the fleet moved, and where its time went."""

from __future__ import annotations

from datetime import UTC, datetime

import ibis
from ibis import _

from truckkit import schema, times

MIDNIGHT = datetime(1970, 1, 1, tzinfo=UTC)
"""From when periods are counted where nobody says."""


def productivity(dumped: ibis.Table, every: str = "1h", midnight: datetime = MIDNIGHT) -> ibis.Table:
    """Tonnes moved per hour, by truck.

    A load counts in the period in which it was dumped. The payload is the one measured, and the one
    reported where none was; a load of unknown tonnes does not count.

    Parameters
    ----------
    dumped
        Cycles whose load was dumped in the time asked for, with ``dumped`` and ``carried_t``, see
        ``cycles.dumped``.
    every
        Length of a period.
    midnight
        From when periods are counted; a site counts from its midnight before the time asked for.

    Returns
    -------
    ibis.Table
        One row per truck and period in which it dumped a load: ``start`` of the period, ``moved_t`` [t],
        ``rate_tph`` [t/h] over the whole period.

    Examples
    --------
    >>> import truckkit as tk
    >>> tk.sample().productivity().columns
    ('truck', 'start', 'moved_t', 'rate_tph', 'coverage', 'doubt')
    """
    seconds = times.whole_seconds("every", every)
    first = int(midnight.timestamp())
    period = (dumped.dumped.epoch_seconds() - first) // seconds
    start = (period * seconds + first).as_timestamp("s").cast(schema.INSTANT)
    moved = (
        dumped.filter(dumped.carried_t.notnull())
        .select("truck", "carried_t", start=start)
        .group_by("truck", "start")
        .aggregate(moved_t=_.carried_t.sum())
    )
    return moved.mutate(rate_tph=_.moved_t / (seconds / 3600))


def time_in_state(states: ibis.Table) -> ibis.Table:
    """How long each truck was in each state.

    Parameters
    ----------
    states
        State intervals, see ``schema.STATE_INTERVALS``, cut to the time asked for.

    Returns
    -------
    ibis.Table
        One row per truck and state: ``intervals``, ``spent_min`` [min], ``known_min`` [min] that
        all states of the truck sum to (``no_data`` included), and ``share`` of the two.

    Examples
    --------
    >>> import truckkit as tk
    >>> tk.sample().time_in_state().columns
    ('truck', 'state', 'intervals', 'spent_min', 'known_min', 'share')
    """
    spent = (
        states.mutate(long_min=_.stop.delta(_.start, unit="microsecond") / 60e6)
        .group_by("truck", "state")
        .aggregate(intervals=_.truck.count(), spent_min=_.long_min.sum())
    )
    known = spent.mutate(known_min=_.spent_min.sum().over(group_by="truck"))
    return known.mutate(share=_.spent_min / _.known_min)
