"""Revisions: what a load says of shifts that were over, and which answers that changed."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import UTC, datetime
from typing import Any

import ibis
import pyarrow as pa
from ibis import _

from truckkit import align, cycles, nearest, schema, times
from truckkit.store import Pending

_TELL = ("positions", "telemetry", "states", "cycles", "maintenance", "refuels")
_OF_LOADS = ("cycles",)
ANSWERS = ("moved_t", "loads", "observed_min")
"""What is asked again of a shift that late data tells of: tonnes and loads dumped, minutes observed."""

Answers = dict[tuple[str, str], dict[str, float]]
"""By shift and answer, what it is for each truck."""


def note(pending: Pending) -> None:
    """Write a row for each answer of a shift that was over and that these loads change.

    A shift was over where the store had heard of something at or after its end. What comes for a shift
    that goes on is no revision, only news.
    """
    if not pending.base or not pending.loads:
        return
    shifts = _touched(pending)
    if not shifts:
        return
    was, now = (_answers(pending, shifts, before=before) for before in (True, False))
    number = pending.before("revisions").revision.max().to_pyarrow().as_py() or 0
    at = datetime.now(UTC).replace(tzinfo=None)
    rows = []
    for shift in shifts:
        for answer in ANSWERS:
            before, after = (told.get((shift["shift"], answer), {}) for told in (was, now))
            trucks = sorted({*before, *after})
            changed = [truck for truck in trucks if _differ(before.get(truck, 0), after.get(truck, 0))]
            if changed:
                number += 1
                rows.append(
                    {
                        "revision": number,
                        "load_id": _brought_by(pending, answer, shift),
                        "at": at,
                        "start": shift["start"],
                        "stop": shift["stop"],
                        "trucks": json.dumps(changed, ensure_ascii=False),
                        "answer": f"{answer} of {shift['shift']}",
                        "before": sum(before.values()),
                        "after": sum(after.values()),
                    }
                )
    pending.replace("revisions", pa.Table.from_pylist(rows, schema=schema.REVISIONS.schema.to_pyarrow()))


def _brought_by(pending: Pending, answer: str, shift: dict[str, Any]) -> int:
    """The newest load that told of the shift what the answer is made of."""
    for names in (_OF_LOADS if answer != "observed_min" else _TELL, _TELL):
        found: list[int] = []
        for name in names:
            table = schema.TABLES[name]
            rows, at = pending.new(name), table.at or "start"
            within = rows.filter(rows[at] < shift["stop"], rows[table.stop or at] > shift["start"])
            newest = within.load_id.max().to_pyarrow().as_py()
            found += [newest] if newest else []
        if found:
            return max(found)
    return pending.loads[-1].number


def _of_fms(rows: ibis.Table) -> ibis.Table:
    return rows.filter(rows["source"] == "fms")


def _differ(before: float, after: float) -> bool:
    return abs(before - after) > 1e-6


def _touched(pending: Pending) -> list[dict[str, Any]]:
    """The shifts that were over, and of which new rows tell."""
    files = pending.before("files")
    known = (
        files.aggregate(first=files.first_at.min(), last=files.last_stop.max()).to_pyarrow().to_pylist()[0]
    )
    told = _told(pending)
    if known["first"] is None or told is None:
        return []
    shifts = pending.before("shifts")
    over = shifts.filter(shifts.stop > known["first"], shifts.stop <= known["last"])
    over = over.filter(over.stop > told[0], over.start < told[1])
    rows: list[dict[str, Any]] = over.order_by("start").to_pyarrow().to_pylist()
    return rows


def _told(pending: Pending) -> tuple[datetime, datetime] | None:
    """First and last instant that new rows of an FMS or of samples tell of."""
    ends: list[datetime] = []
    for name in filter(pending.tells, _TELL):
        table = schema.TABLES[name]
        told, at = pending.new(name), table.at or "start"
        if "source" in told.columns:
            told = told.filter(_.source == "fms")
        row = told.aggregate(first=told[at].min(), last=told[table.stop or at].max())
        ends += [each for each in row.to_pyarrow().to_pylist()[0].values() if each]
    return (min(ends), max(ends)) if ends else None


def _answers(pending: Pending, shifts: list[dict[str, Any]], *, before: bool) -> Answers:
    told: Answers = defaultdict(dict)
    period = min(shift["start"] for shift in shifts), max(shift["stop"] for shift in shifts)
    table = pending.before if before else pending.table
    states, hauls = table("states", *period), cycles.dumped(table("cycles", *period))
    trucks = {
        truck
        for rows in (states, hauls)
        for truck in rows.select("truck").distinct().truck.to_pyarrow().to_pylist()
    }
    by_fms = sorted(nearest.told_of(pending, "states", _of_fms, trucks, before=before))
    chosen = [(rows.source == "fms") | rows.truck.notin(by_fms) for rows in (states, hauls)]
    states, hauls = states.filter(chosen[0]), hauls.filter(chosen[1])
    for shift in shifts:
        start, stop = shift["start"], shift["stop"]
        within = hauls.filter(hauls.dumped >= start, hauls.dumped < stop)
        moved = within.group_by("truck").aggregate(
            moved_t=_.carried_t.sum().fill_null(0.0), loads=_.truck.count().cast("float64")
        )
        seen = align.clipped(states, times.aware(start), times.aware(stop)).filter(_.state != "no_data")
        seen = seen.group_by("truck").aggregate(
            observed_min=(_.stop.delta(_.start, unit="microsecond") / 60e6).sum()
        )
        for answers in (moved, seen):
            for row in answers.to_pyarrow().to_pylist():
                truck = row.pop("truck")
                for answer, value in row.items():
                    told[shift["shift"], answer][truck] = value
    return told
