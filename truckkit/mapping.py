"""Mappings: which column of a source is what, in which unit and time zone.

A mapping is a TOML file. It names the site, then for each kind of file the tables that its rows
become, and for each column where it comes from:

    name = "our-fms"
    time_zone = "Australia/Perth"          # of times without an offset

    [site]
    name = "Our mine"

    [[file]]
    match = "hauls*.csv*"

    [[file.table]]                         # the first table is the one that the ledger counts
    into = "cycles"
    prefer_equal = ["Full", "Assigned"]    # of two rows with one key, keep the one where these agree

    [file.table.columns]
    truck = "Truck"                                             # a column of the file
    source = { value = "fms" }                                  # a constant
    start = { from = "Assign", format = "%m/%d/%Y %H:%M" }      # a time in a form of its own
    haul_min = { from = "HaulTime", unit = "s", between = [0, 600] }
    state = { from = "Status", words = { QUE = "queue_load" } } # the file's words for ours
    from_place = { from = "Start", lookup = { file = "places*.csv*", key = "Id", answer = "Name" } }

``unit`` is the file's unit, converted to that of the schema. ``between`` empties a value outside
its bounds, and the row says so in ``fault``; ``missing`` lists values that mean nothing; ``scale``
and ``plus`` are for grids and counters. What cannot be read in a required column rejects the row.
"""

from __future__ import annotations

import fnmatch
import tomllib
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass, field
from datetime import time
from importlib import resources
from pathlib import Path
from typing import Any

from truckkit import schema, times
from truckkit.errors import BadMapping, BadTime, listed

_SPEC_KEYS = {
    "from", "value", "unit", "zone", "format", "epoch", "words", "otherwise", "missing",
    "between", "scale", "plus", "lookup",
}  # fmt: skip


@dataclass(frozen=True)
class Lookup:
    """A file beside the one being read that says what its codes stand for."""

    file: str
    key: str
    answer: str


@dataclass(frozen=True)
class Spec:
    """Where one column comes from."""

    source: str | None = None
    value: Any = None
    unit: str | None = None
    zone: str | None = None
    format: str | None = None
    epoch: str | None = None
    words: Dictionary[str, str] | None = None
    otherwise: str | None = None
    missing: tuple[Any, ...] = ()
    between: tuple[float, float] | None = None
    scale: float = 1.0
    plus: float = 0.0
    lookup: Lookup | None = None


@dataclass(frozen=True)
class Rows:
    """What the rows of a file become in one table."""

    into: schema.Table
    columns: Dictionary[str, Spec]
    prefer_equal: tuple[str, str] | None = None


@dataclass(frozen=True)
class FileKind:
    """One kind of file, by its name, and the tables that its rows become."""

    match: str
    tables: tuple[Rows, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the file must have."""
        wanted = [spec.source for rows in self.tables for spec in rows.columns.values() if spec.source]
        wanted += [each for rows in self.tables for each in rows.prefer_equal or ()]
        return tuple(dict.fromkeys(wanted))


@dataclass(frozen=True)
class Roster:
    """One shift of every day: its word, when it starts in site time, how long it is."""

    word: str
    start: time
    hours: float


@dataclass(frozen=True)
class Mapping:
    """A whole mapping."""

    name: str
    time_zone: str
    files: tuple[FileKind, ...]
    site_name: str | None = None
    crs: str | None = None
    simulated: bool = False
    add_unknown_trucks: bool = True
    shifts: tuple[Roster, ...] = field(default=())
    text: str = ""

    def kind_of(self, path: Path) -> FileKind | None:
        """The first kind that fits a file's name."""
        for kind in self.files:
            if fnmatch.fnmatch(path.name, kind.match):
                return kind
        return None


def shipped() -> tuple[str, ...]:
    """Names of the mappings that come with truckkit.

    >>> "minez-fms" in shipped()
    True
    """
    folder = resources.files("truckkit") / "mappings"
    return tuple(
        sorted(file.name.removesuffix(".toml") for file in folder.iterdir() if file.name.endswith(".toml"))
    )


def read(name: str) -> Mapping:
    """A mapping by the name of a shipped one, or by the path of a TOML file.

    Raises ``BadMapping`` with all that is wrong with it.
    """
    if name in shipped():
        text = (resources.files("truckkit") / "mappings" / f"{name}.toml").read_text(encoding="utf-8")
    elif Path(name).is_file():
        try:
            text = Path(name).read_text(encoding="utf-8")
        except (UnicodeDecodeError, OSError) as fault:
            raise BadMapping(f'the mapping "{name}" cannot be read: {fault}.') from None
    else:
        raise BadMapping(f'no mapping "{name}"; truckkit brings {listed(shipped())}, or name a TOML file.')
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        raise BadMapping(f'the mapping "{name}" is not TOML: {fault}.') from None
    return _Reading(name).mapping(content, text)


class _Reading:
    """Reads a mapping and collects every fault, so that one run shows them all."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._faults: list[str] = []

    def mapping(self, content: dict[str, Any], text: str) -> Mapping:
        self._only(
            content, {"name", "about", "time_zone", "site", "shift", "file", "unknown_trucks"}, "the top"
        )
        zone = str(content.get("time_zone", "UTC"))
        self._zone(zone)
        site = content.get("site", {})
        self._only(site, {"name", "crs", "simulated"}, "[site]")
        unknown = content.get("unknown_trucks", "add")
        if unknown not in ("add", "refuse"):
            self._faults.append(f'unknown_trucks is "{unknown}", not "add" or "refuse"')
        files = tuple(self._file(number, file) for number, file in enumerate(content.get("file", []), 1))
        if not files:
            self._faults.append("it has no [[file]]")
        mapping = Mapping(
            name=str(content.get("name", Path(self._name).stem)),
            time_zone=zone,
            files=files,
            site_name=site.get("name"),
            crs=site.get("crs"),
            simulated=bool(site.get("simulated", False)),
            add_unknown_trucks=unknown == "add",
            shifts=tuple(self._shift(shift) for shift in content.get("shift", [])),
            text=text,
        )
        if self._faults:
            raise BadMapping(f'the mapping "{self._name}" cannot be used: {"; ".join(self._faults)}.')
        return mapping

    def _only(self, given: dict[str, Any], known: set[str], where: str) -> None:
        for key in given:
            if key not in known:
                self._faults.append(f'{where} has an unknown key "{key}" (known: {", ".join(sorted(known))})')

    def _zone(self, zone: str) -> None:
        try:
            times.zone(zone)
        except BadTime as fault:
            self._faults.append(str(fault).rstrip("."))

    def _shift(self, shift: dict[str, Any]) -> Roster:
        self._only(shift, {"name", "start", "hours"}, "[[shift]]")
        try:
            return Roster(str(shift["name"]), time.fromisoformat(str(shift["start"])), float(shift["hours"]))
        except (KeyError, ValueError) as fault:
            self._faults.append(f"a [[shift]] needs a name, a start such as 08:00 and hours ({fault})")
            return Roster("", time(), 0)

    def _file(self, number: int, file: dict[str, Any]) -> FileKind:
        where = f"[[file]] {number}"
        self._only(file, {"match", "table"}, where)
        if "match" not in file:
            self._faults.append(f"{where} has no match")
        if not file.get("table"):
            self._faults.append(f"{where} has no [[file.table]]")
        tables = [self._rows(where, table) for table in file.get("table", [])]
        return FileKind(str(file.get("match", "")), tuple(rows for rows in tables if rows))

    def _rows(self, where: str, given: dict[str, Any]) -> Rows | None:
        self._only(given, {"into", "columns", "prefer_equal"}, where)
        into = given.get("into")
        table = schema.TABLES.get(str(into))
        if table is None or table.name not in schema.ASKED:
            self._faults.append(f'{where} fills a table "{into}" that does not exist')
            return None
        columns = given.get("columns", {})
        for name in columns:
            if name not in table or name == "load_id":
                self._faults.append(f'{where} fills a column "{name}" that {table.name} does not have')
        for column in table:
            if column.required and column.name not in columns and column.name not in _MADE:
                self._faults.append(f"{where} does not say where {table.name}.{column.name} comes from")
        specs = {name: self._spec(f"{where} {table.name}.{name}", given) for name, given in columns.items()}
        agree = given.get("prefer_equal")
        return Rows(table, specs, tuple(agree) if agree else None)

    def _spec(self, where: str, given: Any) -> Spec:
        if isinstance(given, str):
            return Spec(source=given)
        if not isinstance(given, dict):
            self._faults.append(f"{where} must be a column's name or a table such as {{ from = … }}")
            return Spec()
        self._only(given, _SPEC_KEYS, where)
        if ("from" in given) == ("value" in given):
            self._faults.append(f"{where} needs either from or value")
        if "zone" in given:
            self._zone(str(given["zone"]))
        between = given.get("between")
        if between is not None and (len(between) != 2 or between[0] > between[1]):
            self._faults.append(f"{where} has between = {between}, not [least, most]")
            between = None
        lookup = given.get("lookup")
        if lookup is not None and set(lookup) != {"file", "key", "answer"}:
            self._faults.append(f"{where} needs lookup = {{ file = …, key = …, answer = … }}")
            lookup = None
        return Spec(
            source=given.get("from"),
            value=given.get("value"),
            unit=given.get("unit"),
            zone=given.get("zone"),
            format=given.get("format"),
            epoch=given.get("epoch"),
            words=given.get("words"),
            otherwise=given.get("otherwise"),
            missing=tuple(given.get("missing", ())),
            between=tuple(between) if between else None,
            scale=float(given.get("scale", 1.0)),
            plus=float(given.get("plus", 0.0)),
            lookup=Lookup(**lookup) if lookup else None,
        )


_MADE = ("load_id", "complete", "given", "version", "samples", "description")
"""Required columns that ingest fills where a mapping does not."""
