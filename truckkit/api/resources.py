"""The resources of REST: what stands under ``/api/v1``.

A resource is a table with the parameters that it knows. The routes are plain functions, so that each
runs in a thread of its own while the server goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from truckkit import schema
from truckkit.api import models
from truckkit.api.answers import answered, rows_of
from truckkit.api.asked import Asked
from truckkit.api.documented import of_rows
from truckkit.api.kept import Body
from truckkit.api.measures import measures
from truckkit.api.narrowing import kept_rows
from truckkit.api.parameters import Truck, narrowed, picked, signature
from truckkit.api.replay import replay
from truckkit.api.rows import encode_rows
from truckkit.api.samples import samples
from truckkit.api.tracks import tracks
from truckkit.site import Site

_WINDOW = ("truck", "start", "stop")
_PAGED = ("columns", "limit", "cursor", "format")


@dataclass(frozen=True)
class Resource:
    """One table, as it is asked for."""

    name: str
    table: schema.Table
    meaning: str
    filters: tuple[str, ...] = ()
    about: bool = False
    """Whether it is about the site itself, and no table that the site hands out."""


RESOURCES = (
    Resource("trucks", schema.TRUCKS, "The haul trucks that the site knows.", ("truck",)),
    Resource(
        "positions", schema.POSITIONS, "Positions in a window; without one, all of them.", (*_WINDOW, "bbox")
    ),
    Resource("telemetry", schema.TELEMETRY, "Readings of channels; columns chooses which.", _WINDOW),
    Resource("channels", schema.CHANNELS, "Readings of channels that telemetry has no column for.", _WINDOW),
    Resource(
        "states",
        schema.STATE_INTERVALS,
        "State intervals that overlap the window, whole.",
        (*_WINDOW, "source", "state", "place", "min_duration_s"),
    ),
    Resource(
        "cycles",
        schema.CYCLES,
        "Haul cycles that overlap the window, whole; of a place, those that load or dump there.",
        (*_WINDOW, "source", "place", "min_duration_s"),
    ),
    Resource("events", schema.EVENTS, "What happened to trucks in the window.", (*_WINDOW, "place")),
    Resource("places", schema.PLACES, "The places in the mine.", ("place", "bbox")),
    Resource(
        "roads", schema.ROADS, "The road segments; of a place, those that start or end there.", ("place",)
    ),
    Resource("shifts", schema.SHIFTS, "The shifts that overlap the window.", ("start", "stop")),
    Resource(
        "maintenance",
        schema.MAINTENANCE,
        "Work orders that overlap the window.",
        (*_WINDOW, "min_duration_s"),
    ),
    Resource(
        "refuels",
        schema.REFUELS,
        "Refuellings that overlap the window.",
        (*_WINDOW, "place", "min_duration_s"),
    ),
    Resource("annotations", schema.ANNOTATIONS, "Remarks about stretches of time.", _WINDOW),
    Resource("findings", schema.FINDINGS, "What is wrong with the data.", (*_WINDOW, "min_duration_s")),
    Resource("latest", schema.LATEST, "The newest known of every truck.", ("truck", "bbox")),
    Resource("loads", schema.LOADS, "What was brought in: the ledger."),
    Resource("rejects", schema.REJECTS, "Rows that loads refused, each with its reason."),
    Resource("plans", schema.PLANS, "What was planned for each shift."),
    Resource("limits", schema.LIMITS, "The limits that the site has set."),
    Resource("rosters", schema.ROSTERS, "The shifts that rosters give every day."),
    Resource("tyres", schema.TYRES, "The tyres of each truck model."),
    Resource("usage_models", schema.USAGE_MODELS, "The site's own time usage models."),
    Resource("revisions", schema.REVISIONS, "Answers that late data changed."),
    Resource("watermarks", schema.WATERMARKS, "How far each source has been read."),
    Resource("site", schema.SITE, "The mine itself: its name, time zone and grid.", about=True),
    Resource("files", schema.FILES, "What lies behind: which time each file tells of.", about=True),
    Resource("sources", schema.SOURCES_OF_TRUCKS, "Who tells of the states of which truck.", about=True),
    Resource("loaders", schema.LOADERS, "The loading units.", about=True),
    Resource(
        "rows",
        schema.ROWS,
        "How many rows each table has for these trucks, window and source.",
        (*_WINDOW, "source"),
        about=True,
    ),
)
"""The tables that are asked for as they are stored."""


def resources(site: Callable[[], Site]) -> APIRouter:
    """The routes over a site, each on its newest generation."""
    router = APIRouter(tags=["resources"], responses={406: models.problem("No format that is wanted.")})
    for resource in RESOURCES:
        _route(router, site, resource, f"/{resource.name}", resource.name)
    # A truck's name may hold a slash; so these come before the truck alone.
    for resource in RESOURCES:
        if resource.table.sampled:
            path = f"/trucks/{{truck:name}}/{resource.name}"
            _route(router, site, resource, path, f"truck_{resource.name}", {"truck": Truck})

    @router.get(
        "/trucks/{truck:name}", response_model=models.Truck, summary="One truck", operation_id="truck"
    )
    def truck(request: Request, truck: Truck) -> Response:
        """One haul truck."""
        now = site().truck(truck)
        return answered(
            request, now, lambda: Body(encode_rows(now.trucks.to_pyarrow())[1:-1], "application/json", {})
        )

    for more in (samples, tracks, measures, replay):
        router.include_router(more(site))
    return router


def _route(
    router: APIRouter,
    site: Callable[[], Site],
    resource: Resource,
    path: str,
    operation: str,
    of_path: Mapping[str, Any] | None = None,
) -> None:
    table = resource.table

    def route(
        request: Request,
        truck: str | list[str] | None = None,
        start: str | None = None,
        stop: str | None = None,
        source: str | None = None,
        columns: list[str] | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        format: str | None = None,
        **filters: Any,
    ) -> Response:
        now = narrowed(site(), [truck] if isinstance(truck, str) else truck, start, stop, source)
        said = {name: value for name, value in filters.items() if value is not None and value != []}
        asked = Asked(
            site=now,
            table=table,
            columns=picked(columns, table.names, table.name),
            rows=(lambda site: site.about(table.name)) if resource.about else kept_rows(now, table, said),
            plain=table in (schema.POSITIONS, schema.TELEMETRY) and not said,
            seconds=request.app.state.settings.query_s,
        )
        return rows_of(request, asked, format=format, limit=limit, cursor=cursor)

    names = [name for name in (*resource.filters, *_PAGED) if name not in (of_path or {})]
    route.__signature__ = signature(names, of_path)  # type: ignore[attr-defined]
    row, page = models.ROWS[table.name], models.PAGES[table.name]
    router.add_api_route(
        path,
        route,
        methods=["GET"],
        response_model=page,
        responses=of_rows(row),
        summary=resource.name.capitalize() + (" of a truck" if of_path else ""),
        description=resource.meaning,
        operation_id=operation,
    )
