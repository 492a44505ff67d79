"""REST: a typed, read-only service over a site. ``create_app`` is pure: routes ask the site.

>>> import truckkit as tk
>>> app = create_app(tk.sample())
>>> app.openapi()["info"]["title"]
'truckkit'
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Depends, FastAPI
from fastapi.responses import Response
from fastapi_offline import FastAPIOffline

from truckkit import errors, schema, served
from truckkit.api import models
from truckkit.api.answers import said
from truckkit.api.manners import Manners
from truckkit.api.problems import answer_with_problems, only_known_parameters
from truckkit.api.resources import resources
from truckkit.api.rows import encode
from truckkit.api.settings import Settings
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


def create_app(
    site: Site | Callable[[], Site], prefix: str = "/api", settings: Settings | None = None
) -> FastAPI:
    """The service over a site.

    Parameters
    ----------
    site
        The site, or what gives it, each time that it is asked. Each request works on the newest
        generation of its store.
    prefix
        Where the service stands on its server.
    settings
        Its limits; without them, those of the environment.
    """
    newest = site.session if isinstance(site, Site) else site
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
        redirect_slashes=False,
    )
    app.state.settings = settings or Settings()
    app.state.docs = f"{prefix}/docs"
    app.add_middleware(Manners)
    answer_with_problems(app, STATUSES)
    checked = [Depends(only_known_parameters)]
    live: dict[int | str, dict[str, Any]] = {status: _PROBLEMS[status] for status in (422, 500, 503)}
    app.include_router(_health(newest), prefix=prefix, dependencies=checked, responses=live)
    app.include_router(resources(newest), prefix=f"{prefix}/v1", dependencies=checked, responses=_PROBLEMS)
    return app


def from_environment() -> FastAPI:
    """The service over the store that ``TRUCKKIT_STORE`` names, for ``uvicorn --factory``."""
    return create_app(served.site)


def _health(site: Callable[[], Site]) -> APIRouter:
    router = APIRouter(tags=["health"])

    @router.get("/health", response_model=models.Health, summary="Health", operation_id="health")
    def health() -> Response:
        """Whether the service is ready, on which generation, and how old its data is."""
        now = site()
        content = {
            "status": "ready",
            "site": now.name,
            "version": schema.VERSION,
            "generation": now.generation,
            "trucks": len(now.truck_names),
            "start": said(now.start),
            "stop": said(now.stop),
            "age_s": (dt.datetime.now(dt.UTC) - now.stop).total_seconds() if now.stop else None,
        }
        return Response(encode(content), media_type="application/json", headers={"Cache-Control": "no-store"})

    return router
