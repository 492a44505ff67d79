"""What truckkit's detection is compared with: three ways in which mines find haul cycles today.

Each takes one truck's samples, and the true places where it wants some, and gives its states as rows of
``start, stop, state``; ``bench/accuracy_page.py`` holds them against the truth. They are
written as somebody would who knows the mine and has an afternoon, with thresholds that fit it:

- ``geofences``: circles around places, and a speed below which a truck stands (as Traccar and MPC do)
- ``stop_detector``: the stops that MovingPandas finds, each at the nearest place
- ``threshold_runs``: payload, switches and speed against thresholds, and runs of them, in Polars

They need the extra ``bench``: pip install -e '.[bench]'.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby, pairwise
from operator import itemgetter
from typing import Any

import movingpandas
import polars as pl
import pyarrow as pa

from truckkit import schema
from truckkit.sources.simulator import Simulated

STANDS_KMH = 1.5
SETTLES = timedelta(seconds=5)
"""A truck stands, or drives again, once it has done so for as long; shorter changes are jitter."""
DELAY = timedelta(seconds=60)
QUEUES = timedelta(seconds=30)
"""A shorter halt before a loader or a dump is the one from which a truck backs up."""
MOVES_UP = timedelta(minutes=2)
"""From a halt in a queue to the loading or dumping that it was for, or to the next halt."""
STANDBY = timedelta(minutes=45)
"""Parked for longer, a truck has no driver."""
REPAIR = timedelta(minutes=10)
GAP = timedelta(seconds=20)
"""Time between two samples from which on nothing is known; at least three sample periods."""
TIPS = ("dump", "crusher", "stockpile")

QUEUE_M = 150.0
"""How far from a place its queue reaches."""
DIAMETER_M = 15.0
"""How far the GPS of a standing truck wanders."""

STATES = {"start": pl.Datetime("us"), "stop": pl.Datetime("us"), "state": pl.String}
Row = tuple[datetime, datetime, str]
Baseline = Callable[[pl.DataFrame, pl.DataFrame, pl.DataFrame], pl.DataFrame]
"""One truck's positions, its telemetry and the true places, each as in ``schema``: its states."""


@dataclass(frozen=True)
class Stop:
    """A truck stands: at the place of that number and kind, if at any."""

    start: datetime
    stop: datetime
    x_m: float
    y_m: float
    place: int | None = None
    kind: str | None = None

    @property
    def lasts(self) -> timedelta:
        return self.stop - self.start


# Geofences and a speed ---------------------------------------------------------------------------


def geofences(positions: pl.DataFrame, telemetry: pl.DataFrame, places: pl.DataFrame) -> pl.DataFrame:
    """A truck that stands within a circle is at the place; it stands below a speed, for long enough.

    Needs positions alone. The circle is as wide as the place and its queue, which the mine's plan tells.
    """
    samples = _clean(positions)
    standing = samples.with_columns(stands=pl.col("speed_kmh") < STANDS_KMH)
    runs = _runs(standing, "stands")
    runs = _settled(runs, "stands")
    found = [_stop(samples, start, stop) for start, stop, stands in runs.iter_rows() if stands]
    found = [_placed(stop, places, reach=QUEUE_M) for stop in found]
    return _story(found, samples)


def _runs(samples: pl.DataFrame, column: str) -> pl.DataFrame:
    """Runs of one value, each until the next begins: ``start, stop`` and the value."""
    runs = (
        samples.with_columns(run=pl.col(column).rle_id())
        .group_by("run", maintain_order=True)
        .agg(pl.col("at").first().alias("start"), pl.col("at").last().alias("last"), pl.col(column).first())
    )
    stop = pl.col("start").shift(-1).fill_null(pl.col("last"))
    return runs.select("start", stop.alias("stop"), column)


def _settled(runs: pl.DataFrame, column: str) -> pl.DataFrame:
    """Runs without those that are too short, which become part of the one before."""
    long = runs.filter((pl.col("stop") - pl.col("start")) >= SETTLES)
    return _runs(long.select(pl.col("start").alias("at"), column), column).with_columns(
        stop=pl.col("start").shift(-1).fill_null(runs["stop"].max())
    )


# MovingPandas ------------------------------------------------------------------------------------


def stop_detector(positions: pl.DataFrame, telemetry: pl.DataFrame, places: pl.DataFrame) -> pl.DataFrame:
    """The stops that MovingPandas finds: within a diameter, for a duration; each at the nearest place.

    Needs positions alone. The diameter is what a standing truck's GPS wanders, and the duration less
    than a dumping takes.
    """
    samples = _clean(positions)
    frame = samples.select("at", "x_m", "y_m").to_pandas()
    frame["truck"] = "truck"
    with warnings.catch_warnings():
        # MovingPandas 0.23 changes frames in place, which pandas 3.1 no longer likes.
        warnings.simplefilter("ignore")
        line = movingpandas.Trajectory(frame, "truck", t="at", x="x_m", y="y_m", crs="EPSG:32719")
        ranges = movingpandas.TrajectoryStopDetector(line).get_stop_time_ranges(
            max_diameter=DIAMETER_M, min_duration=timedelta(seconds=20)
        )
    bounds = ((each.t_0.to_pydatetime(), each.t_n.to_pydatetime()) for each in ranges)
    whole: list[Stop] = []
    for here in (_stop(samples, start, stop) for start, stop in bounds):
        # A fix that jumped away and back has cut the stop in two.
        if whole and here.start - whole[-1].stop < QUEUES and _far(here, whole[-1]) < DIAMETER_M / 2:
            here = replace(whole.pop(), stop=here.stop)
        whole.append(here)
    found = [_placed(stop, places, reach=QUEUE_M) for stop in whole]
    return _story(found, samples)


# Thresholds in Polars ----------------------------------------------------------------------------


def threshold_runs(positions: pl.DataFrame, telemetry: pl.DataFrame, places: pl.DataFrame) -> pl.DataFrame:
    """Payload, switches and speed against thresholds at each sample, and runs of what they say.

    Needs no places. Without payload a truck is never known to be loaded; without switches it neither
    spots nor tips but by its payload.
    """
    samples = _clean(positions)
    readings = telemetry.select(
        "at", pl.col("payload_t").forward_fill(), *(pl.col(name).forward_fill() for name in SWITCHES)
    ).sort("at")
    joined = samples.join_asof(readings, on="at", tolerance="90s")
    full = joined["payload_t"].quantile(0.9) or 0.0
    share = pl.col("payload_t") / full if full > 20 else pl.lit(None, pl.Float64)
    loaded = (share > 0.5).fill_null(False)
    stands = (pl.col("speed_kmh") < STANDS_KMH).fill_null(True)
    reverse, body_up = (pl.col(name).fill_null(False) for name in ("reverse", "body_up"))
    off = ~pl.col("engine_on").fill_null(True)
    # Under the bucket a truck stands while its payload climbs from empty to full.
    filling = stands & share.is_between(0.08, 0.9).fill_null(False) & ~body_up
    said = (
        pl.when(off).then(pl.lit("standby"))
        .when(body_up & (pl.col("speed_kmh") < 8)).then(pl.lit("dump"))
        .when(reverse & ~loaded).then(pl.lit("spot_load"))
        .when(reverse & loaded).then(pl.lit("spot_dump"))
        .when(filling).then(pl.lit("load"))
        .when(~stands & loaded).then(pl.lit("haul"))
        .when(~stands).then(pl.lit("return"))
        .when(loaded).then(pl.lit("stands_loaded"))
        .otherwise(pl.lit("stands_empty"))
    )  # fmt: skip
    runs = _runs(joined.with_columns(state=said), "state")
    runs = _settled(runs, "state") if runs.height > 1 else runs
    return _with_gaps(list(_named(list(runs.iter_rows()))), samples)


SWITCHES = ("body_up", "reverse", "engine_on")


def _named(runs: list[Row]) -> Iterator[Row]:
    """Runs become what they are by what comes before and after them."""
    before = ""
    for number, (start, stop, state) in enumerate(runs):
        later = [each[2] for each in runs[number + 1 : number + 6]]
        then = next((each for each in later if not each.startswith("stands")), "")
        drives = next((each for each in later if each in ("haul", "return")), "")
        long = stop - start >= DELAY
        # What comes at once is what it waits for: a truck in line drives a few lengths between its halts.
        soon = {each[2] for each in runs[number + 1 : number + 8] if each[0] - stop < MOVES_UP}
        if state == "spot_load" and then != "load":
            state = "return"  # it backs up to something else than a loader
        elif before == "dump" and state in ("stands_empty", "load"):
            state = "dump"  # the last of the load slides, and the body comes down
        elif state == "stands_empty" and before == "spot_load":
            state = "spot_load"  # a truck that has backed up waits for its first bucket
        elif "load" in soon and (state == "stands_empty" or (before, state) == ("queue_load", "return")):
            state = "queue_load"
        elif before == "queue_dump" and state == "haul" and soon & {"spot_dump", "dump"}:
            state = "queue_dump"
        elif state == "stands_empty":
            state = "delay" if long else "return"
        elif state == "stands_loaded" and before == "load":
            state = "load"
        elif state == "stands_loaded" and (before == "spot_dump" or drives == "return"):
            state = "dump" if then not in ("spot_dump", "dump") or before == "spot_dump" else "queue_dump"
        elif state == "stands_loaded":
            state = "queue_dump" if soon & {"spot_dump", "dump"} else "delay" if long else "haul"
        elif state == "standby" and number and runs[number - 1][2] != "stands_empty":
            state = "down"  # nobody parks a loaded truck, or stops the engine while it rolls
        yield start, stop, state
        before = state


# What the first two share ------------------------------------------------------------------------


def _clean(positions: pl.DataFrame) -> pl.DataFrame:
    """Positions in order, each instant once, without those from which no truck can have come."""
    samples = positions.sort("at").unique("at", keep="last", maintain_order=True)
    samples = samples.with_columns(pl.col("speed_kmh").fill_nan(None).interpolate())
    far = (pl.col("x_m").diff() ** 2 + pl.col("y_m").diff() ** 2).sqrt()
    seconds = pl.col("at").diff().dt.total_milliseconds() / 1000
    return samples.filter((far / seconds < 30).fill_null(True))


def _stop(samples: pl.DataFrame, start: datetime, stop: datetime) -> Stop:
    here = samples.filter(pl.col("at").is_between(start, stop))
    return Stop(start, stop, here["x_m"].median(), here["y_m"].median())


def _far(one: Stop, other: Stop) -> float:
    return math.hypot(one.x_m - other.x_m, one.y_m - other.y_m)


def _placed(stop: Stop, places: pl.DataFrame, reach: float) -> Stop:
    """A stop at the nearest place that is there then: within reach, or as far as the place does."""
    far = ((pl.col("x_m") - stop.x_m) ** 2 + (pl.col("y_m") - stop.y_m) ** 2).sqrt()
    near = places.with_columns(far=far).filter(
        pl.col("far") <= pl.max_horizontal("radius_m", pl.lit(reach)),
        pl.col("start").is_null() | (pl.col("start") <= stop.start),
        pl.col("stop").is_null() | (pl.col("stop") > stop.start),
    )
    for found in near.sort("far").head(1).iter_rows(named=True):
        return replace(stop, place=found["number"], kind=found["kind"])
    return stop


def _story(stops: list[Stop], samples: pl.DataFrame) -> pl.DataFrame:
    """States from stops: what is between them is driven, loaded from a loading to the next dumping.

    Of the stops on one visit to a place the last is the loading or the dumping, and those before it are
    the queue, or, where they are short, the halt before backing up; the way between the last two is the
    spotting.
    """
    rows: list[Row] = []
    now, loaded = samples["at"][0], False
    stops = [stop for stop in stops if stop.kind or stop.lasts >= DELAY]
    for number, here in enumerate(stops):
        before = stops[number - 1] if number else None
        after = stops[number + 1] if number + 1 < len(stops) else None
        works = here.kind in ("load", *TIPS)
        what = "load" if here.kind == "load" else "dump"
        same = before is not None and works and before.place == here.place and _is_visit(before, here)
        waits = after is not None and works and after.place == here.place and _is_visit(here, after)
        way = "haul" if loaded else "return"
        rows.append((now, here.start, f"spot_{what}" if same and not waits else way))
        if not works:
            state = _idle(here)
        elif waits:
            state = f"queue_{what}" if here.lasts >= QUEUES else f"spot_{what}"
        else:
            state, loaded = what, what == "load"
        rows.append((here.start, here.stop, state))
        now = here.stop
    rows.append((now, samples["at"][-1], "haul" if loaded else "return"))
    return _with_gaps([row for row in rows if row[0] < row[1]], samples)


def _is_visit(one: Stop, other: Stop) -> bool:
    """True where a truck cannot have been elsewhere between two stops at a place."""
    return other.start - one.stop < timedelta(minutes=3)


def _idle(stop: Stop) -> str:
    if stop.kind == "workshop" and stop.lasts >= REPAIR:
        return "down"
    return "standby" if stop.kind == "park" and stop.lasts >= STANDBY else "delay"


def _with_gaps(rows: list[Row], samples: pl.DataFrame) -> pl.DataFrame:
    """States with ``no_data`` where nothing was sampled."""
    at = samples["at"]
    longest = max(GAP, 3 * at.diff().median()) if len(at) > 1 else GAP
    gaps = [(a, b) for a, b in pairwise(at.to_list()) if b - a > longest]
    cut: list[Row] = [(a, b, "no_data") for a, b in gaps]
    for start, stop, state in _joined(rows):
        for a, b in gaps:
            if a < stop and b > start:
                if start < a:
                    cut.append((start, a, state))
                start = max(start, b)
        if start < stop:
            cut.append((start, stop, state))
    return pl.DataFrame(sorted(cut), STATES, orient="row")


def _joined(rows: list[Row]) -> Iterator[Row]:
    """Neighbours in one state as one."""
    for state, same in groupby(rows, key=itemgetter(2)):
        run = list(same)
        yield run[0][0], run[-1][1], state


# Held against the truth --------------------------------------------------------------------------

BASELINES: dict[str, Baseline] = {
    "geofences": geofences,
    "MovingPandas": stop_detector,
    "threshold runs": threshold_runs,
}


def detected(mine: Simulated, baseline: Baseline) -> tuple[pa.Table, pa.Table]:
    """The states and cycles that a baseline tells of a simulated mine."""
    positions, telemetry = (pl.from_arrow(mine.observed.table(name)) for name in ("positions", "telemetry"))
    places = pl.from_arrow(mine.truth.table("places")).with_row_index("number")
    states, cycles = [], []
    for truck in mine.observed.table("trucks")["truck"].to_pylist():
        its, reads = (table.filter(pl.col("truck") == truck) for table in (positions, telemetry))
        told = baseline(its, reads, places)
        rows = [{"truck": truck, **row} for row in told.iter_rows(named=True)]
        states += rows
        cycles += _cycles(rows, reads)
    return _table(schema.STATE_INTERVALS, states), _table(schema.CYCLES, cycles)


def _cycles(states: list[dict[str, Any]], telemetry: pl.DataFrame) -> Iterator[dict[str, Any]]:
    """From each loading to the next, with the payload that was on the truck when it drove off."""
    loads = [row for row in states if row["state"] == "load"]
    for here, after in zip(loads, [*loads[1:], None][: len(loads)], strict=True):
        stop = after["start"] if after else states[-1]["stop"]
        hauled = telemetry.filter(pl.col("at").is_between(here["stop"], here["stop"] + DELAY))
        payload = hauled["payload_t"].drop_nulls().drop_nans().median()
        yield {"truck": here["truck"], "start": here["start"], "stop": stop, "payload_t": payload}


def _table(table: schema.Table, rows: list[dict[str, Any]]) -> pa.Table:
    plain = pa.schema([pa.field(field.name, field.type) for field in table.schema.to_pyarrow()])
    return pa.Table.from_pylist([{name: row.get(name) for name in table.names} for row in rows], plain)
