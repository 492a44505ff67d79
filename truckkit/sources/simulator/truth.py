"""What truly happened: states that tile time, cycles, and places as they moved. A detector never sees it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from itertools import pairwise
from statistics import fmean
from typing import Any

import numpy as np

from truckkit.schema import CYCLE_STATES
from truckkit.sources.simulator.calendar import Shift
from truckkit.sources.simulator.log import Load, Tip, TruckLog
from truckkit.sources.simulator.records import Dated, batch, rows, when
from truckkit.sources.simulator.world import World

DAY_MS = 86_400_000
SOURCE = "fms"
"""Stores keep the truth as if a perfect dispatch system had told it."""


def days(world: World) -> list[tuple[int, int]]:
    """The UTC days of a plan, cut to it [ms from its start]."""
    first = -(world.plan.epoch_ms % DAY_MS)
    cuts = [max(0, first), *range(first + DAY_MS, world.plan.length_ms, DAY_MS), world.plan.length_ms]
    return list(pairwise(cuts))


def states(world: World) -> Dated:
    """Columns of ``schema.STATE_INTERVALS``: a batch a day; they tile each truck's time."""
    end = (world.plan.length_ms, "", None, None, None)
    said = [
        (at, log.name, after[0], state, place, loader, operator)
        for log in world.logs
        for (at, state, place, loader, operator), after in pairwise([*log.states, end])
        if at < after[0]
    ]
    said.sort(key=lambda row: row[0])
    edges = [row[0] for row in said]
    names = ("start", "truck", "stop", "state", "place", "loader", "operator")
    for day, (start, stop) in enumerate(days(world)):
        found = sorted(said[bisect_left(edges, start) : bisect_left(edges, stop)], key=lambda row: row[1])
        columns: dict[str, Any] = dict(zip(names, map(list, zip(*found, strict=True)), strict=False))
        for edge in ("start", "stop"):
            columns[edge] = when(world.plan, np.array(columns.get(edge, []), dtype=np.int64))
        columns |= {"source": SOURCE, "confidence": np.ones(len(found))}
        yield day, batch("states", columns, len(found))


def cycles(world: World) -> Dated:
    """Columns of ``schema.CYCLES``: from the start of one loading to the start of the next.

    The phases are those within these bounds, so with ``delay_min`` they sum to the cycle.
    ``from_place`` and ``arrived_load`` tell how the truck came to this loading, before the cycle's start.
    """
    found = [record for log in world.logs for record in _cycles(world, log)]
    found.sort(key=lambda record: record["start"])
    edges = [record["start"] for record in found]
    for day, (start, stop) in enumerate(days(world)):
        told = found[bisect_left(edges, start) : bisect_left(edges, stop)]
        yield day, rows("cycles", sorted(told, key=lambda record: record["truck"]), world.plan)


def places(world: World) -> Dated:
    """Columns of ``schema.PLACES``: a place that moved has a row for each time it stood still.

    Its point is the mean of where trucks stood, each visit counting once. Places to which no truck
    came are left out: nobody could find them.
    """
    yield (
        0,
        rows(
            "places",
            (
                {
                    "place": was.place,
                    "kind": was.kind,
                    **dict(
                        zip(("x_m", "y_m", "elevation_m"), map(fmean, zip(*stood, strict=True)), strict=True)
                    ),
                    "radius_m": was.radius_m,
                    "start": was.start,
                    "stop": was.stop,
                    "given": True,
                }
                for was, stood in sorted(
                    zip(world.places, world.stood, strict=True),
                    key=lambda pair: (pair[0].place, pair[0].start),
                )
                if stood
            ),
            world.plan,
        ),
    )


def shift_at(shifts: list[Shift], at: int) -> str | None:
    """The name of the shift in which an instant lies."""
    return next((shift.name for shift in shifts if shift.start <= at < shift.stop), None)


def _cycles(world: World, log: TruckLog) -> Iterator[dict[str, Any]]:
    end = world.plan.length_ms
    loadings = [said for said in log.states if said[1] == "load"]
    starts = [said[0] for said in loadings]
    bounds = np.array([*starts, end], dtype=np.int64)
    edges = np.array([*(said[0] for said in log.states), end], dtype=np.int64)
    words = np.array([said[1] for said in log.states])
    phases = {}
    for state in CYCLE_STATES:
        lasted = np.where(words == state, np.diff(edges), 0)
        spent = np.interp(bounds, edges, np.concatenate([[0], np.cumsum(lasted)]))
        phases[f"{state}_min"] = np.diff(spent) / 60_000
    phases["delay_min"] = np.diff(bounds) / 60_000 - sum(phases.values())
    for number, start in enumerate(starts):
        load: Load | None = log.loads[number] if number < len(log.loads) else None
        tip: Tip | None = log.tips[number] if number < len(log.tips) else None
        after = log.loads[number + 1] if number + 1 < len(log.loads) else None
        last = number + 1 == len(starts)
        yield {
            "truck": log.name,
            "source": SOURCE,
            "start": start,
            "stop": int(bounds[number + 1]),
            "loader": loadings[number][3],
            "operator": loadings[number][4],
            "load_place": loadings[number][2],
            **({} if load is None else _loading(load)),
            **({} if tip is None or load is None else _dumping(load, tip)),
            **{name: float(minutes[number]) for name, minutes in phases.items()},
            "empty_m": None if after is None else round(after.empty_m, 1),
            "shift": shift_at(world.shifts, start),
            "complete": not last,
            "overlaps": False,
            "why": "the record ends before the next loading" if last else None,
        }


def _loading(load: Load) -> dict[str, Any]:
    return {
        "from_place": load.from_place,
        "arrived_load": load.arrived_load,
        "full": load.full,
        "payload_t": round(load.payload_t, 3),
        "reported_t": float(round(load.payload_t)),
    }


def _dumping(load: Load, tip: Tip) -> dict[str, Any]:
    return {
        "dump_place": tip.dump_place,
        "arrived_dump": tip.arrived_dump,
        "loaded_m": round(tip.loaded_m, 1),
        "lift_m": round(tip.dump_z - load.load_z, 2),
    }
