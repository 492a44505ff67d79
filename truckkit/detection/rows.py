"""What was detected, as rows of ``schema``, without ``load_id``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from truckkit import schema
from truckkit.detection.segments import STATE
from truckkit.detection.tracks import Floats

SOURCE = "detected"


def nothing(table: str) -> pa.Table:
    """A table without rows."""
    return _schema(table).empty_table()


def states(
    truck: str,
    segments: NDArray[Any],
    pieces: NDArray[Any],
    places: Sequence[str],
    loaders: Sequence[str | None],
    detector: str,
) -> pa.Table:
    """One truck's states."""
    site = segments["site"]
    at_loader = np.isin(
        segments["state"], [STATE.index(word) for word in ("queue_load", "spot_load", "load")]
    )
    columns = {
        "truck": pa.repeat(truck, len(segments)),
        "source": pa.repeat(SOURCE, len(segments)),
        "start": instants(segments["start"]),
        "stop": instants(segments["stop"]),
        "state": pa.array([STATE[number] for number in segments["state"]], pa.string()),
        "place": pa.array([places[each] if each >= 0 else None for each in site], pa.string()),
        "loader": pa.array(
            [
                loaders[each] if each >= 0 and loads else None
                for each, loads in zip(site, at_loader, strict=True)
            ],
            pa.string(),
        ),
        "confidence": pa.array(segments["confidence"], pa.float32()),
        "evidence": pa.array(_evidence(segments, pieces), pa.string()),
        "detector": pa.repeat(detector, len(segments)),
    }
    return _table("states", columns, len(segments))


def cycles(found: Iterable[Mapping[str, Any]]) -> pa.Table:
    """Haul cycles; instants in milliseconds."""
    kept = [{**cycle, "source": SOURCE} for cycle in found]
    columns: dict[str, pa.Array] = {}
    for field in _schema("cycles"):
        values = [cycle.get(field.name) for cycle in kept]
        if pa.types.is_timestamp(field.type):
            columns[field.name] = pa.array(
                [None if value is None else round(value) * 1000 for value in values], field.type
            )
        else:
            columns[field.name] = pa.array(values, field.type)
    return _table("cycles", columns, len(kept))


def instants(ms: Floats) -> pa.Array:
    """Milliseconds since 1970 as timestamps."""
    return pa.array((np.rint(ms).astype(np.int64) * 1000).view("datetime64[us]"))


def _evidence(segments: NDArray[Any], pieces: NDArray[Any]) -> list[str]:
    """The channels that each state was told by, in words."""
    heard = {
        "reverse": pieces["reverse"] >= 0,
        "body": pieces["body"] >= 0,
        "engine": pieces["engine"] >= 0,
        "payload": np.isfinite(pieces["share"]),
    }
    firsts = segments["first"]
    told = {
        name: np.logical_or.reduceat(rows, firsts) if len(firsts) else rows for name, rows in heard.items()
    }
    words = []
    for number, segment in enumerate(segments):
        if STATE[segment["state"]] == "no_data":
            words.append("no samples")
            continue
        known = ["motion", *(name for name, rows in told.items() if rows[number])]
        words.append(", ".join([*known, "place"] if segment["site"] >= 0 else known))
    return words


def _schema(table: str) -> pa.Schema:
    whole = schema.TABLES[table].schema.to_pyarrow()
    return pa.schema([field for field in whole if field.name != "load_id"])


def _table(name: str, columns: Mapping[str, pa.Array], length: int) -> pa.Table:
    arrays = [
        columns[field.name].cast(field.type) if field.name in columns else pa.nulls(length, field.type)
        for field in _schema(name)
    ]
    return pa.Table.from_arrays(arrays, schema=_schema(name))
