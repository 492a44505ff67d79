"""SQL over ``/api/v3/query_sql``, answered in Parquet: InfluxDB 3.

A Parquet file that is cut off has no end, so none is taken for whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as parquet

from truckkit.sources.influx.address import Address
from truckkit.sources.influx.asking import TIME, Measurement, Question
from truckkit.sources.influx.wire import Wire

_PARQUET = "application/vnd.apache.parquet"
_KINDS = {"Float64": "float", "Int64": "integer", "UInt64": "integer", "Boolean": "boolean", "Utf8": "string"}


class SQL:
    """A server that is asked in SQL; what comes from outside is bound, not written into it."""

    def __init__(self, address: Address, wire: Wire) -> None:
        self.label = address.label
        self._address = address
        self._wire = wire

    def measurement(self, name: str) -> Measurement | None:
        """What a measurement has; here it is a table, whose tags are dictionaries."""
        asked = (
            "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = $measurement"
        )
        columns = {
            row["column_name"]: row["data_type"] for row in self._ask(asked, measurement=name).to_pylist()
        }
        fields = {
            column: (_KINDS[kind],) for column, kind in columns.items() if kind in _KINDS and column != "time"
        }
        tags = tuple(column for column, kind in columns.items() if kind.startswith("Dictionary("))
        return Measurement(name, tags, fields) if columns else None

    def trucks(self, measurement: Measurement, tag: str) -> list[str]:
        """The values of a tag, and the empty text for points without it."""
        asked = f"SELECT DISTINCT {_name(tag)} AS value FROM {_name(measurement.name)} ORDER BY value"
        values = [row["value"] for row in self._ask(asked).to_pylist()]
        return [*(value for value in values if value), ""]

    def counts(
        self, measurement: Measurement, fields: list[str], start: datetime, stop: datetime
    ) -> dict[str, int]:
        """How many values fields have."""
        chosen = ", ".join(f"count({_name(name)}) AS c{number}" for number, name in enumerate(fields))
        where = '"time" >= $start AND "time" < $stop'
        asked = f"SELECT {chosen} FROM {_name(measurement.name)} WHERE {where}"
        told = self._ask(asked, start=_time(start), stop=_time(stop)).to_pylist()
        return {name: told[0][f"c{number}"] for number, name in enumerate(fields)} if told else {}

    def first(self, measurement: Measurement) -> datetime | None:
        """The time of the earliest point."""
        told = self._ask(f'SELECT min("time") AS first FROM {_name(measurement.name)}').to_pylist()
        first = told[0]["first"] if told else None
        return first.replace(tzinfo=UTC) if first else None

    def points(self, question: Question) -> pa.Table:
        """The points asked for, in the order of their time."""
        columns = question.measurement.columns(question.wanted)
        where, bound = ['"time" >= $start'], {"start": _time(question.start)}
        if question.stop:
            where.append('"time" < $stop')
            bound["stop"] = _time(question.stop)
        if question.tag and question.truck:
            where.append(f"{_name(question.tag)} = $truck")
            bound["truck"] = question.truck
        elif question.tag:
            where.append(f"({_name(question.tag)} IS NULL OR {_name(question.tag)} = '')")
        chosen = ", ".join(_name(name) for name in ("time", *columns))
        source = _name(question.measurement.name)
        asked = f'SELECT {chosen} FROM {source} WHERE {" AND ".join(where)} ORDER BY "time"'
        table = self._ask(asked, **bound)
        shape = {"time": TIME, **columns}
        if not table.num_columns:
            return pa.table({name: pa.array([], kind) for name, kind in shape.items()})
        cast = [_cast(table[name], kind) for name, kind in shape.items()]
        return pa.table(cast, names=list(shape))

    def _ask(self, statement: str, **bound: str) -> pa.Table:
        body: Mapping[str, Any] = {
            "db": self._address.database,
            "q": statement,
            "params": bound,
            "format": "parquet",
        }
        opening = {"Authorization": f"Bearer {self._address.token}"} if self._address.token else {}
        data = self._wire.ask("POST", "/api/v3/query_sql", _PARQUET, body=body, headers=opening)
        try:
            return parquet.read_table(pa.BufferReader(data))
        except (pa.ArrowException, OSError) as fault:
            said = str(fault).splitlines()[0][:160]
            raise self._wire.failed(f"gave an answer that is not whole ({said})", "run this again") from None


def _cast(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    if kind == TIME and column.type.tz is None:
        column = column.cast(pa.timestamp("ns")).cast(pa.timestamp("ms"), safe=False)
    return column.cast(kind, safe=False)


def _name(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
