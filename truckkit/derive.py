"""What follows from rows that are about to be stored: marks, states that tile, shifts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import ibis
import pyarrow as pa
from ibis import _

from truckkit import cycles, nearest, schema, shifts, states, times
from truckkit.mapping import Roster
from truckkit.store import Pending

_TELL = ("cycles", "refuels", "states", "maintenance")
"""The tables whose FMS rows tell of a truck's time."""

_FMS = "fms"
_INSTANT = timedelta(microseconds=1)


def everything(pending: Pending, rosters: Sequence[Roster]) -> None:
    """Bring the tables that follow from others up to date with what a publish is about to store."""
    changed = _changed(pending)
    if changed:
        _mark_overlaps(pending, changed)
        _tile_states(pending, changed)
    _extend_calendar(pending, rosters)


Stretch = tuple[datetime, datetime]


def _changed(pending: Pending) -> dict[str, Stretch]:
    """For each truck, the stretch of time that new records tell of."""
    stretches: dict[str, list[datetime]] = defaultdict(list)
    for name in filter(pending.tells, _TELL):
        new = pending.new(name)
        if "source" in new.columns:
            new = new.filter(new["source"] == _FMS)
        if name == "maintenance":
            new = new.filter(_.stop.notnull())
        bounds = new.group_by("truck").aggregate(first=_.start.min(), last=_.stop.max())
        for row in bounds.to_pyarrow().to_pylist():
            stretches[row["truck"]] += [row["first"], row["last"]]
    return {truck: (min(ends), max(ends)) for truck, ends in stretches.items()}


def _near(pending: Pending, name: str, changed: dict[str, Stretch], reach: timedelta) -> ibis.Table:
    """Rows of the trucks that changed, around the time that changed."""
    first = min(start for start, _stop in changed.values()) - reach
    last = max(stop for _start, stop in changed.values()) + reach
    table = pending.table(name, first, last) if schema.TABLES[name].kind == "day" else pending.table(name)
    return table.filter(table.truck.isin(list(changed)), table.start < last, table.stop > first)


def _mark_overlaps(pending: Pending, changed: dict[str, Stretch]) -> None:
    near = _near(pending, "cycles", changed, timedelta(days=1))
    key = list(schema.CYCLES.key)
    marked = cycles.overlap_marks(near).join(near.select(*key, was="overlaps"), key)
    different = marked.filter(~marked.overlaps.identical_to(marked.was)).select(*schema.CYCLES.names)
    pending.replace("cycles", different.to_pyarrow())


def _tile_states(pending: Pending, changed: dict[str, Stretch]) -> None:
    """Cut the FMS states anew where records changed, from all the records that tell of that time."""
    held = _held(pending, changed)
    whole = {truck: _aligned(stretch, held.get(truck, [])) for truck, stretch in changed.items()}
    told = _by_truck(_told(pending, whole))
    rows: list[dict[str, Any]] = []
    gone: list[dict[str, Any]] = []
    for truck, (start, stop) in whole.items():
        pieces = [
            states.Piece(**{k: v for k, v in row.items() if k != "truck"}) for row in told.get(truck, [])
        ]
        rows += [_row(truck, piece) for piece in states.tile(pieces, start, stop)]
        gone += [
            {"truck": truck, "source": _FMS, "start": row["start"]}
            for row in held.get(truck, [])
            if row["start"] < stop and row["stop"] > start
        ]
    key = pa.schema([("truck", pa.string()), ("source", pa.string()), ("start", pa.timestamp("us"))])
    pending.remove("states", pa.Table.from_pylist(gone, schema=key))
    pending.replace("states", pa.Table.from_pylist(rows, schema=schema.STATE_INTERVALS.schema.to_pyarrow()))


def _held(pending: Pending, changed: dict[str, Stretch]) -> dict[str, list[dict[str, Any]]]:
    """The FMS states near the time that changed, and the last before and the first after it."""
    near = _own(_near(pending, "states", changed, timedelta(days=1))).to_pyarrow().to_pylist()
    first = min(start for start, _stop in changed.values()) - timedelta(days=1)
    last = max(stop for _start, stop in changed.values()) + timedelta(days=1)
    bounds = {truck: [row for row in near if row["truck"] == truck] for truck in changed}
    alone = [
        truck for truck, rows in bounds.items() if not any(row["stop"] <= changed[truck][0] for row in rows)
    ]
    near += nearest.last_before(pending, "states", _own, alone, first + _INSTANT).to_pylist()
    alone = [
        truck for truck, rows in bounds.items() if not any(row["start"] >= changed[truck][1] for row in rows)
    ]
    near += nearest.first_after(pending, "states", _own, alone, last - _INSTANT).to_pylist()
    held: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in sorted(near, key=lambda row: (row["truck"], row["start"])):
        held[row["truck"]].append(row)
    return held


def _own(rows: ibis.Table) -> ibis.Table:
    return rows.filter(rows["source"] == _FMS).select("truck", "start", "stop", "state")


def _told(pending: Pending, whole: dict[str, Stretch]) -> ibis.Table:
    """All stretches that records tell of, near the time that changed."""

    def near(name: str) -> ibis.Table:
        table = _near(pending, name, whole, timedelta(0))
        return table.filter(table["source"] == _FMS) if "source" in table.columns else table

    return ibis.union(
        states.of_cycles(near("cycles")),
        states.of_refuels(near("refuels")),
        states.of_maintenance(near("maintenance")),
        states.told(near("states")),
    )


def _aligned(stretch: Stretch, held: list[dict[str, Any]]) -> Stretch:
    """The stretch, widened to the bounds of stored intervals, so that the rest still tiles."""
    start, stop = stretch
    for row in held:
        if row["start"] < start < row["stop"]:
            start = row["start"]
        if row["start"] < stop < row["stop"]:
            stop = row["stop"]
    before = [row["stop"] for row in held if row["stop"] <= start]
    after = [row["start"] for row in held if row["start"] >= stop]
    return max(before, default=start), min(after, default=stop)


def _by_truck(table: ibis.Table) -> dict[str, list[dict[str, Any]]]:
    rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in table.to_pyarrow().to_pylist():
        rows[row["truck"]].append(row)
    return rows


def _row(truck: str, piece: states.Piece) -> dict[str, Any]:
    return {
        "truck": truck,
        "source": _FMS,
        "start": piece.start,
        "stop": piece.stop,
        "state": piece.state,
        "place": piece.place,
        "loader": piece.loader,
        "operator": piece.operator,
        "confidence": 0.0 if piece.state == "no_data" else 1.0,
        "evidence": piece.evidence,
        "detector": None,
        "load_id": piece.load_id,
    }


def _extend_calendar(pending: Pending, rosters: Sequence[Roster]) -> None:
    """Name the shifts of the time that new rows tell of, by the site's own rosters where it has some."""
    worked = shifts.rosters(pending.table("rosters").to_pyarrow().to_pylist()) or rosters
    if worked and (period := told_period(pending.new, pending.tells)):
        calendar(pending, worked, *period)


def told_period(
    rows: Callable[[str], ibis.Table], tells: Callable[[str], bool] = lambda _: True
) -> Stretch | None:
    """First and last instant that the rows of day tables tell of; what ``tells`` nothing is not asked."""
    ends: list[datetime] = []
    for table in schema.of_kind("day"):
        if not tells(table.name):
            continue
        told = rows(table.name)
        row = told.aggregate(first=told[str(table.at)].min(), last=told[table.stop or str(table.at)].max())
        ends += [each for each in row.to_pyarrow().to_pylist()[0].values() if each]
    return (min(ends), max(ends)) if ends else None


def calendar(pending: Pending, rosters: Sequence[Roster], start: datetime, stop: datetime) -> None:
    """Store the shifts of a period."""
    zone = times.zone(pending.site.time_zone)
    rows = shifts.calendar(rosters, zone, times.aware(start), times.aware(stop))
    pending.replace("shifts", pa.Table.from_pylist(rows, schema=schema.SHIFTS.schema.to_pyarrow()))
