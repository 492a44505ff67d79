"""A scene as the browser is told of it: its trucks, places and roads, and how time and chunks are counted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from ibis import _

from truckkit import places as known
from truckkit import schema, times
from truckkit.views import telling
from truckkit.views.clock import EPOCH, milliseconds, site_clock
from truckkit.views.scene import PAGE_LENGTH, Scene, one_instant

if TYPE_CHECKING:
    from truckkit.site import Site

FAR = datetime(2200, 1, 1, tzinfo=UTC)
"""Later than anything that happened."""


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
        **_telling(site, scene),
        "around": _around(site, scene) if not scene.heard else None,
    }


def _telling(site: Site, scene: Scene) -> dict[str, Any]:
    """Who tells of the states of the trucks that were heard, and between whom one can choose."""
    if not scene.heard:
        return {"choices": [], "told_by": "", "told": {"": ""}}
    heard = site.truck(*scene.trucks)
    offered = telling.choices(heard)
    fms, detected = (len(heard.sources.get(source, ())) for source in ("fms", "detected"))
    found = len(set(heard.sources.get("detected", ())) - set(heard.sources.get("fms", ())))
    counts = {"": {"fms": fms, "detected": found}, "fms": {"fms": fms}, "detected": {"detected": detected}}
    return {
        "choices": offered,
        "told_by": site.told_by or "",
        "told": {
            source: telling.words({who: trucks for who, trucks in told.items() if trucks})
            for source, told in counts.items()
        },
    }


def _places(site: Site, scene: Scene) -> list[dict[str, Any]]:
    # What hides a found place is looked for among all places, for one of later is another.
    then = known.told_once(site.places).filter(
        _.start.isnull() | (_.start < times.stored(scene.stop)),
        _.stop.isnull() | (_.stop > times.stored(scene.start)),
    )
    columns = ("place", "kind", "drawn_x", "drawn_y", "radius_m", "start", "stop", "given")
    drawn = scene.plane.drawn(then).select(columns).order_by("place")
    start = milliseconds(scene.start)
    return [
        {
            "place": row["place"],
            "kind": row["kind"],
            "x": round(row["drawn_x"], 2),
            "y": round(row["drawn_y"], 2),
            "radius": row["radius_m"],
            "found": not row["given"],
            # Empty: always. Bounds are instants at which the map changes.
            "start": row["start"] and milliseconds(times.aware(row["start"])) - start,
            "stop": row["stop"] and milliseconds(times.aware(row["stop"])) - start,
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
    before = one_instant(everything.filter(_.at < times.stored(scene.start)).aggregate(at=_.at.max()))
    after = one_instant(everything.filter(_.at >= times.stored(scene.stop)).aggregate(at=_.at.min()))
    return {
        "before": None if before is None else milliseconds(before) - start,
        "after": None if after is None else milliseconds(after) - start,
    }
