"""How soon truckkit is there: its import, its command's help, and a first answer in a fresh process.

    python bench/startup.py             a table
    python bench/startup.py --json      [{"name", "value", "unit", "goal", "peer"}]

Each is a process of its own, several times, alternating with its peer; the median counts. The first answer
is what an analyst types first: import, open the sample mine, and count its cycles or ask for its summary.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import time
from collections import defaultdict

from measuring import ROOT, Entry, entry, environment, show

import truckkit as tk

OPENED = "import truckkit as tk; site = tk.sample(); "
RUNS: dict[str, list[str]] = {
    "nothing": ["-c", "pass"],
    "import ibis": ["-c", "import ibis"],
    "import truckkit": ["-c", "import truckkit"],
    "truckkit --help": ["-c", "from truckkit.cli import app; app()", "--help"],
    "first answer: count the cycles": ["-c", OPENED + "site.cycles.count().execute()"],
    "first answer: the summary of each shift": ["-c", OPENED + "site.summary().to_pandas()"],
    "first replay in a cell": ["-c", OPENED + "tk.Replay(site)"],
}
"""What is run, as arguments to Python."""

GOALS = {"truckkit --help": "≤ 0.4"}


def spent(arguments: list[str]) -> tuple[float, float]:
    """Wall and CPU seconds of one run of Python."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=environment(), check=True, stdout=subprocess.DEVNULL
    )
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measured(times: int) -> list[Entry]:
    """The figures of so many rounds, after one that compiles what is imported."""
    walls: dict[str, list[float]] = defaultdict(list)
    cpus: dict[str, list[float]] = defaultdict(list)
    for round_number in range(times + 1):
        for name, arguments in RUNS.items():
            wall, cpu = spent(arguments)
            if round_number:
                walls[name].append(wall)
                cpus[name].append(cpu)
    wall = {name: statistics.median(each) for name, each in walls.items()}
    cpu = {name: statistics.median(each) for name, each in cpus.items()}
    ratio = wall["import truckkit"] / wall["import ibis"]
    figures = [entry("import truckkit, of import ibis", ratio, "×", "≤ 1.2")]
    for name in RUNS:
        goal = GOALS.get(name, "≤ 2" if name.startswith("first answer") else "")
        figures += [entry(name, wall[name], "s", goal), entry(f"{name}, CPU", cpu[name], "CPU s")]
    return figures


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print figures for programs")
    parser.add_argument("--quick", action="store_true", help="one round")
    asked = parser.parse_args()
    tk.sample()  # made once on a machine, which is no part of a first answer
    show(measured(1 if asked.quick else 7), as_json=asked.json)


if __name__ == "__main__":
    main()
