"""What it costs to bring data in.

    python bench/ingest.py --quick              small files, 10 trucks and 60 days: two minutes
    python bench/ingest.py --store FOLDER       50 trucks and a year; kept, and made where it is missing
    python bench/ingest.py --json               [{"name", "value", "unit", "goal", "peer"}]

Rates are without detection, of rows that are sorted and published; CPU is user and system time of this
process and of its reader; values are medians. A rate's peer is InfluxDB sending the same rows to nobody, in
turn with it (see influx_rate.py), or DuckDB alone sorting the same Parquet into a file. Five minutes are with
detection (see five_minutes.py).
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import five_minutes
import influx_rate
import road
from measuring import Entry, entry, show, timed

import truckkit as tk


def rate(folder: Path, source: Path, mapping: str, runs: int) -> tuple[int, float, float]:
    """Rows, median CPU seconds and median wall seconds of an ingest; the first run warms up."""
    spent = []
    rows = 0
    for run in range(runs + 1):
        into = folder / f"{source.stem}{run}"
        spent.append(timed(lambda into=into: tk.ingest(into, source, mapping, detection=False)))
        rows = sum(load["rows_in"] for load in tk.open(into).loads.to_pyarrow().to_pylist())
    cpus, walls = zip(*spent[1:], strict=True)
    return rows, statistics.median(cpus), statistics.median(walls)


def line_protocol(folder: Path, seconds: int, runs: int) -> list[Entry]:
    """Points a CPU second from a file of line protocol."""
    source, mapping = folder / "points.lp", folder / "points.toml"
    with source.open("w") as file:
        for piece in influx_rate.lines(influx_rate.TRUCKS, seconds):
            file.write(piece.replace("\n", "000000000\n") + "000000000\n")
    mapping.write_text(influx_rate.MAPPING)
    rows, cpu, wall = rate(folder, source, str(mapping), runs)
    return [
        entry("line protocol", rows / cpu, "points/CPU s", "≥ 400000"),
        entry("line protocol, wall", rows / wall, "points/s"),
    ]


def parquet(folder: Path, trucks: int, runs: int) -> list[Entry]:
    """Rows a CPU second from Parquet."""
    source, mapping = folder / "day.parquet", folder / "day.toml"
    road.positions(source, 0, trucks)
    mapping.write_text(road.MAPPING)
    rows, cpu, wall = rate(folder, source, str(mapping), runs)
    peer = statistics.median(
        timed(lambda run=run: road.sorted_by_duckdb(source, folder / f"peer{run}.duckdb"))[0]
        for run in range(runs)
    )
    return [
        entry("Parquet", rows / cpu, "rows/CPU s", "≥ 700000", rows / peer),
        entry("Parquet, wall", rows / wall, "rows/s"),
    ]


def peak(folder: Path, source: Path, mapping: Path) -> list[Entry]:
    """The most memory that an ingest of a large file takes, in a process of its own with its reader.

    Each page counts once, those that the two share in halves (the kernel's Pss).
    """
    program = """
import os, sys, threading
import truckkit as tk

def held(pid):
    try:
        return int(open(f"/proc/{pid}/smaps_rollup").read().split("\\nPss:")[1].split()[0])
    except OSError:  # it has ended
        return 0

done, most = threading.Event(), 0
def watch():
    global most
    while not done.wait(0.05):
        most = max(most, sum(map(held, (os.getpid(), *apart.processes()))))

watching = threading.Thread(target=watch)
watching.start()
tk.ingest(*sys.argv[1:4], detection=False)
done.set()
watching.join()
apart.close()
print(most)
"""
    command = [sys.executable, "-c", program, str(folder / "peak"), str(source), str(mapping)]
    told = subprocess.run(command, check=True, capture_output=True, text=True)
    return [
        entry(f"peak memory, {source.suffix[1:]}, reader included", int(told.stdout) / 1024, "MB", "≤ 1024")
    ]


def main() -> None:
    """Measure and print."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--store", type=Path, help="a folder for the year; made where it is missing")
    asked.add_argument("--quick", action="store_true", help="small files, 10 trucks and 60 days")
    asked.add_argument("--runs", type=int, default=3)
    asked.add_argument("--json", action="store_true", help="for programs")
    told = asked.parse_args()
    seconds, trucks, days = (6_000, 10, 60) if told.quick else (86_400, 50, 365)
    with tempfile.TemporaryDirectory(prefix="truckkit-bench-") as scratch:
        folder = Path(scratch)
        found = influx_rate.measured(seconds * influx_rate.TRUCKS, told.runs)
        found += line_protocol(folder, seconds, told.runs)
        found += parquet(folder, trucks, told.runs)
        found += peak(folder, folder / "points.lp", folder / "points.toml")
        found += peak(folder, folder / "day.parquet", folder / "day.toml")
        year = told.store or folder / "year"
        year.mkdir(parents=True, exist_ok=True)
        found += five_minutes.five_minutes(year, trucks, days, told.runs + 2)
    show(found, as_json=told.json)


if __name__ == "__main__":
    main()
