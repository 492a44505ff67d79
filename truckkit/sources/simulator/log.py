"""What one truck did, as it is written down during a run: pieces of motion, switches, payload, states.

Instants are whole milliseconds from the start of the run. A motion is stored once, in the ``Atlas``;
the log says when it was driven and how fast, so that two weeks of fifty trucks fit in memory.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field

import numpy as np

from truckkit.sources.simulator.pacing import Pacing
from truckkit.sources.simulator.paths import Floats
from truckkit.sources.simulator.trucks import Model, Motion


class Atlas:
    """The rows of every motion driven, one after the other."""

    def __init__(self) -> None:
        self._parts: list[Floats] = []
        self._known: dict[int, int] = {}
        self._kept: list[Motion] = []
        self._length = 0

    def base(self, motion: Motion) -> int:
        """Where the rows of a motion begin."""
        known = self._known.get(id(motion))
        if known is None:
            known = self._length
            self._known[id(motion)] = known
            self._kept.append(motion)  # a freed motion's id could come again
            self._parts.append(motion.rows)
            self._length += len(motion.rows)
        return known

    def rows(self) -> Floats:
        """All rows; the columns are ``trucks.COLUMNS``."""
        return np.concatenate(self._parts)


@dataclass(frozen=True)
class Load:
    """One load that a truck carried, with the instants that no state alone tells [ms]."""

    start: int
    full: int
    arrived_load: int
    loader: str
    load_place: str
    from_place: str
    payload_t: float
    empty_m: float
    load_z: float
    operator: str


@dataclass(frozen=True)
class Tip:
    """Where and when a load was dumped [ms]."""

    arrived_dump: int
    dump_place: str
    loaded_m: float
    dump_z: float


@dataclass
class TruckLog:
    """One truck's run."""

    name: str
    model: Model
    bay: int
    start: array[int] = field(default_factory=lambda: array("q"))
    base: array[int] = field(default_factory=lambda: array("q"))
    cells: array[int] = field(default_factory=lambda: array("q"))
    first: array[float] = field(default_factory=lambda: array("d"))
    """Rows of the motion already passed when the piece starts."""
    rate: array[float] = field(default_factory=lambda: array("d"))
    """Rows a millisecond at its start; 0 while the truck stands."""
    bend: array[float] = field(default_factory=lambda: array("d"))
    """How the rate changes, a millisecond."""
    row_ms: array[float] = field(default_factory=lambda: array("d"))
    """Time between two rows at pace 1."""
    odometer: array[float] = field(default_factory=lambda: array("d"))
    """Metres driven in its life before the motion began."""
    fuel: array[float] = field(default_factory=lambda: array("d"))
    """Litres in the tank before the motion began, less what was burnt standing since."""
    burn: array[float] = field(default_factory=lambda: array("d"))
    """Litres a millisecond while standing."""
    reverse: list[int] = field(default_factory=list)
    """Instants at which reverse is selected, left, selected…"""
    body: list[int] = field(default_factory=list)
    engine: list[int] = field(default_factory=list)
    """Instants at which the engine is stopped, started…"""
    payload: list[tuple[int, float]] = field(default_factory=list)
    """Corners of the payload over time; linear between them."""
    states: list[tuple[int, str, str | None, str | None, str | None]] = field(default_factory=list)
    loads: list[Load] = field(default_factory=list)
    tips: list[Tip | None] = field(default_factory=list)
    engine_h: float = 0.0
    """Hours that the engine had run before the first instant."""
    _odometer_m: float = 0.0
    _tank_l: float = 0.0
    _metres: float = 0.0
    _litres: float = 0.0

    def begin(self, motion: Motion, base: int, odometer_m: float, tank_l: float, burn_lph: float) -> None:
        """Stand from the first instant where a motion would have ended."""
        self._odometer_m, self._metres = odometer_m - motion.metres, motion.metres
        self._tank_l, self._litres = tank_l + motion.litres, motion.litres
        self._piece(0, base, motion.cells, first=motion.cells, burn=burn_lph / 3_600_000)

    @property
    def odometer_m(self) -> float:
        """Distance driven in the truck's life, once the motion is over."""
        return self._odometer_m + self._metres

    @property
    def tank_l(self) -> float:
        """Fuel in the tank, once the motion is over."""
        return self._tank_l - self._litres

    def drive(self, now: int, motion: Motion, base: int, pacing: Pacing, burn_lph: float) -> int:
        """Drive a motion from now on; answers how long it takes [ms]."""
        self._odometer_m, self._metres = self.odometer_m, motion.metres
        self._tank_l, self._litres = self.tank_l, motion.litres
        row_ms = motion.seconds * 1000 / motion.cells
        at, first = now, 0.0
        for lasts, one, other in pacing:
            halts = one == other == 0.0
            self._piece(
                at,
                base,
                motion.cells,
                first=first,
                rate=one / row_ms,
                bend=(other - one) / lasts / row_ms,
                row_ms=row_ms,
                burn=burn_lph / 3_600_000 if halts else 0.0,
            )
            first += (one + other) / 2 * lasts / row_ms
            at += lasts
        return at - now

    def stand(self, now: int, burn_lph: float) -> None:
        """Stand from now on where the last motion ended."""
        self._piece(now, self.base[-1], self.cells[-1], first=self.cells[-1], burn=burn_lph / 3_600_000)

    def say(self, now: int, state: str, place: str | None, loader: str | None, operator: str | None) -> None:
        """Be in a state from now on."""
        if self.states and self.states[-1][0] == now:
            self.states.pop()
        told = (state, place, loader, operator)
        if not self.states or self.states[-1][1:] != told:
            self.states.append((now, *told))

    def weigh(self, now: int, lasts: int, after: float) -> None:
        """The payload changes to a new value, over so many milliseconds."""
        before = self.payload[-1][1]
        self.payload += [(now, before), (now + lasts, after)]

    def _piece(
        self,
        now: int,
        base: int,
        cells: int,
        *,
        first: float = 0.0,
        rate: float = 0.0,
        bend: float = 0.0,
        row_ms: float = 1.0,
        burn: float = 0.0,
    ) -> None:
        if self.start:
            self._tank_l -= (now - self.start[-1]) * self.burn[-1]
        self.start.append(now)
        self.base.append(base)
        self.cells.append(cells)
        self.first.append(first)
        self.rate.append(rate)
        self.bend.append(bend)
        self.row_ms.append(row_ms)
        self.odometer.append(self._odometer_m)
        self.fuel.append(self._tank_l)
        self.burn.append(burn)
