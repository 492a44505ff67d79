"""Tracks: the ways of trucks, thinned to a number of points that keeps what stands out."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter, Request
from fastapi.responses import Response

from truckkit import schema
from truckkit.api.answers import rows_of, wanted
from truckkit.api.asked import Asked
from truckkit.api.documented import of_rows
from truckkit.api.formats import OF_TRACKS
from truckkit.api.models import Page, row_model
from truckkit.api.parameters import (
    After,
    Columns,
    Limit,
    Named,
    Points,
    Start,
    Stop,
    Trucks,
    narrowed,
    picked,
)
from truckkit.errors import BadRequest
from truckkit.site import Site

TRACKS = schema.Table(
    "tracks",
    "one position that is kept of one truck's way",
    "day",
    ("truck", "at"),
    (
        *(column for column in schema.POSITIONS if column.name not in ("fault", "load_id")),
        schema.Column("part", schema.COUNT, "Counts the unbroken parts of the truck's way.", required=True),
    ),
    at="at",
    sampled=True,
)
Point = row_model("TrackPoint", TRACKS)


def tracks(site: Callable[[], Site]) -> APIRouter:
    """The route over a site."""
    router = APIRouter(tags=["resources"])

    @router.get(
        "/tracks",
        response_model=Page[Point],  # type: ignore[valid-type]
        responses=of_rows(Point, OF_TRACKS),
        summary="Tracks",
        operation_id="tracks",
    )
    def route(
        request: Request,
        truck: Trucks = None,
        start: Start = None,
        stop: Stop = None,
        points: Points = 1000,
        columns: Columns = None,
        limit: Limit = None,
        cursor: After = None,
        format: Named = None,
    ) -> Response:
        """The ways of trucks in about so many points each: the first and the last of every stretch of
        time, the slowest and the fastest, the outermost to each side. A way breaks where nothing was
        heard of the truck.
        """
        form = wanted(request, format, OF_TRACKS).name
        if columns and form in ("geojson", "moving"):
            raise BadRequest(f'"{form}" is made of all columns; leave columns out, or take another format.')
        asked = Asked(
            site=narrowed(site(), truck, start, stop),
            table=TRACKS,
            columns=picked(columns, TRACKS.names, "tracks"),
            rows=lambda now: now.tracks(points),
            plain=False,
            seconds=request.app.state.settings.query_s,
        )
        return rows_of(request, asked, format=format, limit=limit, cursor=cursor, among=OF_TRACKS)

    return router
