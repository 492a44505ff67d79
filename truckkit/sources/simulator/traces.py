"""Samples from logs: where a truck was, and what its channels read, at any instants.

A log holds pieces of motion; a sample is one interpolation in the rows of its piece. Speed is the
derivative of position, for both come from the same rows.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from truckkit.sources.simulator.log import TruckLog
from truckkit.sources.simulator.paths import Floats
from truckkit.sources.simulator.plan import Plan
from truckkit.sources.simulator.trucks import FUEL, SPEED

Instants = NDArray[np.int64]

IDLE_RPM, FULL_RPM, HOIST_RPM = 700.0, 1900.0, 1450.0
SETTLES_MS = 500
"""How long after a change begins a truck's system tells of it."""
WARM_MS, HOT_MS = 2_400_000, 300_000
"""How far back an engine remembers that it ran, and that it worked."""


def instants(every_ms: float, phase_ms: float, start: int, stop: int) -> Instants:
    """Instants at an even period and a phase, rounded to milliseconds, in ``[start, stop)``."""
    first, last = math.ceil((start - phase_ms) / every_ms) - 1, math.ceil((stop - phase_ms) / every_ms) + 1
    at = np.rint(phase_ms + np.arange(max(0, first), last) * every_ms).astype(np.int64)
    low, high = np.searchsorted(at, (start, stop))
    return at[low:high]


class Trace:
    """One truck's log, ready to be asked about any instants in order."""

    def __init__(self, log: TruckLog, rows: Floats, plan: Plan) -> None:
        self.log, self.rows, self.plan = log, rows, plan
        self.start = np.array(log.start, dtype=np.int64)
        self.base = np.array(log.base, dtype=np.int64)
        self.cells = np.array(log.cells, dtype=np.float64)
        self.first, self.rate, self.bend = np.array(log.first), np.array(log.rate), np.array(log.bend)
        self.row_ms = np.array(log.row_ms)
        self.odometer, self.fuel, self.burn = np.array(log.odometer), np.array(log.fuel), np.array(log.burn)
        self.reverse = np.array(log.reverse, dtype=np.int64)
        self.body = np.array(log.body, dtype=np.int64)
        self.engine = np.array(log.engine, dtype=np.int64)
        corners = np.array(log.payload)
        self.weighed_at, self.weighed_t = corners[:, 0], corners[:, 1]
        self.changes = self._changes()
        self._engine_at, self._engine_run = self._running()

    def positions(self, at: Instants) -> dict[str, NDArray[np.generic]]:
        """Columns of ``schema.POSITIONS`` at given instants, in order."""
        _piece, cell, share, pace = self._within(at)
        values = self._read(cell, share, slice(0, 5))
        return {
            "x_m": values[:, 0],
            "y_m": values[:, 1],
            "elevation_m": values[:, 2],
            "speed_kmh": values[:, 4] * pace * 3.6,
            "heading_deg": values[:, 3] % 360.0,
        }

    def speed(self, at: Instants) -> Floats:
        """Speed [km/h]."""
        _, cell, share, pace = self._within(at)
        return self._read(cell, share, slice(SPEED, SPEED + 1))[:, 0] * pace * 3.6

    def telemetry(self, at: Instants, random: np.random.Generator) -> dict[str, NDArray[np.generic]]:
        """Columns of ``schema.TELEMETRY`` at given instants, in order."""
        model = self.log.model
        piece, cell, share, pace = self._within(at)
        moving = pace > 0
        values = self._read(cell, share, slice(3, 8))
        speed = values[:, 1] * pace
        on, up = _switch(self.engine, at) == 0, _switch(self.body, at) == 1
        payload = self.payload(at)
        load = np.where(moving, values[:, 4], 8.0)
        load = np.where(on, np.where(up & ~moving, 34.0, load), 0.0)
        rpm = np.where(
            on, IDLE_RPM + (FULL_RPM - IDLE_RPM) * np.sqrt(np.maximum(load - 8.0, 0.0) / 92.0), 0.0
        )
        rpm = np.where(on & up, HOIST_RPM, rpm)
        rate = np.where(
            on, model.idle_lph + (model.full_lph - model.idle_lph) * np.maximum(load - 8.0, 0.0) / 92.0, 0
        )
        tank = self._tank(at)
        ran, worked = self._warmth(at, tank)
        ambient = 12.0 + 6.0 * np.sin((at + self.plan.epoch_ms) / 86_400_000 * 2 * math.pi - 2.6)
        coolant = ambient + (79.0 - ambient) * ran + 13.0 * worked
        oil = ambient + (84.0 - ambient) * ran + 17.0 * worked
        struts = self._struts(payload, speed, random)
        return {
            "payload_t": payload,
            "body_up": up,
            "reverse": _switch(self.reverse, at) == 1,
            "engine_on": on,
            "engine_rpm": rpm,
            "engine_load_pct": load,
            "coolant_c": coolant,
            "oil_c": oil,
            "oil_kpa": np.where(on, 180.0 + 250.0 * rpm / FULL_RPM, 0.0),
            "fuel_pct": np.clip(100 * tank / model.tank_l, 0.0, 100.0),
            "fuel_rate_lph": rate,
            "engine_h": self.log.engine_h + self._engine_time(at) / 3_600_000,
            "odometer_km": (self.odometer[piece] + values[:, 2]) / 1000,
            **struts,
        }

    def payload(self, at: Instants) -> Floats:
        """Tonnes on the truck."""
        return np.interp(at, self.weighed_at, self.weighed_t)

    def _within(self, at: Instants) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats, Floats]:
        """The piece of each instant, the row before it, how far it is to the next row, and the pace."""
        bounds = np.searchsorted(at, self.start)
        counts = np.diff(bounds, append=len(at))
        piece = np.repeat(np.arange(len(self.start)), counts)
        since = (at - self.start[piece]).astype(np.float64)
        rate, bend, cells = self.rate[piece], self.bend[piece], self.cells[piece]
        progress = np.minimum(self.first[piece] + (rate + bend / 2 * since) * since, cells)
        cell = np.minimum(progress.astype(np.int64), cells.astype(np.int64) - 1)
        return piece, self.base[piece] + cell, progress - cell, (rate + bend * since) * self.row_ms[piece]

    def _read(self, cell: NDArray[np.int64], share: Floats, columns: slice) -> Floats:
        before = self.rows[cell, columns]
        return before + (self.rows[cell + 1, columns] - before) * share[:, None]

    def _tank(self, at: Instants) -> Floats:
        """Litres in the tank."""
        piece, cell, share, _ = self._within(at)
        burnt = self.rows[cell, FUEL] + (self.rows[cell + 1, FUEL] - self.rows[cell, FUEL]) * share
        return self.fuel[piece] - burnt - (at - self.start[piece]) * self.burn[piece]

    def _warmth(self, at: Instants, tank: Floats) -> tuple[Floats, Floats]:
        """How warm the engine is from running, and how hot from working, each from 0 to 1."""
        early = np.maximum(at - WARM_MS, 0)
        span = np.maximum(at - early, 1)
        ran = np.where(at - early < WARM_MS, 1.0, (self._engine_time(at) - self._engine_time(early)) / span)
        early = np.maximum(at - HOT_MS, 0)
        litres = np.maximum(self._tank(early) - tank, 0.0)
        most = self.log.model.full_lph * HOT_MS / 3_600_000
        return ran, np.minimum(litres / most, 1.0)

    def _struts(
        self, payload: Floats, speed: Floats, random: np.random.Generator
    ) -> dict[str, NDArray[np.generic]]:
        """Pressure by weight: half of an empty truck and a third of a loaded one rests in front."""
        model, lean = self.log.model, 1.0 + 0.02 * math.sin(7.0 * self.log.bay)
        front = (0.47 * model.empty_t + 0.29 * payload) / 2 * 98.1
        rear = (0.53 * model.empty_t + 0.71 * payload) / 2 * 42.0
        bumps = 1.0 + (0.004 * np.minimum(speed, 12.0))[:, None] * random.standard_normal((len(speed), 4))
        return {
            "strut_front_left_kpa": front * lean * bumps[:, 0],
            "strut_front_right_kpa": front * (2 - lean) * bumps[:, 1],
            "strut_rear_left_kpa": rear * lean * bumps[:, 2],
            "strut_rear_right_kpa": rear * (2 - lean) * bumps[:, 3],
        }

    def _changes(self) -> Instants:
        """When a truck's system would tell of a change at once: switches, and payload as it settles."""
        rising = self.weighed_at[1::2].astype(np.int64) + SETTLES_MS
        settled = self.weighed_at[2::2].astype(np.int64)
        return _sorted([self.reverse, self.body, self.engine, rising, settled])

    def _running(self) -> tuple[Floats, Floats]:
        """Corners of the time for which the engine has run since the start [ms]."""
        corners = np.concatenate([[0], self.engine, [self.plan.length_ms * 2 + 1]]).astype(np.float64)
        lasted = np.diff(corners)
        lasted[1::2] = 0.0
        return corners, np.concatenate([[0.0], np.cumsum(lasted)])

    def _engine_time(self, at: Instants) -> Floats:
        return np.interp(at, self._engine_at, self._engine_run)


def _switch(toggles: Instants, at: Instants) -> NDArray[np.int64]:
    """1 where a switch is on: after the first toggle, not after the second…"""
    return np.searchsorted(toggles, at, "right") % 2


def _sorted(parts: Iterable[Instants]) -> Instants:
    return np.unique(np.concatenate(list(parts)))
