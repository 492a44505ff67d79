"""What is wrong with the data: gaps, jumps, wrong clocks, overlaps, values out of bounds, as rows.

Nothing is mended here and nothing dropped: a finding says what, where and how much.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import ibis
from ibis import _

from truckkit import schema, times

KINDS: Mapping[str, str] = {
    "gap": "nothing was heard of the truck for longer than it is silent as a habit",
    "jump": "the truck moved faster than a truck can drive",
    "clock": "instants that cannot be, or stand in the wrong order",
    "overlap": "a cycle starts before the one before it has stopped",
    "frozen": "a channel told one value for an hour of driving",
    "unit": "speeds are in another unit than km/h, by what the positions say",
    "outside": "a value out of its bounds was emptied, or a row is flagged by its source's mapping",
}
"""The kinds of findings, with what they mean."""

FASTEST_KMH = 90.0
"""No haul truck drives faster: makers rate them to 55–65 km/h; the rest allows for a position's error."""
FASTEST_CYCLE_KMH = 60.0
"""No loaded haul truck is faster on the average of a whole drive."""
SILENT_S = 60.0
"""A gap is at least so long, and five times as long as the truck's usual time between two samples."""
BETWEEN_CYCLES_S = 300.0
"""Between two cycles nothing need be told for so long."""
FIRST = datetime.fromisoformat("2000-01-01T00:00Z")
"""Before it no truck had a clock that is read today; 1970 and 1980 are what clocks say that were reset."""

COLUMNS = tuple(name for name in schema.FINDINGS.names if name != "load_id")


def of_positions(positions: ibis.Table) -> ibis.Table:
    """Gaps and jumps among the positions of each truck, and clocks that cannot be.

    A gap is a silence of 60 s or more that is five times the truck's median period. A jump is a step
    faster than 90 km/h, told with that speed; what comes back makes a second one. Positions without a
    place tell of time alone. Time is told to the microsecond.

    Returns
    -------
    ibis.Table
        ``schema.FINDINGS`` without ``load_id``: one row per finding; ``measured`` is seconds of a gap and
        km/h of a jump.
    """
    by_truck = ibis.window(group_by="truck", order_by="at")
    steps = positions.select("truck", "at", "x_m", "y_m").mutate(
        _before=_.at.lag().over(by_truck), _x=_.x_m.lag().over(by_truck), _y=_.y_m.lag().over(by_truck)
    )
    steps = steps.mutate(_step_s=_.at.delta(_["_before"], unit="microsecond") / 1e6)
    usual = steps.group_by("truck").aggregate(_usual_s=_["_step_s"].approx_median())
    # The few steps that can be a finding are told from the millions before anything is joined.
    far_m = ((_.x_m - _["_x"]) ** 2 + (_.y_m - _["_y"]) ** 2).sqrt()
    odd = steps.mutate(_kmh=far_m / _["_step_s"] * 3.6).filter(
        (_["_step_s"] >= SILENT_S) | (_["_kmh"] > FASTEST_KMH)
    )
    odd = odd.join(usual, "truck")
    gaps = odd.filter(_["_step_s"] >= SILENT_S, _["_step_s"] >= 5 * _["_usual_s"])
    jumps = odd.filter(_["_kmh"] > FASTEST_KMH, ~_["_kmh"].isinf())
    early = (
        positions.filter(_.at < _instant(FIRST))
        .group_by("truck")
        .aggregate(start=_.at.min(), stop=_.at.max(), samples=_.truck.count())
    )
    return ibis.union(
        found(gaps, "gap", "positions.at", start=gaps["_before"], stop=gaps.at, measured=gaps["_step_s"],
               described=gaps["_step_s"].round(1).cast("string") + " s without a position"),
        found(jumps, "jump", "positions.x_m", start=jumps["_before"], stop=jumps.at, measured=jumps["_kmh"],
               described="a step at " + jumps["_kmh"].round(1).cast("string") + " km/h"),
        found(early, "clock", "positions.at", start=early.start, stop=early.stop, samples=early.samples,
               described=ibis.literal("positions from before the year 2000: a clock that was reset")),
    )  # fmt: skip


def flagged(rows: ibis.Table, table: schema.Table) -> ibis.Table:
    """What mappings flagged at ingest: values out of bounds that were emptied, halves that do not fit.

    Rows of samples are counted by truck, UTC day and what is wrong; rows of cycles and refuels stand alone.

    Returns
    -------
    ibis.Table
        ``schema.FINDINGS`` without ``load_id``: one row per fault; ``measured`` is the value where the
        fault tells it.
    """
    at, stop = str(table.at), table.stop or str(table.at)
    faults = rows.filter(rows.fault.notnull()).select(
        "truck", _start=rows[at], _stop=rows[stop], _fault=rows.fault.split("; ").unnest()
    )
    value = faults["_fault"].re_extract(r"^\w+ (-?[0-9.e+]+) is not within", 1).nullif("").try_cast("float64")
    about = faults["_fault"].re_extract(r"^(\w+)", 1)
    told = faults.mutate(
        _measured=value, _about=table.name + "." + ibis.ifelse(about.isin(table.names), about, table.key[0])
    )
    if table.kind == "day" and not table.stop:
        told = told.mutate(_day=_["_start"].truncate("D")).group_by("truck", "_day", "_about").aggregate(
            _start=_["_start"].min(), _stop=_["_stop"].max(), _fault=_["_fault"].min(),
            _measured=_["_measured"].max(), samples=_.truck.count(),
        )  # fmt: skip
    else:
        told = told.mutate(samples=ibis.literal(1, "int64"))
    # A negative length is a clock that went backwards, whatever its bounds.
    kind = ibis.ifelse(told["_about"].endswith("_min") & (told["_measured"] < 0), "clock", "outside")
    return _shaped(
        told,
        kind=kind,
        about=told["_about"],
        start=told["_start"],
        stop=told["_stop"],
        described=told["_fault"],
        measured=told["_measured"],
        samples=told.samples,
    )


def of_cycles(cycles: ibis.Table) -> ibis.Table:
    """Cycles that overlap, stand apart, run backwards, or imply a speed that no truck has.

    A gap is more than 5 min from the stop of a truck's cycle to the start of its next; where the next
    starts before that stop, the two overlap. A jump is a loaded drive that averages more than 60 km/h,
    told with that speed.

    Returns
    -------
    ibis.Table
        ``schema.FINDINGS`` without ``load_id``: one row per finding.
    """
    in_turn = ibis.window(group_by=["truck", "source"], order_by=["start", "stop"])
    follows = cycles.mutate(_until=_.stop.lag().over(in_turn))
    gap_s = follows.start.delta(follows["_until"], unit="microsecond") / 1e6
    follows = follows.mutate(_gap_s=gap_s)
    gaps = follows.filter(_["_gap_s"] > BETWEEN_CYCLES_S)
    overlaps = follows.filter(_["_gap_s"] < 0)
    fast = cycles.mutate(_kmh=_.loaded_m / 1000 / (_.haul_min / 60)).filter(
        _.haul_min > 0, _["_kmh"] > FASTEST_CYCLE_KMH
    )
    backwards = cycles.filter(_.arrived_dump < _.full)
    return ibis.union(
        found(gaps, "gap", "cycles.start", start=gaps["_until"], stop=gaps.start, measured=gaps["_gap_s"],
               described=(gaps["_gap_s"] / 60).round(1).cast("string") + " min between two cycles"),
        found(overlaps, "overlap", "cycles.start", start=overlaps.start,
               stop=ibis.greatest(overlaps["_until"], overlaps.start), measured=-overlaps["_gap_s"],
               described=(-overlaps["_gap_s"]).round(1).cast("string") + " s before the earlier cycle stops"),
        found(fast, "jump", "cycles.haul_min", start=fast.start, stop=fast.stop, measured=fast["_kmh"],
               described="hauled at " + fast["_kmh"].round(1).cast("string") + " km/h on the average"),
        found(backwards, "clock", "cycles.arrived_dump", start=backwards.start, stop=backwards.stop,
               measured=backwards.full.delta(backwards.arrived_dump, unit="microsecond") / 1e6,
               described=ibis.literal("arrived at the dump before it was full")),
    )  # fmt: skip


def found(rows: ibis.Table, kind: str, about: str, **told: ibis.Value) -> ibis.Table:
    """Rows as findings of a kind, with ``start``, ``stop``, ``described`` and, where told, ``measured``."""
    return _shaped(rows, kind=ibis.literal(kind), about=ibis.literal(about), **told)


def _shaped(
    rows: ibis.Table,
    *,
    kind: ibis.Value,
    about: ibis.Value,
    start: ibis.Value,
    stop: ibis.Value,
    described: ibis.Value,
    measured: ibis.Value | None = None,
    samples: ibis.Value | None = None,
) -> ibis.Table:
    """Rows as findings; a column that must be told and one that need not are two types to a union."""
    told = {
        "truck": rows.truck,
        "start": start,
        "stop": stop,
        "kind": kind,
        "about": about,
        "measured": ibis.null("float64") if measured is None else measured,
        "samples": ibis.literal(1, "int64") if samples is None else samples,
        "description": described,
    }
    return rows.select(**{name: value.cast(schema.FINDINGS[name].dtype) for name, value in told.items()})


def repeated(rejects: ibis.Table) -> ibis.Table:
    """Rows that said again what was known; a source's own row numbers are in ``rejects``.

    Returns
    -------
    ibis.Table
        One row per source and table: ``source``, ``about``, ``rows``.
    """
    again = rejects.filter(_.verdict == "duplicate")
    return again.group_by("source", "about").aggregate(rows=_.line.count())


COUNTED = ("kind", "about", "truck", "samples", "measured", "start", "stop")
"""The columns of findings that counting them takes."""


def counted(findings: ibis.Table) -> ibis.Table:
    """How many findings there are of each kind, and how much they concern.

    Returns
    -------
    ibis.Table
        One row per kind and what it is about: ``found`` (findings), ``samples`` (rows that they concern),
        ``trucks``, ``worst`` (the greatest ``measured``), ``first`` and ``last`` (instants).
    """
    return findings.group_by("kind", "about").aggregate(
        found=_.truck.count(),
        samples=_.samples.sum(),
        trucks=_.truck.nunique(),
        worst=_.measured.abs().max(),
        first_at=_.start.min(),
        last_at=_.stop.max(),
    )


def _instant(at: datetime) -> ibis.Value:
    return ibis.literal(times.stored(at), schema.INSTANT)


def late(loads: ibis.Table, after: timedelta = timedelta(hours=1)) -> ibis.Table:
    """Loads that came later than a while after the last thing that they tell of.

    Returns
    -------
    ibis.Table
        One row per such load: ``load_id``, ``source``, ``at`` (when it was published), ``start``, ``stop``
        (what it tells of), ``late_min`` [min] from ``stop`` to ``at``.
    """
    told = loads.filter(_.stop.notnull()).mutate(late_min=_.at.delta(_.stop, unit="second") / 60)
    return told.filter(_.late_min > after.total_seconds() / 60).select(
        "load_id", "source", "at", "start", "stop", "late_min"
    )
