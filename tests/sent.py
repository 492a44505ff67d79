"""What trucks would have sent, had they done what a strip says: half a minute a letter.

The mine is one road, with a loader at one end and a dump at the other. Trucks come along the road to
where they turn, back into the bay, and leave it forwards.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate, groupby

import numpy as np
import pyarrow as pa
from strips import LETTERS, MIDNIGHT

from truckkit.detection import Observed

LETTER_S = 30
ROAD_M = 1500.0
FULL_T = 290.0
CHANNELS = ("payload_t", "reverse", "body_up", "engine_on")

_BACKS_M = 25.0
_QUEUES_M = 60.0
_RAMP_S = 8.0
_STANDS = "QqLDwpX."
_WORDS = {word: letter for letter, word in LETTERS.items()}

Line = np.ndarray
"""Points of a way, shape (n, 2)."""


@dataclass(frozen=True)
class Sent:
    """Rows of ``positions``, ``telemetry`` and ``maintenance``."""

    positions: pa.Table
    telemetry: pa.Table
    work_orders: pa.Table

    @property
    def observed(self) -> Observed:
        """All of it."""
        return Observed(self.positions, self.telemetry, work_orders=self.work_orders)


def sent(
    strips: Mapping[str, str],
    every: float = 1.0,
    reads: float = 5.0,
    channels: Sequence[str] = CHANNELS,
    on_change: bool = False,
    start: datetime = MIDNIGHT,
    shaken: float = 0.0,
) -> Sent:
    """The samples of strips such as ``{"T01": "RRRRRRQQSLLLLLHHHHHHHHsDDRR"}``.

    Parameters
    ----------
    every, reads
        Seconds from one position, and from one reading, to the next.
    channels
        What the trucks have of ``CHANNELS``.
    on_change
        True where trucks tell of a change at once, beside what they tell at their period.
    shaken
        How far positions are off [m].
    """
    positions, telemetry, orders = [], [], []
    for number, (truck, strip) in enumerate(strips.items()):
        day = _Day(strip)
        at = np.arange(0, day.ends + 1e-9, every)
        seen = at[day.watched(at)]
        where = day.where(seen)
        speed = np.hypot(*(day.where(seen + 0.5) - day.where(seen - 0.5)).T) * 3.6
        if shaken:
            where = where + np.random.default_rng(number).normal(0, shaken, where.shape)
        positions.append(
            _rows(truck, start, seen, x_m=where[:, 0], y_m=where[:, 1], speed_kmh=speed, elevation_m=None)
        )
        read = np.arange(0, day.ends + 1e-9, reads)
        if on_change:
            read = np.union1d(read, day.changes() + 0.01)
        read = read[day.watched(read)]
        known = {name: day.channel(name, read) for name in channels}
        telemetry.append(_rows(truck, start, read, **{name: known.get(name) for name in CHANNELS}))
        orders += [
            {"truck": truck, "start": _instant(start, low), "stop": _instant(start, high)}
            for letter, low, high in day.runs
            if letter == "X"
        ]
    moments = pa.timestamp("us")
    shape = pa.schema([("truck", pa.string()), ("start", moments), ("stop", moments)])
    return Sent(pa.concat_tables(positions), pa.concat_tables(telemetry), pa.Table.from_pylist(orders, shape))


def drawn(states: pa.Table, truck: str = "T01", start: datetime = MIDNIGHT) -> str:
    """States as a strip: the letter of what the truck was doing in the middle of each half minute."""
    rows = sorted((row for row in states.to_pylist() if row["truck"] == truck), key=lambda row: row["start"])
    letters, at = "", _instant(start, LETTER_S / 2)
    for row in rows:
        while row["start"] <= at < row["stop"]:
            letters += _WORDS[row["state"]]
            at += timedelta(seconds=LETTER_S)
    return letters


class _Day:
    """One truck's day: where it is, and what its channels show, at any second."""

    def __init__(self, strip: str) -> None:
        lengths = [(letter, len(list(run))) for letter, run in groupby(strip)]
        bounds = [0, *accumulate(length * LETTER_S for _letter, length in lengths)]
        self.runs = [(letter, bounds[i], bounds[i + 1]) for i, (letter, _length) in enumerate(lengths)]
        self.ends = bounds[-1]
        self._knots: list[tuple[float, np.ndarray]] = []
        self._drive()

    def watched(self, at: np.ndarray) -> np.ndarray:
        seen = np.ones(len(at), dtype=bool)
        for letter, low, high in self.runs:
            if letter == ".":
                seen &= (at <= low) | (at >= high)
        return seen

    def where(self, at: np.ndarray) -> np.ndarray:
        times = np.array([time for time, _point in self._knots])
        points = np.array([point for _time, point in self._knots])
        return np.column_stack([np.interp(at, times, points[:, each]) for each in (0, 1)])

    def channel(self, name: str, at: np.ndarray) -> np.ndarray:
        if name == "payload_t":
            times, tonnes = zip(*self._weights(), strict=True)
            return np.array(tonnes)[np.searchsorted(times, at, "right") - 1]
        on = np.full(len(at), name == "engine_on")
        for letter, low, high in self.runs:
            inside = (at >= low) & (at < high)
            if name == "reverse" and letter in "Ss":
                on[inside & (at < low + 20)] = True
            if name == "body_up" and letter == "D":
                on[inside] = True
            if name == "engine_on" and letter == "p":
                on[inside] = False
        return on

    def changes(self) -> np.ndarray:
        """When a channel changes [s]."""
        at = [time for time, _tonnes in self._weights()[1:]]
        for letter, low, high in self.runs:
            at += [low, low + 20] if letter in "Ss" else [low, high] if letter in "Dp" else []
        return np.array(at)

    def _weights(self) -> list[tuple[float, float]]:
        """When the payload came to be what."""
        first = next((letter for letter, _low, _high in self.runs if letter in "LDHRqsQS"), "R")
        told = [(-1.0, FULL_T if first in "HqsD" else 0.0)]
        for letter, low, high in self.runs:
            if letter == "L":
                told += [(low + 0.5 + k * (high - low) / 4, FULL_T * (k + 1) / 4) for k in range(4)]
            elif letter == "D":
                told.append((low + 4.5, 0.0))
        return told

    def _drive(self) -> None:
        loaded = self.runs[0][0] in "HqsD"
        here = _bay(not loaded) if self.runs[0][0] in "HR" else _bay(loaded)
        self._knots.append((-60.0, here))
        for i, (letter, low, high) in enumerate(self.runs):
            self._knots.append((low, here))
            following = self.runs[i + 1][0] if i + 1 < len(self.runs) else ""
            if letter in "HR":
                loaded = letter == "H"
                ways = self._ahead(i)
                target = _queue(loaded) if ways[-1] in "Qq" else _turn(loaded)
                left = sum(high - low for letter, low, high in self.runs[i : i + len(ways)] if letter in "HR")
                way = np.array([here, _turn(not loaded), target] if _in_bay(here) else [here, target])
                here = self._go(way, low, high, (high - low) / left)
            elif letter in "Qq" and following in ("S", "s"):
                here = self._go(np.array([here, _turn(letter == "q")]), high - 15, high, 1.0)
            elif letter in "Ss":
                here = self._go(np.array([here, _bay(letter == "s")]), low + 2, low + 20, 1.0)
            self._knots.append((high, here))
        self._knots.append((self.ends + 60.0, here))

    def _ahead(self, i: int) -> str:
        """The letters of the runs from one on the way to the one that it leads to."""
        letters = ""
        for letter, _low, _high in self.runs[i:]:
            letters += letter
            if letter not in "HRwpX.":
                break
        return letters

    def _go(self, way: Line, low: float, high: float, share: float) -> np.ndarray:
        """Drive a share of a way from one second to another, faster and faster and then slower."""
        along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(way, axis=0).T))])
        lasts = high - low
        ramp = min(_RAMP_S, lasts / 2)
        at = np.arange(0.0, lasts + 0.25, 0.5)
        speed = np.minimum(np.minimum(at, lasts - at) / ramp, 1.0)
        done = np.concatenate([[0.0], np.cumsum((speed[1:] + speed[:-1]) / 2)])
        metres = done / done[-1] * along[-1] * share
        points = np.column_stack([np.interp(metres, along, way[:, each]) for each in (0, 1)])
        self._knots += [(low + second, point) for second, point in zip(at, points, strict=True)]
        return points[-1]


def _turn(dumps: bool) -> np.ndarray:
    return np.array([ROAD_M if dumps else 0.0, 0.0])


def _queue(dumps: bool) -> np.ndarray:
    return _turn(dumps) + np.array([-_QUEUES_M if dumps else _QUEUES_M, 0.0])


def _bay(dumps: bool) -> np.ndarray:
    return _turn(dumps) + _BACKS_M * np.array([-0.5 if dumps else 0.5, 0.866])


def _in_bay(point: np.ndarray) -> bool:
    return bool(point[1] > 1.0)


def _instant(start: datetime, second: float) -> datetime:
    return start.replace(tzinfo=None) + timedelta(seconds=second)


def _rows(truck: str, start: datetime, seconds: np.ndarray, **columns: object) -> pa.Table:
    first = np.datetime64(start.replace(tzinfo=None), "us")
    at = first + np.rint(seconds * 1000).astype("timedelta64[ms]")
    kinds = {"payload_t": pa.float32(), "speed_kmh": pa.float32(), "x_m": pa.float64(), "y_m": pa.float64()}
    told = {}
    for name, values in columns.items():
        kind = kinds.get(name, pa.float64() if name == "elevation_m" else pa.bool_())
        told[name] = pa.nulls(len(seconds), kind) if values is None else pa.array(values).cast(kind)
    return pa.table({"truck": pa.repeat(truck, len(seconds)), "at": pa.array(at), **told})
