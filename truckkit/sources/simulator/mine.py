"""The pit's geography: a spiral ramp, benches, surface roads, places, and the way from one to another.

The mine is drawn around its pit with the ramp's exit to the east, then mirrored, turned and moved as
the seed says. Roads are centre lines between nodes; a place hangs on the road by its gate.
"""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random

import numpy as np

from truckkit.sources.simulator.paths import Floats, along, curve, evenly

LANE_M = 7.0
"""How far right of the centre line trucks drive."""

COMPASS = ("East", "Northeast", "North", "Northwest", "West", "Southwest", "South", "Southeast")


@dataclass(frozen=True)
class Place:
    """Somewhere trucks stop: its gate on the road, the direction inwards, and how many bays it has."""

    name: str
    kind: str
    gate: tuple[float, float, float]
    inwards: float
    bays: int


@dataclass
class Mine:
    """Nodes, the centre lines between them in both directions, and the places at their ends."""

    nodes: dict[str, tuple[float, float, float]] = field(default_factory=dict)
    lines: dict[tuple[str, str], Floats] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)

    def of_kind(self, kind: str) -> list[Place]:
        """The places of one kind, in the order in which they were built."""
        return [place for place in self.places.values() if place.kind == kind]

    def route(self, start: str, stop: str) -> tuple[str, ...]:
        """The shortest way between two nodes or places, as the nodes it passes (Dijkstra)."""
        heap: list[tuple[float, tuple[str, ...]]] = [(0.0, (start,))]
        done: set[str] = set()
        while heap:
            far, way = heapq.heappop(heap)
            here = way[-1]
            if here == stop:
                return way
            if here in done:
                continue
            done.add(here)
            for (a, b), line in self.lines.items():
                # A road ends at a place: no way leads through one.
                if a == here and b not in done and (b not in self.places or b == stop):
                    heapq.heappush(heap, (far + float(along(line)[-1]), (*way, b)))
        raise LookupError(f"no road from {start} to {stop}")

    def centre(self, way: tuple[str, ...]) -> tuple[Floats, Floats]:
        """The centre line of a way, and how far along it each of its nodes lies [m]."""
        parts = [self.lines[pair] for pair in pairwise(way)]
        lengths = [float(along(part)[-1]) for part in parts]
        whole = np.concatenate([parts[0], *(part[1:] for part in parts[1:])])
        return whole, np.concatenate([[0.0], np.cumsum(lengths)])


def dig(random: Random, trucks: int, faces: int) -> Mine:
    """A mine for so many trucks and faces, as one seed would have it."""
    return _Survey(random, trucks, faces).mine


class _Survey:
    """Draws one mine: first in its own frame, then turned and moved into the site's grid."""

    def __init__(self, random: Random, trucks: int, faces: int) -> None:
        self.random = random
        self.mine = Mine()
        self.radius = random.uniform(500, 580)
        self.stretch = random.uniform(0.80, 0.92)
        self.grade = random.uniform(0.085, 0.097)
        self.mirror = random.choice((-1.0, 1.0))
        self.turn = random.uniform(-math.pi, math.pi)
        self.rim = float(random.randrange(2400, 3400, 5))
        self._ramp(faces)
        self._surface(trucks)

    # From the drawing's frame into the site's grid.
    def _at(self, x: float, y: float, z: float) -> tuple[float, float, float]:
        y *= self.mirror
        cosine, sine = math.cos(self.turn), math.sin(self.turn)
        return (x * cosine - y * sine + 2500.0, x * sine + y * cosine + 2500.0, self.rim + z)

    def _angle(self, degrees: float) -> float:
        return math.radians(degrees) * self.mirror + self.turn

    def _node(self, name: str, x: float, y: float, z: float) -> None:
        self.mine.nodes[name] = self._at(x, y, z)

    def _road(self, a: str, leaving: float, b: str, arriving: float) -> None:
        line = curve(
            np.array(self.mine.nodes[a]),
            self._angle(leaving),
            np.array(self.mine.nodes[b]),
            self._angle(arriving),
        )
        self._both(a, b, line)

    def _both(self, a: str, b: str, line: Floats) -> None:
        self.mine.lines[a, b] = line
        self.mine.lines[b, a] = line[::-1]

    def _place(self, name: str, kind: str, x: float, y: float, z: float, inwards: float, bays: int) -> None:
        gate = self._at(x, y, z)
        self.mine.nodes[name] = gate
        self.mine.places[name] = Place(name, kind, gate, self._angle(inwards), bays)

    def _compass(self, x: float, y: float, what: str) -> str:
        """A name by where it lies from the pit, as mines name their faces and dumps."""
        east, north, _ = self._at(x, y, 0)
        eighth = round(math.atan2(north - 2500.0, east - 2500.0) / (math.pi / 4)) % 8
        name = f"{COMPASS[eighth]} {what}"
        taken = sum(1 for known in self.mine.places if known == name or known.startswith(f"{name} "))
        return f"{name} {taken + 1}" if taken else name

    def _ramp(self, faces: int) -> None:
        """The ramp spirals down the wall; a bench leaves it at each level, and at the bottom the floor."""
        floor = 1 if faces < 5 else 2
        levels = max(2, faces - floor + 1)
        x, y, z = self._spiral(min(170.0, 45.0 * levels))
        spiral = np.array([self._at(*point) for point in zip(x, y, z, strict=True)])
        self.mine.nodes["Pit exit"] = self._at(x[0], y[0], z[0])
        before, last = "Pit exit", 0
        for level in range(1, levels + 1):
            name, here = f"Ramp {level}", round((len(spiral) - 1) * level / levels)
            self.mine.nodes[name] = self._at(x[here], y[here], z[here])
            self._both(before, name, evenly(spiral[last : here + 1]))
            tangent = math.degrees(math.atan2(y[here] - y[here - 1], x[here] - x[here - 1]))
            if level < levels:
                self._face(name, x[here], y[here], z[here], tangent + 18, tangent + 38)
            else:
                self._face(name, x[here], y[here], z[here], tangent - 20, tangent - 50)
                if floor == 2:
                    self._face(name, x[here], y[here], z[here], tangent - 78, tangent - 128)
            before, last = name, here

    def _spiral(self, depth: float) -> tuple[list[float], list[float], list[float]]:
        """The ramp's centre line, from the rim down, every 5 m; the wall leans outwards."""
        x: list[float] = []
        y: list[float] = []
        z: list[float] = []
        angle = 0.0
        while not z or -z[-1] < depth:
            deep = self.grade * 5.0 * len(z)
            radius = self.radius - 1.15 * deep
            x.append(radius * math.cos(angle))
            y.append(-radius * self.stretch * math.sin(angle))
            z.append(-deep)
            angle += 5.0 / math.hypot(radius * math.sin(angle), radius * self.stretch * math.cos(angle))
        return x, y, z

    def _face(self, node: str, x: float, y: float, z: float, leaving: float, turned: float) -> None:
        """A bench road off the ramp, level, to a face."""
        far, towards = self.random.uniform(170, 210), math.radians((leaving + turned) / 2)
        gate_x, gate_y = x + far * math.cos(towards), y + far * math.sin(towards)
        inside = math.radians(turned)
        name = self._compass(gate_x + 240 * math.cos(inside), gate_y + 240 * math.sin(inside), "face")
        self._place(name, "load", gate_x, gate_y, z, turned, 1)
        self._road(node, leaving, name, turned)

    def _surface(self, trucks: int) -> None:
        """Roads on the surface: two junctions, and at their ends all that a mine needs above ground."""
        r, vary = self.radius, self.random.uniform
        self._node("Junction 1", r + vary(180, 230), vary(270, 330), 2)
        self._node("Junction 2", r + vary(600, 720), vary(380, 460), 4)
        self._road("Pit exit", 90, "Junction 1", 40)
        self._road("Junction 1", 30, "Junction 2", 5)
        park_bays = max(8, trucks)
        self._place("Park up", "park", r + 100, vary(540, 580), 4, 112, park_bays)
        self._road("Junction 1", 125, "Park up", 112)
        self._place("Fuel bay", "fuel", r + 370, vary(90, 130), 2, -45, 2 if trucks <= 12 else 4)
        self._road("Junction 1", -60, "Fuel bay", -45)
        self._place("Workshop", "workshop", r + vary(560, 620), 700, 5, 100, max(4, trucks // 5))
        self._road("Junction 2", 115, "Workshop", 100)
        self._place("Crusher", "crusher", r + 980, vary(680, 760), 8, 48, 1 if trucks <= 12 else 2)
        self._road("Junction 2", 50, "Crusher", 48)
        self._place("Stockpile", "stockpile", r + vary(760, 830), 130, 6, -70, 2)
        self._road("Junction 2", -60, "Stockpile", -70)
        self._node("Dump turn", r + vary(1230, 1330), 340, 46)
        self._road("Junction 2", -5, "Dump turn", -12)
        dumps = (
            [(r + 1430, 240, 52, -38)]
            if trucks <= 15
            else [(r + 1430, 240, 52, -38), (r + 1500, 470, 52, 42)]
        )
        for x, y, z, inwards in dumps:
            name = self._compass(x, y, "dump")
            self._place(name, "dump", x, y, z, inwards, 3 if trucks <= 15 else 4)
            self._road("Dump turn", (inwards - 12) / 2, name, inwards)
