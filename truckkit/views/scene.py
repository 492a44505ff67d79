"""What a replay must know before its first picture: the window, who was heard in it, and where.

The window is the site's own when someone narrowed it. A whole store spans years, of which nobody
can watch all; there it is the newest 12 hours that have positions.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

import ibis
from ibis import _

from truckkit import times
from truckkit.views.answers import SHARED, serial
from truckkit.views.clock import EPOCH
from truckkit.views.once import read_once
from truckkit.views.plane import Plane, in_grid, on_globe

if TYPE_CHECKING:
    from truckkit.site import Site

NEWEST = timedelta(hours=12)
"""How much of an un-narrowed site is shown."""

LONGEST_UNASKED = timedelta(hours=36)
"""A site that spans no more than this is shown whole."""

ROWS_A_CHUNK = 20_000
"""About how many positions one chunk may hold: a fifth of a second of work for nobody."""

CHUNK_LENGTHS = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 5, 10, 30, 60))
PAGE_LENGTH = timedelta(hours=6)
"""States are few: a page of them covers many chunks."""

SHORTEST_GAP = timedelta(seconds=10)
"""A hole shorter than this is never called one."""


Bounds = tuple[float, float, float, float]
Window = tuple[datetime, datetime, bool]
"""Start, stop, and whether the newest stretch was chosen because nobody asked for one."""


@dataclass(frozen=True)
class Heard:
    """One truck that has positions in the window."""

    truck: str
    positions: int
    first: datetime
    last: datetime
    period_ms: int
    """How far apart its positions usually are [ms]."""

    @property
    def gap_ms(self) -> int:
        """How far apart two positions may be before the truck counts as not heard between them [ms]."""
        return max(SHORTEST_GAP // timedelta(milliseconds=1), 3 * self.period_ms)


@dataclass(frozen=True)
class Scene:
    """A window of a site, ready to be drawn."""

    start: datetime
    stop: datetime
    newest: bool
    """True where nobody narrowed the site, and the newest stretch was chosen."""
    heard: tuple[Heard, ...]
    plane: Plane
    bounds: Bounds
    """West, south, east, north of the positions [m]."""
    chunk: timedelta

    @property
    def window(self) -> Window:
        """The window that it is a scene of."""
        return self.start, self.stop, self.newest

    @cached_property
    def trucks(self) -> tuple[str, ...]:
        """The trucks, in the order in which chunks number them."""
        return tuple(heard.truck for heard in self.heard)

    @property
    def origin(self) -> tuple[float, float]:
        """What chunks count from, so that centimetres survive a 32-bit float [m]."""
        west, south, east, north = self.bounds
        return round((west + east) / 2), round((south + north) / 2)

    @cached_property
    def lead(self) -> timedelta:
        """How far beyond its own bounds a chunk looks for the position to draw from or towards."""
        longest = max((heard.gap_ms for heard in self.heard), default=0)
        return min(timedelta(milliseconds=longest), self.chunk)


def within(table: ibis.Table, start: datetime, stop: datetime) -> ibis.Table:
    """The rows with ``at`` in ``[start, stop)``."""
    return table.filter(_.at >= times.stored(start), _.at < times.stored(stop))


def window(site: Site, around: datetime | None = None) -> Window:
    """The window to show, and whether it was chosen here because nobody asked for one.

    Parameters
    ----------
    around
        A moment that it must hold.
    """
    if site.start is None or site.stop is None:
        return EPOCH, EPOCH, False
    if site.narrowed_to is not None:
        return site.start, site.stop, False
    if site.stop - site.start <= LONGEST_UNASKED:
        return site.start, _after_the_last(site, site.stop), False
    if around is not None:
        return max(site.start, around - NEWEST / 2), min(site.stop, around + NEWEST / 2), False
    if site.store is None:
        return _newest_stretch(site)
    key = ("newest stretch", serial(site.store), site.generation, site.truck_names)
    return SHARED.get(key, lambda: _newest_stretch(site), lambda _: 256)


def _newest_stretch(site: Site) -> Window:
    """The newest stretch of a site that has positions."""
    assert site.start is not None
    assert site.stop is not None
    newest = one_instant(site.positions.aggregate(at=_.at.max()))
    if newest is None:
        return site.start, site.stop, False
    stop = _whole_minute(newest) + timedelta(minutes=1)
    oldest = one_instant(within(site.positions, stop - NEWEST, stop).aggregate(at=_.at.min()))
    assert oldest is not None
    return _whole_minute(oldest), stop, True


def scene(site: Site, shown: Window) -> Scene:
    """Look over the window once: who was heard, how often, and where."""
    start, stop, newest = shown
    inside = within(site.positions, start, stop)
    told = _told(site, shown, in_grid(inside), "x_m", "y_m")
    plane, bounds = Plane(), _bounds(told)
    if not told:
        told = _told(site, shown, on_globe(inside), "lon", "lat")
        plane, bounds = _laid_flat(told)
    periods = _periods(plane.drawn(inside), told)
    usual = sorted(periods.values())[len(periods) // 2] if periods else 1000
    heard = tuple(
        Heard(
            row["truck"],
            row["positions"],
            times.aware(row["first"]),
            times.aware(row["last"]),
            periods.get(row["truck"], usual),
        )
        for row in told
    )
    return Scene(start, stop, newest, heard, plane, bounds, _chunk_length(heard))


def _told(site: Site, shown: Window, placed: ibis.Table, x: str, y: str) -> list[dict[str, Any]]:
    """Of each truck how many positions it has, the first and the last, and how far they reach."""
    sums = placed.group_by("truck").aggregate(
        positions=_.at.count(),
        first=_.at.min(),
        last=_.at.max(),
        west=_[x].min(),
        south=_[y].min(),
        east=_[x].max(),
        north=_[y].max(),
    )
    start, stop, _newest = shown
    told: list[dict[str, Any]] = read_once(site, sums.order_by("truck"), start, stop).to_pylist()
    return told


def _bounds(told: list[dict[str, Any]]) -> Bounds:
    if not told:
        return 0.0, 0.0, 1.0, 1.0
    return (
        min(row["west"] for row in told),
        min(row["south"] for row in told),
        max(row["east"] for row in told),
        max(row["north"] for row in told),
    )


def _laid_flat(told: list[dict[str, Any]]) -> tuple[Plane, Bounds]:
    """The plane around the middle of longitudes and latitudes, and their bounds on it."""
    bounds = west, south, east, north = _bounds(told)
    if not told:
        return Plane(), bounds
    plane = Plane((west + east) / 2, (south + north) / 2)
    return plane, (*plane.metres(west, south), *plane.metres(east, north))


def _periods(inside: ibis.Table, told: list[dict[str, Any]]) -> dict[str, int]:
    """How far apart each truck's positions usually are [ms], by the last hour that has any."""
    if not told:
        return {}
    newest = times.aware(max(row["last"] for row in told))
    hour = within(inside, newest - timedelta(hours=1), newest + timedelta(milliseconds=1))
    before = _.at.lag().over(ibis.window(group_by="truck", order_by="at"))
    steps = hour.select("truck", step=_.at.delta(before, unit="millisecond"))
    usual = steps.filter(_.step > 0).group_by("truck").aggregate(step=_.step.median(), steps=_.step.count())
    rows = usual.filter(_.steps >= 5).to_pyarrow().to_pylist()
    return {row["truck"]: round(row["step"]) for row in rows}


def _chunk_length(heard: tuple[Heard, ...]) -> timedelta:
    per_second = sum(1000 / one.period_ms for one in heard)
    fitting = [length for length in CHUNK_LENGTHS if length.total_seconds() * per_second <= ROWS_A_CHUNK]
    return fitting[-1] if fitting else CHUNK_LENGTHS[0]


def newest(site: Site) -> datetime | None:
    """When the newest position of a site was taken; None where there are none."""
    return one_instant(site.latest.aggregate(at=_.at.max()))


def one_instant(table: ibis.Table) -> datetime | None:
    """The one instant that a table of one row holds."""
    at: datetime | None = table.to_pyarrow()["at"][0].as_py()
    return None if at is None else times.aware(at)


def _after_the_last(site: Site, stop: datetime) -> datetime:
    """Where an un-narrowed site stops; later where its last position lies there, outside of the window."""
    last = one_instant(site.positions.filter(_.at >= times.stored(stop)).aggregate(at=_.at.max()))
    return stop if last is None else last.replace(microsecond=0) + timedelta(seconds=1)


def _whole_minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)
