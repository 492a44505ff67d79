"""How a motion is driven: slower or faster than at pace 1, or with a halt on the way.

A pacing is a list of stretches of time [ms], each with the pace at its start and at its stop; between
them the pace changes evenly. Every pacing begins and ends at pace 1, so that gates are passed at one
speed whoever drives.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple, TypeAlias, TypeVar

import numpy as np

from truckkit.sources.simulator.paths import Floats

EASES_S = 20.0
"""About how long a driver takes from pace 1 to another."""
BRAKES_S = 26.0
"""How long from pace 1 to a halt, and back."""

Pace = TypeVar("Pace", float, Floats)


class Span(NamedTuple):
    """One stretch of time of a pacing."""

    ms: int
    first: float
    last: float


Pacing: TypeAlias = list[Span]


def steady(seconds: float) -> Pacing:
    """At pace 1 from end to end."""
    return [Span(max(1, round(seconds * 1000)), 1.0, 1.0)]


def eased(seconds: float, pace: float) -> Pacing:
    """From pace 1 to another, and at the end back."""
    eases = max(1, round(_easing(seconds, pace) * 1000))
    middle = max(1, round((seconds * 1000 - (1 + pace) * eases) / pace))
    return [Span(eases, 1.0, pace), Span(middle, pace, pace), Span(eases, pace, 1.0)]


def halted(seconds: float, at_s: float, rest_s: float) -> Pacing:
    """At pace 1, but for a rest at what would be passed at a given time."""
    brakes, rest = round(BRAKES_S * 1000), round(rest_s * 1000)
    before = max(1, round(at_s * 1000) - brakes // 2)
    after = max(1, round(seconds * 1000) - before - brakes)
    return [
        Span(before, 1.0, 1.0),
        Span(brakes, 1.0, 0.0),
        Span(rest, 0.0, 0.0),
        Span(brakes, 0.0, 1.0),
        Span(after, 1.0, 1.0),
    ]


def passing(passed_s: Floats, pacing: Pacing) -> Floats:
    """When a paced motion passes what it passes at given times at pace 1 [s]."""
    # A pace that changes evenly within half a second is as good as one that does not.
    ends = np.concatenate([[0], np.cumsum([span.ms for span in pacing])]) / 1000
    paces = [pace for span in pacing for pace in (span.first, span.last)]
    edges = [at for pair in pairwise(ends) for at in pair]
    clock = np.arange(0.0, ends[-1] + 0.5, 0.5)
    pace = np.interp(clock, edges, paces)
    done = np.concatenate([[0.0], np.cumsum((pace[1:] + pace[:-1]) * 0.25)])
    return np.interp(passed_s, done, clock)


def passings(passed_s: Floats, seconds: float, paces: Floats) -> Floats:
    """The same for several paces of ``eased``: one row a pace."""
    pace = paces[:, None]
    eases = _easing(seconds, pace)
    eased = (1 + pace) / 2 * eases
    whole = 2 * eases + (seconds - 2 * eased) / pace

    def within(span: Floats) -> Floats:
        # span = t + (pace - 1) t² / 2 eases, solved for t
        return 2 * span / (1 + np.sqrt(np.maximum(1 + 2 * (pace - 1) / eases * span, 0.0)))

    early, late = np.minimum(passed_s, eased), np.minimum(seconds - passed_s, eased)
    middle = eases + (passed_s - eased) / pace
    ending = np.where(passed_s > seconds - eased, whole - within(late), middle)
    return np.where(passed_s < eased, within(early), ending)


def _easing(seconds: float, pace: Pace) -> Pace:
    return 2 * min(EASES_S, seconds / 5) / (1 + pace)
