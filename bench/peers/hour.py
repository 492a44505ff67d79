"""What the peers show: all trucks of the store's newest hour, a position a second."""

from __future__ import annotations

import os
from datetime import timedelta
from functools import cache

import numpy as np
import numpy.typing as npt
import pandas as pd

import truckkit as tk

SPEED = 60
SECONDS = 3600

Grid = npt.NDArray[np.float64]


@cache
def hour() -> tuple[list[str], Grid, Grid]:
    """The trucks, and east and north of each in each second [m]: arrays of seconds × trucks."""
    site = tk.open(os.environ["TRUCKKIT_STORE"])
    positions = site.positions
    newest = positions.aggregate(at=positions.at.max()).to_pyarrow()["at"][0].as_py()
    start = newest.replace(microsecond=0) - timedelta(seconds=SECONDS)
    rows = positions.filter(positions.at >= start).select("truck", "at", "x_m", "y_m").to_pandas()
    rows["second"] = ((rows["at"] - start) / timedelta(seconds=1)).astype(int).clip(0, SECONDS - 1)
    told = {
        side: rows.pivot_table(index="second", columns="truck", values=side, aggfunc="last")
        .reindex(range(SECONDS))
        .ffill()
        .bfill()
        for side in ("x_m", "y_m")
    }
    return list(told["x_m"].columns), told["x_m"].to_numpy(), told["y_m"].to_numpy()


def frame(second: float) -> pd.DataFrame:
    """Where the trucks are at a moment, between two seconds on the straight line."""
    trucks, x, y = hour()
    first, part = int(second) % (SECONDS - 1), second % 1
    at = {side: told[first] + part * (told[first + 1] - told[first]) for side, told in (("x", x), ("y", y))}
    return pd.DataFrame({**at, "truck": trucks})
