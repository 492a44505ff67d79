"""How fast the first road is: ingest of positions, opening a large store, one truck and one hour.

    python bench/road.py --quick            one day of 10 trucks, under a minute
    python bench/road.py --store FOLDER     14 days of 50 trucks; the store is kept there for the next run
    python bench/road.py --json             [{"name", "value", "unit", "goal", "peer"}]

Positions are random walks, made here: their rates do not depend on where trucks drive. CPU is user and
system time of this process with its threads; times are medians. The peer of the ingest is DuckDB
alone, sorting the same Parquet into a file; that of the point read is SQL by hand on the same files.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet
from measuring import entry, show, timed

import truckkit as tk
from truckkit.store import Store

START = datetime(2026, 11, 1, tzinfo=UTC)

MAPPING = """
name = "bench"
[site]
name = "Bench"
[[file]]
match = "*.parquet"
[[file.table]]
into = "positions"
[file.table.columns]
truck = "truck_id"
at = "timestamp_utc"
x_m = "x"
y_m = "y"
elevation_m = "z"
speed_kmh = "speed"
heading_deg = "heading"
"""


def positions(path: Path, day: int, trucks: int) -> int:
    """Write a day of positions at 1 Hz, in the order in which they would arrive; give their number."""
    seconds, random = 86_400, np.random.default_rng(day)
    start = int((START + timedelta(days=day)).timestamp()) * 1_000_000
    at = (
        start
        + np.repeat(np.arange(seconds), trucks) * 1_000_000
        + np.tile(np.arange(trucks) * 7_000, seconds)
    )
    names = pa.array([f"T{truck + 1:02d}" for truck in range(trucks)])
    walk = np.cumsum(random.normal(0, 3, (seconds, trucks)), axis=0).round(2)
    table = pa.table(
        {
            "truck_id": names.take(pa.array(np.tile(np.arange(trucks), seconds))),
            "timestamp_utc": pa.array(at, pa.timestamp("us")),
            "x": walk.ravel(),
            "y": (walk[:, ::-1] * 0.7).round(2).ravel(),
            "z": (3000 + walk * 0.05).round(1).ravel(),
            "speed": np.abs(random.normal(25, 8, seconds * trucks)).round(1),
            "heading": random.integers(0, 360, seconds * trucks).astype(float),
        }
    )
    parquet.write_table(table, path)
    return table.num_rows


BY_HAND = 'SELECT * FROM positions WHERE truck = ? AND "at" >= ? AND "at" < ?'


def answered(do: Callable[[], pa.Table]) -> tuple[float, int]:
    """Wall seconds of one question, and the rows of its answer."""
    start = time.perf_counter()
    rows = do().num_rows
    return time.perf_counter() - start, rows


def sorted_by_duckdb(source: Path, target: Path) -> None:
    with duckdb.connect(str(target)) as con:
        con.execute(
            "CREATE TABLE positions AS SELECT truck_id, timestamp_utc, x, y, z::FLOAT AS z, "
            "speed::FLOAT AS speed, "
            f"heading::FLOAT AS heading FROM read_parquet('{source}') ORDER BY truck_id, timestamp_utc"
        )


def ingest_rates(folder: Path, trucks: int, runs: int) -> list[dict[str, object]]:
    source, mapping = folder / "day.parquet", folder / "bench.toml"
    rows = positions(source, 0, trucks)
    mapping.write_text(MAPPING)
    ours, peers, peak = [], [], 0.0
    for run in range(runs):
        ours.append(
            timed(lambda run=run: tk.ingest(folder / f"store{run}", [source], str(mapping), detection=False))
        )
        peak = (
            peak or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        )  # before the peer has its turn
        peers.append(timed(lambda run=run: sorted_by_duckdb(source, folder / f"peer{run}.duckdb")))
    cpu, wall = (statistics.median(run[which] for run in ours) for which in (0, 1))
    peer = statistics.median(run[0] for run in peers)
    return [
        entry("ingest of positions", rows / cpu, "rows/CPU s", "≥ 500000", rows / peer),
        entry("ingest of positions, wall", rows / wall, "rows/s", "", None),
        entry(f"ingest of {rows:,} positions, peak memory", peak, "MB", "≤ 1024", None),
    ]


def reads(store: Path, trucks: int, days: int, runs: int) -> list[dict[str, object]]:
    opening = statistics.median(timed(lambda: tk.open(store))[1] for _ in range(runs))
    site = tk.open(store)
    random = np.random.default_rng(1)
    ours, peers = [], []
    con = Store(store).newest().backend.con
    for run in range(runs * 4):
        truck = f"T{random.integers(trucks) + 1:02d}"
        start = START + timedelta(seconds=int(random.integers(days * 86_400 - 3600)))
        stop = start + timedelta(hours=1)
        bounds = [each.replace(tzinfo=None) for each in (start, stop)]
        took, rows = answered(
            lambda t=truck, a=start, b=stop: site.truck(t).between(a, b).positions.to_pyarrow()
        )
        by_hand, rows_by_hand = answered(
            lambda asked=(truck, *bounds): con.execute(BY_HAND, asked).to_arrow_table()
        )
        if not rows == rows_by_hand == 3600:
            raise SystemExit(f"one truck and one hour gave {rows} and {rows_by_hand} rows; 3,600 are there")
        if run >= 4:
            ours.append(took)
            peers.append(by_hand)
    return [
        entry(f"open a store of {days} days × {trucks} trucks", opening * 1000, "ms", "< 100", None),
        entry(
            "one truck, one hour",
            statistics.median(ours) * 1000,
            "ms",
            "< 15",
            statistics.median(peers) * 1000,
        ),
    ]


def make_store(store: Path, trucks: int, days: int) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        mapping = Path(scratch) / "bench.toml"
        mapping.write_text(MAPPING)
        for day in range(days):
            source = Path(scratch) / f"day{day}.parquet"
            positions(source, day, trucks)
            tk.ingest(store, [source], str(mapping), detection=False)
            source.unlink()


def simulated(folder: Path) -> list[dict[str, object]]:
    cpu, wall = timed(lambda: tk.simulate(folder / "mine", trucks=6))
    return [
        entry("the demo's mine, simulated and stored", wall, "s", "< 15", None),
        entry("the demo's mine, CPU", cpu, "CPU s", "", None),
    ]


def main() -> None:
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("--json", action="store_true")
    arguments.add_argument("--quick", action="store_true")
    arguments.add_argument("--store", type=Path)
    arguments.add_argument("--runs", type=int, default=5)
    asked = arguments.parse_args()
    trucks, days = (10, 1) if asked.quick else (50, 14)
    runs = 3 if asked.quick else asked.runs
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        store = asked.store or folder / "large"
        if not store.exists():
            make_store(store, trucks, days)
        entries = simulated(folder) + ingest_rates(folder, trucks, runs) + reads(store, trucks, days, 10)
    show(entries, as_json=asked.json)


if __name__ == "__main__":
    main()
