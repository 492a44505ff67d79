"""A mapping's TOML, read with every fault collected, so that one run shows them all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import time, timedelta
from pathlib import Path
from typing import Any, TypeVar

from truckkit import schema, times
from truckkit.errors import BadMapping, BadTime, listed, unknown
from truckkit.mapping.model import Kind, Lookup, Mapping, Roster, Rows, Spec
from truckkit.mapping.values import is_bounds, is_flag, is_number, shown, strange_directives

_FILLED = (
    "trucks", "places", "roads", "positions", "telemetry", "channels", "states", "cycles", "events",
    "refuels", "maintenance",
)  # fmt: skip
"""The tables that the rows of a file can become."""

_TOP = {
    "name", "about", "time_zone", "site", "shift", "file", "measurement", "unknown_trucks", "contract",
    "lateness", "dbc",
}  # fmt: skip

_MADE = ("load_id", "complete", "given", "version", "samples", "description")
"""Required columns that ingest fills where a mapping does not."""

_OF_ANY = {"from", "value", "missing", "lookup"}
_OF_INSTANTS = {"zone", "format", "epoch"}
_OF_NUMBERS = {"unit", "between", "scale", "plus"}
_OF_WORDS = {"words", "otherwise"}
_OF = {
    schema.INSTANT: _OF_ANY | _OF_INSTANTS,
    schema.TEXT: _OF_ANY | _OF_WORDS,
    schema.FLAG: _OF_ANY | _OF_WORDS,
}
"""What may be said of a column of a type; anything else is a number."""

_KINDS: dict[type, str] = {
    str: "text",
    dict: "a table",
    list: "a list",
    bool: "true or false",
    float: "a number",
}

T = TypeVar("T")


class Reading:
    """Reads a mapping and collects its faults."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._faults: list[str] = []

    def mapping(self, content: dict[str, Any], text: str, dbc: str = "") -> Mapping:
        """The mapping; raises ``BadMapping`` with all that is wrong with it."""
        self._only(content, _TOP, "the top")
        zone = self._get(content, "time_zone", str, "UTC", "the top")
        self._zone(zone, "the top")
        site: dict[str, Any] = self._get(content, "site", dict, {}, "the top")
        self._only(site, {"name", "crs", "simulated"}, "[site]")
        refuses = self._choice(content, "unknown_trucks", "add", "refuse")
        contract = self._choice(content, "contract", "quarantine", "evolve")
        kinds = [
            self._file(f"[[file]] {number}", file)
            for number, file in enumerate(self._tables(content, "file", "the top"), 1)
        ]
        kinds += [
            self._measurement(f"[[measurement]] {number}", measurement)
            for number, measurement in enumerate(self._tables(content, "measurement", "the top"), 1)
        ]
        for (match, section), times_said in Counter((kind.match, kind.section) for kind in kinds).items():
            if times_said > 1 and (section or match):
                word = "measurement" if match == "*" and section else "file"
                self._faults.append(
                    f'it has the [[{word}]] "{section or match}" more than once; make them one'
                )
        if not kinds:
            self._faults.append("it has no [[file]] and no [[measurement]]")
        mapping = Mapping(
            name=self._get(content, "name", str, Path(self._name).stem, "the top"),
            time_zone=zone,
            kinds=tuple(kinds),
            site_name=self._get(site, "name", str, None, "[site]"),
            crs=self._get(site, "crs", str, None, "[site]"),
            simulated=self._get(site, "simulated", bool, False, "[site]"),
            add_unknown_trucks=refuses == "add",
            evolves=contract == "evolve",
            lateness=self._lateness(content),
            shifts=tuple(self._shift(shift) for shift in self._tables(content, "shift", "the top")),
            dbc=dbc,
            text=text,
        )
        if self._faults:
            raise BadMapping(f'the mapping "{self._name}" cannot be used: {"; ".join(self._faults)}.')
        return mapping

    # Pieces of any mapping ---------------------------------------------------------------------

    def _only(self, given: dict[str, Any], known: set[str], where: str) -> None:
        for key in given:
            if key not in known:
                self._faults.append(str(unknown("key", key, known, where)).rstrip("."))

    def _get(self, given: dict[str, Any], key: str, kind: type, otherwise: T, where: str) -> Any | T:
        """What is said under a key, where it is of the kind that is wanted."""
        if key not in given:
            return otherwise
        value = given[key]
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            return float(value)
        if kind is float and not is_number(value):
            self._faults.append(f"{where} says {key} = {shown(value)}, which is not a number")
            return otherwise
        if not isinstance(value, kind):
            self._faults.append(f"{where} says {key} = {shown(value)}, which is not {_KINDS[kind]}")
            return otherwise
        return value

    def _tables(self, given: dict[str, Any], key: str, where: str) -> list[dict[str, Any]]:
        found: list[Any] = self._get(given, key, list, [], where)
        if not all(isinstance(each, dict) for each in found):
            self._faults.append(f"{where} needs its {key} written as [[{key}]]")
            return []
        return found

    def _choice(self, given: dict[str, Any], key: str, *words: str) -> str:
        """One of the words, the first where nothing is said."""
        word: str = self._get(given, key, str, words[0], "the top")
        if word not in words:
            self._faults.append(f'{key} is "{word}", not ' + " or ".join(f'"{each}"' for each in words))
        return word

    def _lateness(self, content: dict[str, Any]) -> timedelta:
        said: str = self._get(content, "lateness", str, "15min", "the top")
        try:
            return times.length(said)
        except BadTime as fault:
            self._faults.append("lateness: " + str(fault).rstrip("."))
            return timedelta()

    def _zone(self, zone: str, where: str) -> None:
        try:
            times.zone(zone)
        except BadTime as fault:
            self._faults.append(f"{where} names " + str(fault).rstrip("."))

    def _shift(self, shift: dict[str, Any]) -> Roster:
        self._only(shift, {"name", "start", "hours"}, "[[shift]]")
        word: str = self._get(shift, "name", str, "", "a [[shift]]")
        where = f'the [[shift]] "{word}"' if word else "a [[shift]]"
        missing = [key for key in ("name", "start", "hours") if key not in shift]
        if missing:
            self._faults.append(f"{where} has no {listed(missing)}; it needs a name, a start and hours")
        hours: float = self._get(shift, "hours", float, 12.0, where)
        if not 0 < hours <= 24:
            self._faults.append(f"{where} says hours = {hours:g}, which is not from 0 to 24")
        return Roster(word, self._clock(shift, where), hours)

    def _clock(self, shift: dict[str, Any], where: str) -> time:
        """When a shift starts, by the clocks of the site."""
        given = shift.get("start", time())
        try:
            start = given if isinstance(given, time) else time.fromisoformat(given)
        except (ValueError, TypeError):
            start = None
        if start is None or start.tzinfo is not None:
            self._faults.append(
                f"{where} says start = {shown(given)}, which is no time of day by the clocks of the site, "
                'such as "08:00"'
            )
            return time()
        return start

    # Files, tables, columns --------------------------------------------------------------------

    def _file(self, where: str, file: dict[str, Any]) -> Kind:
        self._only(file, {"match", "section", "table", "ignore"}, where)
        match = self._get(file, "match", str, "", where)
        if not match:
            self._faults.append(f"{where} has no match")
        section = self._get(file, "section", str, "", where)
        kind = Kind(match, self._filled(file, "file", where), section, self._ignored(file, where))
        return self._held(kind, where)

    def _measurement(self, where: str, measurement: dict[str, Any]) -> Kind:
        self._only(measurement, {"name", "table", "ignore"}, where)
        name = self._get(measurement, "name", str, "", where)
        if not name:
            self._faults.append(f"{where} has no name")
        if measurement.get("ignore") is True:
            if "table" in measurement:
                self._faults.append(
                    f"{where} says ignore = true, and has a [[measurement.table]]; leave one of them out"
                )
            return Kind("*", (), name, passed_over=True)
        tables = self._filled(measurement, "measurement", where)
        return self._held(Kind("*", tables, name, self._ignored(measurement, where)), where)

    def _ignored(self, given: dict[str, Any], where: str) -> frozenset[str]:
        said = given.get("ignore", [])
        if not isinstance(said, list) or not all(isinstance(each, str) and each for each in said):
            names = 'a list of names such as ["firmware"]' + ("" if "match" in given else ", or true for all")
            self._faults.append(f"{where} says ignore = {shown(said)}, which is not {names}")
            return frozenset()
        return frozenset(said)

    def _held(self, kind: Kind, where: str) -> Kind:
        """A kind whose columns and ignored fields fit each other."""
        if both := sorted(kind.ignored.intersection(kind.columns)):
            self._faults.append(f"{where} both reads and ignores {listed(both)}; do one of them")
        for rows in kind.tables if kind.section else ():
            for name, spec in rows.columns.items():
                if spec.source == "time" and spec.epoch:
                    self._faults.append(
                        f"{where} {rows.into.name}.{name} says epoch for the time of a point, "
                        "which is an instant as it is; leave epoch out"
                    )
        return kind

    def _filled(self, file: dict[str, Any], word: str, where: str) -> tuple[Rows, ...]:
        given = self._tables(file, "table", where)
        if not given:
            self._faults.append(f"{where} has no [[{word}.table]]")
        tables = tuple(rows for rows in (self._rows(where, table) for table in given) if rows)
        names = [rows.into.name for rows in tables]
        for name in sorted({name for name in names if names.count(name) > 1}):
            self._faults.append(f"{where} fills {name} more than once")
        return tables

    def _rows(self, where: str, given: dict[str, Any]) -> Rows | None:
        self._only(given, {"into", "columns", "prefer_equal"}, where)
        into = self._get(given, "into", str, "", where)
        if into not in _FILLED:
            self._faults.append(str(unknown("table to fill", into, _FILLED, where)).rstrip("."))
            return None
        table = schema.TABLES[into]
        columns: dict[str, Any] = self._get(given, "columns", dict, {}, where)
        known = {column.name for column in table} - {"load_id"}
        for name in columns:
            if name not in known:
                self._faults.append(str(unknown("column", name, known, f"{where} {into}")).rstrip("."))
        for column in table:
            if column.required and column.name not in columns and column.name not in _MADE:
                self._faults.append(f"{where} does not say where {table.name}.{column.name} comes from")
        specs = {
            name: self._spec(f"{where} {into}.{name}", table[name], columns[name])
            for name in columns
            if name in known
        }
        agree = self._get(given, "prefer_equal", list, None, where)
        if agree is not None and (len(agree) != 2 or not all(isinstance(each, str) for each in agree)):
            self._faults.append(f"{where} says prefer_equal = {shown(agree)}, which is not two columns")
            agree = None
        return Rows(table, specs, (agree[0], agree[1]) if agree else None)

    def _spec(self, where: str, column: schema.Column, given: Any) -> Spec:
        if isinstance(given, str):
            return Spec(source=given)
        if not isinstance(given, dict):
            self._faults.append(f"{where} must be a column's name or a table such as {{ from = … }}")
            return Spec()
        self._only(given, _OF.get(column.type, _OF_ANY | _OF_NUMBERS), where)
        if ("from" in given) == ("value" in given):
            self._faults.append(f"{where} needs either from or value")
        if "zone" in given:
            self._zone(str(given["zone"]), where)
        epoch = self._get(given, "epoch", str, None, where)
        if epoch is not None and epoch not in ("s", "ms", "us", "ns"):
            self._faults.append(f'{where} says epoch = "{epoch}", which is not "s", "ms", "us" or "ns"')
        form: str | None = self._get(given, "format", str, None, where)
        if form is not None and (strange := strange_directives(form)):
            self._faults.append(
                f"{where} says format = {shown(form)}, in which {listed(strange)} means nothing; "
                'write one such as "%Y-%m-%d %H:%M:%S"'
            )
        elif form is not None and "%" not in form:
            self._faults.append(
                f"{where} says format = {shown(form)}, which says no part of a time; "
                'write one such as "%Y-%m-%d %H:%M:%S"'
            )
        between = self._get(given, "between", list, None, where)
        if between is not None and not is_bounds(between):
            self._faults.append(f"{where} says between = {shown(between)}, which is not [least, most]")
            between = None
        return Spec(
            source=self._get(given, "from", str, None, where),
            value=self._constant(where, column, given["value"]) if "value" in given else None,
            unit=self._get(given, "unit", str, None, where),
            zone=self._get(given, "zone", str, None, where),
            format=form,
            epoch=epoch,
            words=self._words(where, column, given),
            otherwise=self._word(where, column, given["otherwise"]) if "otherwise" in given else None,
            missing=tuple(self._get(given, "missing", list, [], where)),
            between=(float(between[0]), float(between[1])) if between else None,
            scale=self._get(given, "scale", float, 1.0, where),
            plus=self._get(given, "plus", float, 0.0, where),
            lookup=self._lookup(where, given),
        )

    def _words(self, where: str, column: schema.Column, given: dict[str, Any]) -> dict[str, str] | None:
        words = self._get(given, "words", dict, None, where)
        if words is None:
            return None
        return {theirs: self._word(where, column, ours) for theirs, ours in words.items()}

    def _word(self, where: str, column: schema.Column, word: Any) -> str:
        """One of our words, where the column has words of its own."""
        known = ("true", "false") if column.type == schema.FLAG else column.words
        if not isinstance(word, str):
            self._faults.append(f"{where} says {shown(word)}, which is not a word in quotes")
        elif known and word not in known:
            self._faults.append(str(unknown(column.name, word, known, where)).rstrip("."))
        return str(word)

    def _constant(self, where: str, column: schema.Column, value: Any) -> Any:
        if column.type == schema.TEXT:
            return self._word(where, column, value)
        if column.type == schema.INSTANT:
            try:
                return times.stored(times.instant(value, None))
            except BadTime as fault:
                self._faults.append(f"{where}: " + str(fault).rstrip("."))
                return None
        wanted: Callable[[Any], bool] = is_flag if column.type == schema.FLAG else is_number
        if not wanted(value):
            kind = _KINDS[bool if column.type == schema.FLAG else float]
            self._faults.append(f"{where} says value = {shown(value)}, which is not {kind}")
        return value

    def _lookup(self, where: str, given: dict[str, Any]) -> Lookup | None:
        lookup = self._get(given, "lookup", dict, None, where)
        if lookup is None:
            return None
        if set(lookup) != {"file", "key", "answer"} or not all(isinstance(v, str) for v in lookup.values()):
            self._faults.append(f"{where} needs lookup = {{ file = …, key = …, answer = … }}")
            return None
        return Lookup(**lookup)
