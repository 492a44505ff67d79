"""The analyst's work on a day of samples, beside pandas, Polars and MovingPandas.

    python bench/analyst.py --quick               4 trucks and 4 hours, half a minute
    python bench/analyst.py                       50 trucks and a day at 1 Hz: 4.3 M positions, 0.9 M readings
    python bench/analyst.py --store FOLDER        the same, which is kept there for the next run
    python bench/analyst.py --json                [{"name", "value", "unit", "goal", "peer"}]

A simulated mine is stored and detected by truckkit; its rows, sorted by truck and time, are the Parquet of
the peers, which are written as a good analyst would (see ``peers/analyst_*.py``, and ``analyst_tasks.py`` for
what is asked). Each answer is made in a process of its own, from files to the frame or Arrow table, the ways
taking turns; CPU is user and system time with all threads, memory the process's peak with all that it has
imported, and values are medians. What importing costs is told apart. Answers are held against each other
before a time counts; ``analyst_answers.py`` says how near they have to be.

truckkit reads stops, trips, cycles and time in state from what was decoded when the data came in: what
ingest and detection cost is told as rows of their own, and so is the compiled decoder on the peers' files.
MovingPandas goes truck by truck and takes half a minute and more for a day of each, so it answers once, for
--moving of them, and truckkit for the same: all 50 take it 25 times as long as two.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import pyarrow.parquet as parquet
from analyst_answers import alike
from grown import SAMPLES, mapping_of_samples
from measuring import Entry, entry, environment, show, timed
from peers.analyst_tasks import TASKS

import truckkit as tk

HERE = Path(__file__).parent
SEED, NOISE = 3, "typical"
PEERS = ("polars", "pandas")
Figures = dict[str, float]


def made(folder: Path, trucks: int, hours: float, moving: int) -> None:
    """A store, the same rows as Parquet, and both again of a few trucks, for what is slow."""
    if not (folder / "store").exists():
        tk.simulate(folder / "store", trucks=trucks, hours=hours, seed=SEED, noise=NOISE)
    site = tk.open(folder / "store")
    few = folder / "few"
    few.mkdir()
    (few / "store").symlink_to((folder / "store").resolve())
    (few / "trucks.json").write_text(json.dumps(site.truck_names[:moving]))
    (folder / "trucks.json").write_text(json.dumps(site.truck_names))
    for into, some in ((folder, site), (few, site.truck(*site.truck_names[:moving]))):
        for name in SAMPLES:
            rows = some.table(name).drop("load_id").order_by("truck", "at").to_pyarrow()
            parquet.write_table(rows, into / f"{name}.parquet")


def ingested(folder: Path) -> list[Entry]:
    """What it costs to bring the peers' files into a store, and to decode them there."""
    # Files that were ingested once are not read again.
    shutil.rmtree(folder / "ingested", ignore_errors=True)
    (folder / "samples.toml").write_text(mapping_of_samples())
    files = [folder / f"{name}.parquet" for name in SAMPLES]
    rows = sum(parquet.read_metadata(file).num_rows for file in files)
    cpu, wall = timed(
        lambda: tk.ingest(folder / "ingested", files, str(folder / "samples.toml"), detection=False)
    )
    more, longer = timed(lambda: tk.detect(folder / "ingested"))
    return [
        entry(f"once: ingest of {rows / 1e6:.1f} M rows", cpu, "CPU s"),
        entry("once: ingest, wall", wall, "s"),
        entry("once: detection of states and cycles", more, "CPU s"),
        entry("once: detection, wall", longer, "s"),
    ]


def answered(way: str, task: str, folder: Path) -> Figures:
    """One answer in a process of its own."""
    command = [sys.executable, str(HERE / "analyst_once.py"), way, task, str(folder)]
    command.append(str(_answer(folder, way, task)))
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment())
    if done.returncode:
        raise SystemExit(done.stderr)
    figures: Figures = json.loads(done.stdout)
    return figures


def _answer(folder: Path, way: str, task: str) -> Path:
    return folder / f"answer-{task}-{way}.parquet"


def in_turn(ways: Sequence[str], task: str, folder: Path, runs: int) -> dict[str, Figures]:
    """Medians of each way; once in a run each, after a first answer that is compared and not timed.

    Without runs the first answers are timed.
    """
    first = {way: answered(way, task, folder) for way in ways}
    for way in ways[1:]:
        alike(task, *(parquet.read_table(_answer(folder, each, task)) for each in (ways[0], way)), way)
    if not runs:
        return first
    found: dict[str, list[Figures]] = defaultdict(list)
    for _ in range(runs):
        for way in ways:
            found[way].append(answered(way, task, folder))
    return {
        way: {name: statistics.median(each[name] for each in told) for name in told[0]}
        for way, told in found.items()
    }


def beside(task: str, told: dict[str, Figures]) -> list[Entry]:
    """truckkit's figures of a task, with those of the best peer, and each peer's own."""
    ours, peers = told["truckkit"], {way: told[way] for way in told if way != "truckkit"}
    found = [
        entry(
            f"{task}{words}",
            ours[figure],
            unit,
            goal,
            min(each[figure] for each in peers.values()),
        )
        for figure, words, unit, goal in (
            ("cpu", "", "CPU s", "≤ 1.2 × the best peer"),
            ("wall", ", wall", "s", ""),
            ("memory", ", peak memory", "MB", "less than any peer"),
        )
    ]
    for way, each in peers.items():
        found += [
            entry(f"{task}, {way}", each["cpu"], "CPU s"),
            entry(f"{task}, {way}, peak memory", each["memory"], "MB"),
        ]
    return found


def measured(folder: Path, runs: int) -> list[Entry]:
    found: list[Entry] = []
    imports: dict[str, list[Figures]] = defaultdict(list)
    for task in TASKS:
        told = in_turn(("truckkit", *PEERS), task, folder, runs)
        found += beside(task, told)
        for way, each in told.items():
            imports[way].append(each)
    decoded = in_turn(("truckkit", "decoder"), "cycles", folder, runs)["decoder"]
    found += [
        entry("cycles, by the decoder from the peers' files", decoded["cpu"], "CPU s"),
        entry("cycles, by the decoder, peak memory", decoded["memory"], "MB"),
    ]
    for way, each in imports.items():
        found.append(entry(f"import, {way}", statistics.median(told["import_cpu"] for told in each), "CPU s"))
    return found


def against_moving(few: Path) -> list[Entry]:
    """MovingPandas, once, on a few trucks."""
    found = []
    for task in ("stops", "trips"):
        told = in_turn(("truckkit", "movingpandas"), task, few, 0)
        trucks = len(json.loads((few / "trucks.json").read_text()))
        ours, theirs = told["truckkit"]["cpu"], told["movingpandas"]["cpu"]
        found.append(entry(f"{task} of {trucks} trucks", ours, "CPU s", "", theirs))
        found.append(entry(f"{task} of {trucks} trucks, MovingPandas", theirs / ours, "times", "≥ 20"))
    return found


def main() -> None:
    """Measure and print."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--trucks", type=int, default=50)
    asked.add_argument("--days", type=float, default=1)
    asked.add_argument("--moving", type=int, default=2, help="trucks that MovingPandas answers for")
    asked.add_argument("--store", type=Path, help="a folder for store and files, kept for the next run")
    asked.add_argument("--runs", type=int, default=5)
    asked.add_argument("--quick", action="store_true", help="4 trucks and 4 hours, first answers")
    asked.add_argument("--json", action="store_true", help="for programs")
    told = asked.parse_args()
    trucks, hours, moving, runs = told.trucks, 24 * told.days, told.moving, told.runs
    if told.quick:
        trucks, hours, moving, runs = 4, 4.0, 1, 0
    with tempfile.TemporaryDirectory(prefix="truckkit-bench-") as scratch:
        folder = told.store or Path(scratch)
        if not (folder / "few").exists():
            made(folder, trucks, hours, moving)
        found = measured(folder, runs) + against_moving(folder / "few") + ingested(folder)
    show(found, as_json=told.json)


if __name__ == "__main__":
    main()
