"""How fast a simulated mine is made, and made and stored.

    python bench/simulate.py --quick        20 trucks and one day, under a minute
    python bench/simulate.py                50 trucks and 14 days: 60 M positions and 13 M readings
    python bench/simulate.py --json         [{"name", "value", "unit", "goal", "peer"}]

A rate is rows of positions and telemetry by seconds of wall time, from nothing: driving the trucks is in it,
sampling what they did, and Arrow batches that are thrown away. CPU is user and system time with all threads.
Each measurement runs in a process of its own, so that its peak of memory is its own. There is no peer: no
other simulator of haul trucks gives samples.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

import truckkit as tk
from truckkit.sources.simulator import Plan, simulate

Entries = list[dict[str, object]]


def made(plan: Plan) -> int:
    """Make every batch of samples, one after the other."""
    mine = simulate(plan)
    return sum(batch.num_rows for name in ("positions", "telemetry") for batch in mine.observed.batches(name))


def stored(plan: Plan) -> int:
    """Simulate a mine into a store."""
    with tempfile.TemporaryDirectory() as scratch:
        loads = tk.simulate(Path(scratch) / "mine", plan, detection=False)
        return sum(load.rows_in for load in loads if load.into in ("positions", "telemetry"))


def measured(do: Callable[[Plan], int], plan: Plan) -> dict[str, float]:
    """Rows, wall and CPU seconds, and the peak of memory [MB], in a process of its own."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        return pool.apply(_measure, (do, plan))


def _measure(do: Callable[[Plan], int], plan: Plan) -> dict[str, float]:
    do(Plan(trucks=1, hours=0.1))  # imports are not what is measured
    before, start = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    rows = do(plan)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"rows": rows, "wall": wall, "cpu": cpu, "mb": after.ru_maxrss / 1e3}


def entries(trucks: int, days: float) -> Entries:
    found: Entries = []
    for do, name, noise, goal in (
        (made, "made", "none", "≥ 1000000"),
        (made, "made, harsh", "harsh", "≥ 1000000"),
        (stored, "made and stored", "none", ""),
        (stored, "made and stored, harsh", "harsh", ""),
    ):
        run = measured(do, Plan(trucks=trucks, hours=24 * days, noise=noise))
        found += [
            entry(f"{name}: {trucks} trucks × {days:g} days", run["rows"] / run["wall"], "rows/s", goal),
            entry(f"{name}, CPU", run["rows"] / run["cpu"], "rows/CPU s", ""),
            entry(f"{name}, most memory", run["mb"], "MB", ""),
        ]
    return found


def entry(name: str, value: float, unit: str, goal: str) -> dict[str, object]:
    return {"name": name, "value": round(value), "unit": unit, "goal": goal, "peer": None}


def main() -> None:
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("--json", action="store_true")
    arguments.add_argument("--quick", action="store_true")
    asked = arguments.parse_args()
    found = entries(20, 1) if asked.quick else entries(50, 14)
    if asked.json:
        print(json.dumps(found, indent=2, ensure_ascii=False))
        return
    table = Table("what", "value", "unit", "goal", box=None)
    for each in found:
        table.add_row(str(each["name"]), f"{each['value']:,}", str(each["unit"]), str(each["goal"]))
    Console().print(table)


if __name__ == "__main__":
    main()
