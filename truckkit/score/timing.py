"""How well told states agree with true ones over time, and how far their boundaries lie apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truckkit.score.strips import (
    NO_DATA,
    NO_HOLES,
    NOTHING,
    SECOND,
    UNTOLD,
    WORDS,
    Instants,
    Strip,
    near,
    pairs,
)

Floats = NDArray[np.float64]

CAP_S = 60
"""What a boundary counts that has no partner: as much as the farthest that a partner may be [s]."""


def f1(true: Mapping[str, Strip], told: Mapping[str, Strip]) -> dict[str, float | None]:
    """Time-weighted F1 of each state: ``2 TP / (2 TP + FP + FN)``, all of them seconds.

    Counted over the time that ``true`` tells of; the trucks' seconds are added up. Where nothing is
    told it is ``no_data`` that was told. None for a state that occurs in neither.
    """
    agree = np.zeros((UNTOLD + 1, UNTOLD + 1))
    for truck, strip in true.items():
        other = told.get(truck, NOTHING).within(strip.span, NO_DATA)
        edges = np.union1d(strip.edges, other.edges)
        np.add.at(agree, (strip.at(edges[:-1]), other.at(edges[:-1])), np.diff(edges) / SECOND)
    # Told time in a state that the truth does not tell of is still time told in it.
    right, was, said = np.diag(agree), agree.sum(axis=1), agree.sum(axis=0)
    return {
        word: float(2 * right[code] / (was[code] + said[code])) if was[code] + said[code] > 0 else None
        for code, word in enumerate(WORDS)
    }


def mean(values: Mapping[str, float | None]) -> float | None:
    """The mean of those that are known."""
    known = [value for value in values.values() if value is not None]
    return sum(known) / len(known) if known else None


def boundaries(
    true: Mapping[str, Strip], told: Mapping[str, Strip], holes: Mapping[str, Instants]
) -> dict[str, Any]:
    """How far true boundaries between two states lie from told ones: median and 95th percentile [s].

    A boundary's partner enters the same state, at most 60 s away; partners are chosen nearest first,
    and none has two. A boundary without one counts 60 s, true or told, so that neither silence nor
    chatter pays. Not counted are true boundaries at the edges of dropouts and at the ends of the
    record, nor told ones without a partner so near to those that theirs may have been hidden.
    """
    far: list[Floats] = []
    missed = spurious = 0
    for truck, strip in true.items():
        other = told.get(truck, NOTHING).within(strip.span, NO_DATA)
        unseen = _unseen(strip.span, holes.get(truck, NO_HOLES))
        for code in range(NO_DATA):
            hits, mine, theirs = _partners(_entries(strip, code), _entries(other, code, all_of=True))
            theirs = theirs[~_near_to(theirs, unseen)]
            missed, spurious = missed + len(mine), spurious + len(theirs)
            far += [hits, np.full(len(mine) + len(theirs), float(CAP_S))]
        chatter = _entries(other, NO_DATA, all_of=True)
        chatter = chatter[~_near_to(chatter, unseen)]
        spurious += len(chatter)
        far.append(np.full(len(chatter), float(CAP_S)))
    return {**quantiles(far), "missed": missed, "spurious": spurious}


def quantiles(far: list[Floats]) -> dict[str, Any]:
    """Median and 95th percentile, and of how many; None where there is none."""
    every = np.concatenate(far) if far else np.zeros(0)
    if len(every) == 0:
        return {"p50": None, "p95": None, "counted": 0}
    middle, high = np.percentile(every, [50, 95])
    return {"p50": float(middle), "p95": float(high), "counted": len(every)}


def _entries(strip: Strip, code: int, all_of: bool = False) -> Instants:
    """When a strip enters a state from another one; from ``no_data`` only where all are asked for."""
    before, after = strip.codes[:-1], strip.codes[1:]
    return strip.edges[1:-1][(after == code) & (all_of | (before != NO_DATA))]


def _partners(mine: Instants, theirs: Instants) -> tuple[Floats, Instants, Instants]:
    """How far partners are apart [s], and the boundaries that have none."""
    one, other = near(mine, theirs, CAP_S * SECOND)
    apart = np.abs(mine[one] - theirs[other])
    chosen = pairs(apart, one, other)
    return (
        apart[chosen] / SECOND,
        np.delete(mine, one[chosen]),
        np.delete(theirs, other[chosen]),
    )


def _unseen(span: tuple[int, int], holes: Instants) -> Instants:
    """Dropouts and the ends of the record, and as far around them as a partner may be."""
    ends = np.array([[span[0], span[0]], [span[1], span[1]]], dtype=np.int64)
    return np.concatenate([ends, holes]) + np.array([-CAP_S, CAP_S]) * SECOND


def _near_to(at: Instants, stretches: Instants) -> NDArray[np.bool_]:
    start, stop = stretches[:, 0], stretches[:, 1]
    return np.any((at[:, None] >= start) & (at[:, None] <= stop), axis=1)
