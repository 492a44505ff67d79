"""Score: how far what was detected is from the truth.

Tables in, numbers out: what counts is said where it is counted, in ``timing`` (time in states, their
boundaries), ``hauls`` (cycles, tonnes), ``places`` and ``stops`` (truth that tells of some states alone).
A number that cannot be known is None.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from truckkit.score import hauls, timing
from truckkit.score.places import places
from truckkit.score.stops import stops
from truckkit.score.strips import (
    NO_DATA,
    NO_HOLES,
    UNTOLD,
    WORDS,
    Instants,
    Span,
    Strip,
    holes,
    instants,
    strips,
)

__all__ = ["Told", "Truth", "common", "score", "score_of_some", "tiles"]


@dataclass(frozen=True)
class Truth:
    """What truly happened: tables with the columns of ``schema``."""

    states: pa.Table
    cycles: pa.Table | None
    """None where the states alone tell of them."""
    places: pa.Table | None
    """None where nothing is known of them."""
    dropouts: pa.Table
    """``truck, start, stop``: times of which nothing was stored."""


@dataclass(frozen=True)
class Told:
    """What a detector said, and over which time it could know: tables with the columns of ``schema``."""

    states: pa.Table
    cycles: pa.Table
    places: pa.Table | None
    """None where no place had to be found."""
    observed: pa.Table
    """``truck, start, stop``: first and last sample of each truck."""
    shifts: pa.Table
    """``start, stop``; without a row all of time is one shift."""


def score(told: Told, truth: Truth) -> dict[str, Any]:
    """The whole score, of a truth that tells of all time.

    Counted for each truck from its first sample to its last, where the truth tells of it. The true
    state within a dropout is ``no_data``: nobody could know more. Trucks of which the truth does not
    tell are left out.
    """
    spoken, said, dropped = strips(truth.states, NO_DATA), strips(told.states, NO_DATA), holes(truth.dropouts)
    spans = _common(spoken, told.observed)
    whole = {truck: spoken[truck].within(span) for truck, span in spans.items()}
    true = {truck: strip.hidden(dropped.get(truck, NO_HOLES)) for truck, strip in whole.items()}
    f1 = timing.f1(true, said)
    were = hauls.of_states(whole) if truth.cycles is None else hauls.of_cycles(truth.cycles, whole)
    their = hauls.of_cycles(told.cycles, said)
    return {
        "macro_f1": timing.mean(f1),
        "f1": f1,
        "boundary_s": timing.boundaries(true, said, dropped),
        "cycles": hauls.found(were, their, spans, dropped),
        "tonnes_error": hauls.tonnes_error(were, their, spans, _shifts(told.shifts)),
        "places": places(truth.places, told.places),
        **_divided_by(spans),
    }


def score_of_some(told: Told, states: pa.Table) -> dict[str, Any]:
    """The score of a truth that tells of some states alone (``truck, state, start, stop``).

    Such a truth is taken to name every interval in these states, from the first start to the last
    stop of any of its trucks. F1 is over these states; cycles are those that loadings and dumpings
    make, where it tells of both. ``stops`` is added: see ``stops.stops``.
    """
    named = set(states["state"].to_pylist())
    names = tuple(word for word in WORDS if word in named)
    period = int(instants(states["start"]).min()), int(instants(states["stop"]).max())
    events, said = strips(states, UNTOLD), strips(told.states, NO_DATA)
    spans = _common(events, told.observed, period)
    true = {truck: events[truck].within(span) for truck, span in spans.items()}
    every = timing.f1(true, said)
    f1 = {word: value if word in names else None for word, value in every.items()}
    found = stops({truck: events[truck] for truck in spans}, said, names, period)
    has_cycles = {"load", "dump"} <= named
    were = hauls.of_states(true) if has_cycles else {}
    their = hauls.of_cycles(told.cycles, said) if has_cycles else {}
    return {
        "macro_f1": timing.mean(f1),
        "f1": f1,
        "boundary_s": found.pop("boundary_s"),
        "cycles": hauls.found(were, their, spans, {}),
        "tonnes_error": None,
        "places": places(None, None),
        "stops": found,
        **_divided_by(spans),
    }


def tiles(states: pa.Table) -> bool:
    """True where the intervals of each truck leave no time between them."""
    return all((strip.codes != UNTOLD).all() for strip in strips(states, UNTOLD).values())


def common(states: pa.Table, observed: pa.Table) -> bool:
    """True where the truth and the samples tell of a truck at one time."""
    return bool(_common(strips(states, UNTOLD), observed))


def _common(true: Mapping[str, Strip], observed: pa.Table, period: Span | None = None) -> dict[str, Span]:
    """The time of each truck of which the truth tells and samples do; a period where it is one for all."""
    spans = {truck: period or strip.span for truck, strip in true.items()}
    bounds = zip(
        observed["truck"].to_pylist(), instants(observed["start"]), instants(observed["stop"]), strict=True
    )
    common = {
        truck: (max(spans[truck][0], int(first)), min(spans[truck][1], int(last)))
        for truck, first, last in bounds
        if truck in spans
    }
    return {truck: (start, stop) for truck, (start, stop) in sorted(common.items()) if start < stop}


def _shifts(shifts: pa.Table) -> Instants:
    """Start and stop of each shift, in order."""
    ends = np.iinfo(np.int64)
    if shifts.num_rows == 0:
        return np.array([[ends.min, ends.max]], dtype=np.int64)
    bounds = np.column_stack([instants(shifts["start"]), instants(shifts["stop"])])
    return bounds[np.argsort(bounds[:, 0], kind="stable")]


def _divided_by(spans: Mapping[str, Span]) -> dict[str, Any]:
    return {"trucks": len(spans), "observed_h": sum(stop - start for start, stop in spans.values()) / 3.6e9}
