"""The analyst's tasks in truckkit: its store's day files, its public methods, Ibis expressions.

Stops, trips, cycles and time in state are read from what detection decoded when the data came in; what
that cost is in the bench as a row of its own.
"""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
from ibis import _
from peers.analyst_tasks import HOLDS_S, LOADED_T

import truckkit as tk
from truckkit import align

OPEN = tk.open
"""Named here, so that what it imports counts as import."""
HOLDS = timedelta(seconds=HOLDS_S)
DOING = {"haul": "drives loaded", "return": "drives empty"}


def _site(folder: Path) -> tk.Site:
    """The store, with its states as they were detected: the simulated FMS would know the truth."""
    trucks = json.loads((folder / "trucks.json").read_text())
    site = OPEN(folder / "store").using("detected")
    return site if len(trucks) == len(site.truck_names) else site.truck(*trucks)


def stops(folder: Path) -> pa.Table:
    return _site(folder).stops().select("truck", "start", "stop").to_pyarrow()


def trips(folder: Path) -> pa.Table:
    return _site(folder).trips().select("truck", "start", "stop", "driven_m").to_pyarrow()


def cycles(folder: Path) -> pa.Table:
    asked = ("truck", "start", "stop", "payload_t", "loaded_m", "empty_m")
    return _site(folder).cycles.filter(_.complete).select(*asked).to_pyarrow()


def asof(folder: Path) -> pa.Table:
    site = _site(folder)
    loads = align.holding(site.telemetry.mutate(loaded=_.payload_t > LOADED_T), "loaded", HOLDS)
    told = site.positions.filter(_.speed_kmh.notnull()).select("truck", "at", "speed_kmh")
    met = align.in_intervals(told, loads, "loaded").filter(_.loaded.notnull())
    by_load = met.group_by("truck", "loaded")
    return by_load.aggregate(samples=_.count(), speed_kmh=_.speed_kmh.mean()).to_pyarrow()


def resample(folder: Path) -> pa.Table:
    found = align.resampled(
        _site(folder).positions.filter(_.speed_kmh.notnull()),
        "1min",
        samples=_.count(),
        speed_kmh=_.speed_kmh.mean(),
        fastest_kmh=_.speed_kmh.max(),
        x_m=_.x_m.mean(),
        y_m=_.y_m.mean(),
    )
    return found.rename(at="start").to_pyarrow()


def in_state(folder: Path) -> pa.Table:
    known = _site(folder).time_in_state().filter(_.state != "no_data")
    doing = known.state.cases(*DOING.items(), else_="stands")
    return known.group_by("truck", doing=doing).aggregate(minutes=_.spent_min.sum()).to_pyarrow()


TASKS = {each.__name__: each for each in (stops, trips, cycles, asof, resample, in_state)}
