"""Splicing: rows of a window of time take the place of those that were there, and intervals still tile.

>>> from datetime import datetime
>>> at = lambda hour: datetime(2026, 11, 22, hour)
>>> Window("T01", at(6), at(8), at(12), at(14)).holds({"truck": "T01", "start": at(8)})
True
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa

Row = dict[str, Any]

_MOMENT = timedelta(seconds=15)
"""A hole as long as this between what was known and what is new is none: no sample fell into it."""


@dataclass(frozen=True)
class Window:
    """The time of one truck that is looked at again, and the part of it that is then replaced."""

    truck: str
    first: datetime
    """Looked at from here, so that what is replaced has something before it."""
    start: datetime
    stop: datetime
    last: datetime

    def holds(self, row: Mapping[str, Any]) -> bool:
        """True where a row of the truck starts within what is replaced."""
        return bool(row["truck"] == self.truck and self.start <= row["start"] < self.stop)


def spliced(
    name: str, windows: Sequence[Window], held: pa.Table, found: pa.Table
) -> tuple[pa.Table, pa.Table]:
    """The held rows that go, and those that come, so that ``found`` stands in the windows.

    ``name`` is ``states``, whose rows are cut at the bounds and tile, or ``cycles``, whose rows stand
    in the window in which they start.
    """
    before, after = _by_truck(held), _by_truck(found)
    gone: list[Row] = []
    come: list[Row] = []
    splice = _states if name == "states" else _cycles
    for window in windows:
        known = before[window.truck]
        taken, put = splice(window, known, _aligned(window, known, after[window.truck]))
        gone += taken
        come += put
    return pa.Table.from_pylist(gone, schema=held.schema), pa.Table.from_pylist(come, schema=found.schema)


def _by_truck(rows: pa.Table) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in sorted(rows.to_pylist(), key=lambda row: row["start"]):
        found[row["truck"]].append(row)
    return found


def _aligned(window: Window, held: Sequence[Row], found: Sequence[Row]) -> Sequence[Row]:
    """What was found, where the loadings at the window's bounds begin when they were known to.

    Seen beside other samples, a loading may begin some milliseconds earlier or later than it did.
    """
    for bound in (window.start, window.stop):
        if not any(row["start"] == bound and _loads(row) for row in held):
            continue
        near = min(
            (row["start"] for row in found if _loads(row)), key=lambda at: abs(at - bound), default=bound
        )
        if timedelta(0) < abs(near - bound) <= _MOMENT:
            found = [_moved(row, near, bound) for row in found]
    return [row for row in found if row["start"] < row["stop"]]


def _loads(row: Row) -> bool:
    """True for a loading, and for a cycle, which begins with one."""
    return bool(row.get("state", "load") == "load")


def _moved(row: Row, instant: datetime, to: datetime) -> Row:
    """A row that begins or ends ``to`` another instant; the phases of a cycle still sum to it."""
    later = (to - instant) / timedelta(minutes=1)
    moved = dict(row)
    if row["start"] == instant:
        moved["start"] = to
        if "load_min" in row:
            moved["load_min"] -= later
    if row["stop"] == instant:
        moved["stop"] = to
        if "load_min" in row:
            last = max(
                ("spot_load_min", "queue_load_min", "return_min"), key=lambda phase: row[phase] > abs(later)
            )
            moved[last] += later
    return moved


def _cycles(window: Window, held: Iterable[Row], found: Iterable[Row]) -> tuple[list[Row], list[Row]]:
    put = [row for row in found if window.holds(row)]
    taken = [row for row in held if window.holds(row)]
    # The last cycle before the window goes on to the first loading in it.
    before = [row for row in held if row["start"] < window.start and row["stop"] > window.start]
    again = [row for row in found if row["start"] in {each["start"] for each in before}]
    return taken + (before if again else []), again + put


def _states(window: Window, held: Sequence[Row], found: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    taken = [row for row in held if row["start"] < window.stop and row["stop"] > window.start]
    left = [_cut(row, row["start"], window.start) for row in taken if row["start"] < window.start]
    right = [_cut(row, window.stop, row["stop"]) for row in taken if row["stop"] > window.stop]
    middle = [
        _cut(row, max(row["start"], window.start), min(row["stop"], window.stop))
        for row in found
        if row["start"] < window.stop and row["stop"] > window.start
    ]
    if not middle:
        return [], []
    neighbours = [
        [row for row in held if row["stop"] <= window.start][-1:],
        [row for row in held if row["start"] >= window.stop][:1],
    ]
    before, after = (left or neighbours[0])[-1:], (right or neighbours[1])[:1]
    put: list[Row] = []
    for row in [*before, *middle, *after]:
        if put and put[-1]["stop"] < row["start"]:
            hole = row["start"] - put[-1]["stop"]
            if hole <= _MOMENT:
                row = _cut(row, put[-1]["stop"], row["stop"])
            else:
                put.append(_unseen(row, put[-1]["stop"], row["start"]))
        if put and _same(put[-1], row):
            put[-1] = _cut(put[-1], put[-1]["start"], row["stop"])
        else:
            put.append(row)
    return [*taken, *(row for row in (*neighbours[0], *neighbours[1]) if row in before or row in after)], put


def _cut(row: Row, start: datetime, stop: datetime) -> Row:
    return {**row, "start": start, "stop": stop}


def _same(one: Row, other: Row) -> bool:
    return all(one[name] == other[name] for name in ("state", "place", "loader", "detector"))


def _unseen(beside: Row, start: datetime, stop: datetime) -> Row:
    nothing = {"place": None, "loader": None, "operator": None, "confidence": 0.0, "evidence": "no samples"}
    return {**beside, **nothing, "start": start, "stop": stop, "state": "no_data"}
