"""Roles: which stops were for loading and which for dumping, where no channel tells.

A truck is loaded, dumps, is loaded again: whatever lies between is neither. So the stops of a fleet
are the outcome of a hidden Markov model, whose states are loading, dumping, and other stops with
and without a load. What a bay is for is learnt from all stops in it (Baum-Welch); loading lasts
longer than dumping, a loaded truck climbs slowly, and the way from one to the other is no short one.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from truckkit.detection import stops as why
from truckkit.detection.tracks import Floats

LOADS, DUMPS, RESTS_EMPTY, RESTS_LOADED = range(4)

_SHORTEST_MS = 20_000.0
"""A stop that is shorter is neither, for it is too short to be loaded or to dump in."""
_UNMOVED = 5.0
_HINT = 1.5
_SURE = 0.7
_ITERATIONS = 15
_NEAR_M, _TOO_NEAR = 200.0, -6.0
"""No loading is so near to a dumping."""

_USUAL_S = ((180.0, 0.55), (60.0, 0.6), (90.0, 1.4), (90.0, 1.4))
"""Middle and spread of the logarithm of how long stops of each role last."""
_SLOW_KMH, _SPREAD_KMH, _MOST = 19.5, 3.0, 1.5
"""Loaded trucks climb slower than this, empty ones faster; and how far to believe it."""

_AFTER = np.log(
    np.array(
        [
            [2e-3, 0.5, 1e-3, 0.5],
            [0.5, 2e-3, 0.5, 1e-3],
            [0.5, 1e-3, 0.5, 1e-3],
            [1e-3, 0.5, 1e-3, 0.5],
        ]
    )
)
"""What follows what; the thousandths are for what happened while nobody watched."""


def roles(
    stops: NDArray[Any], trucks: NDArray[np.int64], bays: NDArray[np.int64], hints: NDArray[np.int64]
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
    """
    said = np.full(len(stops), -1)
    chosen = np.flatnonzero((stops["stop"] - stops["start"] >= _SHORTEST_MS) & (bays >= 0))
    if not len(chosen):
        return said
    some, truck = stops[chosen], trucks[chosen]
    _, bay = np.unique(bays[chosen], return_inverse=True)
    metres = np.diff(np.cumsum(stops["metres"])[chosen], prepend=0.0)
    firsts = np.flatnonzero(np.diff(truck, prepend=-1))
    signs = _signs(some)
    for kind, role in ((why.LOAD, LOADS), (why.DUMP, DUMPS)):
        signs[hints[chosen] == kind, role] += _HINT
    backed = (some["backed"] != why.FORWARD).astype(np.float64)
    share = np.full((int(bay.max()) + 1, 4), 0.25)
    backs = np.array([0.6, 0.6, 0.1, 0.1])
    belief = np.empty((len(some), 4))
    for _ in range(_ITERATIONS):
        coming = np.where(backed[:, None] > 0, np.log(backs), np.log1p(-backs))
        belief = _believe(signs + coming + np.log(share[bay]), metres, np.append(firsts, len(some)), _AFTER)
        counts = np.full((len(share), 4), 0.5)
        np.add.at(counts, bay, belief)
        share = counts / counts.sum(axis=1, keepdims=True)
        backs = (belief.T @ backed + 2.0) / (belief.sum(axis=0) + 4.0)
        backs[2:] = (belief[:, 2:].sum(axis=1) @ backed + 2.0) / (belief[:, 2:].sum() + 4.0)
    best = belief.argmax(axis=1)
    sure = (belief.max(axis=1) > _SURE) & (best <= DUMPS)
    said[chosen[sure]] = np.array([why.LOAD, why.DUMP])[best[sure]]
    return said


def _signs(stops: NDArray[Any]) -> Floats:
    """Log likelihood of how long each stop lasted, how the truck climbed to it, and what is known of it."""
    seconds = np.log((stops["stop"] - stops["start"]) / 1000)[:, None]
    middle, spread = (np.array(values) for values in zip(*_USUAL_S, strict=True))
    signs: Floats = -0.5 * ((seconds - np.log(middle)) / spread) ** 2 - np.log(spread)
    slow = np.clip((_SLOW_KMH - stops["climbed_kmh"]) / _SPREAD_KMH, -_MOST, _MOST)
    slow = np.where(np.isfinite(slow), slow, 0.0)
    signs += np.column_stack([-slow, slow, -slow, slow]) / 2
    for kind, role in ((why.LOAD, LOADS), (why.DUMP, DUMPS)):
        rows = stops["known"] == kind
        signs[rows] -= 12.0
        signs[rows, role] += 12.0
    # A scale that shows no gain and no loss has its word too.
    weighed = (stops["known"] < 0) & np.isfinite(stops["gain"])
    signs[weighed, LOADS : DUMPS + 1] -= _UNMOVED
    others = (stops["known"] >= 0) & ~np.isin(stops["known"], (why.LOAD, why.DUMP))
    signs[others, LOADS : DUMPS + 1] -= 12.0
    return signs


def _believe(signs: Floats, metres: Floats, firsts: NDArray[np.int64], after: Floats) -> Floats:
    """The chance of each role for each stop, given all stops of its truck (forward and backward)."""
    belief = np.empty_like(signs)
    _forward_backward(belief, np.empty_like(signs), np.empty_like(signs), signs, metres, firsts, after)
    return belief


@njit(cache=True)
def _forward_backward(
    out: Floats, ahead: Floats, back: Floats, signs: Floats, metres: Floats, firsts: Any, after: Floats
) -> None:
    terms = np.empty(4)
    for part in range(len(firsts) - 1):
        low, high = firsts[part], firsts[part + 1]
        for i in range(low, high):
            for s in range(4):
                for r in range(4):
                    terms[r] = 0.0 if i == low else ahead[i - 1, r] + after[r, s] + _near(metres[i], r, s)
                ahead[i, s] = signs[i, s] + _summed(terms)
        for i in range(high - 1, low - 1, -1):
            for s in range(4):
                for r in range(4):
                    terms[r] = 0.0
                    if i + 1 < high:
                        terms[r] = back[i + 1, r] + after[s, r] + signs[i + 1, r] + _near(metres[i + 1], s, r)
                back[i, s] = _summed(terms)
        for i in range(low, high):
            for s in range(4):
                terms[s] = ahead[i, s] + back[i, s]
            whole = _summed(terms)
            for s in range(4):
                out[i, s] = np.exp(terms[s] - whole)


@njit(cache=True)
def _near(metres: float, role: int, following: int) -> float:
    """The cost of a loading and a dumping that are nearer to each other than can be."""
    return _TOO_NEAR if metres < _NEAR_M and role + following == 1 and role * following == 0 else 0.0


@njit(cache=True)
def _summed(terms: Floats) -> float:
    """The logarithm of a sum of four, from their logarithms."""
    most = max(max(terms[0], terms[1]), max(terms[2], terms[3]))
    total = 0.0
    for s in range(4):
        total += np.exp(terms[s] - most)
    return most + np.log(total)
