"""What happened in a replay's window, as the browser marks it on the clock and steps from one to the next.

One mark is an instant: an event, a work order's start, a refuelling's start, the start of a delay, of
``down``, of loading and of dumping as the states tell them, and the start of a haul cycle. The answer is
JSON in columns: ``at`` [ms from the window's start], ``truck``, ``kind`` and ``words`` as positions in
``trucks``, ``kinds`` and ``texts``, by time; and ``left``, the sentence that tells what is left out.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import ibis
from ibis import _

from truckkit import times
from truckkit.site.happened import Happened
from truckkit.views.clock import MILLISECOND, milliseconds

if TYPE_CHECKING:
    from truckkit.site import Site

MOST = 20_000
"""How many marks one answer may hold: a browser steps through these in a blink."""

KINDS = {
    "event": "events",
    "maintenance": "work orders",
    "refuel": "refuellings",
    "down": "starts of down",
    "delay": "delays",
    "cycle": "haul cycles",
    "load": "loads",
    "dump": "dumps",
}
"""The kinds of marks, the ones that are missed most first; those of a kind in words."""

_STARTING = {
    "load": "loading starts",
    "dump": "dumping starts",
    "delay": "delay starts",
    "down": "down from here",
    "cycle": "haul cycle starts",
    "refuel": "refuelling starts",
    "maintenance": "work order starts",
}
_TOLD = {
    "at": "timestamp",
    "truck": "string",
    "kind": "string",
    "event": "string",
    "said": "string",
    "measured": "float64",
    "unit": "string",
    "place": "string",
    "loader": "string",
    "description": "string",
    "component": "string",
}


@dataclass
class _Names:
    """Names in the order in which they came, each by its position."""

    numbers: dict[str, int] = field(default_factory=dict)

    def number(self, name: str) -> int:
        return self.numbers.setdefault(name, len(self.numbers))


def happenings(site: Site, start: datetime, stop: datetime, most: int = MOST) -> bytes:
    """What happened in ``[start, stop)``, as the browser reads it.

    Where there is more than ``most``, whole kinds are left out, and a sentence tells which: half of a
    kind would look like hours in which nothing happened.
    """
    every = _marks(site, start, stop)
    counts = _counts(every)
    kept, left, held = [], [], 0
    for kind in KINDS:
        if held + counts.get(kind, 0) <= most:
            kept.append(kind)
            held += counts.get(kind, 0)
        else:
            left.append(kind)
    rows = every.filter(_.kind.isin(kept)).order_by("at", "truck", "kind").to_pyarrow().to_pylist()
    return _packed(rows, milliseconds(start), _left_out(left, counts))


def _counts(every: ibis.Table) -> dict[str, int]:
    rows = every.group_by("kind").aggregate(marks=_.count()).to_pyarrow().to_pylist()
    return {row["kind"]: row["marks"] for row in rows}


def _marks(site: Site, start: datetime, stop: datetime) -> ibis.Table:
    """One row a mark: ``at``, ``truck``, ``kind`` and what is told of it."""
    # A millisecond more before it tells a state that starts with the window from one that goes on.
    near = site.between(start - MILLISECOND, stop)
    inside = (_.at >= times.stored(start), _.at < times.stored(stop))
    found = (
        _alike(near.events.rename(said="kind"), ibis.literal("event"), "at"),
        _alike(near.maintenance.rename(said="kind"), ibis.literal("maintenance"), "start"),
        _alike(
            near.refuels.mutate(measured=_.fuel_l, unit=ibis.literal("l")), ibis.literal("refuel"), "start"
        ),
        _alike((begun := _begun(near.states)), begun.state, "start"),
        _alike(near.cycles.mutate(place=_.load_place), ibis.literal("cycle"), "start"),
    )
    return ibis.union(*found).filter(*inside)


def _begun(states: ibis.Table) -> ibis.Table:
    """The states that are marked, where they begin: a state that goes on in another row does not."""
    of_truck = ibis.window(group_by=["truck", "source"], order_by="start")
    before = states.mutate(was=_.state.lag().over(of_truck), until=_.stop.lag().over(of_truck))
    goes_on = (_.was == _.state) & (_.until >= _.start)
    return before.filter(_.state.isin(["load", "dump", "delay", "down"]), ~goes_on.fill_null(False))


def _alike(rows: ibis.Table, kind: ibis.Value, at: str) -> ibis.Table:
    given = {**{name: rows[name] for name in _TOLD if name in rows.columns}, "at": rows[at], "kind": kind}
    # Tables are alike for a union where columns are of one type, also in whether they may be empty.
    return rows.select(
        **{name: (given[name] if name in given else ibis.null(of)).cast(of) for name, of in _TOLD.items()}
    )


def _packed(rows: Sequence[dict[str, Any]], start_ms: int, left: str) -> bytes:
    trucks, kinds, texts = _Names(), _Names(), _Names()
    answer = {
        "at": [milliseconds(times.aware(row["at"])) - start_ms for row in rows],
        "truck": [trucks.number(row["truck"]) for row in rows],
        "kind": [kinds.number(row["kind"]) for row in rows],
        "words": [texts.number(_words(row)) for row in rows],
        "trucks": list(trucks.numbers),
        "kinds": list(kinds.numbers),
        "texts": list(texts.numbers),
        "left": left,
    }
    return json.dumps(answer, separators=(",", ":")).encode()


def _words(row: dict[str, Any]) -> str:
    """What happened, in a line."""
    if row["kind"] == "event":
        return Happened.of({**row, "kind": row["said"]}).words
    parts = [_STARTING[row["kind"]]]
    if row["said"]:
        parts[0] += f": {row['said']}"
    if row["measured"] is not None:
        parts.append(f"{row['measured']:g} {row['unit']}")
    where = [f"by {row['loader']}"] if row["loader"] else []
    where += [f"at {row['place']}"] if row["place"] else []
    if where:
        parts.append(" ".join(where))
    parts += [row[name] for name in ("component", "description") if row[name]]
    return ", ".join(parts)


def _left_out(left: Sequence[str], counts: dict[str, int]) -> str:
    if not left:
        return ""
    told = [f"{counts[kind]:,} {KINDS[kind]}" for kind in left]
    listed = told[0] if len(told) == 1 else f"{', '.join(told[:-1])} and {told[-1]}"
    return f"{listed} are too many to mark here; show a shorter window or fewer trucks to step through them."
