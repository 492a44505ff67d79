"""What a mine says of itself, on its way into a store: rows of the catalog, and the calendar that follows."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from truckkit import derive, description, schema, shifts, times
from truckkit.description import Description
from truckkit.errors import BadInput, listed
from truckkit.mapping import Roster
from truckkit.metrics import usage_models
from truckkit.sources import files
from truckkit.sources.streams import LINE
from truckkit.store import Draft, Facts, Pending

MAPPING = "site description"
"""What the ledger calls the mapping of a description, before the table that the load is for."""

_WHOLE = ("rosters", "limits", "tyres", "usage_models")
"""Tables of which the newest word is the whole truth; plans are added to."""


_FAR_YEARS = 10
"""How far from today and from all data a plan may be."""


@dataclass(frozen=True)
class Described:
    """A description, and its rows for each table that it speaks of."""

    path: Path
    description: Description
    tables: Mapping[str, pa.Table]


def bring(draft: Draft, path: Path, ledger: Mapping[str, str]) -> Described:
    """Stage what a ``site.toml`` says, a load for each table that it speaks of.

    ``ledger`` has the identity of the newest load of each description that the store holds, by its
    mapping: what was said last adds nothing when it is said again, and what was said before that may
    be said anew.
    """
    said = description.read(path, _rows)
    tables = dict(description.rows(said))
    if said.usage_models:
        tables["usage_models"] = _models(path, said)
    tables["site"] = pa.Table.from_pylist([said.model_dump(include={"name", "time_zone", "crs", "trust"})])
    coverage = said.trust.coverage if said.trust else None
    draft.site = Facts(said.name, said.time_zone, said.crs, least_coverage=coverage, own=True)
    for name, rows in tables.items():
        mapping = f"{MAPPING}: {name}"
        load = draft.load(f"{path} ({name})", _identity(name, rows, ledger.get(mapping)), mapping, name)
        load.rows_in = rows.num_rows
        if name != "site":
            numbered = rows.append_column(LINE, pa.array(range(1, rows.num_rows + 1), pa.int64()))
            draft.stage(schema.TABLES[name], draft.read(f"said_{name}", numbered), load)
    return Described(path, said, tables)


def _rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a CSV file beside the description, as text; what is empty is left out."""
    if not path.is_file():
        raise BadInput(f'there is no file "{path}", which the site\'s description names.')
    opened = files.rows(path)
    with opened.reading() as stream:
        rows = stream.read_all().to_pylist()
    if opened.broken:
        broken = opened.broken[0]
        raise BadInput(f'"{path}" row {broken.line} has {broken.reason}.')
    return [{name: value for name, value in row.items() if name != LINE and value != ""} for row in rows]


def _models(path: Path, said: Description) -> pa.Table:
    """The site's own time usage models, called as their files are; each is read to see whether it holds."""
    texts: dict[str, str] = {}
    for name in said.usage_models:
        file = path.parent / name
        if not file.is_file():
            raise BadInput(f'there is no file "{file}", which "{path}" names as a time usage model.')
        model = file.stem
        if model in texts or model in usage_models.shipped():
            whose = (
                "another that it names; rename one, or name it once"
                if model in texts
                else "one that truckkit brings; rename the file"
            )
            raise BadInput(
                f'"{path}" cannot be used: the time usage model "{file}" would be called "{model}", as '
                f"{whose}."
            )
        texts[model] = usage_models.text_of(file)
    rows = [{"model": model, "definition": text} for model, text in texts.items()]
    return pa.Table.from_pylist(rows, schema=schema.USAGE_MODELS.schema.to_pyarrow())


def _identity(name: str, rows: pa.Table, newest: str | None) -> str:
    """The content and how often it was another before, so that what was said once may be said again."""
    content = hashlib.sha256(repr((name, rows.to_pylist())).encode()).hexdigest()
    last, _, times_said = (newest or "").rpartition(".")
    if last == content:
        return str(newest)
    return f"{content}.{int(times_said or 0) + 1}"


def follow(pending: Pending, described: Described) -> None:
    """Bring the catalog in line with what a description says.

    Raises ``BadInput`` where it names roads or shifts that are not there.
    """
    for name, rows in described.tables.items():
        if name in _WHOLE:
            pending.remove(name, pending.table(name))
        if name != "site":
            # Row by row, not field by field: a limit that no longer names a road holds everywhere.
            pending.replace(name, rows)
    _hold_to_roads(pending, described.path)
    moved = _is_moved(pending)
    if moved or "rosters" in described.tables or "plans" in described.tables:
        _recount_shifts(pending, described, anew=moved or "rosters" in described.tables)


def _is_moved(pending: Pending) -> bool:
    """True where the site's clock is another than it was."""
    before = pending.before("site").time_zone.to_pyarrow().to_pylist()
    return before not in ([], [pending.site.time_zone])


def _hold_to_roads(pending: Pending, path: Path) -> None:
    limits, roads = pending.table("limits"), pending.table("roads")
    strange = limits.filter(limits.road.notnull()).anti_join(roads, "road").select("limit_name", "road")
    if rows := strange.to_pyarrow().to_pylist():
        told = ", ".join(f'limit "{row["limit_name"]}" holds on road "{row["road"]}"' for row in rows[:3])
        known = listed(roads.order_by("road").road.to_pyarrow().to_pylist(), most=4)
        raise BadInput(f'"{path}" cannot be used: {told}, and the store has no such road (it has {known}).')


def _recount_shifts(pending: Pending, described: Described, *, anew: bool) -> None:
    """Name the shifts of all that is known, and of each day that is planned, by the rosters as they are now.

    ``anew`` takes away those that the rosters or the clock of before have named.
    """
    rosters = shifts.rosters(pending.table("rosters").to_pyarrow().to_pylist())
    period = derive.told_period(pending.table)
    _hold_to_years(described, period)
    if rosters:
        if anew:
            _forget_shifts(pending, rosters)
        if period:
            derive.calendar(pending, rosters, *period)
        planned = map(shifts.day_of, pending.table("plans").shift.to_pyarrow().to_pylist())
        zone = times.zone(pending.site.time_zone)
        rows = shifts.of_days(rosters, zone, sorted({day for day in planned if day}))
        pending.replace("shifts", pa.Table.from_pylist(rows, schema=schema.SHIFTS.schema.to_pyarrow()))
    _hold_to_shifts(pending, described, list(dict.fromkeys(each.word for each in rosters)))


def _hold_to_years(described: Described, period: tuple[datetime, datetime] | None) -> None:
    """Refuse plans for days so far away that their year must be a slip of the pen."""
    known = [datetime.now(UTC).date(), *(end.date() for end in period or ())]
    for plan in described.description.plan:
        day = shifts.day_of(plan.shift)
        if day and all(abs((day - each).days) > _FAR_YEARS * 366 for each in known):
            raise BadInput(
                f'"{described.path}" cannot be used: the plan for the shift "{plan.shift}" is more than '
                f"{_FAR_YEARS} years from today and from all data; mend its year."
            )


def _hold_to_shifts(pending: Pending, described: Described, words: Sequence[str]) -> None:
    """Refuse plans for shifts that nobody works; stored ones give way where a file plans their day anew."""
    lost = pending.table("plans").anti_join(pending.table("shifts"), "shift").to_pyarrow()
    if not lost.num_rows:
        return
    said = {plan.shift for plan in described.description.plan}
    anew = {shifts.day_of(shift) for shift in said}
    gone = [row for row in lost.to_pylist() if row["shift"] not in said]
    if strange := [shift for shift in lost["shift"].to_pylist() if shift in said]:
        told = f"the calendar has no shifts {listed(dict.fromkeys(strange), most=3)}, which plans are for"
        ask = f"name the local date and a word of the rosters (they have {listed(words)})"
    elif left := [row["shift"] for row in gone if shifts.day_of(row["shift"]) not in anew]:
        told = f"the store has plans for the shifts {listed(dict.fromkeys(left), most=3)}, which the rosters "
        told += "no longer make"
        ask = f"plan those days anew in this file, by the words that the rosters have ({listed(words)})"
    else:
        pending.remove("plans", pa.Table.from_pylist(gone, schema=lost.schema))
        return
    if not words:
        ask = "the store has no rosters; say them as [[roster]]"
    raise BadInput(f'"{described.path}" cannot be used: {told}; {ask}.')


def _forget_shifts(pending: Pending, rosters: Sequence[Roster]) -> None:
    """Take away the shifts of the days on which the new rosters hold; the calendar names them anew."""
    before = pending.before("site").time_zone.to_pyarrow().to_pylist() or [pending.site.time_zone]
    zone = times.zone(before[0])
    known = pending.table("shifts").to_pyarrow()
    local = [times.aware(row["start"]).astimezone(zone).date() for row in known.to_pylist()]
    held = pa.array([any(roster.on(day) for roster in rosters) for day in local], pa.bool_())
    pending.remove("shifts", known.filter(held))
