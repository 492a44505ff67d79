"""State intervals as the timeline's browser half reads them: binary columns, one row of strips a truck.

Where two sources are compared each truck has a row for each: first all of the one, then all of the other.
Within the window the intervals of a truck tile time: what no interval covers becomes ``no_data``,
and where two overlap the later start ends the earlier. Bounds are whole milliseconds from the
window's start; an interval that reaches over the window keeps its true bounds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property

import ibis
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from ibis import _

from truckkit import align, errors, schema
from truckkit.views.clock import instant, milliseconds

CODES = {state: code for code, state in enumerate(schema.STATES)}
NO_DATA = CODES["no_data"]
TELLERS = {source: number for number, source in enumerate(schema.SOURCES, start=1)}
UNSURE = 255
"""Where nobody says how sure an interval is."""
READ = ("truck", "source", "start", "stop", "state", "place", "loader", "confidence")
"""The columns of state intervals that are read."""
Column = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Packed:
    """Intervals of several trucks in columns, sorted by truck and start."""

    start: datetime
    """The window's first instant, from which bounds are counted."""
    stop: datetime
    trucks: tuple[str, ...]
    lanes: tuple[str, ...]
    """The sources that have rows of their own; empty: a truck has one row, whoever told."""
    rows: Column
    """Where each row's intervals begin, and one more: where the last one's end."""
    starts: Column
    stops: Column
    codes: Column
    """The position of the state in ``schema.STATES``."""
    places: Column
    loaders: Column
    tellers: Column
    """Who told: the position of the source in ``schema.SOURCES``, counted from 1; 0 where nobody did."""
    sure: Column
    """How sure the source is [%]; ``UNSURE`` where it does not say."""
    names: tuple[str, ...]
    """Names of places and loaders; the first is empty."""
    sources: dict[str, int]
    """Who told of the intervals, and of how many trucks."""

    @cached_property
    def wide(self) -> bool:
        """True where bounds do not fit 32 bits: beyond 24 days from the window's start."""
        if not len(self.starts):
            return False
        return bool(self.stops.max() >= 2**31 or self.starts.min() < -(2**31))

    @property
    def name_bytes(self) -> int:
        """How many bytes the number of a name takes."""
        return 1 if len(self.names) <= 2**8 else 2 if len(self.names) <= 2**16 else 4

    def columns(self) -> dict[str, bytes]:
        """The columns as bytes: bounds Int32 (Float64 where wide), names of ``name_bytes``, the rest Uint8.

        Intervals tile time, so of the starts only that of each row's first one is told.
        """
        bounds = np.float64 if self.wide else np.int32
        names = np.dtype(f"u{self.name_bytes}")
        # A row is empty in a window of no length alone, for what nobody tells is no_data.
        firsts = np.append(self.starts, 0)[self.rows[:-1]]
        return {
            "rows": self.rows.astype(np.uint32).tobytes(),
            "firsts": firsts.astype(bounds).tobytes(),
            "stops": self.stops.astype(bounds).tobytes(),
            "codes": self.codes.astype(np.uint8).tobytes(),
            "tellers": self.tellers.astype(np.uint8).tobytes(),
            "sure": self.sure.astype(np.uint8).tobytes(),
            "places": self.places.astype(names).tobytes(),
            "loaders": self.loaders.astype(names).tobytes(),
        }

    def told_within(self, start: int, stop: int) -> bool:
        """True where any interval in ``[start, stop)`` [ms] says something."""
        return bool(((self.codes != NO_DATA) & (self.starts < stop) & (self.stops > start)).any())

    def first_known(self, after: int) -> int:
        """When, not before a moment [ms], an interval says something; the moment where none does."""
        told = (self.codes != NO_DATA) & (self.stops > after)
        return max(after, int(self.starts[told].min())) if told.any() else after

    def last_known(self) -> datetime | None:
        """When the last interval that says something stops; None where there is none."""
        told = self.stops[self.codes != NO_DATA]
        if not len(told):
            return None
        return min(instant(int(told.max()) + milliseconds(self.start)), self.stop)


def pack(
    states: ibis.Table, trucks: Sequence[str], start: datetime, stop: datetime, lanes: Sequence[str] = ()
) -> Packed:
    """The intervals of ``trucks`` that overlap ``[start, stop)``, tiled and in columns.

    Parameters
    ----------
    states
        State intervals of one source, or of those that are ``lanes``; see ``schema.STATE_INTERVALS``.
    trucks
        The trucks, in the order of the rows. One without intervals is ``no_data`` all the time.
    start, stop
        The window, aware.
    lanes
        The sources to compare, each with rows of its own; empty: one row a truck.
    """
    inside = align.overlapping(states, start, stop)
    return packed(inside.select(*READ).to_pyarrow(), trucks, start, stop, lanes)


def packed(
    told: pa.Table, trucks: Sequence[str], start: datetime, stop: datetime, lanes: Sequence[str] = ()
) -> Packed:
    """What ``pack`` gives, of rows of the columns ``READ`` that have been read."""
    from_ms, to_ms = milliseconds(start), milliseconds(stop)
    if instant(to_ms) < stop:
        to_ms += 1
    row_of = {truck: row for row, truck in enumerate(trucks)}
    row = _codes(told["truck"], {name: row_of.get(name, -1) for name in _distinct(told["truck"])})
    count = len(trucks) * max(1, len(lanes))
    if lanes:
        lane = _codes(told["source"], {name: k for k, name in enumerate(lanes)})
        row = np.where(row < 0, row, row + len(trucks) * lane)
    words = _distinct(told["state"])
    for word in words:
        if word not in CODES:
            raise errors.unknown("state", word, CODES, "the states of this window")
    code = _codes(told["state"], CODES)
    names = sorted({*_distinct(told["place"]), *_distinct(told["loader"])})
    name_of = {name: index for index, name in enumerate(names, start=1)}
    place, loader = _codes(told["place"], name_of), _codes(told["loader"], name_of)
    teller, sure = _codes(told["source"], TELLERS), _percent(told["confidence"])
    begins, ends = _offsets(told["start"], from_ms), _offsets(told["stop"], from_ms)

    order = np.lexsort((ends, begins, row))
    order = order[row[order] >= 0]
    row, begins, ends = row[order], begins[order], ends[order]
    same = row[1:] == row[:-1]
    ends[:-1] = np.where(same, np.minimum(ends[:-1], begins[1:]), ends[:-1])
    kept = ends > begins
    row, begins, ends = row[kept], begins[kept], ends[kept]
    code, place, loader, teller, sure = (c[order][kept] for c in (code, place, loader, teller, sure))

    gap_row, gap_begins, gap_ends = _gaps(row, begins, ends, count, to_ms - from_ms)
    nothing = np.zeros(len(gap_row), np.int64)
    row = np.concatenate([row, gap_row])
    begins = np.concatenate([begins, gap_begins])
    order = np.lexsort((begins, row))
    return Packed(
        start=instant(from_ms),
        stop=instant(to_ms),
        trucks=tuple(trucks),
        lanes=tuple(lanes),
        rows=np.searchsorted(row[order], np.arange(count + 1)).astype(np.int64),
        starts=begins[order],
        stops=np.concatenate([ends, gap_ends])[order],
        codes=np.concatenate([code, nothing + NO_DATA])[order],
        places=np.concatenate([place, nothing])[order],
        loaders=np.concatenate([loader, nothing])[order],
        tellers=np.concatenate([teller, nothing])[order],
        sure=np.concatenate([sure, nothing + UNSURE])[order],
        names=("", *names),
        sources=_trucks_by_source(told),
    )


def newest_days(
    states: ibis.Table, start: datetime, stop: datetime, around: datetime, most: int
) -> tuple[datetime, datetime]:
    """The whole UTC days of ``[start, stop)`` around a moment that hold at most ``most`` intervals."""
    per_day = (
        states.group_by(day=_.start.truncate("D")).aggregate(intervals=_.count()).order_by("day").to_pyarrow()
    )
    total = sum(per_day["intervals"].to_pylist())
    if total <= most:
        return start, stop
    day_of = around.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    days = [day.replace(tzinfo=UTC) for day in per_day["day"].to_pylist()]
    nearest = sorted(
        zip(days, per_day["intervals"].to_pylist(), strict=True), key=lambda d: abs(d[0] - day_of)
    )
    kept: list[datetime] = []
    held = 0
    for day, intervals in nearest:
        if kept and held + intervals > most:
            break
        kept.append(day)
        held += intervals
    return max(start, min(kept)), min(stop, max(kept) + timedelta(days=1))


def _gaps(row: Column, begins: Column, ends: Column, count: int, span: int) -> tuple[Column, Column, Column]:
    """The stretches of ``[0, span)`` that no interval of one of ``count`` rows covers."""
    edge = np.arange(count, dtype=np.int64)
    # Each row is walked from its window's start to its window's stop, as if an interval lay at each.
    rows = np.concatenate([edge, row, edge])
    lefts = np.concatenate([np.full(count, -1), np.zeros(len(row), np.int64), np.full(count, 1)])
    froms = np.concatenate([np.zeros(count, np.int64), begins, np.full(count, span, np.int64)])
    tos = np.concatenate([np.zeros(count, np.int64), ends, np.full(count, span, np.int64)])
    order = np.lexsort((froms, lefts, rows))
    rows, froms, tos = rows[order], froms[order], tos[order]
    gap = (rows[1:] == rows[:-1]) & (froms[1:] > tos[:-1])
    return rows[1:][gap], tos[:-1][gap], froms[1:][gap]


def _trucks_by_source(told: pa.Table) -> dict[str, int]:
    pairs = told.group_by(["source", "truck"]).aggregate([])["source"].to_pylist()
    return {source: pairs.count(source) for source in schema.SOURCES if source in pairs}


def _distinct(column: pa.ChunkedArray) -> list[str]:
    return [name for name in pc.unique(column).to_pylist() if name is not None]


def _codes(column: pa.ChunkedArray, code_of: dict[str, int]) -> Column:
    """Each word's number; 0 where there is none."""
    encoded = column.combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    numbers = np.array([code_of[word] for word in encoded.dictionary.to_pylist()] + [0], np.int64)
    indices: Column = pc.fill_null(encoded.indices, len(numbers) - 1).to_numpy(zero_copy_only=False)
    return numbers[indices]


def _percent(column: pa.ChunkedArray) -> Column:
    """Shares between 0 and 1 as whole percents."""
    shares = column.cast(pa.float64()).to_numpy(zero_copy_only=False) * 100
    sane = (shares >= 0) & (shares <= 100)
    return np.where(sane, np.rint(np.where(sane, shares, 0)), UNSURE).astype(np.int64)


def _offsets(column: pa.ChunkedArray, from_ms: int) -> Column:
    micros = column.cast(pa.timestamp("us")).cast(pa.int64()).to_numpy()
    return np.asarray(micros // 1000 - from_ms, np.int64)
