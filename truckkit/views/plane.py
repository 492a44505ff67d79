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
        east, north = self._scales()
        return round((lon - self.lon) * east, 3), round((lat - self.lat) * north, 3)

    def drawn(self, table: ibis.Table) -> ibis.Table:
        """The rows that have a place on the plane, with it as ``drawn_x``, ``drawn_y`` [m]."""
        if self.lon is None or self.lat is None:
            x, y = table["x_m"], table["y_m"]
        else:
            east, north = self._scales()
            x, y = (table["lon"] - self.lon) * east, (table["lat"] - self.lat) * north
        placed = table.mutate(drawn_x=x, drawn_y=y)
        # Sources do write NaN and infinity, and neither is less than the way around the globe.
        return placed.filter(placed["drawn_x"].abs() < FARTHEST_M, placed["drawn_y"].abs() < FARTHEST_M)

    def _scales(self) -> tuple[float, float]:
        assert self.lat is not None
        return DEGREE_M * round(math.cos(math.radians(self.lat)), 9), DEGREE_M
