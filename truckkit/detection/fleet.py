"""From samples to states, cycles and places: one pass over each truck's samples, then the whole fleet.

Samples become pieces, in which nothing changes; their stops, of all trucks together, tell where the
sites are and what for; the decoder then gives each truck's pieces their states.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from truckkit.detection import geography, rows
from truckkit.detection.decoder import decode
from truckkit.detection.evidence import evidence
from truckkit.detection.hauls import haul_cycles
from truckkit.detection.motion import GAP_MS, UNSEEN
from truckkit.detection.pieces import pieces
from truckkit.detection.roles import roles
from truckkit.detection.scale import Scale
from truckkit.detection.segments import segments
from truckkit.detection.sites import Site, areas, bays, sites
from truckkit.detection.stops import STOP, stops
from truckkit.detection.tracks import Floats, Track, tracks

VERSION = "1"
"""Counts the changes of the detector that change what it finds."""


@dataclass(frozen=True)
class Observed:
    """What a detection may look at: samples, and what the mine's office knows."""

    positions: pa.Table
    """Columns of ``schema.POSITIONS``; truck, at, x_m and y_m are enough."""
    telemetry: pa.Table | None = None
    """Columns of ``schema.TELEMETRY``, any of its channels."""
    places: pa.Table | None = None
    """Places that were given, and those that an earlier detection found."""
    work_orders: pa.Table | None = None
    """Rows of ``schema.MAINTENANCE``."""
    refuels: pa.Table | None = None
    """Rows of ``schema.REFUELS``."""


@dataclass(frozen=True)
class Detected:
    """What was found: rows of ``states``, ``cycles`` and ``places``, without ``load_id``."""

    states: pa.Table
    cycles: pa.Table
    places: pa.Table


@dataclass
class Seen:
    """One truck's samples, as little of them as the fleet's detection needs."""

    truck: str
    pieces: NDArray[Any]
    scale: Scale
    orders: Floats
    stops: NDArray[Any] = field(repr=False)


def detect(observed: Observed) -> Detected:
    """What trucks did, and where: states that tile each truck's time, haul cycles, places.

    Time in which nobody watched a truck is ``no_data``. A channel that a truck does not have says
    nothing; positions alone are enough.
    """
    books = Books(observed.work_orders, observed.refuels)
    fleet = [look(track, books) for track in tracks(observed.positions, observed.telemetry)]
    return conclude(fleet, observed.places)


class Books:
    """The stretches of time that the mine's books tell of, by truck [ms]."""

    def __init__(self, work_orders: pa.Table | None, refuels: pa.Table | None) -> None:
        self._orders, self._refuels = _stretches(work_orders), _stretches(refuels)

    def orders(self, truck: str) -> Floats:
        """Work orders of a truck."""
        return self._orders.get(truck, np.empty((0, 2)))

    def refuels(self, truck: str) -> Floats:
        """Refuellings of a truck."""
        return self._refuels.get(truck, np.empty((0, 2)))


def _stretches(rows: pa.Table | None) -> dict[str, Floats]:
    if rows is None:
        return {}
    found: dict[str, list[tuple[float, float]]] = {}
    for row in rows.select(["truck", "start", "stop"]).to_pylist():
        bounds = (geography.ms(row["start"], -np.inf), geography.ms(row["stop"], np.inf))
        found.setdefault(row["truck"], []).append(bounds)
    return {truck: np.array(sorted(each)) for truck, each in found.items()}


def look(track: Track, books: Books) -> Seen:
    """One truck's pieces and stops; its samples are not needed any more."""
    orders = books.orders(track.truck)
    cut, weighs = pieces(track, orders)
    return Seen(track.truck, cut, weighs, orders, stops(cut, orders, books.refuels(track.truck)))


def joined(parts: Sequence[Seen]) -> Seen:
    """One truck's parts, each after the other, as one."""
    if len(parts) == 1:
        return parts[0]
    pieces_of: list[NDArray[Any]] = []
    stops_of: list[NDArray[Any]] = []
    runs = rows_before = 0
    for part in parts:
        cut, stood = part.pieces.copy(), part.stops.copy()
        if pieces_of and len(pieces_of[-1]) and len(cut):
            between = cut["start"][0] - pieces_of[-1]["stop"][-1]
            if between > GAP_MS:
                hole = np.zeros(1, cut.dtype)
                hole["start"], hole["stop"] = pieces_of[-1]["stop"][-1], cut["start"][0]
                hole["kind"], hole["run"] = UNSEEN, runs
                for name in ("share", "before", "after", "beyond"):
                    hole[name] = np.nan
                hole["reverse"] = hole["body"] = hole["engine"] = -1
                pieces_of.append(hole)
                runs, rows_before = runs + 1, rows_before + 1
            else:
                pieces_of[-1]["stop"][-1] = cut["start"][0]
        cut["run"] += runs
        for edge in ("first", "last"):
            stood[edge] += rows_before
        pieces_of.append(cut)
        stops_of.append(stood)
        runs += int(part.pieces["run"].max(initial=-1)) + 1
        rows_before += len(part.pieces)
    weighs = max((part.scale for part in parts), key=lambda scale: scale.works)
    return Seen(parts[0].truck, np.concatenate(pieces_of), weighs, parts[0].orders, np.concatenate(stops_of))


@dataclass(frozen=True)
class Common:
    """What the stops of all trucks tell together: which sites there are, and what for."""

    kinds: NDArray[Any]
    """Of each site, and of none at the end."""
    names: Sequence[str]
    loaders: Sequence[str | None]
    places: pa.Table


def common(stops: Sequence[NDArray[Any]], places: pa.Table | None) -> tuple[Common, list[NDArray[Any]]]:
    """What each truck's stops tell together, and the stops with what each was for; ``places`` as observed."""
    known = geography.known(places)
    together = np.concatenate(stops) if stops else np.empty(0, STOP)
    lengths = [len(each) for each in stops]
    found = _geography(together, np.repeat(np.arange(len(stops)), lengths), known)
    where = [*found, *(place.site for place in known.given)]
    shared = Common(
        np.array([site.kind for site in where] + [-1]),
        geography.names(found, known.given),
        [site.loader for site in where],
        geography.rows(found, known.given),
    )
    return shared, np.split(together, np.cumsum(lengths)[:-1]) if stops else []


def decoded(seen: Seen, stops: NDArray[Any], shared: Common) -> tuple[pa.Table, pa.Table]:
    """One truck's states and cycles; its stops say what each was for."""
    said = evidence(seen.pieces, stops, shared.kinds[stops["site"]], seen.orders)
    path = decode(said, np.append(seen.pieces["start"], seen.pieces["stop"][-1:]))
    found = segments(seen.pieces, stops, said, path)
    states = rows.states(seen.truck, found, seen.pieces, shared.names, shared.loaders, VERSION)
    cycles = haul_cycles(found, seen.scale, shared.names, shared.loaders)
    return states, rows.cycles({"truck": seen.truck, **cycle} for cycle in cycles)


def conclude(fleet: Sequence[Seen], places: pa.Table | None = None) -> Detected:
    """What a fleet did, from what was seen of each truck; ``places`` as in ``Observed``."""
    shared, stops = common([seen.stops for seen in fleet], places)
    told = [decoded(seen, own, shared) for seen, own in zip(fleet, stops, strict=True)]
    return Detected(
        pa.concat_tables([rows.nothing("states"), *(states for states, _ in told)]),
        pa.concat_tables([rows.nothing("cycles"), *(cycles for _, cycles in told)]),
        shared.places,
    )


def _geography(stops: NDArray[Any], trucks: NDArray[np.int64], known: geography.Known) -> list[Site]:
    """Find the sites, and set what each stop was for, and at which site."""
    guessed = roles(stops, trucks, bays(stops), geography.kinds(stops, known.given), areas(stops))
    unknown = (stops["known"] < 0) & (guessed >= 0)
    stops["known"][unknown] = guessed[unknown]
    found = sites(stops, trucks, known.found)
    stops["site"] = geography.sites_of(stops, found, known.given)
    return found
