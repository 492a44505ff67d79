"""A deep link that opens the replay at a moment."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from truckkit.api.answers import said
from truckkit.api.formats import liked
from truckkit.api.parameters import Start, Stop, Trucks, instant, narrowed
from truckkit.api.rows import encode
from truckkit.errors import BadRequest
from truckkit.site import Site

_BEFORE, _AFTER = dt.timedelta(minutes=10), dt.timedelta(minutes=10)

At = Annotated[
    str | None,
    Query(description="The moment, RFC 3339 with Z or an offset. Empty: the start.", max_length=100),
]
Speed = Annotated[
    float | None, Query(gt=0, le=10_000, allow_inf_nan=False, description="How many times as fast as it was.")
]


class Link(BaseModel):
    """Where the replay opens at a moment."""

    model_config = ConfigDict(extra="forbid")

    address: str = Field(description="Path and query of the dashboard, on the server that carries it.")


def replay(site: Callable[[], Site]) -> APIRouter:
    """The route over a site."""
    router = APIRouter(tags=["resources"])

    @router.get(
        "/replay",
        response_model=Link,
        responses={303: {"description": "The client is a browser: it goes on to the dashboard."}},
        summary="Link to the replay",
        operation_id="replay",
    )
    def route(
        request: Request,
        truck: Trucks = None,
        start: Start = None,
        stop: Stop = None,
        at: At = None,
        speed: Speed = None,
    ) -> Response:
        """Where the replay opens: a browser, which likes HTML best, goes on, a program gets the address."""
        now = site()
        moment = instant(now, at) if at is not None else None
        if start is None and stop is None and moment is not None:
            start, stop = said(moment - _BEFORE), said(moment + _AFTER)
        now = narrowed(now, truck, start, stop)
        window = now.narrowed_to or now.period
        if window is not None and moment is not None and not window[0] <= moment < window[1]:
            raise BadRequest(
                f"at is {said(moment)}, outside of the window {said(window[0])} to {said(window[1])}; "
                "give a moment within it, or leave start and stop out."
            )
        query: list[tuple[str, Any]] = [("truck", name) for name in now.of_trucks or ()]
        if window is not None:
            query = [
                ("start", said(window[0])),
                ("stop", said(window[1])),
                ("at", said(moment or window[0])),
                *query,
            ]
        if speed is not None:
            query.append(("speed", f"{speed:g}"))
        address = "/replay" + (f"?{urlencode(query)}" if query else "")
        headers = {"Cache-Control": "no-store", "Vary": "Accept"}
        accept = ",".join(request.headers.getlist("accept"))
        if liked("text/html", accept) > liked("application/json", accept):
            return Response(status_code=303, headers={**headers, "Location": address})
        return Response(encode({"address": address}), media_type="application/json", headers=headers)

    return router
