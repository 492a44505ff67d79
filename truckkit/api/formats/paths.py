"""Tracks as ways on a map: GeoJSON (RFC 7946) and OGC Moving Features JSON (OGC 19-045r3).

A way breaks where nothing was heard of the truck. Degrees of WGS84 where the samples have them; else
metres in the site's grid, and the document says so, for without a word a reader takes them for degrees.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from truckkit.api.rows import encode

_GRID = {"type": "Name", "properties": {"name": "the site's grid, in metres"}}
_GLOBE = {"type": "Name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}}


def geojson(schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> Iterator[bytes]:
    """A feature a truck: a MultiLineString with a line for each unbroken way."""

    def feature(truck: str, parts: list[list[dict[str, Any]]], globe: bool) -> dict[str, Any]:
        # A line has two places or more: one sample alone stands still.
        lines = [[_place(row, globe) for row in (part * 2 if len(part) == 1 else part)] for part in parts]
        return {
            "type": "Feature",
            "id": truck,
            "properties": {
                "truck": truck,
                "datetimes": [
                    [_said(row) for row in (part * 2 if len(part) == 1 else part)] for part in parts
                ],
            },
            "geometry": {"type": "MultiLineString", "coordinates": lines},
        }

    return _collection(schema, batches, feature, says_globe=False)


def moving_features(schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> Iterator[bytes]:
    """A feature a truck: a MovingPoint for each unbroken way, and the speed on it."""

    def feature(truck: str, parts: list[list[dict[str, Any]]], globe: bool) -> dict[str, Any]:
        prisms = [
            {
                "type": "MovingPoint",
                "datetimes": [_said(row) for row in part],
                "coordinates": [_place(row, globe) for row in part],
                "interpolation": "Linear",
            }
            for part in parts
        ]
        fast = [row for part in parts for row in part if row["speed_kmh"] is not None]
        return {
            "type": "Feature",
            "id": truck,
            "properties": {"truck": truck},
            "temporalGeometry": {"type": "MovingGeometryCollection", "prisms": prisms},
            "temporalProperties": [
                {
                    "datetimes": [_said(row) for row in fast],
                    "speed_kmh": {
                        "type": "Measure",
                        "form": "KMH",
                        "values": [row["speed_kmh"] for row in fast],
                        "interpolation": "Linear",
                    },
                }
            ],
        }

    return _collection(schema, batches, feature, says_globe=True)


def _collection(
    schema: pa.Schema, batches: Iterable[pa.RecordBatch], feature: Any, says_globe: bool
) -> Iterator[bytes]:
    # Tracks are few points; they are bounded before they come here.
    table = pa.Table.from_batches(list(batches), schema)
    globe = len(table) > 0 and not (table["lon"].null_count or table["lat"].null_count)
    if not globe:
        table = table.filter(pc.and_(pc.is_finite(table["x_m"]), pc.is_finite(table["y_m"])))
    crs = (_GLOBE if says_globe else None) if globe else _GRID
    yield b'{"type":"FeatureCollection",' + (b'"crs":' + encode(crs) + b"," if crs else b"") + b'"features":['
    for number, truck in enumerate(pc.unique(table["truck"]).to_pylist()):
        rows = table.filter(pc.equal(table["truck"], truck)).to_pylist()
        parts: dict[int, list[dict[str, Any]]] = {}
        for row in rows:
            parts.setdefault(row["part"], []).append(row)
        yield (b"," if number else b"") + encode(feature(truck, list(parts.values()), globe))
    yield b"]}"


def _place(row: dict[str, Any], globe: bool) -> list[float]:
    place = [row["lon"], row["lat"]] if globe else [row["x_m"], row["y_m"]]
    return place if row["elevation_m"] is None else [*place, row["elevation_m"]]


def _said(row: dict[str, Any]) -> str:
    return str(row["at"].isoformat(timespec="milliseconds")) + "Z"
