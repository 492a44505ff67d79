"""Carry-back: what stays in the body when the load is dumped."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import ibis
from ibis import _

from truckkit import align
from truckkit.metrics import grouping

TRIMMED = timedelta(seconds=20)
"""How much of either end of a return does not count: the body comes down, the scale settles."""


def returns(states: ibis.Table, cycles: ibis.Table) -> ibis.Table:
    """Each drive back empty, with the load that was dumped last before it.

    Parameters
    ----------
    states
        State intervals, see ``schema.STATE_INTERVALS``.
    cycles
        Cycles with ``dumped``, see ``cycles.dumped``.

    Returns
    -------
    ibis.Table
        One row per return interval after a load: ``truck, start, stop, dumped``. A drive that something
        broke is of several.
    """
    drives = states.filter(states.state == "return").select("truck", "start", "stop")
    # A dump ends where the return starts; what a source rounds may part the two by a little.
    loads = cycles.select("truck", "dumped", _since=cycles.dumped - ibis.interval(minutes=1))
    joined = drives.asof_join(loads, on=drives.start >= loads["_since"], predicates="truck")
    return joined.filter(joined.dumped.notnull()).select("truck", "start", "stop", "dumped")


def carry_backs(readings: ibis.Table, returns: ibis.Table, cycles: ibis.Table) -> ibis.Table:
    """What the scale showed after each load, on the way back: the median, without either end of a drive.

    Parameters
    ----------
    readings
        Telemetry, see ``schema.TELEMETRY``: ``truck, at, payload_t``.
    returns
        See ``returns``.
    cycles
        The cycles that those came from.

    Returns
    -------
    ibis.Table
        One row per cycle with such a reading: as given, ``carry_back_t`` [t] and ``readings``, how many.
    """
    trim = ibis.interval(seconds=int(TRIMMED.total_seconds()))
    ends = returns.select("truck", "dumped", start=returns.start + trim, stop=returns.stop - trim)
    settled = ends.filter(ends.start < ends.stop)
    weighed = readings.filter(readings.payload_t.notnull() & ~readings.payload_t.isnan())
    held = align.in_intervals(weighed.select("truck", "at", "payload_t"), settled, "dumped")
    medians = (
        held.filter(held.dumped.notnull())
        .group_by("truck", "dumped")
        .aggregate(carry_back_t=_.payload_t.median().cast("float64"), readings=_.payload_t.count())
    )
    return cycles.inner_join(medians, ["truck", "dumped"])


def carry_back(carry_backs: ibis.Table, by: Sequence[str] = ("truck",)) -> ibis.Table:
    """How many tonnes come back in the body, per load.

    What the truck's scale shows while it drives back empty. A scale whose zero has drifted shows the same:
    material that sticks goes with the dump and the wet, drift goes with the truck. Readings below zero
    count as they are, for they tell of drift.

    Parameters
    ----------
    carry_backs
        See ``carry_backs``, with a column for each word of ``by``.
    by
        The columns that make a group; none of them for all loads in one.

    Returns
    -------
    ibis.Table
        One row per group: ``loads`` (dumped loads with a weighed drive back), ``carry_back_t`` [t] (mean over
        them), ``carried_t`` [t] (mean payload of those of known tonnes), ``carry_back_share`` of the two, and
        ``readings``.

    Examples
    --------
    >>> import truckkit as tk
    >>> tk.sample().carry_back(by="truck").columns[:4]
    ('truck', 'loads', 'carry_back_t', 'carried_t')
    """
    groups = grouping.aggregated(
        carry_backs,
        by,
        loads=_.carry_back_t.count(),
        carry_back_t=_.carry_back_t.mean(),
        carried_t=_.carried_t.mean(),
        readings=_.readings.sum().cast("int64"),
    )
    return groups.mutate(carry_back_share=_.carry_back_t / _.carried_t.nullif(0.0)).relocate(
        "carry_back_share", before="readings"
    )
