"""One truck's samples as arrays: in order, once each, with what is not known marked so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, TypeAlias, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Switch: TypeAlias = NDArray[np.int8]
"""1 on, 0 off, -1 not known."""
Instants: TypeAlias = NDArray[np.float64]
"""Milliseconds since 1970, UTC; whole numbers, which a float64 holds exactly for ages."""

_FARTHEST_M = 1e9
"""No grid on the Earth has coordinates beyond; what says so is no position."""

SWITCHES = ("reverse", "body_up", "engine_on")
READINGS = ("payload_t", "fuel_pct")


@dataclass(frozen=True)
class Positions:
    """Where one truck was; what is not known is NaN."""

    at: Instants
    x_m: Floats
    y_m: Floats
    elevation_m: Floats
    speed_kmh: Floats


@dataclass(frozen=True)
class Readings:
    """What one truck's channels said; a channel that the truck does not have has no sample that is known."""

    at: Instants
    payload_t: Floats
    fuel_pct: Floats
    reverse: Switch
    body_up: Switch
    engine_on: Switch


@dataclass(frozen=True)
class Track:
    """All samples of one truck that a detection looks at."""

    truck: str
    positions: Positions
    readings: Readings

    def within(self, start: datetime, stop: datetime) -> Track:
        """The samples in ``[start, stop)``; both UTC, as tables hold them."""
        low, high = (each.replace(tzinfo=UTC).timestamp() * 1000 for each in (start, stop))
        return Track(self.truck, _between(self.positions, low, high), _between(self.readings, low, high))


Samples = TypeVar("Samples", Positions, Readings)


def _between(samples: Samples, low: float, high: float) -> Samples:
    first, last = np.searchsorted(samples.at, (low, high))
    if first == 0 and last == len(samples.at):
        return samples
    return type(samples)(*(getattr(samples, field.name)[first:last] for field in fields(samples)))


def tracks(positions: pa.Table, telemetry: pa.Table | None) -> Iterator[Track]:
    """The tracks of all trucks that have positions, in the order of their names."""
    read = dict(_by_truck(telemetry)) if telemetry is not None else {}
    for truck, rows in _by_truck(positions):
        yield Track(truck, _positions(rows), _readings(read.get(truck)))


def _by_truck(table: pa.Table) -> list[tuple[str, pa.Table]]:
    """Rows of each truck; a table that is sorted by truck is cut, not copied."""
    names = table["truck"].combine_chunks()
    if isinstance(names, pa.ChunkedArray):
        names = pa.concat_arrays(names.chunks) if names.num_chunks else pa.array([], pa.string())
    encoded = names if isinstance(names, pa.DictionaryArray) else names.dictionary_encode()
    codes = encoded.indices.to_numpy(zero_copy_only=False)
    if len(codes) and np.any(np.diff(codes) < 0):
        table = table.take(pa.array(np.argsort(codes, kind="stable")))
        codes = np.sort(codes)
    edges = [0, *(np.flatnonzero(np.diff(codes)) + 1).tolist(), len(codes)]
    words = encoded.dictionary.to_pylist()
    cut = [(words[codes[low]], table.slice(low, high - low)) for low, high in pairwise(edges) if high > low]
    return sorted(cut, key=lambda pair: pair[0])


def _positions(rows: pa.Table) -> Positions:
    at, order = _in_order(rows)
    x, y = (_floats(rows, name, order) for name in ("x_m", "y_m"))
    known = (np.abs(x) < _FARTHEST_M) & (np.abs(y) < _FARTHEST_M)  # nor is what is no number
    if not known.all():
        at, x, y = at[known], x[known], y[known]
    others = (_floats(rows, name, order) for name in ("elevation_m", "speed_kmh"))
    height, speed = (values if known.all() else values[known] for values in others)
    return Positions(at, x, y, height, speed)


def _readings(rows: pa.Table | None) -> Readings:
    if rows is None:
        nothing, never = np.empty(0), np.empty(0, np.int8)
        return Readings(nothing, nothing, nothing, never, never, never)
    at, order = _in_order(rows)
    payload, fuel = (_floats(rows, name, order) for name in READINGS)
    reverse, body, engine = (_switch(rows, name, order) for name in SWITCHES)
    return Readings(at, payload, fuel, reverse, body, engine)


def _in_order(rows: pa.Table) -> tuple[Instants, NDArray[np.int64] | None]:
    """Instants in order, once each, and the rows that they are of; no order where rows have it already.

    Of rows of one instant the last stands.
    """
    at = pc.cast(rows["at"], pa.timestamp("us")).to_numpy().astype("datetime64[us]").astype(np.int64)
    at = at // 1000
    if np.all(at[1:] > at[:-1]):
        return at.astype(np.float64), None
    order = np.argsort(at, kind="stable")
    last = np.append(at[order][1:] != at[order][:-1], True)
    order = order[last]
    return at[order].astype(np.float64), order


def _floats(rows: pa.Table, name: str, order: NDArray[np.int64] | None) -> Floats:
    if name not in rows.column_names or rows[name].null_count == len(rows):
        return np.full(len(rows) if order is None else len(order), np.nan)
    values: NDArray[Any] = rows[name].to_numpy().astype(np.float64, copy=False)
    return values if order is None else values[order]


def _switch(rows: pa.Table, name: str, order: NDArray[np.int64] | None) -> Switch:
    if name not in rows.column_names or rows[name].null_count == len(rows):
        return np.full(len(rows) if order is None else len(order), -1, np.int8)
    values: Switch = pc.fill_null(pc.cast(rows[name], pa.int8()), -1).to_numpy()
    return values if order is None else values[order]
