"""What a replay must know before its first picture: the window, who was heard in it, and the map.

The window is the site's own when someone narrowed it. A whole store spans years, of which nobody
can watch all; there it is the newest 12 hours that have positions.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import ibis
from ibis import _

from truckkit import schema, times
from truckkit.views.clock import EPOCH, milliseconds, site_clock
from truckkit.views.plane import Plane

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

FAR = datetime(2200, 1, 1, tzinfo=UTC)
"""Later than anything that happened."""

SHORTEST_GAP = timedelta(seconds=10)
"""A hole shorter than this is never called one."""


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
    bounds: tuple[float, float, float, float]
    """West, south, east, north of the positions [m]."""
    chunk: timedelta

    @property
    def trucks(self) -> tuple[str, ...]:
        """The trucks, in the order in which chunks number them."""
        return tuple(heard.truck for heard in self.heard)

    @property
    def origin(self) -> tuple[float, float]:
        """What chunks count from, so that centimetres survive a 32-bit float [m]."""
        west, south, east, north = self.bounds
        return round((west + east) / 2), round((south + north) / 2)

    @property
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
    if site.narrowed_to is not None or site.stop - site.start <= LONGEST_UNASKED:
        return site.start, site.stop, False
    if around is not None:
        return max(site.start, around - NEWEST / 2), min(site.stop, around + NEWEST / 2), False
    newest = _one(site.positions.aggregate(at=_.at.max()))
    if newest is None:
        return site.start, site.stop, False
    stop = _whole_minute(newest) + timedelta(minutes=1)
    oldest = _one(within(site.positions, stop - NEWEST, stop).aggregate(at=_.at.min()))
    assert oldest is not None
    return _whole_minute(oldest), stop, True


def scene(site: Site, shown: Window) -> Scene:
    """Look over the window once: who was heard, how often, and where."""
    start, stop, newest = shown
    inside = within(site.positions, start, stop)
    told = (
        inside.filter(_.x_m.notnull() | _.lon.notnull())
        .group_by("truck")
        .aggregate(
            positions=_.at.count(),
            in_grid=_.x_m.count(),
            first=_.at.min(),
            last=_.at.max(),
            **{
                f"{way}_{column}": getattr(_[column], way)()
                for column in ("x_m", "y_m", "lon", "lat")
                for way in ("min", "max")
            },
        )
        .order_by("truck")
        .to_pyarrow()
        .to_pylist()
    )
    plane, bounds = _plane(told)
    if plane.is_grid:
        told = [row for row in told if row["in_grid"]]
    periods = _periods(inside, told)
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


def described(site: Site, scene: Scene) -> dict[str, Any]:
    """The scene as the browser reads it. Times are milliseconds from the window's start."""
    start = milliseconds(scene.start)
    places = {row["place"]: row for row in _places(site, scene)}
    models = dict(zip(*site.trucks.select("truck", "model").to_pyarrow().to_pydict().values(), strict=True))
    return {
        "site": site.name,
        "clock": site_clock(site.zone, scene.start, scene.stop),
        "start": start,
        "length": milliseconds(scene.stop) - start,
        "newest": scene.newest,
        "generation": site.generation,
        "trucks": [
            {
                "name": heard.truck,
                "model": models.get(heard.truck) or "",
                "first": milliseconds(heard.first) - start,
                "last": milliseconds(heard.last) - start,
                "period": heard.period_ms,
                "gap": heard.gap_ms,
            }
            for heard in scene.heard
        ],
        "silent": [name for name in site.truck_names if name not in set(scene.trucks)],
        "chunk": scene.chunk // timedelta(milliseconds=1),
        "page": PAGE_LENGTH // timedelta(milliseconds=1),
        "origin": list(scene.origin),
        "bounds": list(scene.bounds),
        "grid": scene.plane.is_grid,
        "places": list(places.values()),
        "roads": _roads(site, places),
        "states": list(schema.STATES),
        "around": _around(site, scene) if not scene.heard else None,
    }


def _plane(told: list[dict[str, Any]]) -> tuple[Plane, tuple[float, float, float, float]]:
    in_grid = [row for row in told if row["in_grid"]]
    if in_grid or not told:
        return Plane(), _bounds(in_grid, "x_m", "y_m")
    west, south, east, north = _bounds(told, "lon", "lat")
    plane = Plane((west + east) / 2, (south + north) / 2)
    return plane, (*plane.metres(west, south), *plane.metres(east, north))


def _bounds(rows: list[dict[str, Any]], x: str, y: str) -> tuple[float, float, float, float]:
    if not rows:
        return 0.0, 0.0, 1.0, 1.0
    return (
        min(row[f"min_{x}"] for row in rows),
        min(row[f"min_{y}"] for row in rows),
        max(row[f"max_{x}"] for row in rows),
        max(row[f"max_{y}"] for row in rows),
    )


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


def _places(site: Site, scene: Scene) -> list[dict[str, Any]]:
    then = site.places.filter(
        _.start.isnull() | (_.start < times.stored(scene.stop)),
        _.stop.isnull() | (_.stop > times.stored(scene.start)),
    )
    drawn = (
        scene.plane.drawn(then).select("place", "kind", "drawn_x", "drawn_y", "radius_m").order_by("place")
    )
    return [
        {
            "place": row["place"],
            "kind": row["kind"],
            "x": round(row["drawn_x"], 2),
            "y": round(row["drawn_y"], 2),
            "radius": row["radius_m"],
        }
        for row in drawn.to_pyarrow().to_pylist()
        # A list of places writes 0, 0 where it does not know: no mine lies on its grid's corner.
        if (row["drawn_x"], row["drawn_y"]) != (0, 0)
    ]


def _roads(site: Site, places: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    rows = (
        site.roads.select("road", "from_place", "to_place", "closed")
        .order_by("road")
        .to_pyarrow()
        .to_pylist()
    )
    return [
        {
            "road": row["road"],
            "closed": bool(row["closed"]),
            "from": [places[row["from_place"]]["x"], places[row["from_place"]]["y"]],
            "to": [places[row["to_place"]]["x"], places[row["to_place"]]["y"]],
        }
        for row in rows
        if row["from_place"] in places and row["to_place"] in places
    ]


def _around(site: Site, scene: Scene) -> dict[str, int | None]:
    """When the trucks were heard nearest to a window in which they were not [ms from its start]."""
    everything = site.between(EPOCH, FAR).positions
    start = milliseconds(scene.start)
    before = _one(everything.filter(_.at < times.stored(scene.start)).aggregate(at=_.at.max()))
    after = _one(everything.filter(_.at >= times.stored(scene.stop)).aggregate(at=_.at.min()))
    return {
        "before": None if before is None else milliseconds(before) - start,
        "after": None if after is None else milliseconds(after) - start,
    }


def _one(table: ibis.Table) -> datetime | None:
    """The one instant that a table of one row holds."""
    at: datetime | None = table.to_pyarrow()["at"][0].as_py()
    return None if at is None else times.aware(at)


def _whole_minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)
