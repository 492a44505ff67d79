"""The analyst's tasks in Polars: lazy, on the streaming engine, with what files hold pruned by the plan."""

from __future__ import annotations

from pathlib import Path

import polars as pl
from peers.analyst_tasks import EMPTY_T, HOLDS_S, LEAP_MS, LOADED_T, STANDS_KMH, STANDS_S, TRIP_M
from polars import col

ORDERED = {"check_sortedness": False}
"""The files are sorted by truck and time; Polars cannot check it by group."""


def _positions(folder: Path, *columns: str) -> pl.LazyFrame:
    return pl.scan_parquet(folder / "positions.parquet").select("truck", "at", *columns)


def _readings(folder: Path) -> pl.LazyFrame:
    readings = pl.scan_parquet(folder / "telemetry.parquet").select("truck", "at", "payload_t")
    return readings.filter(col("payload_t").is_finite())


def _runs(positions: pl.LazyFrame) -> pl.LazyFrame:
    """Rows numbered by runs of standing and moving."""
    told = positions.filter(col("speed_kmh").is_finite()).with_columns(stands=col("speed_kmh") < STANDS_KMH)
    fresh = (
        (col("truck") != col("truck").shift())
        | (col("stands") != col("stands").shift())
        | (col("at").diff() > pl.duration(seconds=STANDS_S))
    )
    return told.with_columns(run=fresh.fill_null(True).cum_sum())


def _long() -> pl.Expr:
    return col("stop") - col("start") >= pl.duration(seconds=STANDS_S)


def _step() -> pl.Expr:
    """Metres from the sample before, of the same truck, without jumps."""
    metres = (col("x_m").diff() ** 2 + col("y_m").diff() ** 2).sqrt()
    seconds = col("at").diff().dt.total_microseconds() / 1e6
    near = (col("truck") == col("truck").shift()) & (metres < LEAP_MS * seconds)
    return pl.when(near).then(metres).otherwise(0.0)


def stops(folder: Path) -> pl.DataFrame:
    runs = _runs(_positions(folder, "speed_kmh")).filter("stands").group_by("run")
    found = runs.agg(col("truck").first(), start=col("at").min(), stop=col("at").max())
    return found.filter(_long()).drop("run").collect(engine="streaming")


def trips(folder: Path) -> pl.DataFrame:
    each = _runs(_positions(folder, "speed_kmh", "x_m", "y_m")).with_columns(step=_step())
    runs = each.group_by("run", maintain_order=True).agg(
        col("truck").first(),
        col("stands").first(),
        start=col("at").min(),
        stop=col("at").max(),
        driven_m=col("step").sum(),
    )
    halts = runs.with_columns(halt=col("stands") & _long())
    fresh = (col("truck") != col("truck").shift()) | (col("halt") != col("halt").shift())
    between = halts.with_columns(trip=fresh.fill_null(True).cum_sum()).filter(~col("halt")).group_by("trip")
    found = between.agg(col("truck").first(), col("start").min(), col("stop").max(), col("driven_m").sum())
    return found.filter(col("driven_m") >= TRIP_M).drop("trip").collect(engine="streaming")


def _with_load(folder: Path, *columns: str) -> pl.LazyFrame:
    """Positions with the newest payload, and whether the truck is loaded by it."""
    said = pl.when(col("payload_t") > LOADED_T).then(True).when(col("payload_t") < EMPTY_T).then(False)
    readings = _readings(folder).with_columns(loaded=said.forward_fill().over("truck"))
    return _positions(folder, *columns).join_asof(
        readings, on="at", by="truck", tolerance=f"{HOLDS_S}s", **ORDERED
    )


def cycles(folder: Path) -> pl.DataFrame:
    held = _with_load(folder, "x_m", "y_m").with_columns(step=_step(), loaded=col("loaded").forward_fill())
    same = col("truck") == col("truck").shift()
    began = (same & col("loaded") & ~col("loaded").shift()).fill_null(False)
    each = held.with_columns(cycle=began.cum_sum()).group_by("truck", "cycle", maintain_order=True)
    found = each.agg(
        start=col("at").min(),
        payload_t=col("payload_t").filter("loaded").median(),
        loaded_m=col("step").filter("loaded").sum(),
        empty_m=col("step").filter(~col("loaded")).sum(),
    )
    found = found.with_columns(
        stop=col("start").shift(-1).over("truck"), number=pl.int_range(pl.len()).over("truck")
    )
    whole = found.filter(col("number") > 0, col("stop").is_not_null())
    return whole.drop("cycle", "number").collect(engine="streaming")


def asof(folder: Path) -> pl.DataFrame:
    readings = _readings(folder)
    met = _positions(folder, "speed_kmh").join_asof(
        readings, on="at", by="truck", tolerance=f"{HOLDS_S}s", **ORDERED
    )
    told = met.filter(col("payload_t").is_not_null(), col("speed_kmh").is_finite())
    by_load = told.group_by("truck", loaded=col("payload_t") > LOADED_T)
    return by_load.agg(samples=pl.len(), speed_kmh=col("speed_kmh").mean()).collect(engine="streaming")


def resample(folder: Path) -> pl.DataFrame:
    told = _positions(folder, "speed_kmh", "x_m", "y_m").filter(col("speed_kmh").is_finite())
    return (
        told.group_by("truck", col("at").dt.truncate("1m"))
        .agg(
            pl.col("x_m", "y_m").mean(),
            samples=pl.len(),
            speed_kmh=col("speed_kmh").mean(),
            fastest_kmh=col("speed_kmh").max(),
        )
        .collect(engine="streaming")
    )


def in_state(folder: Path) -> pl.DataFrame:
    held = _with_load(folder, "speed_kmh").filter(col("speed_kmh").is_finite(), col("loaded").is_not_null())
    doing = (
        pl.when(col("speed_kmh") < STANDS_KMH).then(pl.lit("stands"))
        .when("loaded").then(pl.lit("drives loaded"))
        .otherwise(pl.lit("drives empty"))
    )  # fmt: skip
    until = col("at").shift(-1) - col("at")
    lasts = pl.when(col("truck") == col("truck").shift(-1)).then(until).dt.total_microseconds() / 60e6
    spent = held.select("truck", doing=doing, minutes=lasts.clip(0, STANDS_S / 60))
    return spent.group_by("truck", "doing").agg(col("minutes").sum()).collect(engine="streaming")


TASKS = {each.__name__: each for each in (stops, trips, cycles, asof, resample, in_state)}
