"""A ``site.toml`` read with every fault collected, and what it says as rows."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Sequence
from datetime import date, time
from pathlib import Path
from typing import Any

import pyarrow as pa
from pydantic import BaseModel, ValidationError

from truckkit import schema
from truckkit.description.model import UNITS, Description, Limit, Plan, Trust, Tyre, twice
from truckkit.description.roster import Roster, Shift
from truckkit.errors import BadInput, listed

_ENTRIES = ("roster", "limit", "tyre", "plan")
_LONGEST = 60
_ASKED = {
    "string_too_short": "it must not be empty",
    "too_short": "write at least one",
    "string_type": "write a text in quotes",
    "float_type": "write a number",
    "float_parsing": "write a number",
    "int_type": "write a whole number",
    "int_parsing": "write a whole number",
    "int_from_float": "write a whole number",
    "bool_type": "write true or false",
    "bool_parsing": "write true or false",
}
"""What to write instead, by the type of the fault, where pydantic's own words do not say it plainly."""

Read = Callable[[Path], list[dict[str, Any]]]
"""Reads the rows of a file beside a ``site.toml``; what is empty in them is left out."""


def read(path: Path, rows_of: Read) -> Description:
    """A site's description, with the rows of the files that it names.

    Raises ``BadInput`` with all that is wrong with it.
    """
    if not path.is_file():
        raise BadInput(f'there is no file "{path}".')
    try:
        content = tomllib.loads(path.read_text("utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        raise BadInput(f'"{path}" cannot be read as TOML: {fault}.') from None
    if "file" in content:
        raise BadInput(
            f'"{path}" is a mapping, not what a site says of itself; '
            "name it with --mapping, and the files that it reads."
        )
    whose: dict[str, list[str]] = {}
    for files, inline in (("plans", "plan"), ("limits", "limit"), ("tyres", "tyre")):
        given = content.get(inline, [])
        if not isinstance(given, list):
            continue  # which is a fault of its own
        whose[inline] = [
            f'{inline} "{each["name"]}"'
            if isinstance(each, dict) and "name" in each
            else f"{inline} {number}"
            for number, each in enumerate(given, 1)
        ]
        file = content.get(files)
        if isinstance(file, str) and file.strip():
            rows = rows_of(path.parent / file)
            if inline == "limit":
                rows = [{"name" if name == "limit_name" else name: row[name] for name in row} for row in rows]
            content[inline] = [*given, *rows]
            whose[inline] += [f"row {number} of {file}" for number in range(1, len(rows) + 1)]
    try:
        said = Description.model_validate(content)
    except ValidationError as fault:
        faults = [_sentence(error["loc"], error, content, whose) for error in _deepest(fault.errors())]
        raise BadInput(f'"{path}" cannot be used: {"; ".join(faults)}.') from None
    if twice := _keystwice(said):
        raise BadInput(f'"{path}" cannot be used: {"; ".join(twice)}.')
    return said


def _keystwice(said: Description) -> list[str]:
    told = {
        "limit": [limit.name for limit in said.limit],
        "tyre": [f"{tyre.model}, {tyre.position}" for tyre in said.tyre],
        "plan": [f"{plan.shift}, {plan.circuit}" for plan in said.plan],
    }
    return [
        f"it has more than one {what} {listed(names)}"
        for what, all_ in told.items()
        if (names := twice(all_))
    ]


def _deepest(errors: Sequence[Any]) -> list[Any]:
    """The faults without those of a list that is too short because its entries are at fault."""
    places = [error["loc"] for error in errors]
    return [
        error
        for error in errors
        if error["type"] != "too_short"
        or not any(
            len(place) > len(error["loc"]) and place[: len(error["loc"])] == error["loc"] for place in places
        )
    ]


def _sentence(
    where: tuple[int | str, ...], error: Any, content: dict[str, Any], whose: dict[str, list[str]]
) -> str:
    """One fault in words: which entry, which key, what is there instead."""
    place: Any = content
    words: list[str] = []
    for part in where:
        if isinstance(part, int):
            found = place[part] if isinstance(place, list) and part < len(place) else {}
            named = found.get("name") or found.get("word") if isinstance(found, dict) else None
            entries = whose.get(words[-1], [])
            if part < len(entries):
                words[-1] = entries[part]
            else:
                words[-1] += f' "{named}"' if named else f" {part + 1}"
            place = found
        else:
            words.append(part)
            place = place.get(part) if isinstance(place, dict) else None
    entry, key = " ".join(words[:-1]), words[-1] if words else ""
    if error["type"] == "extra_forbidden":
        known = _keys_of(where)
        return f'{entry or "it"} has an unknown key "{key}" (it can have {listed(known, most=20)})'
    if error["type"] == "missing":
        return f"{entry or 'it'} has no {key}"
    message = str(error.get("ctx", {}).get("error") or error["msg"])
    if error["type"] == "value_error":
        return f"{' '.join(words)} {message}".strip().rstrip(".")
    asked = _ASKED.get(error["type"]) or f"{message[0].lower()}{message[1:]}"
    if error["type"] in ("tuple_type", "model_type", "model_attributes_type"):
        asked = _listed_as(where)
    return f"{entry or 'it'} says {key} = {_shown(error['input'])}: {asked}"


def _shown(told: Any) -> str:
    text = str(told).lower() if isinstance(told, bool) else repr(told)
    if isinstance(told, (date, time)):
        text = told.isoformat()
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _listed_as(where: tuple[int | str, ...]) -> str:
    """What to write where no list and no table of keys is."""
    words = [part for part in where if isinstance(part, str)]
    if words[-1] == "trust":
        return "write [trust], and below it what it says"
    if words[-1] in _ENTRIES:
        return f"write [[{words[-1]}]], and below it what it says"
    if words[-1] == "shifts":
        return 'write shifts = [{ word = "day", start = "06:00", hours = 12 }, …]'
    return f'write a list of texts, as in {words[-1]} = ["…"]'


def _keys_of(where: tuple[int | str, ...]) -> list[str]:
    kinds: dict[str, type[BaseModel]] = {
        "roster": Roster, "limit": Limit, "tyre": Tyre, "plan": Plan, "trust": Trust, "shifts": Shift,
    }  # fmt: skip
    within = [part for part in where[:-1] if isinstance(part, str)]
    model = kinds[within[-1]] if within else Description
    return list(model.model_fields)


def rows(said: Description) -> dict[str, pa.Table]:
    """What a description says, as rows of the tables that it speaks of."""
    told = {
        "rosters": [
            {
                "roster": roster.name,
                "word": shift.word,
                "starts": f"{shift.start:%H:%M}",
                "lasts_h": shift.hours,
                "crews": ",".join(shift.crews) or None,
                "days_each": shift.days_each,
                "first": roster.first and roster.first.isoformat(),
                "last": roster.last and roster.last.isoformat(),
            }
            for roster in said.roster
            for shift in roster.shifts
        ],
        "limits": [
            {"limit_name": limit.name, "unit": limit.unit or UNITS.get(limit.kind)}
            | {key: getattr(limit, key) for key in ("kind", "road", "model", "loaded", "most")}
            for limit in said.limit
        ],
        "tyres": [tyre.model_dump() for tyre in said.tyre],
        "plans": [plan.model_dump() for plan in said.plan],
    }
    return {
        name: pa.Table.from_pylist(each, schema=schema.TABLES[name].schema.to_pyarrow())
        for name, each in told.items()
        if each
    }
