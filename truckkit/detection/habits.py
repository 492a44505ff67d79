"""Habits of a fleet: how long its trucks stand to be loaded and to dump, whether they back in and turn
about there, and how much slower a load makes them. Learnt from the fleet's own stops.

Each habit begins with what is usual at most mines, and that counts as much as a few stops do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from truckkit.detection.chains import DUMPS, LOADS, RESTS_EMPTY, RESTS_LOADED
from truckkit.detection.tracks import Floats

_USUAL_S = np.log([150.0, 50.0, 90.0])
_FLEETS_DIFFER = np.array([0.7, 0.6, 0.8])
"""How long fleets' loadings, dumpings and rests last: the middle, and how their logarithm differs."""
_AROUND, _AROUND_COUNTS = np.array([0.5, 0.5, 1.4]), 10.0
_ANY_S, _ANY_AROUND = np.log(90.0), 1.4
_BROKEN, _BROKEN_COUNTS = np.array([0.02, 0.02, 0.1]), 50.0
"""What was broken off, or waited for, lasts as anything may; and how often that is so."""
_WORK_BACKS, _REST_BACKS = 0.6, 0.1
_WORK_PASSES, _REST_PASSES = 0.2, 0.6
_COUNTS = 4.0
_SLOWER, _SPEEDS_DIFFER = 0.1, 0.15
"""By how much a load slows a truck, and how its speed varies otherwise; of the logarithm of speed."""
_LEG_SAYS, _LEGS_SAY = 1.5, 8.0
"""What one way, and as many ways as all ways together, may say at the most."""


@dataclass
class Stood:
    """What roles are told by: of each stop how long it was and how the truck came, stood and went."""

    seconds: Floats
    """Logarithm of its length; NaN where nobody saw all of it."""
    backed: Floats
    """1 where the truck came in reverse, else 0."""
    passed: Floats
    """1 where it went on beyond, 0 where it went back the side it had come from, NaN where not known."""
    pace: Floats
    """How much faster it came than is usual between the two places, as a logarithm; NaN where not known."""

    def part(self, of: slice) -> Stood:
        """Some of the stops."""
        return Stood(self.seconds[of], self.backed[of], self.passed[of], self.pace[of])


@dataclass
class Habits:
    """The habits as far as they are known."""

    seconds: Floats
    around: Floats
    broken: Floats
    backs: Floats
    passes: Floats
    slower: float
    differs: float

    @classmethod
    def usual(cls) -> Habits:
        """Those of most mines."""
        work_or_rest = np.array([1.0, 1.0, 0.0, 0.0])
        return cls(
            _USUAL_S.copy(),
            _AROUND.copy(),
            _BROKEN.copy(),
            np.where(work_or_rest, _WORK_BACKS, _REST_BACKS),
            np.where(work_or_rest, _WORK_PASSES, _REST_PASSES),
            _SLOWER,
            _SPEEDS_DIFFER,
        )

    def signs(self, stood: Stood) -> Floats:
        """Log likelihood of each stop in each role, shape (stops, 4)."""
        usual, broken = self._lengths(stood)
        signs = np.logaddexp(usual, broken)[:, (LOADS, DUMPS, 2, 2)]
        for told, chance in ((stood.backed, self.backs), (stood.passed, self.passes)):
            known = np.isfinite(told)
            signs[known] += np.where(told[known, None] > 0, np.log(chance), np.log1p(-chance))
        odds = np.clip(2 * stood.pace * self.slower / self.differs**2, -_LEG_SAYS, _LEG_SAYS)
        odds = np.where(np.isfinite(odds), odds, 0.0)
        odds *= min(1.0, _LEGS_SAY / max(np.isfinite(stood.pace).sum(), 1))
        signs += np.column_stack([odds, -odds, odds, -odds]) / 2
        return signs

    def _lengths(self, stood: Stood) -> tuple[Floats, Floats]:
        """Log likelihood that a loading, a dumping, a rest lasts so long: as is usual, or broken off."""
        known = np.isfinite(stood.seconds)[:, None]
        usual = -0.5 * ((stood.seconds[:, None] - self.seconds) / self.around) ** 2 - np.log(self.around)
        some = -0.5 * ((stood.seconds - _ANY_S) / _ANY_AROUND) ** 2 - np.log(_ANY_AROUND)
        usual, some = np.where(known, usual, 0.0), np.where(known, some[:, None], 0.0)
        return usual + np.log1p(-self.broken), some + np.log(self.broken)

    def learnt(self, stood: Stood, belief: Floats) -> Habits:
        """The habits, learnt from how likely each stop is in each role."""
        known = np.isfinite(stood.seconds)
        seconds, weight = (
            np.where(known, stood.seconds, 0.0),
            known[:, None]
            * np.column_stack([belief[:, (LOADS, DUMPS)], belief[:, RESTS_EMPTY] + belief[:, RESTS_LOADED]]),
        )
        usual, broken = self._lengths(stood)
        off = weight / (1 + np.exp(np.clip(usual - broken, -50.0, 50.0)))
        of_all = (off.sum(axis=0) + _BROKEN_COUNTS * _BROKEN) / (weight.sum(axis=0) + _BROKEN_COUNTS)
        weight = weight - off
        total = weight.sum(axis=0)
        precise = total / self.around**2
        middle = (weight.T @ seconds / self.around**2 + _USUAL_S / _FLEETS_DIFFER**2) / (
            precise + 1 / _FLEETS_DIFFER**2
        )
        around = np.sqrt(
            ((weight * (seconds[:, None] - middle) ** 2).sum(axis=0) + _AROUND_COUNTS * _AROUND**2)
            / (total + _AROUND_COUNTS)
        )
        slower, differs = self._slowed(stood.pace, belief)
        return Habits(
            middle,
            around,
            of_all,
            _shares(stood.backed, belief, _WORK_BACKS, _REST_BACKS),
            _shares(stood.passed, belief, _WORK_PASSES, _REST_PASSES),
            slower,
            differs,
        )

    def _slowed(self, pace: Floats, belief: Floats) -> tuple[float, float]:
        known = np.isfinite(pace)
        if known.sum() < 2:
            return self.slower, self.differs
        loaded = belief[known][:, (DUMPS, RESTS_LOADED)].sum(axis=1)
        ways = pace[known]
        apart = ways @ (1 - loaded) / max((1 - loaded).sum(), 1e-9) - ways @ loaded / max(loaded.sum(), 1e-9)
        slower = max(float(apart) / 2, 0.0)
        spread = loaded @ (ways + slower) ** 2 + (1 - loaded) @ (ways - slower) ** 2
        return slower, float(np.sqrt((spread + 4 * _SPEEDS_DIFFER**2) / (len(ways) + 4)))

    def odd(self) -> float:
        """Log likelihood of a fleet with such habits, among all fleets."""
        return float(-0.5 * np.sum(((self.seconds - _USUAL_S) / _FLEETS_DIFFER) ** 2))


def _shares(told: Floats, belief: Floats, work: float, rest: float) -> Floats:
    """In what share of the stops of each role this was so; the same for both kinds of rests."""
    known = np.isfinite(told)
    yes, every = belief[known].T @ told[known], belief[known].sum(axis=0)
    yes[2:], every[2:] = yes[2:].sum(), every[2:].sum()
    usual = np.array([work, work, rest, rest])
    shares: Floats = (yes + _COUNTS * usual) / (every + _COUNTS)
    return np.clip(shares, 0.01, 0.99)


_LEAST_M = 200.0
_CLIMBS, _STEEP = 0.18, 0.06
"""Half of by how much a truck climbs slower than it descends, whatever it carries; and at which grade."""


def paces(
    metres: Floats, seconds: Floats, lift_m: Floats, area: NDArray[np.int64], same_truck: NDArray[np.bool_]
) -> Floats:
    """How much faster each way was driven than is usual between its two ends, there and back.

    Half of what trucks climb slower than they descend is taken off. NaN for short ways and for those
    that nobody drove the other way.
    """
    before = np.concatenate([[-1], area[:-1]])
    told = same_truck & (metres > _LEAST_M) & (seconds > 0) & (before != area)
    speed = np.full(len(metres), np.nan)
    grade = np.where(np.isfinite(lift_m), lift_m, 0.0) / np.maximum(metres, 1.0)
    speed[told] = np.log(metres[told] / seconds[told])
    speed += _CLIMBS * np.clip(grade / _STEEP, -1.0, 1.0)
    found = np.full(len(metres), np.nan)
    ends = np.minimum(before, area) * (int(area.max(initial=0)) + 1) + np.maximum(before, area)
    there = before < area
    for pair in np.unique(ends[told]):
        ways = told & (ends == pair)
        if (ways & there).sum() > 1 and (ways & ~there).sum() > 1:
            found[ways] = speed[ways] - (np.median(speed[ways & there]) + np.median(speed[ways & ~there])) / 2
    return found
