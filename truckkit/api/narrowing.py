"""Rows of a table narrowed by what stands in them: states, places, a box on the map, how long they last."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any

import ibis

from truckkit import schema
from truckkit.api.parameters import box
from truckkit.errors import BadRequest, unknown
from truckkit.site import Site

_OF_PLACE = ("place", "load_place", "dump_place", "from_place", "to_place")


def kept_rows(site: Site, table: schema.Table, filters: Mapping[str, Any]) -> Callable[[Site], ibis.Table]:
    """What gives a site's rows of a table that pass the filters.

    Raises
    ------
    UnknownName
        A state or place that is not there.
    BadRequest
        A bounding box that is none, or that the site has no such coordinates for.
    """
    tests: list[Callable[[ibis.Table], ibis.ir.BooleanValue]] = []
    if "state" in filters:
        tests.append(_in_states(filters["state"]))
    if "place" in filters:
        tests.append(_at_places(site, table, filters["place"]))
    if "bbox" in filters:
        tests.append(inside_box(site, filters["bbox"]))
    if "min_duration_s" in filters:
        tests.append(_lasting(filters["min_duration_s"]))

    def rows(narrowed: Site) -> ibis.Table:
        every = narrowed.table(table.name)
        return every.filter(*(test(every) for test in tests)) if tests else every

    return rows


def _in_states(names: list[str]) -> Callable[[ibis.Table], ibis.ir.BooleanValue]:
    for name in names:
        if name not in tuple(schema.STATES):
            raise unknown("state", name[:60], schema.STATES, "truckkit")
    return lambda rows: rows.state.isin(names)


def _at_places(
    site: Site, table: schema.Table, names: list[str]
) -> Callable[[ibis.Table], ibis.ir.BooleanValue]:
    known = set(site.places.place.to_pyarrow().to_pylist())
    for name in names:
        if name not in known:
            raise unknown("place", name[:60], known, site.name)
    # Of a cycle the way to its loader starts somewhere too; that is not where it loads or dumps.
    columns = [
        name for name in _OF_PLACE if name in table and not (table is schema.CYCLES and name == "from_place")
    ]
    return lambda rows: reduce(
        lambda one, other: one | other, (rows[name].isin(names).fill_null(False) for name in columns)
    )


def inside_box(site: Site, text: str) -> Callable[[ibis.Table], ibis.ir.BooleanValue]:
    """The test for rows whose place lies in a bounding box, in the coordinates that the site has."""
    west, south, east, north = box(text)
    x, y = ("lon", "lat") if site.crs else ("x_m", "y_m")
    if site.crs and (abs(west) > 180 or abs(east) > 180 or abs(south) > 90 or abs(north) > 90):
        raise BadRequest(
            f'bbox is "{text[:60]}", and this site has coordinates of the globe; give degrees: '
            "least longitude, least latitude, greatest longitude, greatest latitude."
        )
    return lambda rows: (rows[x] >= west) & (rows[x] <= east) & (rows[y] >= south) & (rows[y] <= north)


def _lasting(seconds: float) -> Callable[[ibis.Table], ibis.ir.BooleanValue]:
    # What has not stopped yet lasts as long as it may.
    length = ibis.interval(microseconds=round(seconds * 1e6))
    return lambda rows: rows.stop.isnull() | (rows.stop >= rows.start + length)
