"""Sites: where trucks are loaded, dump, refuel, park and are repaired, found from their stops.

Loading moves with the loader, so its stops are gathered in space and in time; the others stay, and
have bays beside each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from truckkit.detection import stops as why
from truckkit.detection.tracks import Floats

_BAY_M = 12.0
"""Stops closer than this are in one bay: what receivers and drivers vary by."""
_AREA_M = 50.0
"""Stops closer than this are in one area."""
_BESIDE_M = {why.LOAD: 45.0, why.DUMP: 60.0, why.FUEL: 45.0, why.PARK: 80.0, why.WORKSHOP: 80.0}
"""Bays closer than this are of one site."""
_RECENT = 7
"""Stops by which it is judged where a bay is now."""
SPREAD_M = 8.0
"""How far beyond a site's radius a stop is still of it."""
_WORDS = {why.DUMP: "Dump", why.FUEL: "Fuel bay", why.WORKSHOP: "Workshop", why.PARK: "Park"}
_WALKED_M = 130.0
"""A loader that goes on further than this has come to another face."""
_STRAY = 0.02
"""A bay with a smaller share of a site's stops does not widen it."""
_PARKED_S = 300.0
_FAR_M = 400.0
"""A stop with no loading or dumping within so much driving ahead is no queue."""


@dataclass(frozen=True)
class Site:
    """One site for the time in which it was so."""

    kind: int
    """Index of ``stops.KNOWN``."""
    name: str
    x_m: float
    y_m: float
    elevation_m: float
    radius_m: float
    start: float = -np.inf
    """First instant [ms]; minus infinity where nothing was there before."""
    stop: float = np.inf
    loader: str | None = None
    first: float = -np.inf
    """First and last instant at which a truck is known to have stood there [ms]."""
    last: float = -np.inf
    stood: int = 0
    """Stops that tell of it."""

    def seen(self, stops: NDArray[Any]) -> Site:
        """The site, with when the first and the last of its stops were, or its bounds where none was."""
        own = stops[self.holds(stops, SPREAD_M)]
        if len(own):
            return replace(self, first=float(own["start"].min()), last=float(own["stop"].max()))
        return replace(
            self,
            first=self.start if np.isfinite(self.start) else self.stop,
            last=self.stop if np.isfinite(self.stop) else self.start,
        )

    def widened(self, other: Site) -> Site:
        """The site with a bay beside it: the least circle around both; a lone stop there is a stray one."""
        away = np.array([other.x_m - self.x_m, other.y_m - self.y_m])
        apart = float(np.hypot(*away))
        if other.stood < 2 or apart + other.radius_m <= self.radius_m:
            return self
        radius = (apart + self.radius_m + other.radius_m) / 2
        x, y = (self.x_m, self.y_m) + away * (radius - self.radius_m) / apart
        return replace(self, x_m=float(x), y_m=float(y), radius_m=radius)

    def holds(self, stops: NDArray[Any], beyond_m: float = 0.0) -> NDArray[np.bool_]:
        """Which stops lie within it and its time."""
        near = np.hypot(stops["x_m"] - self.x_m, stops["y_m"] - self.y_m) <= self.radius_m + beyond_m
        return near & (stops["stop"] > self.start) & (stops["start"] < self.stop)


def sites(stops: NDArray[Any], trucks: NDArray[np.int64], held: Sequence[Site] = ()) -> list[Site]:
    """The sites that the stops of a whole fleet tell of, after those that were found before.

    Parameters
    ----------
    stops
        Of all trucks, see ``stops.STOP``, with ``known`` where anything tells what they were for.
    trucks
        The number of the truck of each stop.
    held
        Found before; they keep their names, and a loader that has gone on since is followed from there.
    """
    purpose = np.where((stops["known"] < 0) & _parked(stops, trucks), why.PARK, stops["known"])
    # Work on a truck elsewhere is none of the workshop: there the fitter came to the truck.
    purpose[(purpose == why.WORKSHOP) & (stops["backed"] == why.FORWARD)] = -1
    held = [site.seen(stops[purpose == site.kind]) for site in held]
    for site in held:
        purpose[(purpose == site.kind) & site.holds(stops, SPREAD_M)] = -1
    found = _followed(_loading(stops[purpose == why.LOAD]), [site for site in held if site.kind == why.LOAD])
    for kind, word in _WORDS.items():
        before = [site for site in held if site.kind == kind]
        chosen = purpose == kind
        found += _standing(stops[chosen], trucks[chosen], kind, word, before)
    return found


def bays(stops: NDArray[Any]) -> NDArray[np.int64]:
    """The number of the bay of each stop: stops that hang together by a few metres."""
    return _numbered(stops, _BAY_M)


def areas(stops: NDArray[Any]) -> NDArray[np.int64]:
    """The number of the area of each stop: bays beside each other, and the queues before them."""
    return _numbered(stops, _AREA_M)


def _numbered(stops: NDArray[Any], beside: float) -> NDArray[np.int64]:
    numbers = np.full(len(stops), -1)
    for number, group in enumerate(_groups(stops["x_m"], stops["y_m"], beside)):
        numbers[group] = number
    return numbers


def _parked(stops: NDArray[Any], trucks: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Long stops that are for no work and in no queue."""
    driven = np.cumsum(stops["metres"])
    works = np.flatnonzero(np.isin(stops["known"], (why.LOAD, why.DUMP)))
    after = np.searchsorted(works, np.arange(len(stops)), "right")
    following = works[np.minimum(after, len(works) - 1)] if len(works) else np.zeros(len(stops), np.int64)
    queues = (after < len(works)) & (trucks[following] == trucks) & (driven[following] - driven < _FAR_M)
    lasts = (stops["stop"] - stops["start"]) / 1000
    parked: NDArray[np.bool_] = (stops["known"] < 0) & (lasts > _PARKED_S) & ~queues
    return parked


def _loading(stops: NDArray[Any]) -> list[Site]:
    """Stands of loaders: each a bay, or two beside each other, for the time in which trucks came to it."""
    stops = stops[np.argsort(stops["start"], kind="stable")]
    bays = sorted(_used_bays(stops), key=lambda bay: -len(bay))
    stands: list[list[int]] = []
    middles = np.empty((len(bays), 2))
    for bay in bays:
        here = _middle(stops[bay])
        near = np.flatnonzero(np.hypot(*(middles[: len(stands)] - here).T) <= _BESIDE_M[why.LOAD])
        home = next((number for number in near if _together(stops[stands[number]], stops[bay])), len(stands))
        if home == len(stands):
            stands.append([])
        stands[home] = sorted(stands[home] + bay)
        middles[home] = _middle(stops[stands[home]])
    stands.sort(key=lambda stand: stops["start"][stand[0]])
    return [_site(stops[stand], why.LOAD, "") for stand in stands]


def _used_bays(stops: NDArray[Any]) -> list[list[int]]:
    """Stops that lie where the last few of a bay lay, in the order of time."""
    bays: list[list[int]] = []
    middles = np.empty((len(stops), 2))
    places = np.column_stack([stops["x_m"], stops["y_m"]])
    for i, place in enumerate(places):
        near = np.flatnonzero(np.hypot(*(middles[: len(bays)] - place).T) < _BAY_M)
        if len(near):
            bays[near[-1]].append(i)
        else:
            bays.append([i])
        number = near[-1] if len(near) else len(bays) - 1
        before = middles[number] if len(near) else place
        middles[number] = before + (place - before) / min(len(bays[number]), _RECENT)
    return bays


def _middle(stops: NDArray[Any]) -> Floats:
    return np.array([np.median(stops["x_m"]), np.median(stops["y_m"])])


def _together(stand: NDArray[Any], bay: NDArray[Any]) -> bool:
    """True where a bay is used while a stand beside it is; a lone stop beside one is a stray one of it."""
    between = (stand["start"] > bay["start"].min()) & (stand["start"] < bay["start"].max())
    within = (bay["start"] > stand["start"].min()) & (bay["start"] < stand["start"].max())
    return bool(between.sum() + within.sum() > 0.3 * min(len(bay), len(stand))) or (
        len(bay) == 1 and bool(within.all())
    )


def _followed(stands: list[Site], held: list[Site]) -> list[Site]:
    """Stands, each with the loader that came to it, and the time for which it was there."""
    followed = sorted(held, key=lambda site: site.start)
    loaders = sorted({str(site.loader) for site in held})
    for site in stands:
        beside = [
            at
            for at, each in enumerate(followed[: len(held)])
            if _apart(each, site) < _BESIDE_M[why.LOAD] and each.first < site.last and site.first < each.last
        ]
        if beside:  # the other side of a loader
            followed[beside[0]] = followed[beside[0]].widened(site)
            continue
        ways = [way for loader in loaders for way in _ways(followed, loader, site)]
        apart, before, after = min(ways, default=(np.inf, -1, -1))
        number = before if before >= 0 else after
        if apart > _WALKED_M:
            loaders.append(_unused("Loader", loaders))
            followed.append(replace(site, name=loaders[-1].replace("Loader", "Load"), loader=loaders[-1]))
            continue
        loader = str(followed[number].loader)
        again = [at for at in (before, after) if 0 <= at < len(held) and _apart(followed[at], site) < _BAY_M]
        if again:  # it stood there for longer than was known
            here = again[0]
            grown = followed[here]
            followed[here] = replace(
                grown, first=min(grown.first, site.first), last=max(grown.last, site.last)
            )
        else:
            stand = 1 + sum(each.loader == loader for each in followed)
            name = f"{loader.replace('Loader', 'Load')}, stand {stand}"
            followed.append(replace(site, name=name, loader=loader))
            here = len(followed) - 1
        for one, other in ((before, here), (here, after)):
            if one >= 0 and other >= 0 and one != other:
                moved = _moved(followed[one].last, followed[other].first)
                followed[one] = replace(followed[one], stop=moved)
                followed[other] = replace(followed[other], start=moved)
    return followed


def _apart(one: Site, other: Site) -> float:
    return float(np.hypot(one.x_m - other.x_m, one.y_m - other.y_m))


def _ways(followed: list[Site], loader: str, site: Site) -> Iterator[tuple[float, int, int]]:
    """How far a loader would have gone to a stand, and its stands before and after; -1 where none is."""
    own = [at for at, each in enumerate(followed) if each.loader == loader]
    own.sort(key=lambda at: (followed[at].start, followed[at].first))
    before = [at for at in own if followed[at].last <= site.first]
    after = [at for at in own if at not in before]
    if not after or site.last <= followed[after[0]].first:
        near = [*before[-1:], *after[:1]]
        yield (
            min(_apart(followed[at], site) for at in near),
            before[-1] if before else -1,
            after[0] if after else -1,
        )


def _moved(last: float, first: float) -> float:
    """When a loader went from one stand to the next: between the last truck there and the first here."""
    known = [each for each in (last, first) if np.isfinite(each)]
    return round(sum(known) / len(known))


def _standing(
    stops: NDArray[Any], trucks: NDArray[np.int64], kind: int, word: str, held: list[Site]
) -> list[Site]:
    """Sites that stay: bays gathered, and bays beside each other, those that were found before first."""
    found = [
        stops[group]
        for group in _groups(stops["x_m"], stops["y_m"], _BESIDE_M[kind])
        # One truck that stood once for long did not make a park of the road.
        if kind != why.PARK or len(group) > 2 or len(np.unique(trucks[group])) > 1
    ]
    found.sort(key=len, reverse=True)
    known = list(held)
    for chosen in found:
        site = _site(chosen, kind, "")
        gaps = [_apart(each, site) - each.radius_m for each in known[: len(held)]]
        if gaps and min(gaps) < _BESIDE_M[kind]:
            at = int(np.argmin(gaps))
            known[at] = known[at].widened(site)
            continue
        taken = [each.name for each in known]
        alone = not known and kind != why.DUMP
        known.append(replace(site, name=word if alone else _unused(word, taken)))
    return known


def _unused(word: str, taken: Sequence[str]) -> str:
    """The word with the next number that nothing has."""
    number = len(taken) + 1
    while f"{word} {number}" in taken:
        number += 1
    return f"{word} {number}"


def _groups(x: Floats, y: Floats, beside: float) -> list[NDArray[np.int64]]:
    """Points that hang together by links shorter than a distance."""
    if not len(x):
        return []
    # Cells of a few metres, so that a year of stops is gathered as fast as a day's.
    cells, member = np.unique(np.column_stack([x, y]) // 4.0, axis=0, return_inverse=True)
    links = cKDTree(cells * 4.0).query_pairs(beside, output_type="ndarray")
    graph = coo_array((np.ones(len(links)), links.T), shape=(len(cells), len(cells)))
    labels = connected_components(graph, directed=False)[1][member.ravel()]
    order = np.argsort(labels, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(labels[order])) + 1)


def _site(stops: NDArray[Any], kind: int, name: str) -> Site:
    """The site that these stops make: its centre is the mean of where trucks stood."""
    bays = _groups(stops["x_m"], stops["y_m"], _BAY_M)
    # The middle of a bay is its median, which a stray receiver does not move.
    points = np.array([[np.median(stops[name][bay]) for name in ("x_m", "y_m")] for bay in bays])
    weights = np.array([len(bay) for bay in bays])
    x, y = (float(value) for value in np.average(points, axis=0, weights=weights))
    heights = stops["elevation_m"][np.isfinite(stops["elevation_m"])]
    z = float(np.median(heights)) if len(heights) else np.nan
    reach = np.hypot(points[:, 0] - x, points[:, 1] - y)[weights > _STRAY * len(stops)]
    first, last = float(stops["start"].min()), float(stops["stop"].max())
    return Site(
        kind, name, x, y, z, float(reach.max(initial=0.0)) + _BAY_M, first=first, last=last, stood=len(stops)
    )
