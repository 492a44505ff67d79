"""The peers of the service: a real InfluxDB and Datasette, with the same positions as the store.

Each is loaded once, in a folder that stays; a peer may hold the last days of the store alone, which makes
it no slower. Questions are written as one writes them who knows the peer: bounded in time, along an index.
"""

from __future__ import annotations

import datetime as dt
import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import ibis
import pyarrow as pa
import urllib3
from rest_client import free_port, until_it_answers

sys.path.append(str(Path(__file__).parent.parent / "tests"))  # where a server for tests is set up
from influxd import running

import truckkit as tk

FIELDS = ("x_m", "y_m", "elevation_m", "speed_kmh", "heading_deg")
HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Question:
    """One truck in one hour."""

    truck: str
    start: dt.datetime

    @property
    def stop(self) -> dt.datetime:
        return self.start + HOUR


class Influx:
    """InfluxDB over HTTP, answering JSON."""

    name = "InfluxDB 1.6"

    def __init__(self, port: int, newest: dt.datetime) -> None:
        self.port = port
        # All trucks of this mine send each second; to know that spares InfluxDB the rest.
        self._since = newest - dt.timedelta(minutes=1)

    def hour(self, asked: Question) -> str:
        fields = ", ".join(FIELDS)
        return self._query(
            f"SELECT {fields} FROM positions WHERE truck = '{asked.truck}' AND "
            f"time >= {_ms(asked.start)}ms AND time < {_ms(asked.stop)}ms"
        )

    def latest(self) -> str:
        first, *rest = FIELDS
        return self._query(
            f"SELECT last({first}) AS {first}, {', '.join(rest)} FROM positions "
            f"WHERE time >= {_ms(self._since)}ms GROUP BY truck"
        )

    def _query(self, text: str) -> str:
        return "/query?" + urlencode({"db": "mine", "epoch": "ms", "q": text})

    @staticmethod
    def told(body: bytes) -> tuple[int, float]:
        """Rows of an answer, and the sum of their ``x_m``."""
        series = json.loads(body)["results"][0].get("series", [])
        rows = [row for each in series for row in each["values"]]
        return len(rows), sum(row[1] for row in rows)


class Datasette:
    """Datasette over SQLite, answering JSON arrays, without counts and facets."""

    name = "Datasette"

    def __init__(self, port: int, newest: dt.datetime) -> None:
        self.port = port

    def hour(self, asked: Question) -> str:
        fields = [("_col", name) for name in ("at", *FIELDS)]
        narrowed = {"truck": asked.truck, "at__gte": _ms(asked.start), "at__lt": _ms(asked.stop)}
        plain = {"_size": "max", "_shape": "arrays", "_nocount": 1, "_nofacet": 1, "_nosuggest": 1}
        return "/mine/positions.json?" + urlencode([*narrowed.items(), *fields, *plain.items()])

    def latest(self) -> str:
        sql = (
            f"select p.truck, {', '.join(f'p.{name}' for name in FIELDS)}, p.at "
            "from trucks t cross join positions p "
            "where p.truck = t.truck and p.at = (select max(at) from positions where truck = t.truck)"
        )
        return "/mine.json?" + urlencode({"sql": sql, "_shape": "arrays"})

    @staticmethod
    def told(body: bytes) -> tuple[int, float]:
        """Rows of an answer, and the sum of their ``x_m``: behind two columns with ``at`` or the truck."""
        content = json.loads(body)
        rows = content["rows"]
        # A table answers with its key in front, whatever columns are asked for.
        columns = content.get("columns") or ["truck", *FIELDS]
        return len(rows), sum(row[columns.index("x_m")] for row in rows)


Peer = Influx | Datasette


@contextmanager
def peers(folder: Path, site: tk.Site, days: float, datasette: str | None) -> Iterator[list[Peer]]:
    """Those of the peers that are installed, loaded and answering, over the last days of a site."""
    assert site.start
    assert site.stop
    held = site.between(max(site.start, site.stop - days * DAY), site.stop)
    with ExitStack() as stack:
        found: list[Peer] = []
        if shutil.which("influxd"):
            own = folder / "influx"
            loaded = (own / "loaded").exists()
            own.mkdir(exist_ok=True)
            port = stack.enter_context(running(own)).port
            if not loaded:
                _into_influx(held, port)
                (own / "loaded").touch()
            found.append(Influx(port, site.stop))
        if program := shutil.which(datasette or "datasette"):
            file = folder / "mine.db"
            if not file.exists():
                _into_sqlite(held, file)
            found.append(Datasette(stack.enter_context(_datasette(program, file, folder)), site.stop))
        yield found


@contextmanager
def _datasette(program: str, file: Path, folder: Path) -> Iterator[int]:
    port = free_port()
    settings = {"max_returned_rows": 5000, "sql_time_limit_ms": 10_000, "num_sql_threads": 4}
    options = [word for name, value in settings.items() for word in ("--setting", name, str(value))]
    with (folder / "datasette.log").open("wb") as log:
        process = subprocess.Popen(
            [program, "serve", "-i", str(file), "-p", str(port), *options], stdout=log, stderr=log
        )
    try:
        until_it_answers(port, "/-/versions.json")
        yield port
    finally:
        process.terminate()
        process.wait(30)


def _rows(site: tk.Site) -> Iterator[pa.RecordBatch]:
    """Positions of a site in the order of truck and time, truck by truck."""
    for name in site.truck_names:
        rows = site.truck(name).positions
        at = _as_ms(rows.at).name("at")
        yield from rows.order_by("at").select("truck", at, *FIELDS).to_pyarrow_batches(chunk_size=20_000)


def _into_influx(site: tk.Site, port: int) -> None:
    pool = urllib3.PoolManager()
    url = f"http://127.0.0.1:{port}"
    pool.request("POST", f"{url}/query", fields={"q": "CREATE DATABASE mine"}, encode_multipart=False)
    for name in site.truck_names:
        rows = site.truck(name).positions
        pairs = ibis.literal(",").join([f"{field}=" + rows[field].cast("string") for field in FIELDS])
        at = _as_ms(rows.at).cast("string")
        line = (f"positions,truck={name} " + pairs + " " + at).name("line")
        for batch in rows.order_by("at").select(line).to_pyarrow_batches(chunk_size=20_000):
            body = "\n".join(batch["line"].to_pylist()).encode()
            written = pool.request("POST", f"{url}/write?db=mine&precision=ms", body=body)
            assert written.status == 204, written.data[:500]


def _into_sqlite(site: tk.Site, file: Path) -> None:
    part = file.with_suffix(".part")
    part.unlink(missing_ok=True)
    fields = ", ".join(f"{name} REAL" for name in FIELDS)
    base = sqlite3.connect(part)
    base.executescript(
        "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; CREATE TABLE trucks (truck TEXT PRIMARY KEY);"
        f"CREATE TABLE positions (truck TEXT, at INTEGER, {fields}, PRIMARY KEY (truck, at)) WITHOUT ROWID;"
    )
    base.executemany("INSERT INTO trucks VALUES (?)", [(name,) for name in site.truck_names])
    marks = ", ".join("?" * (2 + len(FIELDS)))
    for batch in _rows(site):
        columns = [column.to_pylist() for column in batch.columns]
        base.executemany(f"INSERT INTO positions VALUES ({marks})", zip(*columns, strict=True))
    base.commit()
    base.close()
    part.rename(file)


def _as_ms(at: ibis.expr.types.TimestampValue) -> ibis.expr.types.IntegerValue:
    return at.epoch_seconds().floor().cast("int64") * 1000 + at.millisecond().cast("int64")


def _ms(at: dt.datetime) -> int:
    return round(at.timestamp() * 1000)
