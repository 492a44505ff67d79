"""Strips: one truck's states over time, without gap or overlap, as arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from truckkit.schema import STATES

Instants: TypeAlias = NDArray[np.int64]
"""Microseconds since 1970, UTC."""
Codes: TypeAlias = NDArray[np.int64]
"""Numbers of states, in the order of ``schema.STATES``."""
Span: TypeAlias = tuple[int, int]
"""From an instant to another, the second not in it."""

WORDS = tuple(STATES)
CODES: Mapping[str, int] = {word: code for code, word in enumerate(WORDS)}
NO_DATA = CODES["no_data"]
UNTOLD = len(WORDS)
"""The number of a state of which a strip does not tell."""
SECOND = 1_000_000


@dataclass(frozen=True)
class Strip:
    """The state ``codes[i]`` holds from ``edges[i]`` until ``edges[i + 1]``; neighbours differ."""

    edges: Instants
    codes: Codes

    @property
    def span(self) -> Span:
        """From its first instant to its last."""
        return int(self.edges[0]), int(self.edges[-1])

    def at(self, instants: Instants, otherwise: int = UNTOLD) -> Codes:
        """The states at some instants."""
        index = np.searchsorted(self.edges, instants, "right") - 1
        # One more at the end, for what lies after it and, as number -1, for what lies before.
        return np.append(self.codes, otherwise)[index]

    def starts(self, state: str) -> Instants:
        """When it enters a state."""
        return self.edges[:-1][self.codes == CODES[state]]

    def within(self, span: Span, otherwise: int = UNTOLD) -> Strip:
        """The strip over this span alone; of what lies beyond it the strip says ``otherwise``."""
        start, stop = span
        inner = self.edges[(self.edges > start) & (self.edges < stop)]
        return _joined(np.concatenate([[start], inner, [stop]]), lambda at: self.at(at, otherwise))

    def hidden(self, holes: Instants) -> Strip:
        """The strip with ``no_data`` in some stretches of time, one row of ``holes`` each."""
        start, stop = self.span
        cuts = np.unique(np.concatenate([self.edges, np.clip(holes.ravel(), start, stop)]))
        return _joined(cuts, lambda at: np.where(inside(at, holes), NO_DATA, self.at(at)))

    def __bool__(self) -> bool:
        return bool(len(self.codes))


NOTHING = Strip(np.zeros(1, np.int64), np.zeros(0, np.int64))
"""Tells of no time at all."""


def strips(states: pa.Table, gap: int) -> dict[str, Strip]:
    """State intervals (``truck, state, start, stop``, in any order) as a strip for each truck.

    Where two overlap the one that starts later cuts the other off; time between them is ``gap``.
    """
    found = {}
    codes = np.array([CODES[word] for word in states["state"].to_pylist()], dtype=np.int64)
    start, stop = instants(states["start"]), instants(states["stop"])
    for truck, rows in by_truck(states):
        rows = rows[stop[rows] > start[rows]]
        if len(rows) == 0:
            continue
        rows = rows[np.lexsort((stop[rows], start[rows]))]
        found[truck] = _strip(start[rows], stop[rows], codes[rows], gap)
    return found


def _strip(start: Instants, stop: Instants, codes: Codes, gap: int) -> Strip:
    def told(at: Instants) -> Codes:
        last = np.searchsorted(start, at, "right") - 1
        return np.where(at < stop[last], codes[last], gap)

    return _joined(np.unique(np.concatenate([start, stop])), told)


def _joined(edges: Instants, told: Callable[[Instants], Codes]) -> Strip:
    """A strip with these edges, but for those at which nothing changes."""
    if len(edges) < 2 or edges[0] >= edges[-1]:
        return NOTHING
    codes = told(edges[:-1])
    changes = np.concatenate([[True], codes[1:] != codes[:-1]])
    return Strip(np.append(edges[:-1][changes], edges[-1]), codes[changes])


def instants(column: pa.ChunkedArray, otherwise: int = 0) -> Instants:
    """A column of timestamps as microseconds; ``otherwise`` where there is none."""
    whole = column.cast(pa.timestamp("us")).cast(pa.int64()).fill_null(otherwise)
    return np.asarray(whole.to_numpy(), dtype=np.int64)


def by_truck(table: pa.Table) -> Iterator[tuple[str, NDArray[np.int64]]]:
    """The rows of each truck, trucks in the order of their names."""
    names = np.array(table["truck"].to_pylist(), dtype=object)
    for name in sorted(set(names.tolist())):
        yield name, np.flatnonzero(names == name)


def inside(at: Instants, holes: Instants) -> NDArray[np.bool_]:
    """True for instants in ``[start, stop)`` of one of the holes, which are in order and do not overlap."""
    if len(holes) == 0:
        return np.zeros(len(at), dtype=bool)
    index = np.searchsorted(holes[:, 0], at, "right") - 1
    return (index >= 0) & (at < holes[np.maximum(index, 0), 1])


def holes(dropouts: pa.Table) -> dict[str, Instants]:
    """Stretches of time (``truck, start, stop``) for each truck: in order, those that touch joined."""
    start, stop = instants(dropouts["start"]), instants(dropouts["stop"])
    return {truck: _merged(start[rows], stop[rows]) for truck, rows in by_truck(dropouts)}


def _merged(start: Instants, stop: Instants) -> Instants:
    order = np.argsort(start, kind="stable")
    start, reached = start[order], np.maximum.accumulate(stop[order])
    first = np.concatenate([[True], start[1:] > reached[:-1]])
    last = np.concatenate([first[1:], [True]])
    return np.column_stack([start[first], reached[last]])


NO_HOLES: Instants = np.zeros((0, 2), dtype=np.int64)


def pairs(far: NDArray[np.int64], one: NDArray[np.int64], other: NDArray[np.int64]) -> list[int]:
    """Of candidate pairs, those of a one-to-one matching: the nearest first.

    ``far`` says how far apart each pair is, ``one`` and ``other`` which two it is of. Answers with the
    numbers of the pairs chosen.
    """
    chosen, ones, others = [], set(), set()
    for number in np.lexsort((other, one, far)).tolist():
        a, b = int(one[number]), int(other[number])
        if a not in ones and b not in others:
            ones.add(a)
            others.add(b)
            chosen.append(number)
    return chosen


def near(one: Instants, other: Instants, most: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Every pair of instants that are at most so far apart; both in order."""
    low = np.searchsorted(other, one - most, "left")
    counts = np.searchsorted(other, one + most, "right") - low
    first = np.repeat(np.arange(len(one)), counts)
    offset = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    return first, np.repeat(low, counts) + offset
