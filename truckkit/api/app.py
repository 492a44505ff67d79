"""REST: a typed service over a site, read-only but for records. ``create_app`` is pure: routes ask the site.

>>> import truckkit as tk
>>> app = create_app(tk.sample())
>>> app.openapi()["info"]["title"]
'truckkit'
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from fastapi import Depends, FastAPI, Security
from fastapi.middleware.cors import CORSMiddleware
from fastapi_offline import FastAPIOffline

from truckkit import errors, served
from truckkit.api import logs, models
from truckkit.api.access import Access, admitted
from truckkit.api.aemp import aemp
from truckkit.api.encoding import Encoding
from truckkit.api.health import health
from truckkit.api.kept import Kept
from truckkit.api.limits import Limits
from truckkit.api.manners import Manners
from truckkit.api.monitoring import METHODS, Monitor
from truckkit.api.moving_features import moving_features
from truckkit.api.problems import answer_with_problems, only_known_parameters
from truckkit.api.rates import Rates
from truckkit.api.recall import Recall, Recalling
from truckkit.api.records import records
from truckkit.api.resources import resources
from truckkit.api.settings import Settings
from truckkit.api.tracing import Tracing
from truckkit.api.whole_files import send_files_whole
from truckkit.site import Site
from truckkit.store import Store
from truckkit.store.keys import Ring

STATUSES = {
    errors.UnknownName: 404,
    errors.NoSuchFormat: 406,
    errors.AlreadyThere: 409,
    errors.StaleCursor: 410,
    errors.Outdated: 412,
    errors.BadTime: 422,
    errors.BadRequest: 422,
    errors.TooSlow: 503,
    errors.StoreBusy: 503,
    errors.CannotWrite: 503,
    errors.NoStore: 503,
    errors.NewerStore: 503,
    errors.DamagedStore: 503,
}
"""Nothing below this module knows of HTTP."""

_EVERYWHERE: dict[int | str, dict[str, Any]] = {
    401: models.problem("A key is wanted, and none that holds was shown."),
    403: models.problem("Whoever asks may not do this."),
    413: models.problem("The body of the request is too long."),
    422: models.problem("A parameter that cannot be meant."),
    429: models.problem("That was too often; Retry-After says when to come back."),
    500: models.problem("The server failed."),
    503: models.problem("The server is busy, or the store cannot be read now; see Retry-After."),
}
_OF_RESOURCES: dict[int | str, dict[str, Any]] = {
    404: models.problem("A name that is not there."),
    410: models.problem("The cursor's generation has been replaced."),
}


def create_app(
    site: Site | Callable[[], Site],
    prefix: str = "/api",
    settings: Settings | None = None,
    folder: Path | None = None,
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
    folder
        The store's folder, whose keys are wanted; without it, that of the site.
    """
    settings = settings or Settings()
    if folder is None and isinstance(site, Site) and isinstance(site.store, Store):
        folder = site.store.folder
    newest = site.session if isinstance(site, Site) else site
    app = FastAPIOffline(
        title="truckkit",
        version="1",
        description="Positions, states and haul cycles of a mine's trucks. Instants are UTC. Work orders and "
        "annotations may be written with a key of the role write; all else is read-only.",
        docs_url=f"{prefix}/docs",
        redoc_url=None,
        openapi_url=f"{prefix}/openapi.json",
        static_url=f"{prefix}/static",
        swagger_ui_oauth2_redirect_url=f"{prefix}/docs/oauth2-redirect",
        separate_input_output_schemas=False,
        redirect_slashes=False,
    )
    app.state.settings = settings
    app.state.prefix = prefix
    kept = Kept(settings.cache_mb * 1_000_000) if settings.cache_mb else None
    app.state.recall = Recall(kept) if kept else None
    app.state.monitor = monitor = Monitor(lambda: kept)
    send_files_whole(app)
    answer_with_problems(app, STATUSES)
    if app.state.recall:
        app.add_middleware(Recalling, recall=app.state.recall, site=newest)
    _guard(app, Ring(folder), settings, monitor, prefix)
    # What Access has let pass, and nobody else: a route cannot be reached in any other way.
    checked = [Security(admitted), Depends(only_known_parameters)]
    app.include_router(
        records(newest, folder), prefix=f"{prefix}/v1", dependencies=checked, responses=_EVERYWHERE
    )
    app.include_router(
        resources(newest), prefix=f"{prefix}/v1", dependencies=checked, responses=_EVERYWHERE | _OF_RESOURCES
    )
    for shaped in (aemp, moving_features):
        app.include_router(
            shaped(newest), prefix=f"{prefix}/v1", dependencies=checked, responses=_EVERYWHERE | _OF_RESOURCES
        )
    app.include_router(health(newest, monitor), prefix=prefix, dependencies=checked, responses=_EVERYWHERE)
    return app


def _guard(app: FastAPI, ring: Ring, settings: Settings, monitor: Monitor, prefix: str) -> None:
    """What stands around every route; the last that is added is the first that a request meets."""
    rates = Rates(settings.per_minute)
    app.add_middleware(Limits, settings=settings, rates=rates, monitor=monitor, prefix=prefix)
    app.add_middleware(Access, ring=ring, settings=settings, rates=rates, prefix=prefix)
    app.add_middleware(Encoding)
    if settings.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.origins,
            allow_methods=sorted(METHODS),
            allow_headers=["Authorization", "Content-Type", "If-Match", "If-None-Match", "Idempotency-Key"],
            expose_headers=[
                "ETag",
                "Idempotency-Replayed",
                "Link",
                "Location",
                "Retry-After",
                "Truckkit-Generation",
                "X-Request-ID",
            ],
        )
    if settings.tracing:
        app.add_middleware(Tracing)
    app.add_middleware(Manners, monitor=monitor, pages=f"{prefix}/docs")
    if settings.open:
        logs.requests.warning("open", reason="while there are no keys, every machine is answered")


def from_environment() -> FastAPI:
    """The service over the store that ``TRUCKKIT_STORE`` names, for ``uvicorn --factory``."""
    logs.to_stderr_where_nobody_listens()
    return create_app(served.site, folder=served.folder())
