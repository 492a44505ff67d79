"""InfluxQL over ``/query``, answered in CSV: InfluxDB 1.x, and what speaks its language.

A second statement rides behind each question, and its answer has to stand at the end: so an answer that is
empty because something went wrong is not taken for one without points.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.csv as reading

from truckkit.sources.influx.address import Address
from truckkit.sources.influx.asking import EPOCH, TAG, TIME, Measurement, Question, instant
from truckkit.sources.influx.wire import Wire

_CSV = "text/csv"
_CHUNKED = {"chunked": "true", "chunk_size": "10000"}
"""Answers that come in chunks are not cut at the number of rows that an administrator may have set."""


class InfluxQL:
    """A server that is asked in InfluxQL."""

    def __init__(self, address: Address, wire: Wire) -> None:
        self.label = address.label
        self._address = address
        self._wire = wire

    def measurement(self, name: str) -> Measurement | None:
        """What a measurement has."""
        source = self._from(name)
        fields: dict[str, list[str]] = defaultdict(list)
        for _name, _tags, field, kind in self._rows(f"SHOW FIELD KEYS FROM {source}", name, may_lack=True):
            fields[field].append(kind)
        if not fields:
            return None
        tags = tuple(row[2] for row in self._rows(f"SHOW TAG KEYS FROM {source}", name))
        return Measurement(name, tags, {field: tuple(kinds) for field, kinds in fields.items()})

    def trucks(self, measurement: Measurement, tag: str) -> list[str]:
        """The values of a tag, and the empty text for points without it."""
        asked = f"SHOW TAG VALUES FROM {self._from(measurement.name)} WITH KEY = {_name(tag)}"
        return [*(row[3] for row in self._rows(asked, measurement.name)), ""]

    def counts(
        self, measurement: Measurement, fields: list[str], start: datetime, stop: datetime
    ) -> dict[str, int]:
        """How many values fields have."""
        chosen = ", ".join(f"count({_name(name)})" for name in fields)
        where = f"time >= {_nanoseconds(start)} AND time < {_nanoseconds(stop)}"
        asked = f"SELECT {chosen} FROM {self._from(measurement.name)} WHERE {where}"
        rows = self._rows(asked, measurement.name)
        return {name: int(count) for name, count in zip(fields, rows[0][3:], strict=True)} if rows else {}

    def first(self, measurement: Measurement) -> datetime | None:
        """The time of the earliest point."""
        table = self._points(measurement, list(measurement.fields), "LIMIT 1")
        return instant(table["time"][0]) if table.num_rows else None

    def points(self, question: Question) -> pa.Table:
        """The points asked for, in the order of their time."""
        where = [f"time >= {_nanoseconds(question.start)}"]
        if question.stop:
            where.append(f"time < {_nanoseconds(question.stop)}")
        if question.tag:
            where.append(f"{_name(question.tag)} = {_text(question.truck)}")
        return self._points(question.measurement, list(question.wanted), "", f"WHERE {' AND '.join(where)}")

    def _points(self, measurement: Measurement, wanted: list[str], ending: str, where: str = "") -> pa.Table:
        columns = measurement.columns(tuple(wanted))
        chosen = [_selected(name, kind) for name, kind in columns.items()]
        source = self._from(measurement.name)
        body = self._ask(f"SELECT {', '.join(chosen)} FROM {source} {where} {ending}", measurement.name)
        if not body:
            return pa.table({name: pa.array([], kind) for name, kind in {"time": TIME, **columns}.items()})
        # A name twice would be told apart by a number; ours are by position.
        names = ["_name", "_tags", "time", *columns]
        table = reading.read_csv(
            io.BytesIO(body),
            # In one block, for a text may go over lines.
            reading.ReadOptions(
                column_names=names, skip_rows=1, use_threads=False, block_size=max(1 << 20, len(body))
            ),
            reading.ParseOptions(newlines_in_values=True),
            reading.ConvertOptions(
                column_types={"time": pa.int64(), **columns},
                include_columns=["time", *columns],
                strings_can_be_null=True,
                null_values=[""],
            ),
        )
        return table.set_column(0, "time", table["time"].cast(pa.timestamp("ms")).cast(TIME))

    def _ask(self, statement: str, measurement: str, *, may_lack: bool = False) -> bytes:
        """The answer to a statement, once what has to stand behind it does.

        Where the server ``may_lack`` the measurement, it may have nothing to say at all.
        """
        ending = f"SHOW MEASUREMENTS WITH MEASUREMENT = {_name(measurement)}"
        data = self._answer(f"{statement}; {ending}", epoch="ms", **_CHUNKED)
        if may_lack and not data:
            return b""
        at = data.rfind(b"name,tags,name\n")
        told = list(csv.reader(io.StringIO(data[at:].decode("utf-8", "replace")))) if at >= 0 else []
        if told[1:] != [["measurements", "", measurement]] or (at and data[at - 1 : at] != b"\n"):
            raise self._wire.failed("gave an answer that is not whole", "run this again")
        return data[:at].removesuffix(b"\n")

    def _rows(self, statement: str, measurement: str, *, may_lack: bool = False) -> list[list[str]]:
        """The rows of a small answer, which is held to be whole as one of points is."""
        body = self._ask(statement, measurement, may_lack=may_lack)
        return list(csv.reader(io.StringIO(body.decode("utf-8"))))[1:]

    def _answer(self, statement: str, **more: str) -> bytes:
        fields = {"db": self._address.database, "q": statement, **more}
        if self._address.policy:
            fields["rp"] = self._address.policy
        data = self._wire.ask("POST", "/query", _CSV, fields)
        if data.startswith(b"error\n"):
            said = " ".join(data[6:166].decode("utf-8", "replace").split()).strip('"')
            raise self._wire.failed(f"refuses the question: {said}", "see whether the database is right")
        return data

    def _from(self, measurement: str) -> str:
        policy = f"{_name(self._address.policy)}." if self._address.policy else ""
        return policy + _name(measurement)


def _selected(name: str, kind: pa.DataType) -> str:
    """A column of an answer; a field whose types conflict is asked for by each of them."""
    if kind == TAG:
        return _name(name)
    field, _, word = name.partition("::")
    if word:
        return f"{_name(field)}::{word} AS {_name(name)}"
    return f"{_name(field)}::{_CASTS[kind]} AS {_name(name)}" if kind in _CASTS else _name(field)


_CASTS = {pa.float64(): "float", pa.string(): "string", pa.bool_(): "boolean", pa.int64(): "integer"}


def _name(text: str) -> str:
    """A name in double quotes, which nothing in it ends."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def _text(text: str) -> str:
    """A text in single quotes, which nothing in it ends."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n") + "'"


def _nanoseconds(at: datetime) -> int:
    since = at.astimezone(UTC) - EPOCH
    return ((since.days * 86400 + since.seconds) * 10**6 + since.microseconds) * 1000
