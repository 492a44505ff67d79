"""InfluxDB 1.6 with TSBS's lines, asked over HTTP in its own language.

Where the benchmark writes an answer into a measurement of its own and reads that again
(avg-daily-driving-session), the inner question is asked as a subquery, so that asking leaves nothing behind.
"""

from __future__ import annotations

import json
import shutil
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import urllib3
from generated import START, Fleet
from iot import Values, Variant
from measuring import living_s
from patience import PATIENCE_S, TookTooLong

sys.path.append(str(Path(__file__).parent.parent.parent / "tests"))  # where a server for tests is set up
from influxd import running as influxd

_LINES = 10_000
"""Lines in a batch, as TSBS's loader has them."""
_WORKERS = 4

_FIRST = (
    'SELECT "latitude", "longitude" FROM "readings" WHERE {test} GROUP BY "name", "driver" '
    'ORDER BY "time" LIMIT 1'
)
_LONG = (
    'SELECT "name", "driver" FROM (SELECT count(*) AS ten_min FROM (SELECT mean("velocity") AS mean_velocity '
    "FROM readings WHERE \"fleet\" = '{fleet}' AND time > '{start}' AND time <= '{stop}' GROUP BY time(10m), "
    '"name", "driver") WHERE "mean_velocity" > 1 GROUP BY "name", "driver") WHERE ten_min_mean_velocity > '
)
_ALL = "time > '{first}' AND time < '{last}'"
_ALL_FROM = "time >= '{first}' AND time < '{last}'"

INFLUXQL = {
    "last-loc": _FIRST.format(test="\"fleet\" = '{fleet}'"),
    "single-last-loc": _FIRST.format(test="\"name\" = '{truck}'"),
    "low-fuel": (
        'SELECT "name", "driver", "fuel_state" FROM "diagnostics" WHERE "fuel_state" <= 0.1 AND '
        '"fleet" = \'{fleet}\' GROUP BY "name" ORDER BY "time" DESC LIMIT 1'
    ),
    "high-load": (
        'SELECT "name", "driver", "current_load", "load_capacity" FROM (SELECT "current_load", '
        '"load_capacity" FROM "diagnostics" WHERE "fleet" = \'{fleet}\' GROUP BY "name", "driver" '
        'ORDER BY "time" DESC LIMIT 1) '
        'WHERE "current_load" >= 0.9 * "load_capacity" GROUP BY "name" ORDER BY "time" DESC'
    ),
    "stationary-trucks": (
        'SELECT "name", "driver" FROM (SELECT mean("velocity") AS mean_velocity FROM "readings" WHERE '
        'time > \'{start}\' AND time <= \'{stop}\' GROUP BY time(10m), "name", "driver", "fleet" LIMIT 1) '
        'WHERE "fleet" = \'{fleet}\' AND "mean_velocity" < 1 GROUP BY "name"'
    ),
    "long-driving-sessions": _LONG + "22",
    "long-daily-sessions": _LONG + "35",
    "avg-vs-projected-fuel-consumption": (
        'SELECT mean("fuel_consumption"), mean("nominal_fuel_consumption") FROM "readings" '
        'WHERE "velocity" > 1 GROUP BY "fleet"'
    ),
    "avg-daily-driving-duration": (
        f'SELECT count("mv") / 6 FROM (SELECT mean("velocity") AS "mv" FROM "readings" WHERE {_ALL} '
        f'GROUP BY time(10m), "fleet", "name", "driver") WHERE {_ALL} '
        'GROUP BY time(1d), "fleet", "name", "driver"'
    ),
    "avg-daily-driving-session": (
        'SELECT mean("elapsed") FROM (SELECT "elapsed" FROM (SELECT difference("difka"), '
        'elapsed("difka", 1m) FROM (SELECT "difka" FROM (SELECT difference("mv") AS difka FROM (SELECT '
        f'floor(mean("velocity") / 10) / floor(mean("velocity") / 10) AS "mv" '
        f'FROM "readings" WHERE "name" != \'\' AND {_ALL} '
        'GROUP BY time(10m), "name" fill(0)) GROUP BY "name") WHERE "difka" != 0 GROUP BY "name") '
        f'GROUP BY "name") WHERE "difference" = -2 GROUP BY "name") WHERE {_ALL} GROUP BY time(1d), "name"'
    ),
    "avg-load": (
        'SELECT mean("ml") FROM (SELECT "current_load" / "load_capacity" AS "ml" FROM "diagnostics" '
        'GROUP BY "name", "fleet", "model") GROUP BY "fleet", "model"'
    ),
    "daily-activity": (
        f'SELECT count("ms") / 144 FROM (SELECT mean("status") AS ms FROM "diagnostics" WHERE {_ALL_FROM} '
        f'GROUP BY time(10m), "model", "fleet") WHERE {_ALL_FROM} AND "ms" < 1 '
        'GROUP BY time(1d), "model", "fleet"'
    ),
    "breakdown-frequency": (
        'SELECT count("state_changed") FROM (SELECT difference("broken_down") AS "state_changed" FROM '
        '(SELECT floor(2 * (sum("nzs") / count("nzs"))) / floor(2 * (sum("nzs") / count("nzs"))) '
        'AS "broken_down" FROM (SELECT "model", "status" / "status" AS nzs FROM "diagnostics" '
        f'WHERE {_ALL_FROM}) WHERE {_ALL_FROM} GROUP BY time(10m), "model") GROUP BY "model") '
        'WHERE "state_changed" = 1 GROUP BY "model"'
    ),
}

Series = list[dict[str, object]]


class InfluxDB:
    """A server that runs, and the questions to it."""

    name = "InfluxDB 1.6"
    variants: tuple[Variant, ...] = ("influx",)

    def __init__(self, folder: Path, port: int, process: int) -> None:
        self._folder, self._port, self._process = folder, port, process
        self._threads = threading.local()

    def tags(self, fleet: Fleet, within: Path) -> None:
        """Make the database; what a truck is comes with each line."""
        self._all = {"first": _text(START), "last": _text(fleet.stop)}
        self._post("/query", fields={"q": "CREATE DATABASE bench"}, encode_multipart=False)

    def load(self, name: str, within: Path) -> None:
        """Write one day, in batches from several clients."""
        with (within / f"{name}.peer.lp").open("rb") as file, ThreadPoolExecutor(_WORKERS) as workers:
            under_way = []
            while batch := b"".join(line for _, line in zip(range(_LINES), file, strict=False)):
                under_way.append(workers.submit(self._post, "/write?db=bench&precision=ns", body=batch))
                if len(under_way) > 2 * _WORKERS:
                    under_way.pop(0).result()
            for each in under_way:
                each.result()

    def loaded(self) -> None:
        """What is in memory is written out by the server in its own time."""

    def open(self) -> None:
        """Nothing is to be opened."""

    def ask(self, variant: Variant, name: str, values: Values) -> Series:
        """An answer, from its JSON."""
        said = {each: value if isinstance(value, str) else _text(value) for each, value in values.items()}
        asked = {"db": "bench", "epoch": "ms", "q": INFLUXQL[name].format(**said, **self._all)}
        try:
            answer = self._post("/query", fields=asked, encode_multipart=False)
        except urllib3.exceptions.ReadTimeoutError:
            raise TookTooLong from None  # the server stops what nobody waits for
        result = json.loads(answer)["results"][0]
        assert "error" not in result, (name, result)
        return result.get("series", [])

    def server_s(self) -> float:
        """User and system seconds of the server."""
        return living_s(self._process)

    @staticmethod
    def rows(answer: Series) -> list[dict[str, object]]:
        """An answer's rows, each by its names, with the tags of its series."""
        return [
            {**series.get("tags", {}), **dict(zip(series["columns"], row, strict=True))}
            for series in answer
            for row in series["values"]
        ]

    def _post(self, path: str, **sent: object) -> bytes:
        pool = getattr(self._threads, "pool", None)
        if pool is None:
            pool = self._threads.pool = urllib3.HTTPConnectionPool(
                "127.0.0.1", self._port, timeout=PATIENCE_S, retries=False
            )
        answer = pool.request("POST", path, **sent)
        assert answer.status < 300, answer.data[:500]
        return answer.data

    def bytes(self) -> int:
        """Bytes of its shards and of the log that it has not written out yet."""
        found = [path for part in ("data", "wal") for path in (self._folder / part).rglob("*")]
        return sum(path.stat().st_size for path in found if path.is_file())


def _text(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def is_there() -> bool:
    """True where the server is installed."""
    return shutil.which("influxd") is not None


@contextmanager
def running(folder: Path) -> Iterator[InfluxDB]:
    """A server of its own, for as long as the context lasts."""
    with influxd(folder) as server:
        yield InfluxDB(folder, server.port, server.process)
