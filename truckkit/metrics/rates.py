"""Tonnes that a minute of a truck's work moves: the price of a lost minute."""

from __future__ import annotations

import ibis
from ibis import _

from truckkit import align

WORKING = ("spot_load", "load", "haul", "spot_dump", "dump", "return")
"""The states in which a truck works: those of a haul cycle without its queues."""

LEAST_MIN = 60.0
"""Minutes of work below which a truck's own rate says little, and the fleet's holds [min]."""


def truck_rates(
    states: ibis.Table, dumped: ibis.Table, trucks: ibis.Table, least_min: float = LEAST_MIN
) -> ibis.Table:
    """How many tonnes each truck moves in a minute of work.

    Tonnes are those of the loads dumped in the time asked for, each once; a load of unknown tonnes adds
    none. Minutes of work are those in ``WORKING``: queues, delays, standby and down time are none. A truck
    that worked for less than ``least_min``, or dumped nothing, has the rate of the fleet, for one load
    more or less would make its own; where the whole fleet moved nothing the rate is 0.

    Parameters
    ----------
    states
        State intervals, see ``schema.STATE_INTERVALS``, of one source a truck, cut to the time asked for.
    dumped
        Cycles whose load was dumped in that time, with ``carried_t``, see ``cycles.dumped``.
    trucks
        The trucks asked for: ``truck``.
    least_min
        Minutes of work below which the fleet's rate holds.

    Returns
    -------
    ibis.Table
        One row per truck: ``moved_t`` [t], ``working_min`` [min], ``rate_tpm`` [t/min of work] and
        ``basis``, ``own`` or ``fleet``: whose rate it is.

    Examples
    --------
    >>> import truckkit as tk
    >>> tk.sample().truck_rates().columns[:5]
    ('truck', 'moved_t', 'working_min', 'rate_tpm', 'basis')
    """
    # Tonnes and minutes come as rows of one table, which is one grouping and one join for both.
    told = align.stacked(
        dumped.select(
            "truck", moved_t=_.carried_t.cast("float64").fill_null(0.0), working_min=ibis.literal(0.0)
        ),
        states.filter(_.state.isin(WORKING)).select(
            "truck",
            moved_t=ibis.literal(0.0),
            working_min=_.stop.delta(_.start, unit="microsecond") / 60e6,
        ),
        trucks.select("truck", moved_t=ibis.literal(0.0), working_min=ibis.literal(0.0)),
    )
    each = told.group_by("truck").aggregate(moved_t=_.moved_t.sum(), working_min=_.working_min.sum())
    fleet_tpm = (_.moved_t.sum().over() / _.working_min.sum().over().nullif(0.0)).fill_null(0.0)
    own = (each.working_min >= max(least_min, 1e-9)) & (each.moved_t > 0)
    return each.select(
        "truck",
        "moved_t",
        "working_min",
        rate_tpm=ibis.ifelse(own, each.moved_t / each.working_min.nullif(0.0), fleet_tpm),
        basis=ibis.ifelse(own, "own", "fleet"),
    )
