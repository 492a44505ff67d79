"""Flux over ``/api/v2/query``, answered in annotated CSV: InfluxDB 2.x.

A second result rides beside each answer, so that an empty one is known to be whole, and an error that comes
after the first rows is seen.
"""

from __future__ import annotations

import csv
import io
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from urllib.parse import quote

import pyarrow as pa

from truckkit.errors import BadRequest
from truckkit.sources.influx.address import Address
from truckkit.sources.influx.asking import TIME, Measurement, Question
from truckkit.sources.influx.wire import Wire

_CSV = "text/csv"
_END = "truckkit_end"
_ENDING = f'array.from(rows: [{{end: "whole"}}]) |> yield(name: "{_END}")'
_KINDS = {
    "double": "float",
    "long": "integer",
    "unsignedLong": "integer",
    "boolean": "boolean",
    "string": "string",
}
_ALWAYS = ("", "result", "table")


class Flux:
    """A server that is asked in Flux."""

    def __init__(self, address: Address, wire: Wire) -> None:
        if not address.org:
            raise BadRequest(
                f'"{address.label}" is an InfluxDB 2; add ?org=NAME to the address, or set INFLUX_ORG.'
            )
        self.label = address.label
        self._address = address
        self._wire = wire

    def measurement(self, name: str) -> Measurement | None:
        """What a measurement has; a field's type is that of its newest values."""
        bucket, wanted = _text(self._address.database), _text(name)
        keys = self._values(f"schema.measurementTagKeys(bucket: {bucket}, measurement: {wanted}, start: 0)")
        tags = tuple(key for key in keys if not key.startswith("_"))
        rows = self._ask(
            f"from(bucket: {bucket}) |> range(start: 0) |> filter(fn: (r) => r._measurement == {wanted}) "
            '|> last() |> keep(columns: ["_field", "_value"])'
        )
        fields: dict[str, list[str]] = defaultdict(list)
        for kinds, row in rows:
            fields[row["_field"]].append(_KINDS.get(kinds["_value"], "string"))
        return (
            Measurement(name, tags, {f: tuple(dict.fromkeys(k)) for f, k in fields.items()})
            if fields
            else None
        )

    def trucks(self, measurement: Measurement, tag: str) -> list[str]:
        """The values of a tag, and the empty text for points without it."""
        bucket, name = _text(self._address.database), _text(measurement.name)
        asked = f"measurement: {name}, tag: {_text(tag)}, start: 0"
        return [*self._values(f"schema.measurementTagValues(bucket: {bucket}, {asked})"), ""]

    def counts(
        self, measurement: Measurement, fields: list[str], start: datetime, stop: datetime
    ) -> dict[str, int]:
        """How many values fields have."""
        chosen = " or ".join(f"r._field == {_text(name)}" for name in fields)
        bucket = _text(self._address.database)
        rows = self._ask(
            f"from(bucket: {bucket}) |> range(start: {_time(start)}, stop: {_time(stop)}) "
            f"|> filter(fn: (r) => r._measurement == {_text(measurement.name)} and ({chosen})) "
            '|> count() |> group(columns: ["_field"]) |> sum()'
        )
        return {row["_field"]: int(row["_value"]) for _kinds, row in rows}

    def first(self, measurement: Measurement) -> datetime | None:
        """The time of the earliest point."""
        rows = self._ask(
            f"from(bucket: {_text(self._address.database)}) |> range(start: 0) "
            f"|> filter(fn: (r) => r._measurement == {_text(measurement.name)}) "
            '|> first() |> keep(columns: ["_time"])'
        )
        return min((_instant(row["_time"]) for _kinds, row in rows), default=None)

    def points(self, question: Question) -> pa.Table:
        """The points asked for, in the order of their time."""
        columns = question.measurement.columns(question.wanted)
        fields = [name for name in question.wanted if name in question.measurement.fields]
        chosen = " or ".join(f"r._field == {_text(name)}" for name in fields) or "true"
        start, stop = _time(question.start), _time(question.stop) if question.stop else "2262-01-01T00:00:00Z"
        whose = ""
        if question.tag and question.truck:
            whose = f"|> filter(fn: (r) => r[{_text(question.tag)}] == {_text(question.truck)}) "
        elif question.tag:
            whose = f"|> filter(fn: (r) => not exists r[{_text(question.tag)}]) "
        # One table a type of a field: where types conflict, each has its own column in the end.
        rows = self._ask(
            f"from(bucket: {_text(self._address.database)}) |> range(start: {start}, stop: {stop}) "
            f"|> filter(fn: (r) => r._measurement == {_text(question.measurement.name)} and ({chosen})) "
            f'{whose}|> drop(columns: ["_start", "_stop", "_measurement"])'
        )
        points: dict[tuple[str, ...], dict[str, object]] = {}
        tags = [name for name in columns if name in question.measurement.tags]
        for kinds, row in rows:
            key = (row["_time"], *(row.get(tag, "") for tag in question.measurement.tags))
            point = points.setdefault(
                key, {"time": _instant(row["_time"]), **{t: row.get(t) or None for t in tags}}
            )
            kind = _KINDS.get(kinds["_value"], "string")
            name = f"{row['_field']}::{kind}"
            point[name if name in columns else row["_field"]] = _value(row["_value"], kind)
        told = sorted(points.values(), key=lambda point: point["time"])  # type: ignore[arg-type, return-value]
        shape = {"time": TIME, **columns}
        return pa.table(
            {name: pa.array([point.get(name) for point in told], kind) for name, kind in shape.items()}
        )

    def _values(self, expression: str) -> list[str]:
        rows = self._ask(expression, imports='import "influxdata/influxdb/schema"\n')
        return [row["_value"] for _kinds, row in rows]

    def _ask(self, expression: str, imports: str = "") -> list[tuple[Mapping[str, str], dict[str, str]]]:
        """The rows of an answer, each with the types of its table."""
        query = f'import "array"\n{imports}{expression} |> yield(name: "rows")\n{_ENDING}'
        dialect = {"annotations": ["datatype", "group", "default"], "header": True, "delimiter": ","}
        data = self._wire.ask(
            "POST",
            f"/api/v2/query?org={quote(self._address.org or '', safe='')}",
            _CSV,
            body={"query": query, "type": "flux", "dialect": dialect},
        )
        rows, whole = [], False
        for kinds, row in _annotated(data.decode("utf-8")):
            if "error" in row:
                raise self._wire.failed(f"broke off: {row['error'][:160]}", "run this again")
            if row.get("result") == _END:
                whole = True
            else:
                rows.append((kinds, row))
        if not whole:
            raise self._wire.failed("gave an answer that is not whole", "run this again")
        return rows


def _annotated(text: str) -> Iterator[tuple[Mapping[str, str], dict[str, str]]]:
    """The rows of annotated CSV, each with the types of its columns; a table's defaults are filled in."""
    kinds: list[str] = []
    defaults: list[str] = []
    header: list[str] | None = None
    for row in csv.reader(io.StringIO(text)):
        if not row or row == [""]:
            header = None
        elif row[0].startswith("#"):
            if header is not None:
                header = None
            if row[0] == "#datatype":
                kinds = ["", *row[1:]]
            elif row[0] == "#default":
                defaults = ["", *row[1:]]
        elif header is None:
            header = row
        else:
            filled = [said or (defaults[n] if n < len(defaults) else "") for n, said in enumerate(row)]
            yield dict(zip(header, kinds, strict=False)), dict(zip(header, filled, strict=False))


def _value(said: str, kind: str) -> object:
    if kind == "string":
        return said
    if said == "":
        return None
    return said == "true" if kind == "boolean" else int(said) if kind == "integer" else float(said)


def _instant(said: str) -> datetime:
    return datetime.fromisoformat(
        said.replace("Z", "+00:00")[:26].removesuffix("+00:00").rstrip("+") + "+00:00"
    )


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _text(text: str) -> str:
    """A text in double quotes, which nothing in it ends, and in which nothing is worked out."""
    return json.dumps(text, ensure_ascii=False).replace("${", "\\${")
