"""What a truck's sensors said, in the bytes that the browser reads, a tile of time at a time.

Tiles form a pyramid: at level ``k`` a bucket is ``4 ** k`` ms wide and a tile holds ``BUCKETS`` of them.
A tile, little-endian:

    text[4] "TKV1"   uint32 rows
    float64 gap      ms: farther apart two rows are not joined
    float64[rows]    ms from the window's start
    float32[rows]    what was measured
    uint8[rows]      1 where the row begins a new unbroken part

It starts with the last row before the tile and ends with the first one after it, where they are near
enough to draw from or towards.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import ibis
import numpy as np
import pyarrow as pa
from ibis import _

from truckkit import schema, times
from truckkit.errors import BadRequest
from truckkit.store import samples, whole
from truckkit.views.clock import MILLISECOND, instant, milliseconds
from truckkit.views.scene import SHORTEST_GAP, Window, within
from truckkit.views.thinning import m4, parts

if TYPE_CHECKING:
    from truckkit.site import Site

BUCKETS = 2048
LEVELS = 17
"""The coarsest buckets are 50 days wide."""

HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Channel:
    """One thing that is measured, and where it stands."""

    name: str
    table: str
    meaning: str
    unit: str
    flag: bool = False


def _measured(table: schema.Table) -> tuple[Channel, ...]:
    return tuple(
        Channel(column.name, table.name, column.meaning, column.unit or "", column.type == schema.FLAG)
        for column in table
        if column.type in (schema.SHORT, schema.NUMBER, schema.FLAG)
        and column.name not in ("x_m", "y_m", "lon", "lat", "heading_deg")
    )


KNOWN = (*_measured(schema.POSITIONS), *_measured(schema.TELEMETRY))
"""The channels that truckkit has a column for."""


def channels(site: Site, window: Window) -> tuple[Channel, ...]:
    """The channels that hold anything in the window: the known ones, then those of the site's own."""
    start, stop, _newest = window
    silent: set[Channel] = set()
    for table in ("positions", "telemetry"):
        asked = {channel.name: channel for channel in KNOWN if channel.table == table}
        for first in _ever_further_back(start, stop):
            # What was heard is not asked for again: a fortnight that is counted is read, and stays in memory.
            inside = within(site.table(table), first, stop)
            counts = inside.aggregate(**{name: inside[name].count() for name in asked})
            held = counts.to_pyarrow().to_pylist()[0]
            asked = {name: channel for name, channel in asked.items() if not held[name]}
            if not asked:
                break
        silent |= {*asked.values()}
    own = within(site.table("channels"), start, stop).filter(_.number.notnull())
    others = own.select("channel").distinct().order_by("channel").to_pyarrow()["channel"].to_pylist()
    known = (channel for channel in KNOWN if channel not in silent)
    return (*known, *(Channel(name, "channels", "A channel of the source's own.", "") for name in others))


def series(site: Site, truck: str, channel: Channel, start: datetime, stop: datetime) -> ibis.Table:
    """The rows ``at``, ``measured`` of one truck and channel in ``[start, stop)``."""
    rows = within(site.table(channel.table), start, stop).filter(_.truck == truck)
    if channel.table == "channels":
        rows = rows.filter(_.channel == channel.name)
    column = rows["number" if channel.table == "channels" else channel.name]
    return rows.select("at", measured=column.cast("float64")).filter(
        _.measured.notnull(), ~_.measured.isnan(), ~_.measured.isinf()
    )


def gap_ms(site: Site, truck: str, channel: Channel, window: Window) -> int:
    """How far apart two rows may be and still be joined [ms]: three usual steps, and at least 10 s."""
    start, stop, _newest = window
    least = SHORTEST_GAP // MILLISECOND
    for first in _ever_further_back(start, stop):
        at, _measured = _read(site, truck, channel, first, stop)
        if len(at):
            break
    else:
        return least
    last = instant(int(at[-1]))
    if max(start, last - HOUR) < first:
        at, _measured = _read(site, truck, channel, max(start, last - HOUR), last + MILLISECOND)
    steps = np.diff(np.unique(at[at >= at[-1] - HOUR // MILLISECOND]))
    return max(least, 3 * round(float(np.median(steps)))) if len(steps) >= 5 else least


def _ever_further_back(start: datetime, stop: datetime) -> Iterator[datetime]:
    """Where to look from, up to the stop: a sensor that is heard at all is mostly heard at the end."""
    return (max(start, stop - reach) for reach in (2 * HOUR, 24 * HOUR, stop - start))


def tile(
    site: Site, truck: str, channel: Channel, window: Window, gap: int, level: int, number: int
) -> bytes:
    """One tile of a truck's channel."""
    start, stop, _newest = window
    if not 0 <= level < LEVELS:
        raise BadRequest(f"a level lies between 0 and {LEVELS - 1}, not at {level}.")
    bucket = 4**level
    length = (stop - start) // MILLISECOND
    from_ms, to_ms = number * BUCKETS * bucket, min(length, (number + 1) * BUCKETS * bucket)
    if not 0 <= from_ms < length:
        raise BadRequest(f"the window has no tile {number} at level {level}.")
    reach = timedelta(milliseconds=gap)
    first = max(start, start + timedelta(milliseconds=from_ms) - reach)
    last = min(stop, start + timedelta(milliseconds=to_ms) + reach)
    at, measured = _read(site, truck, channel, first, last)
    at = at - milliseconds(start)
    inside = np.flatnonzero((at >= from_ms) & (at < to_ms))
    low, high = np.searchsorted(at, [from_ms, to_ms])
    kept = inside[m4(at[inside], measured[inside], bucket)]
    before = [low - 1] if low else []
    after = [high] if high < len(at) else []
    kept = np.concatenate((before, kept, after)).astype(np.int64)
    breaks = np.diff(parts(at, gap)[kept], prepend=-1) > 0
    return b"".join(
        (
            struct.pack("<4sId", b"TKV1", len(kept), float(gap)),
            at[kept].astype("<f8").tobytes(),
            measured[kept].astype("<f4").tobytes(),
            breaks.astype(np.uint8).tobytes(),
        )
    )


def _read(
    site: Site, truck: str, channel: Channel, start: datetime, stop: datetime
) -> tuple[np.ndarray, np.ndarray]:
    """What ``series`` means, by time: when [ms since 1970], and what was measured."""
    if site.opened is None or channel.table == "channels":
        rows = series(site, truck, channel, start, stop).order_by("at").to_pyarrow()
        return _ms(rows["at"]), rows["measured"].to_numpy().astype(np.float64)
    # To write the SQL of an expression takes longer than to read it.
    table, window = schema.TABLES[channel.table], (times.stored(start), times.stored(stop))
    rows = whole(
        samples(site.opened, table, ["at", channel.name], trucks=[truck], window=window, ordered=False)
    )
    measured = rows[channel.name].cast(pa.float64()).to_numpy(zero_copy_only=False)
    kept = np.flatnonzero(np.isfinite(measured))
    at = _ms(rows["at"])
    kept = kept[np.argsort(at[kept], kind="stable")]
    return at[kept], measured[kept]


def _ms(column: pa.ChunkedArray) -> np.ndarray:
    return np.asarray(column.cast(pa.timestamp("us")).cast(pa.int64()).to_numpy() // 1000, np.int64)
