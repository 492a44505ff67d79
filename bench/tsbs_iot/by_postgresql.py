"""PostgreSQL 15 with TSBS's tables and indexes, set up as for a machine of its own.

The SQL is what the benchmark asks of TimescaleDB, without its chunks: ``date_bin`` is its ``time_bucket``.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from generated import Fleet
from iot import Values, Variant
from measuring import ended_s, living_s
from patience import PATIENCE_S, TookTooLong

try:
    import psycopg
except ImportError:  # the one peer whose client is no part of what CI installs
    psycopg = None

sys.path.append(str(Path(__file__).parent.parent.parent / "tests"))  # where ports for tests are found
from system import free_port

_SETTINGS = {
    "shared_buffers": "2GB",
    "effective_cache_size": "8GB",
    "work_mem": "128MB",
    "maintenance_work_mem": "512MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "30min",
    "wal_compression": "on",
    "random_page_cost": "1.1",
    "jit": "off",  # it makes short questions slower, and none of these quicker
    "max_parallel_workers_per_gather": "2",
    "listen_addresses": "127.0.0.1",
    "statement_timeout": f"{PATIENCE_S:g}s",
}

_TABLES = """
CREATE TABLE tags (id int PRIMARY KEY, name text, fleet text, driver text, model text, device_version text,
    load_capacity float8, fuel_capacity float8, nominal_fuel_consumption float8);
CREATE TABLE readings (time timestamptz NOT NULL, tags_id int, latitude float8, longitude float8,
    elevation float8, velocity float8, heading float8, grade float8, fuel_consumption float8);
CREATE TABLE diagnostics (time timestamptz NOT NULL, tags_id int, fuel_state float8, current_load float8,
    status int);
"""
_INDEXES = """
CREATE INDEX ON tags (name);
CREATE INDEX ON tags (fleet);
CREATE INDEX ON readings (tags_id, time DESC);
CREATE INDEX ON readings (time DESC);
CREATE INDEX ON diagnostics (tags_id, time DESC);
CREATE INDEX ON diagnostics (time DESC);
"""

_TEN = "date_bin('10 minutes', time, '2000-01-01Z')"
_DAY = "date_bin('1 day', {}, '2000-01-01Z')"
_LAST = (
    "SELECT t.name, t.driver, r.* FROM tags t INNER JOIN LATERAL (SELECT longitude, latitude FROM readings r "
    "WHERE r.tags_id = t.id ORDER BY time DESC LIMIT 1) r ON true WHERE {test}"
)
_DIAGNOSED = (
    "SELECT t.name, t.driver, d.* FROM tags t INNER JOIN LATERAL (SELECT {field} FROM diagnostics d "
    "WHERE d.tags_id = t.id ORDER BY time DESC LIMIT 1) d ON true WHERE t.name IS NOT NULL AND {test} "
    "AND t.fleet = %(fleet)s"
)
_LONG = (
    f"SELECT t.name, t.driver FROM tags t INNER JOIN LATERAL (SELECT {_TEN} AS ten, tags_id FROM readings "
    "WHERE time >= %(start)s AND time < %(stop)s GROUP BY ten, tags_id HAVING avg(velocity) > 1) r "
    "ON t.id = r.tags_id WHERE t.name IS NOT NULL AND t.fleet = %(fleet)s GROUP BY name, driver "
    "HAVING count(r.ten) > {most}"
)

SQL = {
    "last-loc": _LAST.format(test="t.name IS NOT NULL AND t.fleet = %(fleet)s"),
    "single-last-loc": _LAST.format(test="t.name IN (%(truck)s)"),
    "low-fuel": _DIAGNOSED.format(field="fuel_state", test="d.fuel_state < 0.1"),
    "high-load": _DIAGNOSED.format(field="current_load", test="d.current_load / t.load_capacity > 0.9"),
    "stationary-trucks": (
        "SELECT t.name, t.driver FROM tags t INNER JOIN readings r ON r.tags_id = t.id "
        "WHERE time >= %(start)s AND time < %(stop)s AND t.name IS NOT NULL AND t.fleet = %(fleet)s "
        "GROUP BY 1, 2 HAVING avg(r.velocity) < 1"
    ),
    "long-driving-sessions": _LONG.format(most=22),
    "long-daily-sessions": _LONG.format(most=35),
    "avg-vs-projected-fuel-consumption": (
        "SELECT t.fleet, avg(r.fuel_consumption), avg(t.nominal_fuel_consumption) FROM tags t "
        "INNER JOIN LATERAL (SELECT tags_id, fuel_consumption FROM readings r WHERE r.tags_id = t.id "
        "AND velocity > 1) r ON true WHERE t.fleet IS NOT NULL AND t.nominal_fuel_consumption IS NOT NULL "
        "AND t.name IS NOT NULL GROUP BY fleet"
    ),
    "avg-daily-driving-duration": (
        f"WITH tens AS (SELECT {_TEN} AS ten, tags_id FROM readings GROUP BY tags_id, ten "
        f"HAVING avg(velocity) > 1), days AS (SELECT {_DAY.format('ten')} AS day, tags_id, "
        "count(*) / 6 AS hours FROM tens GROUP BY day, tags_id) SELECT t.fleet, t.name, t.driver, "
        "avg(d.hours) FROM days d INNER JOIN tags t ON t.id = d.tags_id GROUP BY fleet, name, driver"
    ),
    "avg-daily-driving-session": (
        f"WITH tens AS (SELECT tags_id, {_TEN} AS ten, avg(velocity) > 5 AS driving FROM readings "
        "GROUP BY tags_id, ten), changes AS (SELECT tags_id, ten AS start, lead(ten) OVER (PARTITION BY "
        "tags_id ORDER BY ten) AS stop, driving FROM (SELECT tags_id, ten, driving, lag(driving) OVER "
        "(PARTITION BY tags_id ORDER BY ten) AS before FROM tens) x WHERE x.driving <> x.before) "
        f"SELECT t.name, {_DAY.format('start')} AS day, extract(epoch FROM avg(stop - start)) / 60 "
        "FROM tags t INNER JOIN changes d ON t.id = d.tags_id WHERE t.name IS NOT NULL AND d.driving = true "
        "GROUP BY name, day ORDER BY name, day"
    ),
    "avg-load": (
        "SELECT t.fleet, t.model, avg(d.avg_load / t.load_capacity) FROM tags t INNER JOIN (SELECT tags_id, "
        "avg(current_load) AS avg_load FROM diagnostics GROUP BY tags_id) d ON t.id = d.tags_id "
        "WHERE t.name IS NOT NULL GROUP BY fleet, model, load_capacity"
    ),
    "daily-activity": (
        "SELECT t.fleet, t.model, y.day, sum(y.rows) / 144 FROM tags t INNER JOIN (SELECT "
        f"{_DAY.format('time')} AS day, {_TEN} AS ten, tags_id, count(*) AS rows FROM diagnostics "
        "GROUP BY day, ten, tags_id HAVING avg(status) < 1) y ON y.tags_id = t.id WHERE t.name IS NOT NULL "
        "GROUP BY fleet, model, y.day ORDER BY y.day"
    ),
    "breakdown-frequency": (
        f"WITH tens AS (SELECT {_TEN} AS ten, tags_id, count(status = 0) / count(*) >= 0.5 AS down "
        "FROM diagnostics GROUP BY ten, tags_id), pairs AS (SELECT ten, tags_id, down, lead(down) OVER "
        "(PARTITION BY tags_id ORDER BY ten) AS after FROM tens) SELECT t.model, count(*) FROM tags t "
        "INNER JOIN pairs b ON t.id = b.tags_id WHERE t.name IS NOT NULL AND down = false AND after = true "
        "GROUP BY model"
    ),
}


class PostgreSQL:
    """A server that runs, and the questions to it."""

    name = "PostgreSQL 15"
    variants: tuple[Variant, ...] = ("sql",)

    def __init__(self, folder: Path, port: int) -> None:
        self._folder = folder
        self._dsn = f"host=127.0.0.1 port={port} user=bench dbname=postgres"
        self._threads = threading.local()

    def tags(self, fleet: Fleet, within: Path) -> None:
        """Make the tables."""
        with psycopg.connect(self._dsn) as con:
            con.execute(_TABLES)
            with con.cursor().copy("COPY tags FROM STDIN") as into:
                for truck in fleet.tags.to_pylist():
                    into.write_row(tuple(truck.values()))

    def load(self, name: str, within: Path) -> None:
        """Copy one day in."""
        with psycopg.connect(self._dsn) as con:
            con.execute("SET statement_timeout = 0")
            for table in ("readings", "diagnostics"):
                with (
                    (within / f"{name}.{table}.csv").open("rb") as file,
                    con.cursor().copy(f"COPY {table} FROM STDIN (FORMAT csv)") as into,
                ):
                    while piece := file.read(1 << 20):
                        into.write(piece)

    def loaded(self) -> None:
        """Index and analyse, once all is there."""
        with psycopg.connect(self._dsn, autocommit=True) as con:
            for statement in (
                "SET statement_timeout = 0",
                *_INDEXES.split(";")[:-1],
                "VACUUM ANALYZE",
                "CHECKPOINT",
            ):
                con.execute(statement)

    def open(self) -> None:
        """Nothing is to be opened."""

    def bytes(self) -> int:
        """Bytes of the tables with their indexes; the log of what was written does not count."""
        with psycopg.connect(self._dsn) as con:
            found = con.execute(
                "SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class c "
                "WHERE relname IN ('tags', 'readings', 'diagnostics')"
            ).fetchone()
        return int(found[0])

    def ask(self, variant: Variant, name: str, values: Values) -> list[tuple[object, ...]]:
        """An answer; psycopg prepares what is asked often."""
        con = getattr(self._threads, "con", None)
        if con is None:
            con = self._threads.con = psycopg.connect(self._dsn, autocommit=True)
        try:
            return con.execute(SQL[name], values).fetchall()
        except psycopg.errors.QueryCanceled:
            raise TookTooLong from None

    def server_s(self) -> float:
        """User and system seconds of the server and of those of its processes that ended."""
        main = int((self._folder / "data" / "postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{main}/task/{main}/children").read_text().split()
        return sum(living_s(pid) for pid in (main, *map(int, children))) + ended_s(main)

    @staticmethod
    def rows(answer: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
        """An answer's rows."""
        return answer


def _programs() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    on_path = shutil.which("initdb")
    return Path(on_path).parent if on_path else found[-1].parent if found else None


def is_there() -> bool:
    """True where the server and its client are installed."""
    return psycopg is not None and _programs() is not None


@contextmanager
def running(folder: Path) -> Iterator[PostgreSQL]:
    """A server of its own, for as long as the context lasts."""
    programs, port = _programs(), free_port()
    assert programs
    folder.mkdir()
    # The server refuses to run as root, and another user has to get at its folder.
    as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    if as_user:
        shutil.chown(folder, "postgres")
        for parent in folder.parents:
            if not parent.stat().st_mode & 0o001:
                parent.chmod(parent.stat().st_mode | 0o011)
    data = folder / "data"
    command = [*as_user, programs / "initdb", "-D", data, "-U", "bench", "-A", "trust", "-E", "UTF8"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/")
    options = [word for name, value in _SETTINGS.items() for word in ("-c", f"{name}={value}")]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [*as_user, programs / "postgres", "-D", data, "-p", str(port), "-k", str(data), *options],
            stdout=log,
            stderr=log,
            cwd="/",
        )
    try:
        found = PostgreSQL(folder, port)
        _until_it_answers(found._dsn)
        yield found
    finally:
        stop = [*as_user, programs / "pg_ctl", "-D", data, "-m", "immediate", "stop"]
        subprocess.run(stop, check=True, stdout=subprocess.DEVNULL, cwd="/")
        server.wait(60)


def _until_it_answers(dsn: str) -> None:
    until = time.monotonic() + 60
    while True:
        try:
            psycopg.connect(dsn).close()
            return
        except psycopg.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)
