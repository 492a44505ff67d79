"""What the fleet moved, and where its time went."""

from __future__ import annotations

import ibis
from ibis import _

from truckkit import times


def productivity(cycles: ibis.Table, every: str = "1h") -> ibis.Table:
    """Tonnes moved per hour, by truck.

    A cycle counts in the period in which it stops. The payload is the one measured, and the one
    reported where none was. Incomplete cycles do not count.

    Parameters
    ----------
    cycles
        Haul cycles, see ``schema.CYCLES``.
    every
        Length of a period, counted from midnight UTC.

    Returns
    -------
    ibis.Table
        One row per truck and period in which one of its cycles stopped: ``moved_t`` [t],
        ``rate_tph`` [t/h] over the whole period.

    Examples
    --------
    >>> import truckkit as tk
    >>> tk.sample().productivity().columns
    ('truck', 'start', 'moved_t', 'rate_tph', 'coverage', 'doubt')
    """
    seconds = int(times.length(every).total_seconds())
    start = ((_.stop.epoch_seconds() // seconds) * seconds).as_timestamp("s").cast("timestamp(6)")
    moved = (
        cycles.mutate(start=start, carried_t=ibis.coalesce(_.payload_t, _.reported_t))
        .filter(_.complete & _.carried_t.notnull())
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
