"""How well truckkit detects what trucks did: on simulated mines, whose truth is known to the millisecond.

    python bench/accuracy.py --quick          a small mine, with each noise; under a minute
    python bench/accuracy.py                  5 seeds, every noise, period and set of channels (half an hour)
    python bench/accuracy.py --seeds 1 2      seeds to look at while working on the detector
    python bench/accuracy.py --json           [{"name", "value", "unit", "goal", "peer"}]

Seeds 1 to 20 are those that the detector may be tuned on; the table is made from 101 to 105. Detection
sees what trucks sent, work orders and refuellings: no places, no dispatch records. ``accuracy_page.py``
writes the table into the docs, beside three baselines.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from truckkit.detection import Observed, detect
from truckkit.score import Told, Truth, score
from truckkit.sources.simulator import Plan, Simulated, simulate

NOISES = ("none", "typical", "harsh")
PERIODS_S = (0.2, 1.0, 5.0, 10.0, 30.0)
CHANNELS = ("full", "payload", "gps")
SEEDS = (101, 102, 103, 104, 105)

_STRETCH = pa.schema([("truck", pa.string()), ("start", pa.timestamp("us")), ("stop", pa.timestamp("us"))])


@dataclass(frozen=True)
class Case:
    """One mine, as one set of sensors tells of it."""

    seed: int
    noise: str = "none"
    period_s: float = 1.0
    channels: str = "full"
    trucks: int = 20
    hours: float = 12.0

    def mine(self) -> Simulated:
        """Simulate it."""
        hz = 1 / self.period_s
        return simulate(Plan(self.trucks, self.hours, self.seed, hz, self.noise, self.channels))  # type: ignore[arg-type]


def seen_of(mine: Simulated) -> Observed:
    """What the mine's trucks and office tell a detector."""
    seen = mine.observed
    readings = None if mine.plan.channels == "gps" else seen.table("telemetry")
    books = {"work_orders": seen.table("maintenance"), "refuels": seen.table("refuels")}
    return Observed(seen.table("positions"), readings, **books)


def scored(mine: Simulated, states: pa.Table, cycles: pa.Table, places: pa.Table | None) -> dict[str, Any]:
    """The score of what was said of a mine."""
    bounds = mine.observed.table("positions").group_by("truck").aggregate([("at", "min"), ("at", "max")])
    rows = [
        {"truck": truck, "start": start.replace(tzinfo=None), "stop": stop.replace(tzinfo=None)}
        for truck, start, stop in mine.dropouts()
    ]
    told = Told(
        states,
        cycles,
        places,
        bounds.rename_columns({"at_min": "start", "at_max": "stop"}),
        mine.observed.table("shifts"),
    )
    true = (mine.truth.table(name) for name in ("states", "cycles", "places"))
    return score(told, Truth(*true, dropouts=pa.Table.from_pylist(rows, schema=_STRETCH)))


def measured(case: Case) -> dict[str, Any]:
    """Simulate a mine, detect, and score."""
    mine = case.mine()
    found = detect(seen_of(mine))
    return scored(mine, found.states, found.cycles, found.places)


# The goals ----------------------------------------------------------------------------------------


def _cycle_states(found: dict[str, Any]) -> float | None:
    """The worst F1 of the states that positions alone can tell."""
    return min(found["f1"][state] for state in ("load", "haul", "dump", "return"))


@dataclass(frozen=True)
class Goal:
    """What is to be reached at 1 s, for each noise."""

    name: str
    channels: str
    value: Callable[[dict[str, Any]], float | None]
    bounds: tuple[float, float, float]
    least: bool
    unit: str = ""

    def met(self, value: float, noise: str) -> bool:
        """True where the value is within the goal."""
        bound = self.bounds[NOISES.index(noise)]
        return value >= bound if self.least else value <= bound

    def words(self, noise: str) -> str:
        """The goal, as people write it."""
        return f"{'≥' if self.least else '≤'} {self.bounds[NOISES.index(noise)]:g}"


GOALS = (
    Goal("macro F1", "full", lambda s: s["macro_f1"], (0.99, 0.97, 0.93), True),
    Goal("F1 of load, haul, dump, return (the worst)", "gps", _cycle_states, (0.97, 0.95, 0.88), True),
    Goal("cycle recall, 15 s", "full", lambda s: s["cycles"]["recall"], (0.999, 0.995, 0.97), True),
    Goal("cycle precision, 15 s", "full", lambda s: s["cycles"]["precision"], (0.999, 0.995, 0.97), True),
    Goal("boundary error, p50", "full", lambda s: s["boundary_s"]["p50"], (0.5, 1, 2), False, "s"),
    Goal("boundary error, p95", "full", lambda s: s["boundary_s"]["p95"], (2, 5, 15), False, "s"),
    Goal("tonnes error per shift", "full", lambda s: s["tonnes_error"], (0.001, 0.01, 0.03), False),
    Goal("place recall", "full", lambda s: s["places"]["recall"], (1.0, 1.0, 0.95), True),
    Goal("place centre error", "full", lambda s: s["places"]["centre_m"], (10, 15, 25), False, "m"),
)

Scores = dict[Case, dict[str, Any]]


def mean(values: Iterable[float | None]) -> float:
    """The mean of what is known."""
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else float("nan")


def over_seeds(scores: Scores, noise: str, period_s: float, channels: str) -> list[dict[str, Any]]:
    """The scores of one kind of mine."""
    kind = (noise, period_s, channels)
    return [found for case, found in scores.items() if (case.noise, case.period_s, case.channels) == kind]


def entries(scores: Scores) -> list[dict[str, Any]]:
    """The goals, measured."""
    out = []
    for goal, noise in itertools.product(GOALS, NOISES):
        found = over_seeds(scores, noise, 1.0, goal.channels)
        if found:
            value = mean(goal.value(each) for each in found)
            name = f"{goal.name}, {goal.channels}, {noise}"
            row = {"name": name, "value": round(value, 5), "unit": goal.unit, "goal": goal.words(noise)}
            out.append({**row, "peer": None, "met": goal.met(value, noise)})
    return out


def whole(seeds: Sequence[int]) -> list[Case]:
    """Every noise, period and set of channels, on these seeds."""
    return [Case(seed, *kind) for kind in itertools.product(NOISES, PERIODS_S, CHANNELS) for seed in seeds]


def run(cases: Sequence[Case]) -> Scores:
    """The scores of cases, on both cores."""
    with ProcessPoolExecutor(2) as pool:
        return dict(zip(cases, pool.map(measured, cases), strict=True))


def main() -> None:
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("--json", action="store_true")
    arguments.add_argument("--quick", action="store_true")
    arguments.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    asked = arguments.parse_args()
    if asked.quick:
        kinds = [(noise, 1.0, channels) for noise in NOISES for channels in ("full", "gps")]
        cases = [Case(21, *kind, trucks=6, hours=4.0) for kind in kinds]
    else:
        cases = whole(asked.seeds)
    scores = run(cases)
    found = entries(scores)
    if asked.json:
        print(json.dumps(found, indent=2, ensure_ascii=False))
    else:
        for each in found:
            missed = "" if each["met"] else "MISSED"
            print(f"{each['name']:60} {each['value']:10.4f} {each['unit']:2} {each['goal']:8} {missed}")
    # A small mine has too few cycles for the goals; tests/test_accuracy.py has bounds for such ones.
    sys.exit(0 if asked.quick or all(each["met"] for each in found) else 1)


if __name__ == "__main__":
    main()
