"""Trucks as features: which there are, where each is now, and when and where its positions reach."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import ibis
from ibis import _

from truckkit import schema, times
from truckkit.api.answers import said
from truckkit.api.plain import plain
from truckkit.site import Site
from truckkit.store import stated, whole

GRID = {"type": "Name", "properties": {"name": "the site's grid, in metres"}}
GLOBE = {"type": "Name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}}


@dataclass(frozen=True)
class Plane:
    """Which columns coordinates are of, and what names them."""

    x: str
    y: str
    crs: dict[str, Any]

    @property
    def of_document(self) -> dict[str, Any]:
        """What a document of GeoJSON has to say of them: of degrees nothing."""
        return {} if self.crs is GLOBE else {"crs": self.crs}

    def place(self, row: dict[str, Any]) -> list[float] | None:
        """The coordinates of a row, with its height where that is known."""
        x, y = row[self.x], row[self.y]
        if x is None or y is None:
            return None
        return [x, y] if row.get("elevation_m") is None else [x, y, row["elevation_m"]]


def plane(site: Site, seconds: float) -> Plane:
    """Degrees where the site is on the globe and its trucks tell them, or tell nothing else; else metres."""
    told = site.latest.aggregate(lon=_.lon.count(), x=_.x_m.count())
    (known,) = whole(stated(told), seconds).to_pylist()
    if known["lon"] and (site.crs or not known["x"]):
        return Plane("lon", "lat", GLOBE)
    return Plane("x_m", "y_m", GRID)


def reach(found: ibis.Table, on: Plane, seconds: float) -> dict[str, dict[str, Any]]:
    """When and where positions reach, of each truck that has any of these."""
    x, y = (found[name].nullif(math.nan) for name in (on.x, on.y))
    reached = found.group_by("truck").aggregate(
        since=_.at.min(), until=_.at.max(), west=x.min(), south=y.min(), east=x.max(), north=y.max()
    )
    return {row["truck"]: row for row in whole(stated(reached), seconds).to_pylist()}


def features(
    site: Site, trucks: Sequence[str], on: Plane, reached: dict[str, dict[str, Any]], seconds: float
) -> list[dict[str, Any]]:
    """A feature for each of these trucks."""
    if not trucks:
        return []
    now = site.truck(*trucks)
    known = {row["truck"]: row for row in _rows(now.trucks, seconds)}
    newest = {row["truck"]: row for row in _rows(now.latest, seconds)}
    return [
        _feature(on, truck, known.get(truck, {}), newest.get(truck), reached.get(truck)) for truck in trucks
    ]


def _feature(
    on: Plane,
    truck: str,
    known: dict[str, Any],
    newest: dict[str, Any] | None,
    reached: dict[str, Any] | None,
) -> dict[str, Any]:
    at = on.place(newest) if newest else None
    properties = {name: known.get(name) for name in schema.TRUCKS.names if name not in ("load_id", "given")}
    feature: dict[str, Any] = {
        "type": "Feature",
        "id": truck,
        "geometry": {"type": "Point", "coordinates": at} if at else None,
        "properties": {
            **properties,
            "truck": truck,
            "at": said(times.aware(newest["at"])) if newest else None,
        },
    }
    if reached:
        feature["time"] = [said(times.aware(reached["since"])), said(times.aware(reached["until"]))]
        if (box := box_of(reached)) is not None:
            feature["bbox"] = box
    return feature


def box_of(reached: dict[str, Any]) -> list[float] | None:
    """The box of what was reached, where it has coordinates."""
    box = [reached[side] for side in ("west", "south", "east", "north")]
    return None if None in box else box


def _rows(table: ibis.Table, seconds: float) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = plain(whole(stated(table), seconds)).to_pylist()
    return rows
