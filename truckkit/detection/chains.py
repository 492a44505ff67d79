"""Chains: how likely each role is for each stop, given all stops of its truck. Compiled.

A truck is loaded, dumps, is loaded again: whatever lies between is neither. So the stops of a truck
are the outcome of a hidden Markov chain, whose states are loading, dumping, and other stops with and
without a load.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from truckkit.detection.tracks import Floats

LOADS, DUMPS, RESTS_EMPTY, RESTS_LOADED = range(4)

AFTER = np.log(
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
_TOO_NEAR = -12.0
_RESTS_AFTER = -1.5
"""Trucks wait before they are loaded and before they dump, and go on after it."""


def believe(signs: Floats, metres: Floats, firsts: NDArray[np.int64], near_m: float) -> tuple[Floats, float]:
    """The chance of each role for each stop (forward and backward), and the log likelihood of them all.

    Parameters
    ----------
    signs
        Log likelihood of each stop in each role, shape (stops, 4).
    metres
        Driven since the stop before.
    firsts
        The first stop of each truck, and the number of all.
    near_m
        No loading is so near to a dumping.
    """
    belief = np.empty_like(signs)
    likely = _forward_backward(
        belief, np.empty_like(signs), np.empty_like(signs), signs, metres, firsts, AFTER, near_m
    )
    return belief, float(likely)


@njit(cache=True)
def _forward_backward(
    out: Floats,
    ahead: Floats,
    back: Floats,
    signs: Floats,
    metres: Floats,
    firsts: Any,
    after: Floats,
    near_m: float,
) -> float:
    terms = np.empty(4)
    likely = 0.0
    for part in range(len(firsts) - 1):
        low, high = firsts[part], firsts[part + 1]
        for i in range(low, high):
            for s in range(4):
                for r in range(4):
                    terms[r] = 0.0
                    if i > low:
                        terms[r] = ahead[i - 1, r] + after[r, s] + _near(metres[i], r, s, near_m)
                ahead[i, s] = signs[i, s] + _summed(terms)
        for i in range(high - 1, low - 1, -1):
            for s in range(4):
                for r in range(4):
                    terms[r] = 0.0
                    if i + 1 < high:
                        terms[r] = back[i + 1, r] + after[s, r] + signs[i + 1, r]
                        terms[r] += _near(metres[i + 1], s, r, near_m)
                back[i, s] = _summed(terms)
        for i in range(low, high):
            for s in range(4):
                terms[s] = ahead[i, s] + back[i, s]
            whole = _summed(terms)
            for s in range(4):
                out[i, s] = np.exp(terms[s] - whole)
        for s in range(4):
            terms[s] = ahead[high - 1, s]
        likely += _summed(terms)
    return likely


@njit(cache=True)
def _near(metres: float, role: int, following: int, near_m: float) -> float:
    """The cost of what does not happen nearby: a loading beside a dumping, a rest after either."""
    if metres >= near_m:
        return 0.0
    if role + following == 1 and role * following == 0:
        return _TOO_NEAR
    return _RESTS_AFTER if role + following == 3 and role < 2 else 0.0


@njit(cache=True)
def _summed(terms: Floats) -> float:
    """The logarithm of a sum of four, from their logarithms."""
    most = max(max(terms[0], terms[1]), max(terms[2], terms[3]))
    total = 0.0
    for s in range(4):
        total += np.exp(terms[s] - most)
    return most + np.log(total)
