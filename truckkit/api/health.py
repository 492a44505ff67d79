"""How the service is: for a load balancer in one word, for people in full, for Prometheus in numbers.

``/health/live`` and ``/health/ready`` say one word and want no key; where keys are wanted, ``/health`` and
``/metrics`` want one. None of them waits for a turn.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from prometheus_client import CONTENT_TYPE_LATEST

from truckkit.api import models
from truckkit.api.answers import said
from truckkit.api.monitoring import Monitor
from truckkit.api.rows import encode
from truckkit.errors import TruckkitError
from truckkit.site import Site
from truckkit.version import VERSION

_KEY_OR_NONE: dict[str, Any] = {"security": [{}]}


def health(site: Callable[[], Site], monitor: Monitor) -> APIRouter:
    """The routes that tell how the service over a site is."""
    router = APIRouter(tags=["health"])

    @router.get("/health", response_model=models.Health, summary="Health", operation_id="health")
    def whole(request: Request) -> Response:
        """Whether the service is ready, on which generation, and how old its data is."""
        now = site()
        return _json(
            {
                "status": "ready",
                "site": now.name,
                "version": VERSION,
                "generation": now.generation,
                "trucks": len(now.truck_names),
                "start": said(now.start),
                "stop": said(now.stop),
                "age_s": _age_s(now),
            }
        )

    @router.get(
        "/health/live",
        response_model=models.Live,
        summary="Live",
        operation_id="live",
        openapi_extra=_KEY_OR_NONE,
    )
    async def live() -> Response:
        """That the process answers; no key is wanted, and nothing is waited for."""
        return _json({"status": "live"})

    @router.get(
        "/health/ready",
        response_model=models.Ready,
        summary="Ready",
        operation_id="ready",
        openapi_extra=_KEY_OR_NONE,
    )
    def ready() -> Response:
        """That the store is open; else 503. No key is wanted."""
        site()
        return _json({"status": "ready"})

    @router.get(
        "/metrics",
        response_class=Response,
        summary="Numbers for Prometheus",
        operation_id="prometheus",
        responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
    )
    def prometheus() -> Response:
        """What this process has done, in the text format of Prometheus."""
        try:
            now = site()
        except TruckkitError:
            monitor.ready.set(0)
        else:
            monitor.ready.set(1)
            monitor.generation.set(now.generation or 0)
            age_s = _age_s(now)
            monitor.age.set(float("nan") if age_s is None else age_s)
        return Response(
            monitor.text(), headers={"Cache-Control": "no-store", "Content-Type": CONTENT_TYPE_LATEST}
        )

    return router


def _age_s(site: Site) -> float | None:
    return (dt.datetime.now(dt.UTC) - site.stop).total_seconds() if site.stop else None


def _json(content: dict[str, Any]) -> Response:
    return Response(encode(content), media_type="application/json", headers={"Cache-Control": "no-store"})
