"""REST: a typed, read-only service over a site. ``create_app`` is pure: routes ask the site.

>>> import truckkit as tk
>>> app = create_app(tk.sample)
>>> app.openapi()["info"]["title"]
'truckkit'
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable
from typing import Annotated, Any
from urllib.parse import urlencode

import ibis
from fastapi import APIRouter, Depends, FastAPI, Path, Query, Request
from fastapi.responses import Response
from fastapi_offline import FastAPIOffline

from truckkit import errors, schema, served
from truckkit.api import models
from truckkit.api.pages import page
from truckkit.api.problems import answer_with_problems, only_known_parameters
from truckkit.api.rows import encode, to_rows
from truckkit.site import Site

STATUSES = {
    errors.UnknownName: 404,
    errors.StaleCursor: 410,
    errors.BadTime: 422,
    errors.BadRequest: 422,
    errors.StoreBusy: 503,
    errors.NoStore: 503,
    errors.NewerStore: 503,
    errors.DamagedStore: 503,
}
"""Nothing below this module knows of HTTP."""

_PROBLEM: dict[str, Any] = {"model": models.Problem, "content": {"application/problem+json": {}}}
_PROBLEMS: dict[int | str, dict[str, Any]] = {
    404: {**_PROBLEM, "description": "A name that is not there."},
    410: {**_PROBLEM, "description": "The cursor's generation has been replaced."},
    422: {**_PROBLEM, "description": "A parameter that cannot be meant."},
    500: {**_PROBLEM, "description": "The server failed."},
    503: {**_PROBLEM, "description": "The store cannot be read now."},
}

Truck = Annotated[str, Path(description="Name of the truck.", max_length=20_000)]
Trucks = Annotated[
    list[str] | None, Query(alias="truck", description="Trucks; repeat for several. Empty: all.")
]
Start = Annotated[
    str | None,
    Query(description="First instant, RFC 3339 with Z or an offset, such as 2026-11-22T21:00:00.250Z."),
]
Stop = Annotated[
    str | None, Query(description="First instant after the window, RFC 3339 with Z or an offset.")
]
Source = Annotated[str | None, Query(description="fms or detected; empty: fms where there is one.")]
Limit = Annotated[int, Query(ge=1, le=10_000, description="Rows a page.")]
After = Annotated[str | None, Query(alias="cursor", description="From a page's next.", max_length=100_000)]


_Decorator = Callable[[Callable[..., Response]], Callable[..., Response]]


def _get(router: APIRouter, path: str, model: Any, summary: str) -> _Decorator:
    """GET, as documented, and HEAD, which is the same without a body."""

    def routed(answer: Callable[..., Response]) -> Callable[..., Response]:
        number = summary.lower().replace(" ", "_")
        router.head(path, include_in_schema=False)(answer)
        return router.get(path, response_model=model, summary=summary, operation_id=number)(answer)

    return routed


def create_app(site: Callable[[], Site], prefix: str = "/api") -> FastAPI:
    """The service over a site.

    Parameters
    ----------
    site
        Gives the site on its newest generation, each time that it is asked.
    prefix
        Where the service stands on its server.
    """
    app = FastAPIOffline(
        title="truckkit",
        version="1",
        description="Positions, states and haul cycles of a mine's trucks. Read-only; instants are UTC.",
        docs_url=f"{prefix}/docs",
        redoc_url=None,
        openapi_url=f"{prefix}/openapi.json",
        static_url=f"{prefix}/static",
        swagger_ui_oauth2_redirect_url=f"{prefix}/docs/oauth2-redirect",
        separate_input_output_schemas=False,
    )
    app.state.docs = f"{prefix}/docs"
    answer_with_problems(app, STATUSES)
    app.include_router(_health(site), prefix=prefix)
    app.include_router(_resources(site), prefix=f"{prefix}/v1")
    return app


def from_environment() -> FastAPI:
    """The service over the store that ``TRUCKKIT_STORE`` names, for ``uvicorn --factory``."""
    return create_app(served.site)


def _health(site: Callable[[], Site]) -> APIRouter:
    router = APIRouter(tags=["health"], responses={500: _PROBLEMS[500], 503: _PROBLEMS[503]})

    @_get(router, "/health", models.Health, "Health")
    def health(request: Request) -> Response:
        """Whether the service is ready, on which generation, and how old its data is."""
        now = site()
        age = (dt.datetime.now(dt.UTC) - now.stop).total_seconds() if now.stop else None
        content = {
            "status": "ready",
            "site": now.name,
            "version": app_version(),
            "generation": now.generation,
            "trucks": len(now.truck_names),
            "start": _said(now.start),
            "stop": _said(now.stop),
            "age_s": age,
        }
        return Response(encode(content), media_type="application/json", headers={"Cache-Control": "no-store"})

    return router


def _resources(site: Callable[[], Site]) -> APIRouter:
    router = APIRouter(tags=["resources"], responses=_PROBLEMS, dependencies=[Depends(only_known_parameters)])

    @_get(router, "/trucks", models.TruckPage, "Trucks")
    def trucks(request: Request, limit: Limit = 1000, cursor: After = None) -> Response:
        """The haul trucks that the site knows."""
        now = site()
        return _page(request, now, now.trucks, schema.TRUCKS, limit, cursor)

    @_get(router, "/trucks/{truck:path}/positions", models.PositionPage, "Positions of a truck")
    def positions(
        request: Request,
        truck: Truck,
        start: Start = None,
        stop: Stop = None,
        limit: Limit = 1000,
        cursor: After = None,
    ) -> Response:
        """Positions of one truck in a window; without one, all of them."""
        now = _narrowed(site(), [truck], start, stop)
        return _page(request, now, now.positions, schema.POSITIONS, limit, cursor)

    @_get(router, "/trucks/{truck:path}", models.Truck, "One truck")
    def truck(request: Request, truck: Truck) -> Response:
        """One haul truck."""
        now = site().truck(truck)
        return _answer(request, now, lambda: to_rows(now.trucks.to_pyarrow())[0])

    @_get(router, "/states", models.StatePage, "States")
    def states(
        request: Request,
        truck: Trucks = None,
        start: Start = None,
        stop: Stop = None,
        source: Source = None,
        limit: Limit = 1000,
        cursor: After = None,
    ) -> Response:
        """State intervals that overlap the window, whole."""
        now = _narrowed(site(), truck, start, stop, source)
        return _page(request, now, now.states, schema.STATE_INTERVALS, limit, cursor)

    @_get(router, "/cycles", models.CyclePage, "Cycles")
    def cycles(
        request: Request,
        truck: Trucks = None,
        start: Start = None,
        stop: Stop = None,
        source: Source = None,
        limit: Limit = 1000,
        cursor: After = None,
    ) -> Response:
        """Haul cycles that overlap the window, whole."""
        now = _narrowed(site(), truck, start, stop, source)
        return _page(request, now, now.cycles, schema.CYCLES, limit, cursor)

    return router


def _narrowed(
    site: Site, trucks: list[str] | None, start: str | None, stop: str | None, source: str | None = None
) -> Site:
    if trucks:
        site = site.truck(*trucks)
    if source is not None:
        site = site.using(source)
    if start is None and stop is None:
        return site
    first, last = site.exact(start) if start else site.start, site.exact(stop) if stop else site.stop
    if first is None or last is None or (last <= first and not (start and stop)):
        # One bound was given, and the data lies on the other side of it.
        known = first or last or dt.datetime.now(dt.UTC)
        return site.between(known, known + dt.timedelta(microseconds=1))
    return site.between(first, last)


def _page(
    request: Request, site: Site, rows: ibis.Table, table: schema.Table, limit: int, cursor: str | None
) -> Response:
    asked = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
    question = hashlib.sha256(repr((request.url.path, sorted(asked))).encode()).hexdigest()[:16]

    def content() -> dict[str, Any]:
        found = page(rows, table, limit, cursor, site.generation, question)
        following = (
            f"{request.url.path}?{urlencode([*asked, ('cursor', found.next.text())])}" if found.next else None
        )
        return {"rows": to_rows(found.rows), "next": following, "generation": site.generation}

    return _answer(request, site, content)


def _answer(request: Request, site: Site, content: Callable[[], Any]) -> Response:
    """The answer, or 304 where the client has it: a generation never changes what it says."""
    asked = f"{site.generation} {request.url.path}?{request.url.query}"
    tag = f'"{hashlib.sha256(asked.encode()).hexdigest()[:24]}"'
    headers = {"ETag": tag, "Cache-Control": "private, max-age=0, must-revalidate"}
    held = [each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")]
    if site.generation is not None and (tag in held or "*" in held):
        return Response(status_code=304, headers=headers)
    return Response(encode(content()), media_type="application/json", headers=headers)


def _said(when: dt.datetime | None) -> str | None:
    return when.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z") if when else None


def app_version() -> str:
    """The truckkit that answers."""
    return schema.VERSION
