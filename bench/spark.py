"""How detection and analyses over an export grow with Spark's cores, on one machine.

    python bench/spark.py [EXPORT]            a folder that "truckkit export" wrote, of many trucks
    python bench/spark.py EXPORT --json       [{"name", "value", "unit", "goal", "peer"}]

Two sessions live side by side, ``local[1]`` and ``local[2]``, and take turns: after one run of each to
warm up, the median of three. The peer of two cores is one; CPU is that of Java and of all Python workers.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import ibis
from ibis import _
from measuring import Entry, entry, show
from pyspark.sql import SparkSession

import truckkit as tk
from truckkit.detecting_apart import detect_apart

CORES = (1, 2)


def detection(spark: Any, exported: str) -> int:
    """States and cycles of all trucks, from all their samples."""
    found = detect_apart(spark, exported)
    return int(found.states.count() + found.cycles.count())


def speeds(spark: Any, exported: str) -> int:
    """How often each truck was how fast, hour by hour: every position is read."""
    positions = tk.Site(ibis.pyspark.connect(spark), parquet=exported).positions
    of_hours = positions.group_by("truck", hour=_["at"].truncate("h"), faster=_.speed_kmh > 30)
    return int(of_hours.aggregate(samples=_.count(), rise=_.elevation_m.max()).count().execute())


def readings(spark: Any, exported: str) -> int:
    """Fuel burnt, engine load and payload of each truck and hour: every reading is read."""
    told = tk.Site(ibis.pyspark.connect(spark), parquet=exported).telemetry
    of_hours = told.group_by("truck", hour=_["at"].truncate("h"))
    return int(
        of_hours.aggregate(
            fuel=_.fuel_rate_lph.mean(), works=_.engine_load_pct.mean(), most=_.payload_t.max()
        ).count().execute()
    )  # fmt: skip


def a_day(spark: Any, exported: str) -> int:
    """The positions and states of one day: the files of one or two days are opened."""
    site = tk.Site(ibis.pyspark.connect(spark), parquet=exported)
    assert site.period
    stop = site.period[1].replace(hour=0, minute=0, second=0, microsecond=0)
    narrow = site.between(stop - timedelta(days=1), stop)
    return int(narrow.positions.count().execute() + narrow.states.count().execute())


WORK: dict[str, Callable[[Any, str], int]] = {
    "detection": detection,
    "every position, by truck and hour": speeds,
    "every reading, by truck and hour": readings,
    "one day's rows, of the whole export": a_day,
}


def session(cores: int) -> Any:
    """A session of so many cores; it listens nowhere but here."""
    settings = {
        "spark.ui.enabled": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.memory": "1500m",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "8",
        "spark.ui.showConsoleProgress": "false",
    }
    builder = SparkSession.builder.master(f"local[{cores}]")
    for name, value in settings.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def serve(cores: int, exported: str) -> None:
    """Do what is asked, line by line, and say how long it took."""
    spark = session(cores)
    spark.sparkContext.setLogLevel("ERROR")
    print(json.dumps({"ready": cores}), flush=True)
    for line in sys.stdin:
        before, wall = _used_s(os.getpid()), time.perf_counter()
        rows = WORK[line.strip()](spark, exported)
        wall = time.perf_counter() - wall
        spark.catalog.clearCache()
        # Spark ends workers that have nothing to do, so each process is compared with itself.
        cpu = sum(used - before.get(pid, 0.0) for pid, used in _used_s(os.getpid()).items())
        print(json.dumps({"rows": rows, "wall": wall, "cpu": cpu}), flush=True)


def _used_s(pid: int) -> dict[int, float]:
    """CPU seconds of a process and of each that it has started, and those of them."""
    try:
        told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        threads = [*Path(f"/proc/{pid}/task").iterdir()]
        children = " ".join((thread / "children").read_text() for thread in threads).split()
    except OSError:
        return {}  # it has ended
    used = {pid: (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")}
    for child in children:
        used |= _used_s(int(child))
    return used


class Session:
    """A session in a process of its own."""

    def __init__(self, cores: int, exported: str) -> None:
        command = [sys.executable, __file__, exported, "--serve", str(cores)]
        surroundings = {**os.environ, "PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"}
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=surroundings
        )
        self._line()

    def do(self, what: str) -> dict[str, float]:
        """How long it took, and what came of it."""
        assert self._process.stdin
        print(what, file=self._process.stdin, flush=True)
        return self._line()

    def _line(self) -> dict[str, float]:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit("the session has ended; its words are above")
        told: dict[str, float] = json.loads(line)
        return told

    def end(self) -> None:
        self._process.communicate()


def measured(exported: str, runs: int) -> list[Entry]:
    """Each piece of work on one core and on two, in turns."""
    sessions = {cores: Session(cores, exported) for cores in CORES}
    found: list[Entry] = []
    for what in WORK:
        took: dict[int, list[dict[str, float]]] = {cores: [] for cores in CORES}
        for _run in range(runs + 1):
            for cores, each in sessions.items():
                took[cores].append(each.do(what))
        assert len({told["rows"] for each in took.values() for told in each}) == 1, "the answers differ"
        wall, cpu = (
            {cores: statistics.median(told[which] for told in each[1:]) for cores, each in took.items()}
            for which in ("wall", "cpu")
        )
        goal = "" if what == "one day's rows, of the whole export" else "≥ 1.6"
        found += [
            entry(f"{what}: two cores to one", wall[1] / wall[2], "times", goal),
            entry(f"{what}: two cores", wall[2], "s", "", wall[1]),
            entry(f"{what}: CPU of two cores", cpu[2], "CPU s", "", cpu[1]),
        ]
    for each in sessions.values():
        each.end()
    return found


def main() -> None:
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("exported", nargs="?", help="left out: two days of ten trucks are simulated")
    arguments.add_argument("--json", action="store_true")
    arguments.add_argument("--runs", type=int, default=3)
    arguments.add_argument("--serve", type=int, metavar="CORES")
    asked = arguments.parse_args()
    if asked.serve:
        serve(asked.serve, asked.exported)
        return
    with tempfile.TemporaryDirectory(prefix="truckkit-bench-") as scratch:
        if not asked.exported:
            asked.exported = f"{scratch}/exported"
            tk.simulate(f"{scratch}/mine", trucks=10, hours=48, detection=False)
            tk.export(f"{scratch}/mine", asked.exported)
        show(measured(asked.exported, asked.runs), as_json=asked.json)


if __name__ == "__main__":
    main()
