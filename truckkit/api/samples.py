"""Samples of telemetry, each with the state that its truck was in."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter, Request
from fastapi.responses import Response

from truckkit import schema
from truckkit.api.answers import rows_of
from truckkit.api.asked import Asked
from truckkit.api.documented import of_rows
from truckkit.api.models import Page, row_model
from truckkit.api.parameters import (
    After,
    Columns,
    Limit,
    Named,
    Source,
    Start,
    States,
    Stop,
    Trucks,
    narrowed,
    picked,
)
from truckkit.site import Site

SAMPLES = schema.Table(
    "samples",
    "one reading of one truck's channels, with the state that the truck was in",
    "day",
    ("truck", "at"),
    (
        *(column for column in schema.TELEMETRY if column.name != "load_id"),
        schema.Column("state", schema.TEXT, "The state that the truck was in.", words=schema.STATES),
    ),
    at="at",
    sampled=True,
)
Sample = row_model("Sample", SAMPLES)


def samples(site: Callable[[], Site]) -> APIRouter:
    """The route over a site."""
    router = APIRouter(tags=["resources"])

    @router.get(
        "/samples",
        response_model=Page[Sample],  # type: ignore[valid-type]
        responses=of_rows(Sample),
        summary="Samples with their state",
        operation_id="samples",
    )
    def route(
        request: Request,
        truck: Trucks = None,
        start: Start = None,
        stop: Stop = None,
        source: Source = None,
        state: States = None,
        columns: Columns = None,
        limit: Limit = None,
        cursor: After = None,
        format: Named = None,
    ) -> Response:
        """Readings of telemetry with the state that they fell in."""
        chosen = picked(columns, SAMPLES.names, "samples")
        channels = [name for name in chosen if name not in ("truck", "at", "state")] or ["fault"]
        asked = Asked(
            site=narrowed(site(), truck, start, stop, source),
            table=SAMPLES,
            columns=chosen,
            rows=lambda now: now.samples(*channels, during=state or None),
            plain=False,
            seconds=request.app.state.settings.query_s,
        )
        # An unknown state is refused before anything else is looked at.
        asked.rows(asked.site)
        return rows_of(request, asked, format=format, limit=limit, cursor=cursor)

    return router
