"""Trucks as features that move: read paths shaped after OGC API – Moving Features – Part 1 (OGC 22-003r3).

The shape of paths and answers is that of the standard; no conformance is claimed, and the list of
conformance classes is empty. Coordinates are degrees of WGS84 where the site has a coordinate reference
system; else metres in its grid, and each answer says so.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response

from truckkit import schema
from truckkit.api import models as answers
from truckkit.api.addresses import address
from truckkit.api.answers import answered
from truckkit.api.kept import Body
from truckkit.api.moving_features import items, models, properties, ways
from truckkit.api.moving_features.parameters import TICK, Leaf, Number, When, leaves, within
from truckkit.api.narrowing import inside_box, kept_rows
from truckkit.api.parameters import Bounds, Points, Truck
from truckkit.api.rows import encode
from truckkit.errors import BadRequest, unknown
from truckkit.site import Site
from truckkit.store.keys import struck_out

_JSON, _GEOJSON = "application/json", "application/geo+json"
_ROOM = ("v1", "ogc")
_ITEMS = ("collections", "trucks", "items")
_NOTE = "Shaped after OGC API – Moving Features – Part 1: Core (OGC 22-003r3); no conformance is claimed."
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"headers": {"ETag": {"schema": {"type": "string"}}}},
    304: {"description": "The client has this answer."},
    404: answers.problem("A name that is not there."),
}
_OF_FEATURES: dict[int | str, dict[str, Any]] = {
    200: {"content": {_GEOJSON: {}}, "headers": {"ETag": {"schema": {"type": "string"}}}}
}

Name = Annotated[str, Path(alias="tproperty", description="Which property; see tproperties.", max_length=200)]
Beyond = Annotated[
    str | None, Query(description="The truck to go on after, from a page's next.", max_length=20_000)
]


def moving_features(site: Callable[[], Site]) -> APIRouter:
    """The routes over a site."""
    router = APIRouter(prefix="/ogc", tags=["shaped after OGC API – Moving Features"], responses=_ANSWERS)
    _entrance(router, site)
    _trucks(router, site)
    _of_one_truck(router, site)
    return router


def _entrance(router: APIRouter, site: Callable[[], Site]) -> None:
    def collection(now: Site, root: str, seconds: float) -> models.Document:
        here = f"{root}/collections/trucks"
        return {
            "id": "trucks",
            "title": "Haul trucks",
            "description": f"The haul trucks of {now.name}. {_NOTE}",
            "itemType": "movingfeature",
            **_extent(now, seconds),
            "links": [_link(here, "self"), _link(f"{here}/items", "items", _GEOJSON)],
        }

    @router.get("", response_model=models.Landing, summary="Where to start", operation_id="ogc")
    def landing(request: Request) -> Response:
        """Where to start. Shaped after OGC API – Moving Features."""
        here = address(request, *_ROOM)
        return _answer(
            request,
            site(),
            lambda _s: {
                "title": "truckkit",
                "description": _NOTE,
                "links": [
                    _link(here, "self"),
                    _link(f"{here}/conformance", "conformance"),
                    _link(f"{here}/collections", "data"),
                    _link(
                        address(request, "openapi.json"),
                        "service-desc",
                        "application/vnd.oai.openapi+json;version=3.1",
                    ),
                    _link(address(request, "docs"), "service-doc", "text/html"),
                ],
            },
        )

    @router.get(
        "/conformance",
        response_model=models.Conformance,
        summary="What it conforms to",
        operation_id="ogc_conformance",
    )
    def conformance(request: Request) -> Response:
        """No conformance class: it has the shape of the standard, and is not tested by it."""
        return _answer(request, site(), lambda _s: {"conformsTo": []})

    @router.get(
        "/collections",
        response_model=models.Collections,
        response_model_exclude_unset=True,
        summary="The collections",
        operation_id="ogc_collections",
    )
    def collections(request: Request) -> Response:
        """The collections: there is one. Shaped after OGC API – Moving Features."""
        now, root = site(), address(request, *_ROOM)
        return _answer(
            request,
            now,
            lambda s: {
                "collections": [collection(now, root, s)],
                "links": [_link(f"{root}/collections", "self")],
            },
        )

    @router.get(
        "/collections/trucks",
        response_model=models.Collection,
        response_model_exclude_unset=True,
        summary="The collection of trucks",
        operation_id="ogc_trucks",
    )
    def trucks(request: Request) -> Response:
        """The collection of trucks. Shaped after OGC API – Moving Features."""
        now, root = site(), address(request, *_ROOM)
        return _answer(request, now, lambda s: collection(now, root, s))


def _trucks(router: APIRouter, site: Callable[[], Site]) -> None:
    @router.get(
        "/collections/trucks/items",
        response_model=models.Features,
        response_model_exclude_unset=True,
        responses=_OF_FEATURES,
        summary="Trucks as features",
        operation_id="ogc_items",
    )
    def features(
        request: Request,
        bbox: Bounds = None,
        datetime: When = None,
        limit: Number = 100,
        after: Beyond = None,
    ) -> Response:
        """The trucks, in pages; with bbox or datetime, those that had a position there and then. Shaped
        after OGC API – Moving Features.
        """
        now, here = within(site(), datetime), address(request, *_ROOM, *_ITEMS)
        rows = kept_rows(now, schema.POSITIONS, {} if bbox is None else {"bbox": bbox})

        def document(seconds: float) -> models.Document:
            on = items.plane(now, seconds)
            reached = items.reach(rows(now), on, seconds)
            narrow = bbox is not None or datetime is not None
            matched = [truck for truck in now.truck_names if truck in reached or not narrow]
            left = [truck for truck in matched if after is None or truck > after]
            links = [_link(_with(here, request, {}), "self", _GEOJSON)]
            if len(left) > limit:
                links.append(_link(_with(here, request, {"after": left[limit - 1]}), "next", _GEOJSON))
            return {
                "type": "FeatureCollection",
                **on.of_document,
                "features": items.features(now, left[:limit], on, reached, seconds),
                "links": links,
                "numberMatched": len(matched),
                "numberReturned": len(left[:limit]),
            }

        return _answer(request, now, document, _GEOJSON)


def _of_one_truck(router: APIRouter, site: Callable[[], Site]) -> None:
    # A truck's name may hold a slash; so what a truck has comes before the truck alone.
    @router.get(
        "/collections/trucks/items/{truck:name}/tgsequence",
        response_model=models.Ways,
        summary="The ways of a truck",
        operation_id="ogc_tgsequence",
    )
    def tgsequence(
        request: Request,
        truck: Truck,
        bbox: Bounds = None,
        datetime: When = None,
        leaf: Leaf = None,
        points: Points = 1000,
        limit: Number = 1000,
    ) -> Response:
        """The unbroken ways of a truck as moving points, in about so many points; or, with leaf, where it
        was at each instant. Shaped after OGC API – Moving Features.
        """
        now, here = (
            within(site().truck(truck), datetime),
            address(request, *_ROOM, *_ITEMS, truck, "tgsequence"),
        )
        kept = inside_box(now, bbox) if bbox is not None else None
        instants = leaves(now, leaf) if leaf is not None else None
        if instants is not None and bbox is not None:
            raise BadRequest("leaf and bbox cannot be asked together here; leave one of them out.")

        def document(seconds: float) -> models.Document:
            on = items.plane(now, seconds)
            if instants is not None:
                window = now.narrowed_to
                inside = [at for at in instants if window is None or window[0] <= at < window[1]]
                found = ways.at_instants(now, on, inside, seconds) if inside else []
            else:
                found = ways.thinned(now, on, points, kept, seconds)
            return {
                "type": "TemporalGeometrySequence",
                "geometrySequence": found[:limit],
                "links": [_link(_with(here, request, {}), "self")],
                "numberMatched": len(found),
                "numberReturned": len(found[:limit]),
            }

        return _answer(request, now, document)

    @router.get(
        "/collections/trucks/items/{truck:name}/tproperties",
        response_model=models.Properties,
        response_model_exclude_unset=True,
        summary="What is measured of a truck",
        operation_id="ogc_tproperties",
    )
    def tproperties(request: Request, truck: Truck) -> Response:
        """What is measured of a truck over time. Shaped after OGC API – Moving Features."""
        now, here = site().truck(truck), address(request, *_ROOM, *_ITEMS, truck, "tproperties")
        told = [properties.described(name) for name in properties.PROPERTIES]
        return _answer(
            request,
            now,
            lambda _s: {
                "temporalProperties": told,
                "links": [_link(here, "self"), *(_link(f"{here}/{each['name']}", "item") for each in told)],
                "numberMatched": len(told),
                "numberReturned": len(told),
            },
        )

    @router.get(
        "/collections/trucks/items/{truck:name}/tproperties/{tproperty:part}",
        response_model=models.PropertyValues,
        summary="One thing that is measured of a truck",
        operation_id="ogc_tproperty",
    )
    def tproperty(
        request: Request, truck: Truck, name: Name, datetime: When = None, limit: Number = 1000
    ) -> Response:
        """The readings of one property, in pages, in unbroken stretches. Shaped after OGC API – Moving
        Features.
        """
        if name not in properties.PROPERTIES:
            raise unknown("property", name[:60], properties.PROPERTIES, "this answer")
        now, here = (
            within(site().truck(truck), datetime),
            address(request, *_ROOM, *_ITEMS, truck, "tproperties", name),
        )

        def document(seconds: float) -> models.Document:
            found, last = properties.values(now, name, limit, seconds)
            links = [_link(_with(here, request, {}), "self")]
            if last is not None:
                until = now.narrowed_to[1] - TICK if now.narrowed_to else None
                rest = f"{_exact(last + TICK)}/{_exact(until) if until else '..'}"
                links.append(_link(_with(here, request, {"datetime": rest}), "next"))
            number = sum(len(each["values"]) for each in found)
            return {"temporalProperties": found, "links": links, "numberReturned": number}

        return _answer(request, now, document)

    @router.get(
        "/collections/trucks/items/{truck:name}",
        response_model=models.Feature,
        response_model_exclude_unset=True,
        responses=_OF_FEATURES,
        summary="A truck as a feature",
        operation_id="ogc_item",
    )
    def feature(request: Request, truck: Truck) -> Response:
        """One truck. Shaped after OGC API – Moving Features."""
        now, here = site().truck(truck), address(request, *_ROOM, *_ITEMS, truck)

        def document(seconds: float) -> models.Document:
            on = items.plane(now, seconds)
            reached = items.reach(now.positions, on, seconds)
            (found,) = items.features(now, [truck], on, reached, seconds)
            links = [
                _link(here, "self", _GEOJSON),
                _link(f"{here}/tgsequence", "tgsequence"),
                _link(f"{here}/tproperties", "tproperties"),
            ]
            return {**found, **on.of_document, "links": links}

        return _answer(request, now, document, _GEOJSON)


def _extent(site: Site, seconds: float) -> models.Document:
    on = items.plane(site, seconds)
    reached = list(items.reach(site.positions, on, seconds).values())
    extent: models.Document = {}
    boxes = [box for each in reached if (box := items.box_of(each)) is not None]
    if boxes:
        least, most = (
            zip(*(box[:2] for box in boxes), strict=True),
            zip(*(box[2:] for box in boxes), strict=True),
        )
        named = on.crs["properties"]["name"]
        extent["spatial"] = {"bbox": [[*map(min, least), *map(max, most)]], "crs": named}
    if site.period is not None:
        extent["temporal"] = {"interval": [[_exact(site.period[0]), _exact(site.period[1])]]}
    return {"extent": extent} if extent else {}


def _answer(
    request: Request, site: Site, document: Callable[[float], models.Document], media: str = _JSON
) -> Response:
    seconds = request.app.state.settings.query_s
    return answered(request, site, lambda: Body(encode(document(seconds)), media, {}), media)


def _link(href: str, rel: str, media: str = _JSON) -> dict[str, str]:
    return {"href": href, "rel": rel, "type": media}


def _with(here: str, request: Request, changes: dict[str, str]) -> str:
    """The address of this question, changed."""
    asked = {**dict(request.query_params.multi_items()), **changes}
    # A key that somebody put into an address is not said back.
    return struck_out(here + (f"?{urlencode(asked)}" if asked else ""))


def _exact(when: Any) -> str:
    return str(when.isoformat()).replace("+00:00", "Z")
