"""What trucks can do: speed by grade and load, and how a truck drives along a path.

Speed uphill is what the engine's power lifts (rimpull), downhill what the retarder holds; curves, the
rules of the road and acceleration bound the rest. Driven once, a path becomes a ``Motion``: a table at
even times, from which samples are read by interpolation.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from truckkit.sources.simulator.paths import Floats, along, direction, evenly, heading

GRAVITY = 9.81
ROLLING = 0.025
"""Rolling resistance of a kept haul road, as a share of weight."""
ACROSS = 1.1
"""Sideways acceleration that drivers accept [m/s²]."""
GATE = 4.5
"""Speed at which trucks pass the gate of a place [m/s]."""
YARD = 3.6
"""Most inside a place [m/s]."""
BACKWARDS = 1.7
"""Most in reverse [m/s]."""
STEP_S = 0.5
"""About the time between two rows of a motion."""


@dataclass(frozen=True)
class Model:
    """A make of truck."""

    name: str
    target_t: float
    empty_t: float
    power_kw: float
    retard_kw: float
    tank_l: float
    idle_lph: float
    full_lph: float
    fastest: float
    """Most on the flat, empty [m/s]."""

    def mass(self, loaded: bool) -> float:
        """Mass on the road [t]."""
        return self.empty_t + (self.target_t if loaded else 0.0)

    def able(self, grade: Floats, loaded: bool) -> Floats:
        """Most speed on a grade [m/s]: uphill by power, downhill by retarder and rule."""
        pull = self.mass(loaded) * GRAVITY * (grade + ROLLING)
        up = 0.84 * self.power_kw / np.maximum(pull, 1.0)
        down = np.where(pull < 0, self.retard_kw / np.maximum(-pull, 1.0), np.inf)
        rule = np.where(grade < -0.04, 6.4 if loaded else 9.2, self.fastest * (0.86 if loaded else 1.0))
        return np.minimum(np.minimum(up, down), rule)


MODELS = (
    Model("Komatsu 930E-4", 290.0, 211.0, 2014.0, 2900.0, 4542.0, 32.0, 455.0, 13.2),
    Model("Komatsu 960E-2", 327.0, 249.0, 2611.0, 3400.0, 5300.0, 38.0, 560.0, 13.4),
)


@dataclass(frozen=True)
class Motion:
    """A path driven once: rows at even times, from the first instant to the last.

    The columns of ``rows`` are those of ``COLUMNS``; between two rows everything is linear.
    """

    rows: Floats
    seconds: float

    @property
    def cells(self) -> int:
        """Number of stretches between two rows."""
        return len(self.rows) - 1

    @property
    def metres(self) -> float:
        """Length of the path."""
        return float(self.rows[-1, DISTANCE])

    @property
    def litres(self) -> float:
        """Fuel burnt on it."""
        return float(self.rows[-1, FUEL])

    def when(self, distances: Floats) -> Floats:
        """When the truck passes given distances along the path [s]."""
        t = np.linspace(0.0, self.seconds, len(self.rows))
        return np.interp(distances, self.rows[:, DISTANCE], t)


COLUMNS = ("x_m", "y_m", "elevation_m", "heading_deg", "speed", "distance", "fuel", "engine")
SPEED, DISTANCE, FUEL = 4, 5, 6


def drive(
    points: Floats,
    model: Model,
    loaded: bool,
    *,
    enters: float = 0.0,
    leaves: float = 0.0,
    most: float = 99.0,
) -> Motion:
    """Drive along a path: as fast as the truck, the road and the driver's comfort allow.

    ``enters`` and ``leaves`` are the speeds at the two ends [m/s], ``most`` a limit for the whole.
    """
    line = evenly(points, 1.0 if most < 6 else 2.0)
    s = along(line)
    angle = direction(line)
    grade = np.gradient(line[:, 2], s)
    bend = np.abs(np.gradient(angle, s))
    able = np.minimum(model.able(grade, loaded), np.sqrt(ACROSS / np.maximum(bend, 1e-4)))
    v = np.minimum(able, most)
    v[0], v[-1] = enters, leaves
    gain, brake = (0.28, 0.42) if loaded else (0.45, 0.55)
    # v² is bounded by a line of slope 2a from every point before, and from every point after.
    square = np.minimum.accumulate(v**2 - 2 * gain * s) + 2 * gain * s
    square = np.minimum.accumulate((square + 2 * brake * s)[::-1])[::-1] - 2 * brake * s
    v = np.sqrt(np.maximum(square, 0.0))
    pace = np.maximum((v[1:] + v[:-1]) / 2, 0.05)
    clock = np.concatenate([[0.0], np.cumsum(np.diff(s) / pace)])
    seconds = float(clock[-1])
    cells = max(1, math.ceil(seconds / STEP_S))
    t = np.linspace(0.0, seconds, cells + 1)
    cell = np.clip(np.searchsorted(clock, t, "right") - 1, 0, len(clock) - 2)
    into = t - clock[cell]
    push = (v[cell + 1] - v[cell]) / np.diff(clock)[cell]
    way = np.minimum(s[cell] + v[cell] * into + push * into**2 / 2, s[-1])
    speed = np.interp(t, clock, v)
    mass, slope = model.mass(loaded), np.interp(way, s, grade)
    watts = mass * np.maximum(0.0, GRAVITY * (slope + ROLLING) + np.gradient(speed, t)) * speed / 0.84
    engine = np.clip(100 * watts / model.power_kw, 8.0, 100.0)
    burn = (model.idle_lph + (model.full_lph - model.idle_lph) * (engine - 8.0) / 92.0) / 3600
    step = np.diff(t, prepend=0.0)
    columns = [np.interp(way, s, line[:, column]) for column in range(3)]
    nose = np.interp(way, s, heading(angle))
    rows = np.column_stack([*columns, nose, speed, way, np.cumsum(burn * step), engine])
    return Motion(np.ascontiguousarray(rows), seconds)
