"""The decoder: which states, in which order and for how long, explain a truck's pieces best.

A semi-Markov model: a segment is one or more pieces in one state; its score is the likelihood of its
pieces, the prior of its length and the cost of coming from the state before. The best segmentation
is found exactly, by dynamic programming (Yu 2010, Hidden semi-Markov models, section 2.2.2).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from truckkit.detection.tracks import Floats

WORDS = (
    "queue_load", "spot_load", "load", "haul", "queue_dump", "spot_dump", "dump", "return",
    "delay", "delay", "standby", "standby", "down", "down", "no_data", "no_data",
)  # fmt: skip
"""The state that each of the model's is shown as; it knows an empty delay from a loaded one."""

(QUEUE_LOAD, SPOT_LOAD, LOAD, HAUL, QUEUE_DUMP, SPOT_DUMP, DUMP, RETURN,
 DELAY_E, DELAY_L, STANDBY_E, STANDBY_L, DOWN_E, DOWN_L, NO_DATA_E, NO_DATA_L) = range(16)  # fmt: skip

EMPTY = (QUEUE_LOAD, SPOT_LOAD, RETURN, DELAY_E, STANDBY_E, DOWN_E, NO_DATA_E)
LOADED = (HAUL, QUEUE_DUMP, SPOT_DUMP, DELAY_L, STANDBY_L, DOWN_L, NO_DATA_L)

NEVER = -1e9
_LONGEST = 96
"""Pieces in one segment; a longer one is made of several, at a small cost."""
_GOES_ON = -2.0
_HOPELESS = -150.0
"""A segment whose evidence speaks so much against it need not be made longer."""

_COSTS: Mapping[int, Mapping[int, float]] = {
    RETURN: {QUEUE_LOAD: 0, SPOT_LOAD: 0, LOAD: -1.5, DELAY_E: -1, STANDBY_E: -1, DOWN_E: 0, HAUL: -10},
    QUEUE_LOAD: {
        SPOT_LOAD: 0, LOAD: -1, RETURN: -3, DELAY_E: -2.5, STANDBY_E: -2, DOWN_E: -2, HAUL: -12,
    },
    SPOT_LOAD: {LOAD: 0, QUEUE_LOAD: -3, RETURN: -6, DELAY_E: -9, STANDBY_E: -9, DOWN_E: -9},
    LOAD: {
        HAUL: 0, SPOT_DUMP: -4, QUEUE_DUMP: -4, DUMP: -6, DELAY_L: -3, STANDBY_L: -4, DOWN_L: -3,
        RETURN: -12,
    },
    HAUL: {QUEUE_DUMP: 0, SPOT_DUMP: 0, DUMP: -1.5, DELAY_L: -1, STANDBY_L: -2, DOWN_L: 0, RETURN: -10},
    QUEUE_DUMP: {SPOT_DUMP: 0, DUMP: -1, HAUL: -3, DELAY_L: -2.5, STANDBY_L: -3, DOWN_L: -2},
    SPOT_DUMP: {DUMP: 0, QUEUE_DUMP: -3, HAUL: -6, DELAY_L: -9, DOWN_L: -9},
    DUMP: {
        RETURN: 0, QUEUE_LOAD: -3, SPOT_LOAD: -3, LOAD: -5, DELAY_E: -2.5, STANDBY_E: -3, DOWN_E: -2,
        HAUL: -6,
    },
    DELAY_E: {
        RETURN: 0, QUEUE_LOAD: -2, SPOT_LOAD: -2, LOAD: -3, STANDBY_E: 0, DOWN_E: -1, DELAY_L: -9,
        HAUL: -10,
    },
    DELAY_L: {HAUL: 0, QUEUE_DUMP: -2, SPOT_DUMP: -2, DUMP: -3, STANDBY_L: 0, DOWN_L: -1, DELAY_E: -9},
    STANDBY_E: {DELAY_E: 0, RETURN: -1, QUEUE_LOAD: -3, DOWN_E: -1, HAUL: -10},
    STANDBY_L: {DELAY_L: 0, HAUL: -1, DOWN_L: -1, DELAY_E: -9},
    DOWN_E: {
        RETURN: 0, DELAY_E: 0, STANDBY_E: 0, QUEUE_LOAD: -2, SPOT_LOAD: -3, LOAD: -4, DELAY_L: -6,
        HAUL: -6,
    },
    DOWN_L: {
        HAUL: 0, DELAY_L: 0, STANDBY_L: 0, QUEUE_DUMP: -2, SPOT_DUMP: -3, DUMP: -4, RETURN: -4,
        DELAY_E: -4,
    },
}  # fmt: skip
"""Log odds of what follows what; what is not named never does."""

_UNSEEN = -4.0
"""That a truck was filled, or emptied, while nobody watched."""


def transitions() -> Floats:
    """The log odds of each state following each other."""
    table = np.full((len(WORDS), len(WORDS)), NEVER)
    for state, after in _COSTS.items():
        for other, cost in after.items():
            table[state, other] = cost
    for states, gap, other_states in ((EMPTY, NO_DATA_E, LOADED), (LOADED, NO_DATA_L, EMPTY)):
        for state in (*states, LOAD, DUMP):
            table[state, gap] = 0.0
            table[gap, state] = 0.0
        for state in other_states:
            table[gap, state] = _UNSEEN
    for state in range(len(WORDS)):
        table[state, state] = _GOES_ON
    return table


_USUAL_S = {
    SPOT_LOAD: (40.0, 0.8), LOAD: (150.0, 0.7), SPOT_DUMP: (40.0, 0.8), DUMP: (50.0, 0.8),
}  # fmt: skip
"""Middle length and spread of the logarithm, for the states that have a usual length."""
_LEAST_S = {DELAY_E: 60.0, DELAY_L: 60.0, STANDBY_E: 60.0, STANDBY_L: 60.0, LOAD: 15.0}
_TOO_SHORT = -8.0


def _priors() -> tuple[Floats, Floats, Floats]:
    middle, spread, least = (np.zeros(len(WORDS)) for _ in range(3))
    for state, (usual, around) in _USUAL_S.items():
        middle[state], spread[state] = np.log(usual), around
    for state, seconds in _LEAST_S.items():
        least[state] = seconds
    return middle, spread, least


def decode(evidence: Floats, bounds: Floats) -> NDArray[np.int64]:
    """The state of each piece, in the best segmentation.

    Parameters
    ----------
    evidence
        Log likelihood of each piece in each state, shape (pieces, states).
    bounds
        Instants that bound the pieces [ms], one more than there are pieces.
    """
    if not len(evidence):
        return np.empty(0, np.int64)
    path: NDArray[np.int64] = _viterbi(evidence, bounds / 1000.0, transitions(), *_priors())
    return path


@njit(cache=True)
def _viterbi(
    evidence: Floats, seconds: Floats, costs: Floats, middle: Floats, spread: Floats, least: Floats
) -> Any:
    n, states = evidence.shape
    summed = np.zeros((n + 1, states))
    for i in range(n):
        for s in range(states):
            summed[i + 1, s] = summed[i, s] + max(evidence[i, s], -1e4)
    # The best score of all that ends with piece j in state s, and where that segment began, from which state.
    best = np.zeros((n + 1, states)) - 1e18
    begun = np.zeros((n + 1, states), np.int64)
    came = np.zeros((n + 1, states), np.int64) - 1
    # The best way to be about to enter state s at bound i.
    enter = np.zeros((n + 1, states)) - 1e18
    origin = np.zeros((n + 1, states), np.int64) - 1
    for s in range(states):
        enter[0, s] = 0.0
    for j in range(1, n + 1):
        for s in range(states):
            if evidence[j - 1, s] < -1e6:
                continue
            i = j - 1
            while i >= 0 and j - i <= _LONGEST and evidence[i, s] > -1e6:
                if enter[i, s] > -1e17:
                    lasts = seconds[j] - seconds[i]
                    own = summed[j, s] - summed[i, s]
                    if own < _HOPELESS:
                        break
                    score = enter[i, s] + own
                    if spread[s] > 0:
                        off = (np.log(max(lasts, 0.1)) - middle[s]) / spread[s]
                        score -= 0.5 * off * off
                    # What is cut off by the record may have begun earlier.
                    if lasts < least[s] and i > 0 and j < n:
                        score += _TOO_SHORT
                    if score > best[j, s]:
                        best[j, s], begun[j, s], came[j, s] = score, i, origin[i, s]
                i -= 1
        for s in range(states):
            for before in range(states):
                if costs[before, s] > -1e6 and best[j, before] + costs[before, s] > enter[j, s]:
                    enter[j, s] = best[j, before] + costs[before, s]
                    origin[j, s] = before
    path = np.zeros(n, np.int64)
    j, s = n, 0
    for last in range(states):
        if best[n, last] > best[n, s]:
            s = last
    while j > 0 and s >= 0:
        i = begun[j, s]
        for k in range(i, j):
            path[k] = s
        j, s = i, came[j, s]
    return path
