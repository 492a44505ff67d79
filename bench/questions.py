"""How long the twenty-five questions of a shift take on two weeks of fifty trucks.

    python bench/questions.py --quick            12 trucks and 2 days, under a minute
    python bench/questions.py --store FOLDER     50 trucks and 14 days, 60 M positions; kept
    python bench/questions.py --json             [{"name", "value", "unit", "goal", "peer"}]

Each question is asked of all the time that the store holds, warm: the median of several runs from the call
in Python to rows in Arrow. Questions that read samples are asked of one day as well; they are named so. CPU
is user and system time with all threads. The peer, where there is one, is pandas on the same rows, from the
store to the answer, in the same run.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import ibis
import pandas as pd
import pyarrow as pa
from rich.console import Console
from rich.table import Table

import truckkit as tk

INTERVALS_MS, DAY_MS, WEEKS_MS = 300.0, 2_000.0, 10_000.0
"""Goals: from intervals; from samples of a day, and of all days."""


@dataclass(frozen=True)
class Question:
    """One question of the twenty-five, as one line of Python."""

    number: int
    words: str
    ask: Callable[[tk.Site], ibis.Table]
    samples: bool = False
    """True where it has to read samples."""
    goal: float = INTERVALS_MS


def work_order(site: tk.Site) -> str:
    """A closed work order with time before and after it."""
    orders = site.maintenance
    later = site.asked_stored[0] + timedelta(hours=24)
    closed = orders.filter(orders.stop.notnull(), orders.start > later)
    return str(closed.order_by("start").work_order.to_pyarrow()[0])


def loader(site: tk.Site) -> str:
    """One loading unit."""
    return str(site.loader_names[0])


QUESTIONS = (
    Question(1, "tonnes, loads, cycles against plan", lambda site: site.summary()),
    Question(2, "queues over 5 min at a loader", lambda site: site.queues(at=loader(site), longer="5min")),
    Question(3, "hang minutes by loader and hour", lambda site: site.hang(by="loader,hour")),
    Question(4, "bunching", lambda site: site.bunching()),
    Question(5, "match factor by loader and hour", lambda site: site.match_factor(by="loader,hour")),
    Question(6, "cycle split by route against 14 days", lambda site: site.cycle_split(by="route", vs="14d")),
    Question(7, "ten worst cycles and why", lambda site: site.worst_cycles(10)),
    Question(8, "positions around an alarm", lambda site: site.around("T01", site.asked[1]).positions),
    Question(9, "overspeeds by road and load", lambda site: site.overspeed_summary("road,loaded"), True),
    Question(10, "10/10/20 by loader and operator", lambda site: site.payload_policy(by="loader,operator")),
    Question(11, "tonnes left by underloading", lambda site: site.underload()),
    Question(12, "where every minute of a truck went", lambda site: site.truck("T07").time_usage("gmg")),
    Question(13, "availability and utilisation by model", lambda site: site.kpis("gmg", by="model")),
    Question(14, "late starts, early finishes, long breaks", lambda site: site.shift_change()),
    Question(15, "roads that got slower", lambda site: site.slower_segments(vs="1d"), True),
    Question(16, "TKPH against rating", lambda site: site.tkph()),
    Question(17, "litres per tonne-kilometre", lambda site: site.fuel_per_tkm(), True),
    Question(18, "who runs out of fuel", lambda site: site.fuel_range(), True),
    Question(19, "idling over 10 min with the engine on", lambda site: site.idle(longer="10min"), True),
    Question(20, "coolant while loaded uphill over 8 %", lambda site: coolant(site), True),
    Question(21, "down events, MTBS, MTTR, top problems", lambda site: site.maintenance_pareto()),
    Question(22, "before and after a repair", lambda site: site.before_after(work_order(site)), goal=DAY_MS),
    Question(23, "FMS and detected side by side", lambda site: site.reconcile()),
    Question(24, "what was missing, what not to trust", lambda site: site.coverage(), True),
    Question(25, "places that moved", lambda site: site.place_changes()),
)


def coolant(site: tk.Site) -> ibis.Table:
    """Engine temperature while loaded trucks climb."""
    return site.samples("coolant_c", during="haul", grade=">8%")


def by_pandas(site: tk.Site) -> dict[int, Callable[[], pd.DataFrame]]:
    """The same answers as an analyst would write them in pandas, from the store's rows."""

    def moved() -> pd.DataFrame:
        cycles = site.cycles.select("shift", "payload_t", "reported_t").to_pandas()
        cycles["carried_t"] = cycles["payload_t"].fillna(cycles["reported_t"])
        return cycles.groupby("shift")["carried_t"].agg(["sum", "size"])

    def phases() -> pd.DataFrame:
        wanted = [name for name in site.cycles.columns if name.endswith("_min")]
        cycles = (
            site.cycles.filter(site.cycles.complete).select("load_place", "dump_place", *wanted).to_pandas()
        )
        return cycles.groupby(["load_place", "dump_place"])[wanted].median()

    def spent() -> pd.DataFrame:
        states = site.truck("T07").states.select("state", "start", "stop").to_pandas()
        states["spent"] = states["stop"] - states["start"]
        return states.groupby("state")[["spent"]].sum()

    return {1: moved, 6: phases, 12: spent}


def cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def timed(ask: Callable[[], object], times: int) -> tuple[float, float]:
    """Median of wall and CPU milliseconds, after one run that warms up."""
    ask()
    walls, cpus = [], []
    for _ in range(times):
        wall, cpu = time.perf_counter(), cpu_s()
        ask()
        walls.append((time.perf_counter() - wall) * 1000)
        cpus.append((cpu_s() - cpu) * 1000)
    return statistics.median(walls), statistics.median(cpus)


def arrow(table: ibis.Table) -> pa.Table:
    return table.to_pyarrow()


def measured(site: tk.Site, times: int) -> list[dict[str, object]]:
    """All questions, of all the time that the store holds and, where they read samples, of a day."""
    peers = by_pandas(site)
    found: list[dict[str, object]] = []
    day = site.between(site.asked[1] - timedelta(days=1), site.asked[1])

    def note(name: str, ask: Callable[[], object], goal: float, runs: int, peer: float | None = None) -> None:
        wall, cpu = timed(ask, runs)
        entry = {"name": name, "value": round(wall, 1), "unit": "ms", "goal": goal, "peer": peer}
        found.append(entry | {"cpu": round(cpu, 1)})

    for question in QUESTIONS:
        name = f"{question.number:2} {question.words}"
        peer = timed(peers[question.number], times)[0] if question.number in peers else None
        if question.samples:
            note(f"{name}, a day", lambda question=question: arrow(question.ask(day)), DAY_MS, times)
            goal, runs = WEEKS_MS, 1
        else:
            goal, runs = question.goal, times
        note(name, lambda question=question: arrow(question.ask(site)), goal, runs, peer and round(peer, 1))
    return found


def main() -> None:
    """Measure and print."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--store", type=Path, help="a folder; made where it is missing")
    asked.add_argument("--quick", action="store_true", help="12 trucks and 2 days")
    asked.add_argument("--times", type=int, default=5, help="runs of each question")
    asked.add_argument("--json", action="store_true", help="for programs")
    told = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="truckkit-bench-") as scratch:
        store = told.store or Path(scratch) / "mine"
        if not (store / "CURRENT").exists():
            trucks, days = (12, 2) if told.quick else (50, 14)
            tk.simulate(store, trucks=trucks, hours=24 * days, seed=11)
        found = measured(tk.open(store), told.times)
    if told.json:
        print(json.dumps(found, indent=2))
        return
    table = Table("question", "ms", "CPU ms", "goal", "pandas", box=None)
    for row in found:
        late = " *" if row["value"] > row["goal"] else ""
        table.add_row(*(f"{row[key]:,.0f}" if isinstance(row[key], float) else str(row[key] or "") for key in
                        ("name", "value", "cpu", "goal", "peer")), style="bold" if late else "")  # fmt: skip
    Console().print(table)


if __name__ == "__main__":
    main()
