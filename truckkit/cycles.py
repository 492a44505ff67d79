"""Haul cycles: what is missing in them, and which overlap."""

from __future__ import annotations

import ibis
from ibis import _

from truckkit import schema

_PHASES = tuple(f"{state}_min" for state in schema.CYCLE_STATES)


def completed(cycles: ibis.Table) -> ibis.Table:
    """FMS cycles with ``complete``, ``why`` and ``delay_min``.

    A cycle is complete where all eight phases are known and its halves belong together. The delay
    is what its phases leave of the time from its start to its stop, and at least 0.

    Returns
    -------
    ibis.Table
        One row per cycle, as given.
    """
    missing = [name for name in _PHASES if name not in cycles.columns]
    full = cycles.mutate(**{name: ibis.null("float64") for name in missing})
    unknown = [ibis.ifelse(full[name].isnull(), ibis.literal(name), ibis.null("string")) for name in _PHASES]
    lacks = ibis.array(unknown).filter(lambda name: name.notnull())
    known = ibis.and_(*(full[name].notnull() for name in _PHASES))
    whole = full["_rank"] == 0 if "_rank" in full.columns else ibis.literal(True)
    complete = known & whole
    reason = ibis.ifelse(
        known, ibis.literal("its halves belong to two records"), ibis.literal("unknown: ") + lacks.join(", ")
    )
    length_min = full.stop.delta(full.start, unit="millisecond") / 60e3
    rest_min = length_min - sum((full[name] for name in _PHASES[1:]), full[_PHASES[0]])
    return full.mutate(
        complete=complete,
        why=ibis.ifelse(complete, ibis.null("string"), reason),
        delay_min=ibis.ifelse(complete, ibis.greatest(rest_min, 0.0), ibis.null("float64")),
    )


def overlap_marks(cycles: ibis.Table) -> ibis.Table:
    """Cycles with ``overlaps``: true where an earlier cycle of the truck and source goes on at its start.

    Returns
    -------
    ibis.Table
        One row per cycle, as given.
    """
    order = [
        "start",
        ibis.desc("complete"),
        "stop",
    ]  # of two with one start, the whole one is not the intruder
    before = ibis.window(group_by=["truck", "source"], order_by=order, preceding=(None, 1))
    return cycles.mutate(overlaps=(_.stop.max().over(before) > _.start).fill_null(False))


def dumped(cycles: ibis.Table) -> ibis.Table:
    """Cycles with the instant at which their load was dumped, and the tonnes that it was.

    A load was dumped when queueing, spotting and dumping after the arrival at the dumping place were
    over; where one of them is not known, at the cycle's stop. A truck that was full and of which nobody
    tells an arrival or a place to dump at, has not dumped: its ``dumped`` is empty. The tonnes are those
    measured, and those reported where none were. A cycle of neither counts as a load of unknown tonnes.

    Returns
    -------
    ibis.Table
        One row per cycle, as given, with ``dumped`` (an instant, UTC) and ``carried_t`` [t].
    """
    standing_min = cycles.queue_dump_min + cycles.spot_dump_min + cycles.dump_min
    known = cycles.arrived_dump + (standing_min * 60e3).round().cast("int64").as_interval("ms")
    at = ibis.least(ibis.coalesce(known, cycles.stop), cycles.stop).cast(schema.INSTANT)
    did = cycles.full.isnull() | cycles.arrived_dump.notnull() | cycles.dump_place.notnull()
    return cycles.mutate(
        dumped=ibis.ifelse(did, at, ibis.null(schema.INSTANT)),
        carried_t=ibis.coalesce(cycles.payload_t, cycles.reported_t),
    )
