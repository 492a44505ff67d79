"""How trucks move inside a place: queue behind each other, swing out, back up, stand, leave.

A layout is drawn in the place's own frame: ``u`` [m] runs inwards from the gate, ``w`` [m] to the left
of it. Trucks keep right: in along ``w = -7``, out along ``w = +7``.

            w
            │      S   bay: loader, crest, pocket or parking bay
            │      ↑ reverse
       out ←┼──────╯───────────
        in →┼─ 3 2 1 0 ───╮        queue, 0 is its head
            │              P       where the truck turns from forward to reverse
            gate
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from truckkit.sources.simulator.mine import LANE_M, Place
from truckkit.sources.simulator.paths import Floats, curve, drift, evenly, joined

Spot: TypeAlias = tuple[float, float]
"""A point in a place's own frame."""
GATE_SPOT: Spot = (0.0, -LANE_M)
"""Where trucks come in."""
HEAD_M = 185.0
"""From the gate to the head of the queue."""
GAP_M = 26.0
"""From one truck in the queue to the next."""
ROW = 6
"""Trucks in one row of the queue; the next row stands to its right."""
ROW_M = 17.0
BAY_M = {
    "load": 36.0,
    "dump": 36.0,
    "crusher": 40.0,
    "stockpile": 36.0,
    "fuel": 16.0,
    "workshop": 22.0,
    "park": 15.0,
}
"""From one bay to the next, by kind of place."""


@dataclass(frozen=True)
class Layout:
    """The lines of one place, moved ``on`` and ``left`` by so much as its face advances."""

    place: Place
    on: float = 0.0
    left: float = 0.0

    def bay_point(self, bay: int) -> tuple[float, float, float]:
        """Where a truck stands in a bay, in the site's grid."""
        u, w, _ = self._bay(bay)
        x, y, z = self.place.gate
        cosine, sine = math.cos(self.place.inwards), math.sin(self.place.inwards)
        return x + u * cosine - w * sine, y + u * sine + w * cosine, z

    @property
    def beyond(self) -> tuple[float, float, float]:
        """Where the loading unit stands: behind the truck that it loads."""
        u, w, _ = self._bay(0)
        x, y, z = self._placed(np.array([[u + 4.0, w + 17.0, 0.0]]))[0]
        return float(x), float(y), float(z)

    @property
    def through(self) -> bool:
        """True where trucks drive through and never reverse."""
        return self.place.kind == "fuel"

    def slot(self, number: int) -> Spot:
        """A place in the queue, in the place's own frame; 0 is its head."""
        row, behind = divmod(number, ROW)
        u = HEAD_M + self.on - GAP_M * behind
        share = u / (HEAD_M + self.on)
        soft = share * share * (3 - 2 * share)
        return u, -LANE_M + self.left * soft - ROW_M * row

    def to_slot(self, number: int, start: Spot) -> Floats:
        """To a place in the queue, from the gate or from a place further back."""
        return self._placed(evenly(drift(_point(start), _point(self.slot(number))), 1.0))

    def to_bay(self, bay: int, start: Spot) -> Floats:
        """Forward, from the gate or the queue, to where the truck goes into reverse (or stands)."""
        u, w, side = self._bay(bay)
        begin = _point(start)
        across = -LANE_M + self.left
        if self.through:
            return self._placed(evenly(drift(begin, np.array([u, w, 0.0])), 1.0))
        mouth = np.array([u - 26.0, across, 0.0])
        # The mouth of the first bay lies just past the head of the queue, so a drift has room to level out.
        straight = drift(begin, mouth)
        swing = curve(mouth, 0.0, self._turn(u, side), -side * math.radians(52))
        return self._placed(evenly(joined(straight, swing), 1.0))

    def into_bay(self, bay: int) -> Floats:
        """Backwards into the bay."""
        u, w, side = self._bay(bay)
        way = curve(
            self._turn(u, side),
            side * math.radians(128),
            np.array([u, w, 0.0]),
            side * math.radians(90),
            0.45,
        )
        return self._placed(evenly(way, 1.0))

    def out(self, bay: int) -> Floats:
        """From the bay to the gate."""
        u, w, side = self._bay(bay)
        across = LANE_M + self.left
        if self.through:
            far = np.array([u + 42.0, w + 26.0, 0.0])
            back = np.array([u - 20.0, LANE_M + 30.0, 0.0])
            loop = joined(
                curve(np.array([u, w, 0.0]), 0.0, far, math.pi / 2), curve(far, math.pi / 2, back, math.pi)
            )
            return self._placed(evenly(joined(loop, drift(back, np.array([0.0, LANE_M, 0.0]))), 1.0))
        mouth = np.array([u - 34.0, across, 0.0])
        bend = curve(np.array([u, w, 0.0]), -side * math.pi / 2, mouth, side * -math.pi, 0.5)
        return self._placed(evenly(joined(bend, drift(mouth, np.array([0.0, LANE_M, 0.0]))), 1.0))

    # In the place's own frame.
    def _bay(self, bay: int) -> tuple[float, float, float]:
        gap = BAY_M[self.place.kind]
        u = HEAD_M + 52.0 + self.on
        if self.through:
            return u, -LANE_M - gap * bay, 1.0
        if self.place.kind in ("park", "workshop"):
            # Two rows: even bays to the left of the lane, odd ones to its right.
            side = 1.0 if bay % 2 == 0 else -1.0
            return u + gap * (bay // 2), (32.0 if side > 0 else -46.0) + self.left, side
        return u + gap * bay, 32.0 + self.left, 1.0

    def _turn(self, u: float, side: float) -> Floats:
        across = -22.0 if side > 0 else 10.0
        return np.array([u + 20.0, across + self.left, 0.0])

    def _placed(self, points: Floats) -> Floats:
        x, y, z = self.place.gate
        cosine, sine = math.cos(self.place.inwards), math.sin(self.place.inwards)
        return np.column_stack(
            [
                x + points[:, 0] * cosine - points[:, 1] * sine,
                y + points[:, 0] * sine + points[:, 1] * cosine,
                np.full(len(points), z),
            ]
        )


def _point(spot: Spot) -> Floats:
    return np.array([*spot, 0.0])
