"""Where a position is drawn: in the site's metres, or in metres around a point of the globe.

A source that knows no site grid gives longitude and latitude alone; those are laid flat around the
middle of the data, which is right to a part in a thousand over a mine and readable over a country.

>>> Plane(lon=0.0, lat=60.0).metres(1.0, 60.0)
(55659.75, 0.0)
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import ibis
import numpy as np
import numpy.typing as npt
import pyarrow as pa
from ibis import _

Real = npt.NDArray[np.float64]
Sure = npt.NDArray[np.bool_]

DEGREE_M = 111_319.5
"""Length of a degree along the equator of WGS84 [m], rounded to half a metre."""

FARTHEST_M = 1e9
"""Beyond this a coordinate cannot be meant [m]."""


@dataclass(frozen=True)
class Plane:
    """The plane that a scene is drawn on. Without a middle it is the site's own grid."""

    lon: float | None = None
    lat: float | None = None

    @property
    def is_grid(self) -> bool:
        """True where the site's own metres are drawn."""
        return self.lon is None or self.lat is None

    def metres(self, lon: float, lat: float) -> tuple[float, float]:
        """Where a point of the globe lies on the plane [m]."""
        if self.lon is None or self.lat is None:
            raise ValueError("the site's grid has no place for longitudes")
        east, north = self.scales()
        return round((lon - self.lon) * east, 3), round((lat - self.lat) * north, 3)

    def drawn(self, table: ibis.Table) -> ibis.Table:
        """The rows that have a place on the plane, with it as ``drawn_x``, ``drawn_y`` [m]."""
        if self.lon is None or self.lat is None:
            return in_grid(table).mutate(drawn_x=_.x_m, drawn_y=_.y_m)
        east, north = self.scales()
        return on_globe(table).mutate(drawn_x=(_.lon - self.lon) * east, drawn_y=(_.lat - self.lat) * north)

    @property
    def columns(self) -> tuple[str, str]:
        """What of a position says where it lies."""
        return ("x_m", "y_m") if self.is_grid else ("lon", "lat")

    def placed(self, first: pa.ChunkedArray, second: pa.ChunkedArray) -> tuple[Real, Real, Sure]:
        """What ``drawn`` means, of columns that were read: east, north [m], and which rows have a place."""
        x, y = (each.cast(pa.float64()).to_numpy(zero_copy_only=False) for each in (first, second))
        if self.lon is None or self.lat is None:
            return x, y, (np.abs(x) < FARTHEST_M) & (np.abs(y) < FARTHEST_M)
        east, north = self.scales()
        return (x - self.lon) * east, (y - self.lat) * north, (np.abs(x) <= 180.0) & (np.abs(y) <= 90.0)

    def scales(self) -> tuple[float, float]:
        """Lengths of a degree to the east and to the north, where the globe is laid flat [m]."""
        assert self.lat is not None
        return DEGREE_M * round(math.cos(math.radians(self.lat)), 9), DEGREE_M


# Sources do write NaN and infinity, and neither lies between anything here. Bounds that stand alone beside a
# column let DuckDB skip the test where a file's statistics already say it: half of the time of a long scan.
def in_grid(table: ibis.Table) -> ibis.Table:
    """The rows with a place in the site's grid."""
    return table.filter(_.x_m.between(-FARTHEST_M, FARTHEST_M), _.y_m.between(-FARTHEST_M, FARTHEST_M))


def on_globe(table: ibis.Table) -> ibis.Table:
    """The rows with a longitude and a latitude."""
    return table.filter(_.lon.between(-180.0, 180.0), _.lat.between(-90.0, 90.0))
