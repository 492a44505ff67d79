"""Positions and states in the bytes that the browser reads, a stretch of the window at a time.

A chunk of positions, little-endian, in this order:

    text[4] "TKC1"   uint32 trucks   uint32 rows   uint32 0
    float64 start    float64 stop                          ms from the window's start
    uint32[trucks + 1]                                     where each truck's rows begin
    int32[rows]      ms from the chunk's start
    float32[rows] ×2 east, north of the scene's origin     m
    uint16[rows]     heading, hundredths of a degree; 65535 where unknown
    uint16[rows]     speed, tenths of km/h; 65535 where unknown

Each truck's rows start with the last position before the chunk and end with the first one after it,
where they are near enough to draw from or towards, so that one chunk is enough to draw any moment in it.

A page of states is the same with "TKS1", int32 starts, int32 stops, uint8 states, uint8 who told and
uint8 how sure they are [%], as ``intervals.Packed`` has them.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import ibis
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from ibis import _

from truckkit import schema, times
from truckkit.errors import BadRequest
from truckkit.store import samples, whole
from truckkit.views.clock import milliseconds
from truckkit.views.intervals import READ, packed
from truckkit.views.scene import PAGE_LENGTH, Scene, within
from truckkit.views.stretches import of_stretch, overlapping

if TYPE_CHECKING:
    from truckkit.site import Site

UNKNOWN = 65535
TRUCK = 2**40
"""More milliseconds than a window has: a number of a truck and a time make one number."""

MILLISECOND = timedelta(milliseconds=1)


def stretch(scene: Scene, number: int, length: timedelta) -> tuple[datetime, datetime]:
    """The bounds of one chunk or page.

    The last one ends with the window.
    """
    if not 0 <= number < (scene.stop - scene.start) / length:
        raise _no_stretch(scene, number, length)
    start = scene.start + number * length
    return start, min(start + length, scene.stop)


def _no_stretch(scene: Scene, number: int, length: timedelta) -> BadRequest:
    return BadRequest(f"the window has no stretch {number} of {length}; it ends at {scene.stop.isoformat()}.")


def positions(site: Site, scene: Scene, number: int) -> bytes:
    """One chunk of positions."""
    return run(site, scene, number, number + 1)[number]


def run(site: Site, scene: Scene, first: int, stop: int) -> dict[int, bytes]:
    """Chunks of positions that follow each other, by number, from one look at the store.

    Of a day in which each truck's rows lie together, an hour of all is read in about the time of a minute.

    Parameters
    ----------
    first, stop
        The first number, and the first one after; those of no stretch of the window are left out.
    """
    last = math.ceil((scene.stop - scene.start) / scene.chunk)
    bounds = {number: stretch(scene, number, scene.chunk) for number in range(max(0, first), min(stop, last))}
    if not bounds:
        raise _no_stretch(scene, first, scene.chunk)
    start, end = min(bounds.values())[0], max(bounds.values())[1]
    read = _sorted(
        _read(site, scene, max(start - scene.lead, scene.start), min(end + scene.lead, scene.stop)),
        scene,
        start,
    )
    return {
        number: _cut(read, scene, (begins - start) // MILLISECOND, begins, ends)
        for number, (begins, ends) in bounds.items()
    }


def _sorted(rows: pa.Table, scene: Scene, start: datetime) -> _Read:
    """Rows by truck and time; ``start`` is what their time counts from."""
    trucks = pa.array(scene.trucks, pa.string())
    truck = pc.fill_null(pc.index_in(rows["truck"], value_set=trucks), -1).to_numpy().astype(np.int64)
    key = truck * TRUCK + (_milliseconds(rows["at"]) - milliseconds(start))
    x, y, placed = scene.plane.placed(*(rows[name] for name in scene.plane.columns))
    wanted = placed & (truck >= 0)
    order: slice | npt.NDArray[np.int64] = slice(None)
    # A day that is over lies in this order already.
    if not wanted.all() or np.any(key[1:] < key[:-1]):
        order = np.argsort(key, kind="stable")
        order = order[wanted[order]]
    east, north = scene.origin
    return _Read(
        key[order],
        (x[order] - east).astype("<f4"),
        (y[order] - north).astype("<f4"),
        _hundredths(rows["heading_deg"], 100, 36_000)[order],
        _hundredths(rows["speed_kmh"], 10, UNKNOWN)[order],
    )


@dataclass(frozen=True)
class _Read:
    """What was read, by truck and time."""

    key: npt.NDArray[np.int64]
    """``TRUCK`` times the truck's number, and the time from the first chunk's start [ms]."""
    x: npt.NDArray[np.float32]
    y: npt.NDArray[np.float32]
    heading: npt.NDArray[np.uint16]
    speed: npt.NDArray[np.uint16]


def columns(scene: Scene) -> list[str]:
    """The columns of positions that chunks are made of."""
    return ["truck", "at", *scene.plane.columns, "heading_deg", "speed_kmh"]


def _read(site: Site, scene: Scene, start: datetime, stop: datetime) -> pa.Table:
    """Positions in ``[start, stop)``, in any order."""
    if site.opened is None:
        return within(site.positions, start, stop).select(*columns(scene)).to_pyarrow()
    # To write the SQL of an expression takes as long as to read it.
    window = (times.stored(start), times.stored(stop))
    return whole(
        samples(
            site.opened,
            schema.POSITIONS,
            columns(scene),
            trucks=site.of_trucks,
            window=window,
            ordered=False,
        )
    )


def _cut(read: _Read, scene: Scene, begin: int, start: datetime, stop: datetime) -> bytes:
    """One chunk of what was read, which begins ``begin`` ms after the first one."""
    length, lead = (stop - start) // MILLISECOND, scene.lead // MILLISECOND
    count = len(scene.trucks)
    each = TRUCK * np.arange(count) + begin
    firsts, ends = (np.searchsorted(read.key, each + edge) for edge in (-lead, length + lead))
    many = ends - firsts
    truck = np.repeat(np.arange(count), many)
    rows = np.arange(many.sum()) + np.repeat(firsts - (np.cumsum(many) - many), many)
    at = read.key[rows] - each[truck]
    near = _near(truck, at, length)
    rows = rows[near]
    return b"".join(
        (
            _head(b"TKC1", truck[near], count, start, stop, scene),
            at[near].astype("<i4").tobytes(),
            *(column[rows].tobytes() for column in (read.x, read.y, read.heading, read.speed)),
        )
    )


def states(site: Site, scene: Scene, number: int) -> bytes:
    """One page of state intervals; they tile the page for each truck."""
    start, stop = stretch(scene, number, PAGE_LENGTH)
    page = packed(of_stretch(site, _states, start, stop), scene.trucks, start, stop)
    truck = np.repeat(np.arange(len(scene.trucks)), np.diff(page.rows))
    # What a page cuts off lies within 24 days either way, as far as 32 bits of milliseconds reach.
    reach = 2**31 - 1
    return b"".join(
        (
            _head(b"TKS1", truck, len(scene.trucks), start, stop, scene),
            np.clip(page.starts, -reach, reach).astype("<i4").tobytes(),
            np.clip(page.stops, -reach, reach).astype("<i4").tobytes(),
            *(page.columns()[name] for name in ("codes", "tellers", "sure")),
        )
    )


def _states(site: Site, start: ibis.Value, stop: ibis.Value) -> ibis.Table:
    return overlapping(site.states, start, stop).select(*READ)


def last_known(site: Site, scene: Scene, before_ms: float, numbers: list[int]) -> dict[str, list[float]]:
    """Where trucks were last heard before a moment: number → [ms, east, north]; without the never heard."""
    before = _moment(scene, before_ms)
    missing = {scene.trucks[number]: number for number in numbers if 0 <= number < len(scene.trucks)}
    found: dict[str, list[float]] = {}
    east, north = scene.origin
    for start in _further(before, scene.start, -1):
        if not missing:
            break
        table = within(site.positions, start, before).filter(_.truck.isin(list(missing)))
        newest = (
            scene.plane.drawn(table)
            .group_by("truck")
            .aggregate(last=_.at.max(), x=_.drawn_x.argmax(_.at), y=_.drawn_y.argmax(_.at))
        )
        for row in newest.to_pyarrow().to_pylist():
            at = milliseconds(times.aware(row["last"])) - milliseconds(scene.start)
            found[str(missing.pop(row["truck"]))] = [at, row["x"] - east, row["y"] - north]
    return found


def neighbour(site: Site, scene: Scene, at_ms: float, number: int | None, forward: bool) -> float | None:
    """The nearest moment after (or before) another at which a truck, or any, was heard [ms]; None: never."""
    at = _moment(scene, at_ms)
    table = site.positions
    if number is not None and 0 <= number < len(scene.trucks):
        table = table.filter(_.truck == scene.trucks[number])
    for edge in _further(at, scene.stop if forward else scene.start, 1 if forward else -1):
        start, stop = (at + MILLISECOND, edge) if forward else (edge, at)
        near = scene.plane.drawn(within(table, start, stop))
        found = near.aggregate(at=_.at.min() if forward else _.at.max()).to_pyarrow()["at"][0].as_py()
        if found is not None:
            return float(milliseconds(times.aware(found)) - milliseconds(scene.start))
    return None


def _near(truck: npt.NDArray[np.int64], at: npt.NDArray[np.int64], length: int) -> npt.NDArray[np.bool_]:
    """Rows inside the chunk, the last of each truck before it and the first of each after it."""
    before, after = at < 0, at >= length
    same = truck[1:] == truck[:-1]
    last_before = before.copy()
    last_before[:-1] &= ~(same & before[1:])
    first_after = after.copy()
    first_after[1:] &= ~(same & after[:-1])
    return ~(before | after) | last_before | first_after


def _further(at: datetime, end: datetime, sign: int) -> list[datetime]:
    """Ever farther moments up to ``end``: most answers lie near, and a look at all of a year is dear."""
    reaches = [at + sign * timedelta(hours=hours) for hours in (1, 12)]
    return [*(reach for reach in reaches if (end - reach) * sign > timedelta()), end]


def _head(
    kind: bytes, truck: npt.NDArray[np.int64], trucks: int, start: datetime, stop: datetime, scene: Scene
) -> bytes:
    zero = milliseconds(scene.start)
    begins = np.searchsorted(truck, np.arange(trucks + 1)).astype("<u4")
    head = struct.pack(
        "<4sIIIdd", kind, trucks, len(truck), 0, milliseconds(start) - zero, milliseconds(stop) - zero
    )
    return head + begins.tobytes()


def _moment(scene: Scene, ms: float) -> datetime:
    length = (scene.stop - scene.start) / MILLISECOND
    return scene.start + timedelta(milliseconds=min(max(ms, 0.0), length))


def _milliseconds(column: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    micros = column.cast(pa.timestamp("us")).cast(pa.int64()).to_numpy()
    return np.asarray(micros // 1000, np.int64)


def _hundredths(column: pa.ChunkedArray, scale: int, most: int) -> npt.NDArray[np.uint16]:
    """A measured column as small whole numbers; what is unknown or cannot be is ``UNKNOWN``."""
    measured = column.cast(pa.float64()).to_numpy(zero_copy_only=False) * scale
    sane = (measured >= 0) & (measured <= most)
    return np.where(sane, np.rint(np.where(sane, measured, 0)), UNKNOWN).astype("<u2")
