"""How many of the true haul cycles were found, and the tonnes that they moved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from truckkit.score.strips import (
    NO_HOLES,
    NOTHING,
    SECOND,
    Instants,
    Strip,
    by_truck,
    inside,
    instants,
    near,
    pairs,
)

WITHIN_S = (5, 15, 60)
"""How far the starts of loading and of dumping may be off [s]."""
HEADLINE_S = 15
NEVER = np.iinfo(np.int64).min
"""The start of a dumping that did not happen."""


@dataclass(frozen=True)
class Hauls:
    """One truck's cycles: when loading and dumping start, when the cycle stops, what was moved."""

    load: Instants
    dump: Instants
    stop: Instants
    moved_t: NDArray[np.float64]
    """Payload, where it was dumped; not a number where it was not, or is unknown."""

    def __getitem__(self, which: NDArray[Any]) -> Hauls:
        return Hauls(self.load[which], self.dump[which], self.stop[which], self.moved_t[which])

    @property
    def middle(self) -> Instants:
        """An instant that lies within the cycle however its bounds are shifted a little."""
        return self.load + (self.stop - self.load) // 2


NO_HAULS = Hauls(*(np.zeros(0, np.int64),) * 3, np.zeros(0))


def of_cycles(cycles: pa.Table, strips: Mapping[str, Strip]) -> dict[str, Hauls]:
    """Cycles as a source tells them; a dumping starts where its states say so, within the cycle."""
    start, stop = instants(cycles["start"]), instants(cycles["stop"])
    payload = np.asarray(cycles["payload_t"].cast(pa.float64()).to_numpy(), dtype=np.float64)
    dumped = np.asarray(cycles["dump_place"].is_valid().to_numpy(), dtype=bool)
    found = {}
    for truck, rows in by_truck(cycles):
        rows = rows[np.argsort(start[rows], kind="stable")]
        dumps = strips.get(truck, NOTHING).starts("dump")
        dump = _first_within(dumps, start[rows], stop[rows])
        # A truck that is loaded again has dumped, whether or not anybody saw it.
        again = np.arange(len(rows)) < len(rows) - 1
        moved = np.where(dumped[rows] | (dump != NEVER) | again, payload[rows], np.nan)
        found[truck] = Hauls(start[rows], dump, stop[rows], moved)
    return found


def of_states(strips: Mapping[str, Strip]) -> dict[str, Hauls]:
    """Cycles from states alone: from one loading to the next, the dumping being the first between."""
    found = {}
    for truck, strip in strips.items():
        load = strip.starts("load")
        stop = np.append(load[1:], strip.span[1])[: len(load)]
        dump = _first_within(strip.starts("dump"), load, stop)
        found[truck] = Hauls(load, dump, stop, np.full(len(load), np.nan))
    return found


def _first_within(events: Instants, start: Instants, stop: Instants) -> Instants:
    index = np.searchsorted(events, start)
    known = np.append(events, np.iinfo(np.int64).max)[index]
    return np.where(known < stop, known, NEVER)


def found(
    true: Mapping[str, Hauls],
    told: Mapping[str, Hauls],
    spans: Mapping[str, tuple[int, int]],
    holes: Mapping[str, Instants],
) -> dict[str, Any]:
    """Recall and precision of cycles, and how many were split or merged.

    A hit has the start of loading and the start of dumping both within the tolerance; one true cycle
    hits one told one. A cycle that the ends of the record cut, so that one of the two lies outside,
    does not count. A true cycle of which one of the two lies in a dropout could not be seen, and one
    without a dumping cannot be hit; they do not count either, nor does a told one that has no true
    partner and shares its middle with such a one.

    A true cycle is split where two or more told ones have their middles in it; a told one is merged
    where it holds the middles of two or more true ones.
    """
    hits = dict.fromkeys(WITHIN_S, 0)
    wrong = dict.fromkeys(WITHIN_S, 0)
    counted = split = merged = 0
    for truck, span in spans.items():
        mine = _whole(true.get(truck, NO_HAULS), span)
        theirs = _whole(told.get(truck, NO_HAULS), span)
        gaps = holes.get(truck, NO_HOLES)
        seen = ~(inside(mine.load, gaps) | inside(mine.dump, gaps)) & (mine.dump != NEVER)
        hidden, mine = mine[~seen], mine[seen]
        excused = np.any(_middles(theirs, hidden) | _middles(hidden, theirs).T, axis=1)
        counted += len(mine.load)
        split += int((_middles(mine, theirs).sum(axis=1) > 1).sum())
        merged += int((_middles(theirs, mine).sum(axis=1) > 1).sum())
        for most in WITHIN_S:
            partners = _hits(mine, theirs, most * SECOND)
            alone = ~excused
            alone[partners] = False
            hits[most] += len(partners)
            wrong[most] += int(alone.sum())
    rates = {str(most): _rates(hits[most], counted, wrong[most]) for most in WITHIN_S}
    told_ones = hits[HEADLINE_S] + wrong[HEADLINE_S]
    return {
        **rates[str(HEADLINE_S)],
        "within_s": rates,
        "split": split,
        "merged": merged,
        "true": counted,
        "told": told_ones,
    }


def _rates(hits: int, counted: int, wrong: int) -> dict[str, float | None]:
    return {
        "recall": hits / counted if counted else None,
        "precision": hits / (hits + wrong) if hits + wrong else None,
    }


def _whole(hauls: Hauls, span: tuple[int, int]) -> Hauls:
    """Cycles of the record, without those that its ends cut."""
    start, stop = span
    known = hauls[(hauls.load > start) & (hauls.load < stop)]
    last = np.arange(len(known.load)) == len(known.load) - 1
    return known[~(last & (known.dump == NEVER)) & (known.dump < stop)]


def _middles(one: Hauls, other: Hauls) -> NDArray[np.bool_]:
    """True where a cycle of ``one`` (row) holds the middle of a cycle of ``other`` (column)."""
    return (one.load[:, None] <= other.middle) & (other.middle < one.stop[:, None])


def _hits(true: Hauls, told: Hauls, most: int) -> NDArray[np.int64]:
    """The told cycles that hit."""
    one, other = near(true.load, told.load, most)
    dumped = (true.dump[one] != NEVER) & (told.dump[other] != NEVER)
    apart = np.where(dumped, np.abs(true.dump[one] - told.dump[other]), most + 1)
    close = apart <= most
    one, other = one[close], other[close]
    far = apart[close] + np.abs(true.load[one] - told.load[other])
    return other[pairs(far, one, other)]


def tonnes_error(
    true: Mapping[str, Hauls],
    told: Mapping[str, Hauls],
    spans: Mapping[str, tuple[int, int]],
    shifts: Instants,
) -> float | None:
    """How far the told tonnes of a shift are from the true ones, as a share of these; the mean of shifts.

    A cycle counts in the shift in which it starts, where its load was dumped: its states or its dump
    place say so, or another loading that follows it. ``shifts`` has a row for each. None where no
    payload is told, or none is true.
    """
    moved = [_tonnes(hauls, spans, shifts) for hauls in (true, told)]
    if any(np.isnan(sums).all() for sums in moved):
        return None
    was, said = (np.nan_to_num(sums) for sums in moved)
    some = was > 0
    return float(np.mean(np.abs(said[some] - was[some]) / was[some])) if some.any() else None


def _tonnes(
    hauls: Mapping[str, Hauls], spans: Mapping[str, tuple[int, int]], shifts: Instants
) -> NDArray[np.float64]:
    """Tonnes of each shift; not a number where no payload was told at all."""
    sums = np.zeros(len(shifts))
    known = False
    for truck, (start, stop) in spans.items():
        one = hauls.get(truck, NO_HAULS)
        one = one[(one.load >= start) & (one.load < stop) & ~np.isnan(one.moved_t)]
        known = known or len(one.load) > 0
        in_shift = np.searchsorted(shifts[:, 0], one.load, "right") - 1
        booked = inside(one.load, shifts)
        np.add.at(sums, in_shift[booked], one.moved_t[booked])
    return sums if known else np.full(len(shifts), np.nan)
