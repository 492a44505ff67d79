"""How well truckkit detects what trucks did: on simulated mines, whose truth is known to the millisecond.

    python bench/accuracy.py --quick          one seed, an hour of six trucks; what CI runs
    python bench/accuracy.py                  the table of the docs: 5 seeds, all noises, periods and channels
    python bench/accuracy.py --seeds 1 2      seeds to look at while working on the detector
    python bench/accuracy.py --json           [{"name", "value", "unit", "goal", "peer"}]

Seeds 1 to 20 are those that the detector may be tuned on; the table is made from 101 to 105. Detection
sees what trucks sent, work orders and refuellings; no places, no dispatch records.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from truckkit.detection import Observed, detect
from truckkit.score import Told, Truth, score
from truckkit.sources.simulator import Plan, simulate

NOISES = ("none", "typical", "harsh")
PERIODS_S = (0.2, 1.0, 5.0, 10.0, 30.0)
CHANNELS = ("full", "payload", "gps")
SEEDS = (101, 102, 103, 104, 105)


@dataclass(frozen=True)
class Case:
    """One mine, as one set of sensors tells of it."""

    seed: int
    noise: str = "none"
    period_s: float = 1.0
    channels: str = "full"
    trucks: int = 20
    hours: float = 12.0


def measured(case: Case) -> dict[str, Any]:
    """Simulate a mine, detect, and score."""
    plan = Plan(case.trucks, case.hours, case.seed, 1 / case.period_s, case.noise, case.channels)
    mine = simulate(plan)
    seen = mine.observed
    positions = seen.table("positions")
    told = detect(
        Observed(
            positions,
            seen.table("telemetry") if case.channels != "gps" else None,
            work_orders=seen.table("maintenance"),
            refuels=seen.table("refuels"),
        )
    )
    bounds = positions.group_by("truck").aggregate([("at", "min"), ("at", "max")])
    observed = bounds.rename_columns({"at_min": "start", "at_max": "stop"})
    gone = pa.table(dict(zip(("truck", "start", "stop"), zip(*mine.dropouts(), strict=True), strict=False)))
    if not gone.num_rows:
        gone = pa.table({"truck": [], "start": [], "stop": []})
    times = pa.schema([("truck", pa.string()), ("start", pa.timestamp("us")), ("stop", pa.timestamp("us"))])
    gone = pa.table([gone[name].cast(times.field(name).type) for name in times.names], schema=times)
    truth = Truth(*(mine.truth.table(name) for name in ("states", "cycles", "places")), dropouts=gone)
    return score(Told(told.states, told.cycles, told.places, observed, seen.table("shifts")), truth)
