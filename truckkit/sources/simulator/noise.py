"""What sensors, switches, clocks and radios make of the truth before a mine's systems store it.

Some of it is there in every sample (jitter, payload noise), some comes in episodes with a rate an hour
(multipath, dropouts, stuck switches). The numbers are those that mines and makers quote: GPS good to a
metre or two, onboard scales to a few percent, dropouts of half a minute to ten minutes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truckkit.schema import NUMBER, SHORT, TELEMETRY
from truckkit.sources.simulator.log import TruckLog
from truckkit.sources.simulator.paths import Floats
from truckkit.sources.simulator.plan import Plan

Instants = NDArray[np.int64]
Columns = dict[str, NDArray[Any]]

KNOT_MS = 20_000
"""Time over which the slow part of a GPS error changes."""
SWITCHES = ("body_up", "reverse")
READINGS = tuple(column.name for column in TELEMETRY if column.type in (SHORT, NUMBER))
"""The channels that read numbers."""
GAP_S = (30.0, 600.0)
"""Shortest and longest dropout."""


@dataclass(frozen=True)
class Level:
    """How bad it is. Rates are an hour and truck; shares are of rows, or of the target payload."""

    white_m: float
    wander_m: float
    height_m: float
    speed_kmh: float
    heading_deg: float
    jumps: float
    jump_m: float
    gaps: float
    stale: float
    """The receiver repeats its last fix."""
    scale: float
    """Payload, standing."""
    bumps: float
    """Payload, driving."""
    bias: float
    carry_t: float
    """Most that stays in the body after dumping."""
    clock_s: float
    """The onboard computer against GPS time."""
    steps: float
    step_s: float
    stuck: float
    """A switch that tells the same whatever happens."""
    frozen: float
    """A channel that repeats its last reading."""
    nan: float
    twice: float
    disorder: float


LEVELS: Mapping[str, Level | None] = {
    "none": None,
    "typical": Level(
        white_m=0.5, wander_m=1.0, height_m=2.0, speed_kmh=0.4, heading_deg=2.0, jumps=0.4, jump_m=35.0,
        gaps=0.08, stale=0.02, scale=0.004, bumps=0.015, bias=0.006, carry_t=3.0, clock_s=0.25, steps=0.02,
        step_s=0.5, stuck=0.01, frozen=0.01, nan=0.0005, twice=0.001, disorder=0.002,
    ),
    "harsh": Level(
        white_m=1.2, wander_m=2.5, height_m=5.0, speed_kmh=1.0, heading_deg=6.0, jumps=2.0, jump_m=80.0,
        gaps=0.35, stale=0.1, scale=0.01, bumps=0.04, bias=0.02, carry_t=8.0, clock_s=1.0, steps=0.05,
        step_s=6.0, stuck=0.04, frozen=0.05, nan=0.005, twice=0.01, disorder=0.01,
    ),
}  # fmt: skip


class Sensors:
    """The sensors of one truck at one level of noise, over a whole plan."""

    def __init__(self, log: TruckLog, plan: Plan, level: Level) -> None:
        self.log, self.plan, self.level = log, plan, level
        self.key = [plan.seed, log.bay, 77]
        draw = self._draw(0)
        self.jumps = self._episodes(draw, level.jumps, 1, 20)
        self.jump_by = draw.normal(0, level.jump_m, (len(self.jumps), 2))
        self.gaps = self._episodes(draw, level.gaps, *GAP_S)
        self.lost = draw.random(len(self.gaps)) < 0.6
        """Of some dropouts the rows are lost; of the others they come later, all at once."""
        self.stale = self._episodes(draw, level.stale, 10, 120)
        self.stuck = {switch: self._episodes(draw, level.stuck, 600, 7200) for switch in SWITCHES}
        # Each channel freezes on its own; the names are in order, so that every one keeps its episodes.
        self.frozen = {channel: self._episodes(draw, level.frozen, 300, 1800) for channel in READINGS}
        self.steps = self._episodes(draw, level.steps, 600, 3600)
        self.step_by = draw.normal(0, level.step_s * 1000, len(self.steps))
        self.clock_ms = draw.normal(0, level.clock_s * 1000)
        self.bias = draw.normal(0, level.bias)
        tipped = [at for (at, weight), (_, before) in zip(log.payload[1:], log.payload, strict=False)
                  if weight == 0 and before > 0]  # fmt: skip
        self.tipped = np.array(tipped, dtype=np.int64)
        self.carry = draw.uniform(0, level.carry_t, len(tipped) + 1)

    @property
    def dropouts(self) -> Instants:
        """Bounds of the times of which nothing was ever stored [ms]."""
        return self.gaps[self.lost]

    def positions(self, at: Instants, true: Columns, part: int) -> tuple[Instants, Columns]:
        """What is stored of true positions, in the order of arrival."""
        level, draw, rows = self.level, self._draw(1, part), len(at)
        spoiled = dict(true)
        off = self._wander(at) * level.wander_m + draw.standard_normal((rows, 3)) * level.white_m
        for (low, high), by in zip(self._ranges(at, self.jumps), self.jump_by, strict=True):
            off[low:high, :2] += by
        spoiled["x_m"] = true["x_m"] + off[:, 0]
        spoiled["y_m"] = true["y_m"] + off[:, 1]
        spoiled["elevation_m"] = true["elevation_m"] + off[:, 2] * level.height_m / max(level.wander_m, 0.1)
        spoiled["speed_kmh"] = np.abs(true["speed_kmh"] + draw.normal(0, level.speed_kmh, rows))
        shaky = np.where(true["speed_kmh"] < 2.0, 4.0, 1.0) * level.heading_deg
        spoiled["heading_deg"] = (true["heading_deg"] + draw.standard_normal(rows) * shaky) % 360.0
        for low, high in self._ranges(at, self.stale):
            for name in spoiled:
                spoiled[name][low:high] = spoiled[name][max(0, low - 1)]
        for name in ("speed_kmh", "elevation_m"):
            spoiled[name][draw.random(rows) < level.nan] = np.nan
        return self._arrive(at, at, spoiled, draw)

    def telemetry(
        self, at: Instants, true: Columns, speed_kmh: Floats, part: int
    ) -> tuple[Instants, Columns]:
        """What is stored of true readings, in the order of arrival."""
        level, draw, rows = self.level, self._draw(2, part), len(at)
        spoiled = dict(true)
        target = self.log.model.target_t
        shake = level.scale + level.bumps * np.minimum(speed_kmh / 30.0, 1.0)
        carry = self.carry[np.searchsorted(self.tipped, at, "right")]
        weighed = true["payload_t"] * (1 + self.bias) + carry + draw.standard_normal(rows) * shake * target
        # A scale shows nothing below zero.
        spoiled["payload_t"] = np.maximum(weighed, 0.0)
        for channel, episodes in (*self.frozen.items(), *self.stuck.items()):
            held = [(low, high) for low, high in self._ranges(at, episodes) if low < high]
            if held and channel in spoiled:
                spoiled[channel] = spoiled[channel].copy()
                for low, high in held:
                    spoiled[channel][low:high] = spoiled[channel][max(0, low - 1)]
        for name, values in spoiled.items():
            if values.dtype == np.float64:
                values = values.copy()
                values[draw.random(rows) < level.nan] = np.nan
                spoiled[name] = values
        told = at + round(self.clock_ms)
        for (low, high), by in zip(self._ranges(at, self.steps), self.step_by, strict=True):
            told[low:high] += round(by)
        return self._arrive(at, told, spoiled, draw)

    def _arrive(
        self, at: Instants, told: Instants, columns: Columns, draw: np.random.Generator
    ) -> tuple[Instants, Columns]:
        """Rows lost, late, twice and out of order; ``told`` is what the truck's clock said."""
        level, rows = self.level, len(at)
        kept = np.ones(rows, dtype=bool)
        arrives = at.astype(np.float64)
        late = draw.random(rows) < level.disorder
        arrives[late] += draw.uniform(1_000, 8_000, int(late.sum()))
        for (low, high), lost, stop in zip(
            self._ranges(at, self.gaps), self.lost, self.gaps[:, 1], strict=True
        ):
            if lost:
                kept[low:high] = False
            else:
                arrives[low:high] = stop + 5_000 + np.arange(high - low)
        again = np.flatnonzero(kept & (draw.random(rows) < level.twice))
        index = np.concatenate([np.flatnonzero(kept), again])
        arrival = np.concatenate([arrives[kept], arrives[again] + 1_500])
        order = index[np.argsort(arrival, kind="stable")]
        return told[order], {name: values[order] for name, values in columns.items()}

    def _wander(self, at: Instants) -> Floats:
        """The slow part of the GPS error: a new value every so often, and linear between them."""
        if len(at) == 0:
            return np.zeros((0, 3))
        first, last = int(at[0] // KNOT_MS), int(at[-1] // KNOT_MS) + 1
        block = 4096
        drawn = [
            self._draw(3, part).standard_normal((block, 3))
            for part in range(first // block, last // block + 1)
        ]
        offset = first // block * block
        knots = np.concatenate(drawn)[first - offset : last - offset + 1]
        places = np.arange(first, last + 1) * KNOT_MS
        return np.column_stack([np.interp(at, places, knots[:, axis]) for axis in range(3)])

    def _episodes(self, draw: np.random.Generator, rate: float, least_s: float, most_s: float) -> Instants:
        """Bounds of episodes that come at a rate an hour and do not overlap; short ones are commoner."""
        hours = self.plan.length_ms / 3_600_000
        starts = np.sort(draw.uniform(0, self.plan.length_ms, draw.poisson(rate * hours)))
        lasts = np.exp(draw.uniform(np.log(least_s), np.log(most_s), len(starts))) * 1000
        stops = np.minimum(starts + lasts, np.append(starts[1:], self.plan.length_ms))
        return np.column_stack([starts, stops]).astype(np.int64)

    @staticmethod
    def _ranges(at: Instants, episodes: Instants) -> list[tuple[int, int]]:
        """First and last row of each episode; empty where it lies outside."""
        return [(int(low), int(high)) for low, high in np.searchsorted(at, episodes).reshape(-1, 2)]

    def _draw(self, *part: int) -> np.random.Generator:
        return np.random.default_rng([*self.key, *part])
