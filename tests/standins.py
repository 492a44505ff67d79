"""Stand-ins for InfluxDB 2 and 3, which Debian has not: local servers that give the documented wire answers.

They show that truckkit speaks as the documentation says those servers do; no such server was seen.
"""

from __future__ import annotations

import csv
import io
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import duckdb
import pyarrow as pa
import pyarrow.parquet as parquet

Answer = tuple[int, str, bytes]


@dataclass(frozen=True)
class Point:
    """One point of measurement ``gps`` or ``engine``."""

    measurement: str
    truck: str
    at: datetime
    fields: dict[str, float | str | bool]


@contextmanager
def serving(version: str, answer: Callable[[str, dict[str, object], str], Answer]) -> Iterator[int]:
    """A server that answers the body of a POST; gives its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._say(200, "application/json", json.dumps({"version": version}).encode())

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self._say(*answer(self.path, body, self.headers.get("Authorization", "")))

        def _say(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


# 2.x ------------------------------------------------------------------------------------------------

_DATATYPES = {float: "double", bool: "boolean", str: "string"}


class Flux:
    """Answers the few shapes of Flux that are asked for, in annotated CSV."""

    def __init__(self, points: list[Point]) -> None:
        self.points = points
        self.queries: list[str] = []
        self.breaks_off = False
        self.is_silent = False

    def __call__(self, path: str, body: dict[str, object], opening: str) -> Answer:
        if opening != "Token letmein":
            return 401, "application/json", b'{"code":"unauthorized","message":"unauthorized access"}'
        assert path == "/api/v2/query?org=mine"
        query = str(body["query"])
        self.queries.append(query)
        out = io.StringIO()
        if not self.is_silent:
            self._answer(query, out)
            if self.breaks_off:
                out.write("#datatype,string,string\r\n#group,true,true\r\n#default,,\r\n,error,reference\r\n")
                out.write(",query terminated: too long,897\r\n\r\n")
            _table(out, "truckkit_end", {"end": "string"}, [{"end": "whole"}])
        return 200, "text/csv; charset=utf-8", out.getvalue().encode()

    def _answer(self, query: str, out: io.StringIO) -> None:
        named = re.search(r'(?:measurement: |_measurement == )"((?:[^"\\]|\\.)*)"', query)
        points = [p for p in self.points if named and p.measurement == _text(named[1])]
        if "measurementTagKeys" in query:
            keys = ["_start", "_stop", "_field", "_measurement", "truck"] if points else []
            _table(out, "rows", {"_value": "string"}, [{"_value": key} for key in keys])
            return
        if "measurementTagValues" in query:
            values = sorted({p.truck for p in points if p.truck})
            _table(out, "rows", {"_value": "string"}, [{"_value": value} for value in values])
            return
        if "|> last()" in query:
            for name, value in {n: v for p in points for n, v in p.fields.items()}.items():
                kinds = {"_value": _DATATYPES[type(value)], "_field": "string"}
                _table(out, "rows", kinds, [{"_value": value, "_field": name}])
            return
        if "|> first()" in query:
            rows = [{"_time": _time(p.at)} for p in points]
            _table(out, "rows", {"_time": "dateTime:RFC3339"}, rows)
            return
        self._points(query, points, out)

    def _points(self, query: str, points: list[Point], out: io.StringIO) -> None:
        [(start, stop)] = re.findall(r"start: ([0-9T:.Z-]+), stop: ([0-9T:.Z-]+)", query)
        wanted = [_text(name) for name in re.findall(r'r\._field == "((?:[^"\\]|\\.)*)"', query)]
        truck = re.search(r'r\["truck"\] == "((?:[^"\\]|\\.)*)"', query)
        chosen = [
            p
            for p in points
            if datetime.fromisoformat(start) <= p.at < datetime.fromisoformat(stop)
            and p.truck == (_text(truck[1]) if truck else "")
        ]
        for name in wanted:
            for kind, word in _DATATYPES.items():
                rows = [
                    {"_time": _time(p.at), "_value": p.fields[name], "_field": name, "truck": p.truck}
                    for p in chosen
                    if type(p.fields.get(name)) is kind
                ]
                kinds = {"_time": "dateTime:RFC3339", "_value": word, "_field": "string", "truck": "string"}
                _table(out, "rows", kinds, rows)


def _table(out: io.StringIO, result: str, kinds: dict[str, str], rows: list[dict[str, object]]) -> None:
    if not rows:
        return
    writer = csv.writer(out)
    writer.writerow(["#group", "false", "false", *("false" for _ in kinds)])
    writer.writerow(["#datatype", "string", "long", *kinds.values()])
    writer.writerow(["#default", result, "", *("" for _ in kinds)])
    writer.writerow(["", "result", "table", *kinds])
    for row in rows:
        said = [str(row[name]).lower() if isinstance(row[name], bool) else row[name] for name in kinds]
        writer.writerow(["", "", 0, *said])
    out.write("\r\n")


def _text(quoted: str) -> str:
    """What a text of Flux says."""
    return str(json.loads('"' + quoted.replace("\\${", "${") + '"'))


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


# 3 --------------------------------------------------------------------------------------------------


class SQL:
    """Answers SQL in Parquet; DuckDB works it out."""

    def __init__(self, points: list[Point]) -> None:
        self.con = duckdb.connect()
        self.con.execute("SET TimeZone = 'UTC'")
        self.columns: list[tuple[str, str, str]] = []
        self.is_cut = False
        for measurement in {p.measurement for p in points}:
            own = [p for p in points if p.measurement == measurement]
            names = sorted({name for p in own for name in p.fields})
            table = pa.table(
                {
                    "time": pa.array([p.at.replace(tzinfo=None) for p in own], pa.timestamp("ns")),
                    "truck": pa.array([p.truck or None for p in own]),
                    **{name: [p.fields.get(name) for p in own] for name in names},
                }
            )
            self.con.register("incoming", table)
            self.con.execute(f'CREATE TABLE "{measurement}" AS SELECT * FROM incoming')
            self.columns += [
                (measurement, "time", "Timestamp(Nanosecond, None)"),
                (measurement, "truck", "Dictionary(Int32, Utf8)"),
                *((measurement, name, "Float64") for name in names),
            ]
        self.con.execute(
            "CREATE TABLE columns_told (table_name VARCHAR, column_name VARCHAR, data_type VARCHAR)"
        )
        self.con.executemany("INSERT INTO columns_told VALUES (?, ?, ?)", self.columns)

    def __call__(self, path: str, body: dict[str, object], opening: str) -> Answer:
        if opening != "Bearer letmein":
            return 401, "application/json", b'{"error":"the request was not authenticated"}'
        assert path == "/api/v3/query_sql"
        assert body["db"] == "fleet"
        assert body["format"] == "parquet"
        asked = str(body["q"]).replace("information_schema.columns", "columns_told")
        found = self.con.cursor().execute(asked, body["params"]).to_arrow_table()  # type: ignore[arg-type]
        sink = pa.BufferOutputStream()
        parquet.write_table(found, sink)
        data = sink.getvalue().to_pybytes()
        return 200, "application/vnd.apache.parquet", data[: len(data) // 2] if self.is_cut else data
