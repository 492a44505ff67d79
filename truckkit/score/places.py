"""How many of the true places were found, and how far off their centres are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from truckkit.score.strips import Instants, instants

FOUND_M = 50.0
"""How far a found place may lie from the true one, centre to centre."""

ALIKE: Mapping[str, str] = {
    "load": "load",
    "dump": "tip",
    "crusher": "tip",
    "stockpile": "tip",
    "fuel": "fuel",
    "workshop": "workshop",
    "park": "park",
}
"""Kinds that are looked for. Where loads are tipped no position and no payload tells a dump from a
crusher or a stockpile, so these three may stand for one another."""

_EVER = np.iinfo(np.int64).max


def places(true: pa.Table | None, told: pa.Table | None) -> dict[str, Any]:
    """Recall of places, and the mean distance between the centres of those found [m].

    A true place is found where a told one of its kind lies within 50 m while it was there; a place
    that moved has a row for each time that it stood still, and each is looked for. One told place may
    be found for several true ones: as a face advances, the place of a detector may follow or stay.
    Rows of either that have no position or another kind are left out. None where there is no true
    place, or a table is not given.
    """
    if true is None or told is None:
        return {"recall": None, "centre_m": None, "true": None, "told": None}
    known, found = _rows(true), _rows(told)
    if known.num_rows == 0:
        return {"recall": None, "centre_m": None, "true": 0, "told": found.num_rows}
    far = _apart(known, found)
    fits = (_kinds(known)[:, None] == _kinds(found)) & _meet(known, found) & (far <= FOUND_M)
    nearest = np.where(fits, far, np.inf).min(axis=1, initial=np.inf)
    hit = np.isfinite(nearest)
    return {
        "recall": float(hit.mean()),
        "centre_m": float(nearest[hit].mean()) if hit.any() else None,
        "true": known.num_rows,
        "told": found.num_rows,
    }


def _rows(places: pa.Table) -> pa.Table:
    keep = [
        kind in ALIKE and None not in (x, y)
        for kind, x, y in zip(*(places[name].to_pylist() for name in ("kind", "x_m", "y_m")), strict=True)
    ]
    return places.filter(pa.array(keep, pa.bool_()))


def _kinds(places: pa.Table) -> NDArray[np.str_]:
    return np.array([ALIKE[kind] for kind in places["kind"].to_pylist()], dtype=str)


def _apart(one: pa.Table, other: pa.Table) -> NDArray[np.float64]:
    x, y = (np.subtract.outer(_numbers(one[name]), _numbers(other[name])) for name in ("x_m", "y_m"))
    return np.asarray(np.hypot(x, y), dtype=np.float64)


def _numbers(column: pa.ChunkedArray) -> NDArray[np.float64]:
    return np.asarray(column.to_numpy(), dtype=np.float64)


def _meet(one: pa.Table, other: pa.Table) -> NDArray[np.bool_]:
    """True where two places were there at one time."""
    start, stop = _bounds(one)
    begins, ends = _bounds(other)
    return (start[:, None] < ends) & (begins < stop[:, None])


def _bounds(places: pa.Table) -> tuple[Instants, Instants]:
    return instants(places["start"], -_EVER), instants(places["stop"], _EVER)
