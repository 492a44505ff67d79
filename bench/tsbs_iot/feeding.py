"""Last points while data comes in: another process publishes minute after minute, as a follower does."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

from asking import quantile
from by_truckkit import MAPPING, Truckkit
from generated import Walk, write
from iot import QUESTIONS
from measuring import Entry, entry

_PROGRAM = """
import sys
import truckkit as tk
store, mapping, *files = sys.argv[1:]
for file in files:
    tk.ingest(store, file, mapping, detection=False)
"""


def while_fed(walk: Walk, folder: Path, ours: Truckkit, minutes: int) -> list[Entry]:
    """Ask for last points until so many minutes of all trucks are published; each answer is the newest."""
    files, at = [], walk.fleet.stop
    for _ in range(minutes):
        write(walk, at, 6, folder, f"fed-{at:%H%M}")
        files.append(folder / f"fed-{at:%H%M}.lp")
        at += timedelta(minutes=1)
    chance = random.Random()
    names = [question.name for question in QUESTIONS.values() if question.kind == "last point"]
    waited: dict[str, list[float]] = {name: [] for name in names}
    feeder = subprocess.Popen([sys.executable, "-c", _PROGRAM, str(ours.folder), MAPPING, *map(str, files)])
    try:
        while feeder.poll() is None:
            for name in names:
                values = QUESTIONS[name].values(walk.fleet, chance)
                began = time.perf_counter()
                ours.ask("sql", name, values)
                waited[name].append((time.perf_counter() - began) * 1000)
            time.sleep(0.01)
    finally:
        feeder.terminate()
        ended = feeder.wait(60)
    assert ended == 0, ended
    answered = max(row[0] for row in ours.rows(ours.newest()))
    assert answered == (at - timedelta(seconds=10)).replace(tzinfo=None), answered
    return [
        entry(
            f"{name} while data comes in, {what}",
            quantile(times, share),
            "ms",
            "≤ 3" if what == "median" else "",
        )
        for name, times in waited.items()
        for what, share in (("median", 0.5), ("p95", 0.95), ("p99", 0.99))
    ]
