"""How detection and analyses over an export grow with Spark's cores, on one machine.

    python bench/spark.py                       two days of 50 trucks at 1 Hz, simulated
    python bench/spark.py --exported FOLDER     what "truckkit export" wrote; made where it is missing
    python bench/spark.py --json                [{"name", "value", "unit", "goal", "peer"}]

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
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import ibis
from ibis import _
from measuring import Entry, entry, environment, show
from pyspark.sql import SparkSession

import truckkit as tk
from truckkit import align
from truckkit.detecting_apart import detect_apart

CORES = (1, 2)


def detection(spark: Any, exported: str) -> int:
    """States and cycles of all trucks, from all their samples."""
    found = detect_apart(spark, exported)
    return int(found.states.count() + found.cycles.count())


def in_states(spark: Any, exported: str) -> int:
    """How fast trucks were in each state: each position with the state that holds it."""
    site = tk.Site(ibis.pyspark.connect(spark), parquet=exported)
    told = align.in_intervals(site.positions.select("truck", "at", "speed_kmh"), site.states, "state")
    by_state = told.group_by("truck", "state").aggregate(samples=_.count(), speed_kmh=_.speed_kmh.mean())
    return int(by_state.samples.sum().execute())


def density(spark: Any, exported: str) -> int:
    """How many positions lie in each square of the mine, and how fast they were there."""
    positions = tk.Site(ibis.pyspark.connect(spark), parquet=exported).positions
    squares = positions.group_by(column=(_.x_m // SQUARE_M), row=(_.y_m // SQUARE_M))
    found = squares.aggregate(samples=_.count(), speed_kmh=_.speed_kmh.mean(), steep_pct=_.elevation_m.std())
    return int(found.samples.sum().execute())


def speeds(spark: Any, exported: str) -> int:
    """How often each truck was how fast, hour by hour: every position is read."""
    positions = tk.Site(ibis.pyspark.connect(spark), parquet=exported).positions
    of_hours = positions.group_by("truck", hour=_["at"].truncate("h"), faster=_.speed_kmh > 30)
    return int(of_hours.aggregate(samples=_.count(), rise=_.elevation_m.max()).count().execute())


def a_day(spark: Any, exported: str) -> int:
    """The positions and states of one day: the files of one or two days are opened."""
    site = tk.Site(ibis.pyspark.connect(spark), parquet=exported)
    assert site.period
    stop = site.period[1].replace(hour=0, minute=0, second=0, microsecond=0)
    narrow = site.between(stop - timedelta(days=1), stop)
    return int(narrow.positions.count().execute() + narrow.states.count().execute())


SQUARE_M = 20
Work = Callable[[Any, str], int]
WORK: dict[str, Work] = {
    "detection": detection,
    "each position in its state": in_states,
    "positions by square of the mine": density,
    "positions by truck and hour": speeds,
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
        # A day's file is one task otherwise, and two cores wait for the last of three.
        "spark.sql.files.maxPartitionBytes": "16m",
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
        command = [sys.executable, __file__, "--exported", exported, "--serve", str(cores)]
        surroundings = environment(PYSPARK_PYTHON=sys.executable, SPARK_LOCAL_IP="127.0.0.1")
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


def measured(exported: str, runs: int, works: Sequence[str]) -> list[Entry]:
    """Each piece of work on one core and on two, in turns."""
    sessions = {cores: Session(cores, exported) for cores in CORES}
    found: list[Entry] = []
    for what in works:
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
    arguments.add_argument("--exported", help="left out or not there: two days of 50 trucks are made")
    arguments.add_argument("--json", action="store_true")
    arguments.add_argument("--runs", type=int, default=3)
    arguments.add_argument("--only", nargs="*", choices=tuple(WORK), default=tuple(WORK), metavar="WORK")
    arguments.add_argument("--serve", type=int, metavar="CORES")
    asked = arguments.parse_args()
    if asked.serve:
        serve(asked.serve, asked.exported)
        return
    with tempfile.TemporaryDirectory(prefix="truckkit-bench-") as scratch:
        exported = Path(asked.exported or f"{scratch}/exported")
        if not exported.exists():
            tk.simulate(f"{scratch}/mine", trucks=50, hours=48)
            tk.export(f"{scratch}/mine", exported)
        show(measured(str(exported), asked.runs, asked.only), as_json=asked.json)


if __name__ == "__main__":
    main()
