"""How fast detection is, beside a plain pass of thresholds and runs over the same rows.

    python bench/detect.py --quick            10 trucks, 6 hours, under a minute
    python bench/detect.py                    50 trucks, a day at 1 Hz: 4.3 M positions, 0.9 M readings
    python bench/detect.py --store FOLDER     14 days of 50 trucks as well; made there where it is not, kept
    python bench/detect.py --json             [{"name", "value", "unit", "goal", "peer"}]

Detection reads Parquet and gives states, cycles and places. The peer, Polars, reads the same Parquet,
joins payload to positions, says standing or moving and empty or loaded by thresholds, and gathers runs:
no places, no queues, no spotting, no gaps. CPU is user and system time of a process with its threads;
each figure is of a process of its own, after one run to warm up, the median of three. The peer wants
``pip install 'truckkit[bench]'``.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as parquet

import truckkit as tk
from truckkit.detection import Observed, detect
from truckkit.sources.simulator import Plan, simulate

SEED = 3
NOISE = "typical"


def write(folder: Path, trucks: int, hours: float) -> None:
    """Positions and telemetry of a simulated mine, as Parquet."""
    seen = simulate(Plan(trucks, hours, SEED, noise=NOISE)).observed
    for name in ("positions", "telemetry"):
        parquet.write_table(
            seen.table(name).sort_by([("truck", "ascending"), ("at", "ascending")]),
            folder / f"{name}.parquet",
        )


def detected(folder: Path) -> object:
    """truckkit, from Parquet to states, cycles and places."""
    rows = [parquet.read_table(folder / f"{name}.parquet") for name in ("positions", "telemetry")]
    return detect(Observed(*rows))


def runs_by_thresholds(folder: Path) -> object:
    """Polars, from Parquet to runs of standing and moving, empty and loaded."""
    import polars as pl

    positions = pl.scan_parquet(folder / "positions.parquet").select("truck", "at", "x_m", "y_m", "speed_kmh")
    payload = pl.scan_parquet(folder / "telemetry.parquet").select("truck", "at", "payload_t")
    joined = positions.join_asof(payload, on="at", by="truck", strategy="backward")
    said = joined.with_columns(
        state=pl.when(pl.col("speed_kmh") < 2).then(pl.lit("stands")).otherwise(pl.lit("moves"))
        + pl.when(pl.col("payload_t") > 100).then(pl.lit(" loaded")).otherwise(pl.lit(" empty"))
    )
    run = said.with_columns(run=pl.col("state").rle_id().over("truck"))
    return (
        run.group_by("truck", "run")
        .agg(
            pl.col("state").first(),
            start=pl.col("at").min(),
            stop=pl.col("at").max(),
            x_m=pl.col("x_m").mean(),
            y_m=pl.col("y_m").mean(),
        )
        .collect()
    )


def stored(folder: Path) -> object:
    """truckkit, from a store to the next generation of it."""
    tk.detect(folder)
    return None


WAYS: dict[str, Callable[[Path], object]] = {
    "detected": detected,
    "thresholds": runs_by_thresholds,
    "stored": stored,
}


def measure(way: str, folder: Path, runs: int) -> None:
    """Print CPU and wall seconds of the median run, and the greatest memory [MB]."""
    took = []
    for _ in range(runs + 1):
        before, start = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
        WAYS[way](folder)
        after = resource.getrusage(resource.RUSAGE_SELF)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        took.append((cpu, time.perf_counter() - start))
    cpu, wall = (statistics.median(each[which] for each in took[1:]) for which in (0, 1))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    print(json.dumps({"cpu": cpu, "wall": wall, "memory": memory}))


def measured(way: str, folder: Path, runs: int = 3) -> dict[str, float] | None:
    """The same, from another process; nothing where the peer is not installed."""
    command = [sys.executable, __file__, "--measure", way, str(folder), "--runs", str(runs)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        if "polars" in done.stderr:
            return None
        raise SystemExit(done.stderr)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def entry(name: str, value: float, unit: str, goal: str, peer: float | None = None) -> dict[str, object]:
    return {
        "name": name,
        "value": round(value, 3),
        "unit": unit,
        "goal": goal,
        "peer": peer and round(peer, 3),
    }


def main() -> None:
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("--json", action="store_true")
    arguments.add_argument("--quick", action="store_true")
    arguments.add_argument("--store", type=Path)
    arguments.add_argument("--runs", type=int, default=3)
    arguments.add_argument("--measure", nargs=2, metavar=("WAY", "FOLDER"))
    asked = arguments.parse_args()
    if asked.measure:
        measure(asked.measure[0], Path(asked.measure[1]), asked.runs)
        return
    trucks, hours = (10, 6.0) if asked.quick else (50, 24.0)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write(folder, trucks, hours)
        rows = sum(parquet.read_metadata(file).num_rows for file in folder.glob("*.parquet"))
        ours, peer = measured("detected", folder), measured("thresholds", folder)
    assert ours
    what = f"{trucks} trucks × {hours:g} h, {rows / 1e6:.2f} M rows"
    found = [
        entry(f"detection of {what}", ours["cpu"], "CPU s", "≤ 4", peer and peer["cpu"]),
        entry("the same, wall", ours["wall"], "s", "", peer and peer["wall"]),
        entry("the same, peak memory", ours["memory"], "MB", "≤ 1000", peer and peer["memory"]),
        entry(
            "the same, of a row", ours["cpu"] / rows * 1e6, "CPU µs", "", peer and peer["cpu"] / rows * 1e6
        ),
    ]
    if asked.store:
        if not asked.store.exists():
            tk.simulate(asked.store, trucks=50, hours=24 * 14, seed=SEED, noise=NOISE, detection=False)
        whole = measured("stored", asked.store, runs=1)
        assert whole
        found += [
            entry("truckkit detect, 50 trucks × 14 days", whole["cpu"], "CPU s", "≤ 60"),
            entry("the same, peak memory", whole["memory"], "MB", "≤ 1000"),
        ]
    if asked.json:
        print(json.dumps(found, indent=2, ensure_ascii=False))
        return
    for each in found:
        beside = "" if each["peer"] is None else f"peer {each['peer']}"
        print(f"{each['name']:55} {each['value']:>10} {each['unit']:7} {each['goal']:8} {beside}")


if __name__ == "__main__":
    main()
