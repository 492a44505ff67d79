"""Geography: the places that are known, those that were found, and which of them a stop was at.

What a mine says of its places wins: a site that was found within one bears its name and its kind.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from truckkit import schema
from truckkit.detection import stops as why
from truckkit.detection.sites import SPREAD_M, Site

_WORK = {
    "load": (why.LOAD,), "dump": (why.DUMP,), "crusher": (why.DUMP,), "stockpile": (why.DUMP, why.LOAD),
    "fuel": (why.FUEL,), "workshop": (why.WORKSHOP,), "park": (why.PARK,),
}  # fmt: skip
"""What is done at each kind of place; the first is what it is mostly for."""
_RADIUS_M = 60.0
"""How far a place reaches that does not say so."""
_BEYOND_M = 30.0
"""How far outside of a place that was given a site may lie and still be it."""


@dataclass(frozen=True)
class Given:
    """A place that the mine told of."""

    site: Site
    kind: str


@dataclass(frozen=True)
class Known:
    """The places that are known before a detection."""

    given: list[Given]
    found: list[Site]
    """Found by an earlier detection."""


def known(places: pa.Table | None) -> Known:
    """The places of ``schema.PLACES`` at which trucks work, and where they are."""
    given: list[Given] = []
    found: list[Site] = []
    for row in [] if places is None else places.to_pylist():
        if row["kind"] not in _WORK or row["x_m"] is None or row["y_m"] is None:
            continue
        # A loader's stand within a stockpile is a place to load at.
        loads = not row["given"] and row.get("loader") is not None
        site = Site(
            why.LOAD if loads else _WORK[row["kind"]][0],
            row["place"],
            row["x_m"],
            row["y_m"],
            math.nan if row.get("elevation_m") is None else row["elevation_m"],
            row.get("radius_m") or _RADIUS_M,
            ms(row.get("start"), -math.inf),
            ms(row.get("stop"), math.inf),
            row.get("loader"),
        )
        if row["given"]:
            given.append(Given(site, row["kind"]))
        else:
            found.append(site)
    return Known(given, found)


def kinds(stops: NDArray[Any], given: Sequence[Given]) -> NDArray[np.int64]:
    """The kind of the given place that each stop lies in, -1 where in none; a queue may lie in one too."""
    said = np.full(len(stops), -1)
    for place in given:
        said[place.site.holds(stops)] = place.site.kind
    return said


def sites_of(stops: NDArray[Any], found: Sequence[Site], given: Sequence[Given]) -> NDArray[np.int64]:
    """The number of the site of each stop among the found and then the given ones, -1 where at none.

    A given place that nothing was found in counts where trucks rest: its reach takes in the queue
    where they work.
    """
    at = np.full(len(stops), -1)
    nearest = np.full(len(stops), np.inf)
    for number, site in enumerate([*found, *(place.site for place in given)]):
        rests = site.kind in (why.FUEL, why.WORKSHOP, why.PARK)
        if number >= len(found) and not rests:
            continue
        inside = site.holds(stops, SPREAD_M if number < len(found) else 0.0)
        apart = np.hypot(stops["x_m"] - site.x_m, stops["y_m"] - site.y_m)
        apart = np.where(inside & ((number < len(found)) | (at < 0)), apart, np.inf)
        at = np.where(apart < nearest, number, at)
        nearest = np.minimum(apart, nearest)
    return at


def names(found: Sequence[Site], given: Sequence[Given]) -> list[str]:
    """The name of each site, found and then given: the mine's own where it has one."""
    homes = [_home(site, given) for site in found]
    return [
        *(home.site.name if home else _own(site, given) for site, home in zip(found, homes, strict=True)),
        *(place.site.name for place in given),
    ]


def rows(found: Sequence[Site], given: Sequence[Given]) -> pa.Table:
    """The found sites, as rows of ``schema.PLACES``."""
    told = []
    for site in found:
        home = _home(site, given)
        told.append(
            {
                "place": _own(site, given),
                "kind": home.kind if home else why.KNOWN[site.kind],
                "x_m": site.x_m,
                "y_m": site.y_m,
                "elevation_m": site.elevation_m if math.isfinite(site.elevation_m) else None,
                "radius_m": site.radius_m,
                "start": _instant(site.start),
                "stop": _instant(site.stop),
                "loader": site.loader,
                "given": False,
            }
        )
    kept = [field for field in schema.PLACES.schema.to_pyarrow() if field.name != "load_id"]
    return pa.Table.from_pylist(told, schema=pa.schema(kept))


def _own(site: Site, given: Sequence[Given]) -> str:
    """The name of a found site, which is never that of a given place."""
    taken = any(place.site.name == site.name for place in given)
    return f"{site.name} (found)" if taken else site.name


def _home(site: Site, given: Sequence[Given]) -> Given | None:
    """The given place that a found site lies in."""
    near = [
        (math.hypot(place.site.x_m - site.x_m, place.site.y_m - site.y_m) - place.site.radius_m, number)
        for number, place in enumerate(given)
        if site.kind in _WORK[place.kind]
    ]
    beyond, number = min(near, default=(math.inf, -1))
    return given[number] if beyond < _BEYOND_M else None


def ms(at: datetime | None, otherwise: float) -> float:
    """An instant, as tables hold it, in milliseconds since 1970; ``otherwise`` where there is none."""
    return otherwise if at is None else round(at.replace(tzinfo=UTC).timestamp() * 1000)


def _instant(ms: float) -> datetime | None:
    return datetime.fromtimestamp(ms / 1000, UTC).replace(tzinfo=None) if math.isfinite(ms) else None
