"""Machines as telematics tells them, shaped after AEMP 2.0 (ISO/TS 15143-3): snapshots and series.

The shape of paths, names and pages is that of the standard as its public implementations have it; no
conformance is claimed. XML where nothing else is asked for, or JSON. What the store does not know is left
out, and what truckkit counted itself says since when (``countedSince``); see ``counters``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response

from truckkit.api import models as answers
from truckkit.api.addresses import address
from truckkit.api.aemp import machines, models
from truckkit.api.aemp.sections import SERIES
from truckkit.api.aemp.xml import xml
from truckkit.api.answers import answered
from truckkit.api.formats import Format, chosen
from truckkit.api.kept import Body
from truckkit.api.parameters import Named, Truck, instant
from truckkit.api.rows import encode
from truckkit.errors import BadTime, unknown
from truckkit.site import Site

Page = Annotated[int, Path(ge=1, le=1_000_000_000, description="Number of the page; the first is 1.")]
Resource = Annotated[str, Path(description="Which series: " + ", ".join(SERIES) + ".", max_length=100)]
Begin = Annotated[str, Path(description="First instant, RFC 3339 with Z or an offset.", max_length=100)]
End = Annotated[
    str, Path(description="First instant after the window, RFC 3339 with Z or an offset.", max_length=100)
]
_ROOM = ("v1", "aemp")
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {"application/xml": {"schema": {"type": "string"}}},
        "headers": {"ETag": {"schema": {"type": "string"}}},
    },
    304: {"description": "The client has this answer."},
    406: answers.problem("No format that is wanted, or a name that XML cannot hold."),
}


def aemp(site: Callable[[], Site]) -> APIRouter:
    """The routes over a site."""
    router = APIRouter(prefix="/aemp", tags=["shaped after AEMP 2.0"], responses=_ANSWERS)

    @router.get(
        "/Fleet/{page:part}",
        response_model=models.Fleet,
        response_model_exclude_unset=True,
        summary="The fleet, shaped after AEMP 2.0",
        operation_id="aemp_fleet",
    )
    def fleet(request: Request, page: Page, format: Named = None) -> Response:
        """The newest known of each machine, a hundred a page; shaped after AEMP 2.0 (ISO/TS 15143-3)."""
        now, above = site(), address(request, *_ROOM, "Fleet")
        return _answer(
            request, now, format, "Fleet", lambda query, s: machines.fleet(now, page, above, query, s)
        )

    # A truck's name may hold a slash; so the series come before the machine alone.
    @router.get(
        "/Fleet/Equipment/ID/{truck:name}/{resource:part}/{start:part}/{stop:part}/{page:part}",
        response_model=models.Series,
        response_model_exclude_unset=True,
        summary="A series of one machine, shaped after AEMP 2.0",
        operation_id="aemp_series",
    )
    def series(
        request: Request,
        truck: Truck,
        resource: Resource,
        start: Begin,
        stop: End,
        page: Page,
        format: Named = None,
    ) -> Response:
        """One part of a machine in a window, in the order of time, a hundred rows a page; shaped after
        AEMP 2.0 (ISO/TS 15143-3).
        """
        now = site()
        above = address(request, *_ROOM, "Fleet", "Equipment", "ID", truck, resource, start, stop)
        if resource not in SERIES:
            raise unknown("series", resource, SERIES, "this answer")
        window = (instant(now, start), instant(now, stop))
        if window[0] >= window[1]:
            raise BadTime(
                f'the window from "{start}" to "{stop}" holds nothing; let it stop after its start.'
            )
        section = SERIES[resource]
        return _answer(
            request,
            now,
            format,
            section.series,
            lambda query, s: machines.series(now, truck, section, window, page, above, query, s),
        )

    @router.get(
        "/Fleet/Equipment/ID/{truck:name}",
        response_model=models.OneMachine,
        response_model_exclude_unset=True,
        summary="One machine, shaped after AEMP 2.0",
        operation_id="aemp_machine",
    )
    def machine(request: Request, truck: Truck, format: Named = None) -> Response:
        """The newest known of one machine; shaped after AEMP 2.0 (ISO/TS 15143-3)."""
        now, here = site(), address(request, *_ROOM, "Fleet", "Equipment", "ID", truck)
        return _answer(
            request,
            now,
            format,
            "Equipment",
            lambda query, s: machines.machine(now, truck, here, query, s),
        )

    return router


def _answer(
    request: Request, site: Site, format: str | None, name: str, told: Callable[[str, float], dict[str, Any]]
) -> Response:
    form = _form(request, format)
    query = "?" + urlencode({"format": format}) if format is not None else ""

    def content() -> Body:
        document = told(query, request.app.state.settings.query_s)
        return Body(xml(name, document) if form.name == "xml" else encode(document), form.media, {})

    return answered(request, site, content, form.name)


def _form(request: Request, format: str | None) -> Format:
    accept = ",".join(request.headers.getlist("accept")) or "*/*"
    # The standard's own media types are XML and JSON by another name.
    return chosen(format, accept.replace("iso15143-snapshot+", ""), ("xml", "json"))
