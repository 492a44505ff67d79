"""Longitude and latitude, projected into the site's grid (PROJ, by pyproj)."""

from __future__ import annotations

import threading

import ibis
import ibis.expr.datatypes as dt
import numpy as np
import pyarrow as pa
import pyproj
from pyproj.aoi import AreaOfInterest
from pyproj.database import query_utm_crs_info

from truckkit.errors import BadMapping

NAME = "truckkit_in_grid"
"""The function, as expressions call it."""

TAKES, GIVES = ("DOUBLE", "DOUBLE"), "STRUCT(x_m DOUBLE, y_m DOUBLE)"

UTM = "utm"
"""A mapping's word for the UTM zone in which its first point lies."""

_POINT = dt.Struct({"x_m": dt.float64, "y_m": dt.float64})


class Grid:
    """The site's grid: where a point of the globe lies in it.

    >>> grid = Grid("utm")
    >>> east, north = grid.points(np.array([-70.0]), np.array([-30.0]))
    >>> grid.crs, round(float(east[0])), round(float(north[0]))
    ('EPSG:32719', 403550, 6680794)
    """

    def __init__(self, crs: str | None) -> None:
        self.named = crs is not None
        """True where there is something to project to."""
        self.crs = None if crs == UTM else crs
        """The grid's coordinate reference system; known after the first point where the mapping says utm."""
        self._lock = threading.Lock()
        self._transformer = _transformer(self.crs) if self.crs else None

    def points(self, lon: np.ndarray, lat: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """East and north [m]; what lies outside of what the projection is good for is not finite."""
        with self._lock:
            if self._transformer is None:
                self.crs = _zone(lon, lat)
                self._transformer = _transformer(self.crs)
            return self._transformer.transform(lon, lat)

    def arrow(self, lon: pa.Array, lat: pa.Array) -> pa.Array:
        """The same, as a function of Arrow arrays that gives empty points where there is none."""
        given = [np.asarray(_whole(each).to_numpy(zero_copy_only=False), np.float64) for each in (lon, lat)]
        told = np.isfinite(given[0]) & np.isfinite(given[1])
        east, north = np.full(len(told), np.nan), np.full(len(told), np.nan)
        if told.any():
            east[told], north[told] = self.points(given[0][told], given[1][told])
        nowhere = ~(np.isfinite(east) & np.isfinite(north))
        columns = [pa.array(each, pa.float64(), mask=nowhere) for each in (east, north)]
        return pa.StructArray.from_arrays(columns, ["x_m", "y_m"])


def projected(rows: ibis.Table) -> ibis.Table:
    """Rows with ``x_m`` and ``y_m`` where they bring ``lon`` and ``lat`` alone."""
    if not {"lon", "lat"} <= set(rows.columns) or "x_m" in rows.columns:
        return rows
    placed = rows.mutate(_point=truckkit_in_grid(rows.lon, rows.lat)).view()
    return placed.mutate(x_m=placed["_point"].x_m, y_m=placed["_point"].y_m).drop("_point")


@ibis.udf.scalar.builtin  # type: ignore[untyped-decorator]
def truckkit_in_grid(lon: dt.float64, lat: dt.float64) -> _POINT:  # type: ignore[valid-type]
    """Where a point lies in the site's grid."""


def _whole(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _transformer(crs: str) -> pyproj.Transformer:
    try:
        grid = pyproj.CRS.from_user_input(crs)
        units = [axis.unit_name for axis in grid.axis_info[:2] if axis.unit_conversion_factor != 1.0]
        if units or not grid.is_projected:
            raise BadMapping(
                f'the site\'s grid "{crs}" is "{grid.name}", which is '
                f"{f'in {units[0]}' if units else 'no plane'}, and a grid is a plane in metres; "
                'name one such as "EPSG:32719", or "utm".'
            )
        return pyproj.Transformer.from_crs("EPSG:4326", grid, always_xy=True)
    except pyproj.exceptions.ProjError:
        raise BadMapping(
            f'the site\'s grid "{crs}" is no coordinate reference system that PROJ knows; '
            'name one such as "EPSG:32719", or "utm".'
        ) from None


def _zone(lon: np.ndarray, lat: np.ndarray) -> str:
    """The UTM zone of points, by the middle one."""
    middle = np.argsort(lon)[len(lon) // 2]
    x, y = float(np.clip(lon[middle], -180, 180)), float(np.clip(lat[middle], -80, 84))
    found = query_utm_crs_info("WGS 84", AreaOfInterest(x, y, x, y))
    return f"EPSG:{found[0].code}"
