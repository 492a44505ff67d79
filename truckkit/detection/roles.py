"""Roles: which stops were for loading and which for dumping, where no channel tells.

The stops of each truck are a hidden Markov chain (see ``chains``). What a bay is for, and the habits of
the fleet, are learnt from all of its stops (Baum-Welch). Learning ends where it is led to, so it sets
out from every two places that may be a loader and a dump, and the likeliest end stands.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import permutations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truckkit.detection import stops as why
from truckkit.detection.chains import DUMPS, LOADS, RESTS_EMPTY, RESTS_LOADED, believe
from truckkit.detection.habits import Habits, Stood, paces
from truckkit.detection.tracks import Floats

_SHORTEST_MS = 10_000.0
"""A stop that is shorter is neither, for it is too short to be loaded or to dump in."""
_UNMOVED = _BODY = 5.0
_HINT = 1.5
_SURE = 0.7
_FEW, _MANY = 6, 15
"""Rounds of learning, to see where one start leads, and to the end."""
_SOME_STOPS = 800
"""So many stops show where a start leads."""
_CANDIDATES, _BEST = 5, 3
_TURNED = [DUMPS, LOADS, RESTS_LOADED, RESTS_EMPTY]
_TOLD = 0.2
"""Where channels tell of so many stops, no start is needed but what they tell."""
_NEAR_M, _NEAR = 200.0, 0.3
"""No loading is so near to a dumping: metres, and share of the middle of the longer ways."""
_LONG_MS, _SLOWEST_M_S = 600_000.0, 1.0
"""Between two stops a truck drives; if it took longer than this at less speed, nobody watched it."""
_AREA_COUNTS, _COUNTS = 2.0, 1.0
"""As how many stops a bay's surroundings count, and what is known of them beforehand."""


def roles(
    stops: NDArray[Any],
    trucks: NDArray[np.int64],
    bays: NDArray[np.int64],
    hints: NDArray[np.int64],
    areas: NDArray[np.int64] | None = None,
) -> NDArray[np.int64]:
    """What each stop was for: ``stops.LOAD``, ``stops.DUMP``, or -1 for neither, or where none can say.

    Parameters
    ----------
    stops
        Of a whole fleet, by truck and time; what is known of some of them helps with the others.
    trucks
        The number of the truck of each stop.
    bays
        The bay of each stop, -1 for none.
    hints
        What the mine says of the place of each stop: ``stops.LOAD``, ``stops.DUMP``, or anything else.
    areas
        The surroundings of each stop; those of its bay where they are not told.
    """
    said = np.full(len(stops), -1)
    long = (stops["stop"] - stops["start"] >= _SHORTEST_MS) | (stops["cut"] == 1)
    chosen = np.flatnonzero(long & (bays >= 0))
    if not len(chosen):
        return said
    fleet = _Fleet(stops, trucks, bays, bays if areas is None else areas, hints, chosen)
    belief = fleet.learnt(fleet.start(), _MANY).belief
    best = belief.argmax(axis=1)
    sure = (belief.max(axis=1) > _SURE) & (best <= DUMPS)
    said[chosen[sure]] = np.array([why.LOAD, why.DUMP])[best[sure]]
    return said


def _unwatched(stops: NDArray[Any], metres: Floats) -> NDArray[np.bool_]:
    """Where so long a time with so little driving lies before a stop that a truck did more than was seen."""
    apart = np.diff(stops["stop"], prepend=stops["stop"][0]) - (stops["stop"] - stops["start"])
    unwatched: NDArray[np.bool_] = (apart > _LONG_MS) & (metres < apart / 1000 * _SLOWEST_M_S)
    return unwatched


@dataclass
class _End:
    """What learning has come to: what each bay is for, the habits, the roles; and how likely all that is."""

    share: Floats
    habits: Habits
    belief: Floats = field(default_factory=lambda: np.empty((0, 4)))
    worth: float = -np.inf


class _Fleet:
    """The stops that may be for work, of all trucks."""

    def __init__(
        self,
        stops: NDArray[Any],
        trucks: NDArray[np.int64],
        bays: NDArray[np.int64],
        areas: NDArray[np.int64],
        hints: NDArray[np.int64],
        chosen: NDArray[np.int64],
    ) -> None:
        some, self.truck = stops[chosen], trucks[chosen]
        _, self.bay = np.unique(bays[chosen], return_inverse=True)
        _, self.area = np.unique(areas[chosen], return_inverse=True)
        self.home = np.zeros(int(self.bay.max()) + 1, np.int64)
        self.home[self.bay] = self.area
        self.metres = np.diff(np.cumsum(stops["metres"])[chosen], prepend=0.0)
        apart = np.hypot(*(np.diff(some[name], prepend=some[name][0]) for name in ("x_m", "y_m")))
        self.metres = np.maximum(self.metres, apart)  # nobody saw all of the way
        rolled = np.diff(np.cumsum(stops["rolled"])[chosen], prepend=0.0) / 1000
        lift = np.diff(some["elevation_m"], prepend=np.nan)
        same = (np.diff(self.truck, prepend=-1) == 0) & ~_unwatched(some, self.metres)
        self.chain = np.cumsum(~same)
        self.stood = Stood(
            np.where(some["cut"] == 1, np.nan, np.log((some["stop"] - some["start"]) / 1000)),
            (some["backed"] != why.FORWARD).astype(np.float64),
            np.where(np.isfinite(some["beyond"]), some["beyond"] > 0, np.nan),
            paces(self.metres, rolled, lift, self.area, same),
        )
        self.fixed = _told(some, hints[chosen])
        far = self.metres[same & (self.metres > _NEAR_M / 2)]
        self.near_m = min(_NEAR_M, _NEAR * float(np.median(far))) if len(far) else _NEAR_M
        self.known = float(np.isin(some["known"], (why.LOAD, why.DUMP)).mean())

    def learnt(self, end: _End, rounds: int, of: slice = slice(None)) -> _End:
        """Where learning leads to from there."""
        bay, home, share = self.bay[of], self.home, end.share
        stood, habits = self.stood.part(of), end.habits
        firsts = np.append(np.flatnonzero(np.diff(self.chain[of], prepend=-1)), len(bay))
        for _ in range(rounds):
            signs = self.fixed[of] + habits.signs(stood) + np.log(share[bay])
            belief, likely = believe(signs, self.metres[of], firsts, self.near_m)
            worth = likely + habits.odd()
            counts = np.zeros_like(share)
            np.add.at(counts, bay, belief)
            around = np.full((int(home.max()) + 1, 4), _COUNTS / 4)
            np.add.at(around, home, counts)
            around /= around.sum(axis=1, keepdims=True)
            share = counts + _AREA_COUNTS * around[home]
            share /= share.sum(axis=1, keepdims=True)
            habits = habits.learnt(stood, belief)
        return _End(share, habits, belief, worth)

    def start(self) -> _End:
        """What to take the bays for at first: whatever leads to the likeliest end."""
        flat = _End(np.full((len(self.home), 4), 0.25), Habits.usual())
        if self.known > _TOLD:
            return flat
        last = np.searchsorted(self.truck, self.truck[min(_SOME_STOPS, len(self.truck)) - 1], "right")
        part = slice(0, int(last))
        starts = [flat]
        for loads, dumps in permutations(self._candidates(), 2):
            share = flat.share.copy()
            share[loads & ~dumps] = np.where(np.arange(4) == LOADS, 0.7, 0.1)
            share[dumps & ~loads] = np.where(np.arange(4) == DUMPS, 0.7, 0.1)
            starts.append(_End(share, flat.habits))
        ends = [self.learnt(start, _FEW, part) for start in starts]
        ends.sort(key=lambda end: -end.worth)
        # A loader and a dump are told apart by little: each way round has its try.
        turned = [
            _End(end.share[:, _TURNED], flat.habits.learnt(self.stood.part(part), end.belief[:, _TURNED]))
            for end in ends[:_BEST]
        ]
        ends = [self.learnt(end, _MANY, part) for end in (*ends[:_BEST], *turned)]
        return max(ends, key=lambda end: end.worth)

    def _candidates(self) -> list[NDArray[np.bool_]]:
        """Sets of bays that trucks may be loaded or dump in: those that see most of their stops."""
        found: list[NDArray[np.bool_]] = []
        for number, where in ((self.area, self.home), (self.bay, np.arange(len(self.home)))):
            most = np.argsort(-np.bincount(number), kind="stable")[:_CANDIDATES]
            found += [where == each for each in most]
        once: dict[bytes, NDArray[np.bool_]] = {each.tobytes(): each for each in found}
        return list(once.values())


def _told(stops: NDArray[Any], hints: NDArray[np.int64]) -> Floats:
    """Log likelihood of each stop in each role, by what channels and the mine say of it."""
    signs = np.zeros((len(stops), 4))
    for kind, role in ((why.LOAD, LOADS), (why.DUMP, DUMPS)):
        rows = stops["known"] == kind
        signs[rows] -= 12.0
        signs[rows, role] += 12.0
        signs[hints == kind, role] += _HINT
    signs[:, DUMPS] += np.where(stops["body"] == 1, _BODY, np.where(stops["body"] == 0, -_BODY, 0.0))
    # A scale that shows no gain and no loss has its word too.
    weighed = (stops["known"] < 0) & np.isfinite(stops["gain"])
    signs[weighed, LOADS : DUMPS + 1] -= _UNMOVED
    others = (stops["known"] >= 0) & ~np.isin(stops["known"], (why.LOAD, why.DUMP))
    signs[others, LOADS : DUMPS + 1] -= 12.0
    return signs
