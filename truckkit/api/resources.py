"""The resources of REST: what stands under ``/api/v1``."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter, Request
from fastapi.responses import Response

from truckkit import schema
from truckkit.api import models
from truckkit.api.answers import answered, paged
from truckkit.api.parameters import After, Limit, Source, Start, States, Stop, Truck, Trucks, narrowed
from truckkit.api.rows import encode_rows
from truckkit.errors import unknown
from truckkit.site import Site


def resources(site: Callable[[], Site]) -> APIRouter:
    """The routes over a site, each on its newest generation.

    They are plain functions, so that each runs in a thread of its own while the server goes on.
    """
    router = APIRouter(tags=["resources"])

    @router.get("/trucks", response_model=models.TruckPage, summary="Trucks", operation_id="trucks")
    def trucks(request: Request, limit: Limit = 1000, cursor: After = None) -> Response:
        """The haul trucks that the site knows."""
        now = site()
        return paged(request, now, now.trucks, schema.TRUCKS, limit, cursor)

    # A truck's name may hold a slash; so this comes before the truck alone.
    @router.get(
        "/trucks/{truck:path}/positions",
        response_model=models.PositionPage,
        summary="Positions of a truck",
        operation_id="positions",
    )
    def positions(
        request: Request,
        truck: Truck,
        start: Start = None,
        stop: Stop = None,
        limit: Limit = 1000,
        cursor: After = None,
    ) -> Response:
        """Positions of one truck in a window; without one, all of them."""
        now = narrowed(site(), [truck], start, stop)
        return paged(request, now, now.positions, schema.POSITIONS, limit, cursor, same=["truck"])

    @router.get(
        "/trucks/{truck:path}", response_model=models.Truck, summary="One truck", operation_id="truck"
    )
    def truck(request: Request, truck: Truck) -> Response:
        """One haul truck."""
        now = site().truck(truck)
        return answered(request, now, lambda: encode_rows(now.trucks.to_pyarrow())[1:-1])

    @router.get("/states", response_model=models.StatePage, summary="States", operation_id="states")
    def states(
        request: Request,
        truck: Trucks = None,
        state: States = None,
        start: Start = None,
        stop: Stop = None,
        source: Source = None,
        limit: Limit = 1000,
        cursor: After = None,
    ) -> Response:
        """State intervals that overlap the window, whole."""
        for name in state or ():
            if name not in schema.STATES:
                raise unknown("state", name, schema.STATES, "truckkit")
        now = narrowed(site(), truck, start, stop, source)
        rows = now.states.filter(now.states.state.isin(state)) if state else now.states
        return paged(request, now, rows, schema.STATE_INTERVALS, limit, cursor)

    @router.get("/cycles", response_model=models.CyclePage, summary="Cycles", operation_id="cycles")
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
        now = narrowed(site(), truck, start, stop, source)
        return paged(request, now, now.cycles, schema.CYCLES, limit, cursor)

    return router
