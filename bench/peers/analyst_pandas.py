"""The analyst's tasks in pandas: vectorised over the whole fleet, of the columns that are asked for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from peers.analyst_tasks import EMPTY_T, HOLDS_S, LEAP_MS, LOADED_T, STANDS_KMH, STANDS_S, TRIP_M

LONG = pd.Timedelta(seconds=STANDS_S)


def _positions(folder: Path, *columns: str) -> pd.DataFrame:
    return _read(folder / "positions.parquet", *columns)


def _readings(folder: Path) -> pd.DataFrame:
    return _read(folder / "telemetry.parquet", "payload_t").dropna()


def _read(file: Path, *columns: str) -> pd.DataFrame:
    rows = pd.read_parquet(file, columns=["truck", "at", *columns])
    # A few names in millions of rows: as categories they are compared as numbers.
    return rows.astype({"truck": "category"})


def _other_truck(rows: pd.DataFrame) -> np.ndarray:
    """Where rows of another truck begin."""
    codes = rows["truck"].cat.codes.to_numpy()
    return np.concatenate([[True], codes[1:] != codes[:-1]])


def _changes(values: np.ndarray) -> np.ndarray:
    return np.concatenate([[True], values[1:] != values[:-1]])


def _runs(told: pd.DataFrame) -> pd.DataFrame:
    stands = (told["speed_kmh"] < STANDS_KMH).to_numpy()
    silent = (told["at"].diff() > LONG).to_numpy()
    run = np.cumsum(_other_truck(told) | _changes(stands) | silent)
    return told.assign(stands=stands, run=run)


def _step(rows: pd.DataFrame) -> np.ndarray:
    """Metres from the sample before, of the same truck, without jumps."""
    metres = np.hypot(rows["x_m"].diff().to_numpy(), rows["y_m"].diff().to_numpy())
    seconds = rows["at"].diff().dt.total_seconds().to_numpy()
    return np.where(~_other_truck(rows) & (metres < LEAP_MS * seconds), metres, 0.0)


def stops(folder: Path) -> pd.DataFrame:
    runs = _runs(_positions(folder, "speed_kmh").dropna())
    found = runs[runs["stands"]].groupby("run").agg(
        truck=("truck", "first"), start=("at", "first"), stop=("at", "last")
    )  # fmt: skip
    return found[found["stop"] - found["start"] >= LONG]


def trips(folder: Path) -> pd.DataFrame:
    each = _runs(_positions(folder, "speed_kmh", "x_m", "y_m").dropna())
    runs = each.assign(step=_step(each)).groupby("run").agg(
        truck=("truck", "first"), stands=("stands", "first"), start=("at", "first"), stop=("at", "last"),
        driven_m=("step", "sum"),
    )  # fmt: skip
    halt = (runs["stands"] & (runs["stop"] - runs["start"] >= LONG)).to_numpy()
    runs["trip"] = np.cumsum(_other_truck(runs) | _changes(halt))
    found = runs[~halt].groupby("trip").agg(
        truck=("truck", "first"), start=("start", "first"), stop=("stop", "last"),
        driven_m=("driven_m", "sum"),
    )  # fmt: skip
    return found[found["driven_m"] >= TRIP_M]


def _asof(positions: pd.DataFrame, readings: pd.DataFrame) -> pd.DataFrame:
    """Positions with the newest reading: pandas wants all trucks in one order of time."""
    return pd.merge_asof(
        positions.sort_values("at"), readings.sort_values("at"), on="at", by="truck",
        tolerance=pd.Timedelta(seconds=HOLDS_S),
    )  # fmt: skip


def _with_load(folder: Path, *columns: str) -> pd.DataFrame:
    readings = _readings(folder)
    said = np.select([readings["payload_t"] > LOADED_T, readings["payload_t"] < EMPTY_T], [1.0, 0.0], np.nan)
    readings["loaded"] = pd.Series(said, readings.index).groupby(readings["truck"], observed=True).ffill()
    met = _asof(_positions(folder, *columns), readings)
    return met.sort_values(["truck", "at"], ignore_index=True)


def cycles(folder: Path) -> pd.DataFrame:
    held = _with_load(folder, "x_m", "y_m")
    loaded = held["loaded"].ffill().to_numpy()
    full = loaded == 1
    began = np.concatenate([[False], full[1:] & (loaded[:-1] == 0)]) & ~_other_truck(held)
    step = _step(held)
    held = held.assign(
        cycle=np.cumsum(began),
        loaded_m=np.where(full, step, 0.0),
        empty_m=np.where(loaded == 0, step, 0.0),
        payload_t=held["payload_t"].where(full),
    )
    found = held.groupby(["truck", "cycle"], observed=True, as_index=False).agg(
        start=("at", "first"), payload_t=("payload_t", "median"),
        loaded_m=("loaded_m", "sum"), empty_m=("empty_m", "sum"),
    )  # fmt: skip
    by_truck = found.groupby("truck", observed=True)
    found["stop"] = by_truck["start"].shift(-1)
    return found[(by_truck.cumcount() > 0) & found["stop"].notna()]


def asof(folder: Path) -> pd.DataFrame:
    met = _asof(_positions(folder, "speed_kmh").dropna(), _readings(folder))
    told = met[met["payload_t"].notna()]
    by_load = told.groupby(["truck", (told["payload_t"] > LOADED_T).rename("loaded")], observed=True)
    return by_load["speed_kmh"].agg(samples="size", speed_kmh="mean").reset_index()


def resample(folder: Path) -> pd.DataFrame:
    told = _positions(folder, "speed_kmh", "x_m", "y_m").dropna(subset="speed_kmh")
    by_minute = told.assign(at=told["at"].dt.floor("min")).groupby(["truck", "at"], observed=True)
    return by_minute.agg(
        samples=("speed_kmh", "size"), speed_kmh=("speed_kmh", "mean"), fastest_kmh=("speed_kmh", "max"),
        x_m=("x_m", "mean"), y_m=("y_m", "mean"),
    ).reset_index()  # fmt: skip


def in_state(folder: Path) -> pd.DataFrame:
    held = _with_load(folder, "speed_kmh").dropna(subset=["speed_kmh", "loaded"])
    doing = np.select(
        [held["speed_kmh"] < STANDS_KMH, held["loaded"] == 1], ["stands", "drives loaded"], "drives empty"
    )
    until = held["at"].diff(-1).dt.total_seconds().to_numpy() / -60
    last = np.concatenate([_other_truck(held)[1:], [True]])
    spent = held.assign(doing=doing, minutes=np.where(last, 0.0, np.clip(until, 0, STANDS_S / 60)))
    return spent.groupby(["truck", "doing"], observed=True)["minutes"].sum().reset_index()


TASKS = {each.__name__: each for each in (stops, trips, cycles, asof, resample, in_state)}
