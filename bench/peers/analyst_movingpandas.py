"""Stops and trips as MovingPandas finds them: within a diameter, for a duration, truck by truck."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import movingpandas
import pandas as pd
from peers.analyst_tasks import STANDS_S, TRIP_M

DIAMETER_M = 15.0
"""How far the GPS of a standing truck wanders."""
LONG = timedelta(seconds=STANDS_S)


def _lines(folder: Path) -> Iterator[tuple[str, movingpandas.Trajectory]]:
    rows = pd.read_parquet(folder / "positions.parquet", columns=["truck", "at", "x_m", "y_m"])
    with warnings.catch_warnings():
        # MovingPandas 0.23 changes frames in place, which pandas 3.1 no longer likes.
        warnings.simplefilter("ignore")
        for truck, each in rows.groupby("truck"):
            yield truck, movingpandas.Trajectory(each, "truck", t="at", x="x_m", y="y_m", crs="EPSG:32719")


def stops(folder: Path) -> pd.DataFrame:
    found = [
        (truck, each.t_0, each.t_n)
        for truck, line in _lines(folder)
        for each in movingpandas.TrajectoryStopDetector(line).get_stop_time_ranges(DIAMETER_M, LONG)
    ]
    return pd.DataFrame(found, columns=["truck", "start", "stop"])


def trips(folder: Path) -> pd.DataFrame:
    found = [
        (truck, each.get_start_time(), each.get_end_time(), each.get_length())
        for truck, line in _lines(folder)
        for each in movingpandas.StopSplitter(line).split(
            max_diameter=DIAMETER_M, min_duration=LONG, min_length=TRIP_M
        )
    ]
    return pd.DataFrame(found, columns=["truck", "start", "stop", "driven_m"])


TASKS = {each.__name__: each for each in (stops, trips)}
