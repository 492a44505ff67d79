"""Truth that tells of some states alone, such as stops to load and to dump: each interval is an event."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truckkit.score.strips import CODES, NOTHING, SECOND, Codes, Instants, Span, Strip, pairs
from truckkit.score.timing import quantiles


@dataclass(frozen=True)
class Events:
    """One truck's intervals in the states that are told of, in order."""

    start: Instants
    stop: Instants
    codes: Codes


def stops(
    true: Mapping[str, Strip], told: Mapping[str, Strip], states: tuple[str, ...], span: Span
) -> dict[str, Any]:
    """Events found, told wrongly, of the right kind, and how far their bounds are off.

    A told event is a true one's partner where the two overlap in time and are in the same state; one
    to one, those that share most time first. ``recall`` is the share of true events that have a
    partner, ``precision`` that of told ones. ``kind_right``: of the true events that overlap a told one
    of any of the states, the share in which the one that shares most time has the right state.
    ``boundary_s`` is over the starts and stops of partners, in seconds. Told events outside ``span``,
    the time of which the truth tells, do not count.
    """
    codes = [CODES[state] for state in states]
    hits, were, said = (dict.fromkeys(codes, 0) for _ in range(3))
    met = right = 0
    far: list[NDArray[np.float64]] = []
    for truck, strip in true.items():
        mine = _events(strip, codes, span)
        theirs = _events(told.get(truck, NOTHING), codes, span)
        one, other, shared = _overlaps(mine, theirs)
        alike = mine.codes[one] == theirs.codes[other]
        chosen = np.flatnonzero(alike)[pairs(-shared[alike], one[alike], other[alike])]
        for code in codes:
            hits[code] += int((mine.codes[one[chosen]] == code).sum())
            were[code] += int((mine.codes == code).sum())
            said[code] += int((theirs.codes == code).sum())
        most = np.lexsort((other, -shared, one))
        nearest = most[np.unique(one[most], return_index=True)[1]]
        met, right = met + len(nearest), right + int(alike[nearest].sum())
        for edge, its in ((mine.start, theirs.start), (mine.stop, theirs.stop)):
            far.append(np.abs(edge[one[chosen]] - its[other[chosen]]) / SECOND)
    return {
        "recall": _share(sum(hits.values()), sum(were.values())),
        "precision": _share(sum(hits.values()), sum(said.values())),
        "kind_right": _share(right, met),
        "boundary_s": quantiles(far),
        "states": {
            state: {
                "recall": _share(hits[code], were[code]),
                "precision": _share(hits[code], said[code]),
                "true": were[code],
                "told": said[code],
            }
            for state, code in zip(states, codes, strict=True)
        },
    }


def _events(strip: Strip, codes: list[int], span: Span) -> Events:
    if not strip:
        return Events(strip.codes, strip.codes, strip.codes)
    start, stop = strip.edges[:-1], strip.edges[1:]
    some = np.isin(strip.codes, codes) & (stop > span[0]) & (start < span[1])
    return Events(start[some], stop[some], strip.codes[some])


def _overlaps(one: Events, other: Events) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Every pair that shares time, and how much."""
    low = np.searchsorted(other.stop, one.start, "right")
    counts = np.maximum(np.searchsorted(other.start, one.stop, "left") - low, 0)
    first = np.repeat(np.arange(len(one.start)), counts)
    second = np.repeat(low - (np.cumsum(counts) - counts), counts) + np.arange(counts.sum())
    shared = np.minimum(one.stop[first], other.stop[second]) - np.maximum(
        one.start[first], other.start[second]
    )
    return first, second, shared


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
