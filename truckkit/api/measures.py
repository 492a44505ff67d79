"""Metrics: what a site computes, one question a name, each as a table of its own columns."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Annotated, Any

import pyarrow as pa
from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from truckkit.api.answers import answered, table_of, wanted
from truckkit.api.documented import of_rows
from truckkit.api.kept import Body
from truckkit.api.parameters import Named, Source, Start, Stop, Trucks, narrowed
from truckkit.api.rows import encode
from truckkit.errors import BadRequest, listed, unknown
from truckkit.site import Site
from truckkit.store import stated, whole

MEASURES = (
    "productivity",
    "summary",
    "cycle_split",
    "worst_cycles",
    "queues",
    "queued",
    "hangs",
    "hang",
    "bunching",
    "match_factor",
    "payload_policy",
    "weighed_loads",
    "payload_histogram",
    "overloads",
    "underload",
    "carry_back",
    "traverses",
    "segment_speeds",
    "slower_segments",
    "overspeed",
    "overspeed_summary",
    "road_condition",
    "place_changes",
    "tkph",
    "fuel_per_tkm",
    "fuel_range",
    "refuelling",
    "time_in_state",
    "truck_rates",
    "time_usage",
    "kpis",
    "usage_intervals",
    "shift_change",
    "idle",
    "reliability",
    "maintenance_pareto",
    "losses",
    "ledger",
    "ledger_intervals",
    "reconcile",
    "coverage",
    "hourly_coverage",
    "quality",
    "quality_summary",
    "repeated",
    "late",
)
"""The questions of a site that can be asked without an argument, or with a word or two."""

_WORDS = ("by", "vs", "every", "longer", "window", "model")

Name = Annotated[str, Path(alias="metric", description="Name of the metric.", max_length=200)]
By = Annotated[str | None, Query(description="What the answer is split by, with commas.", max_length=200)]
Against = Annotated[
    str | None, Query(description="What to compare with: a length of time before, or plan.", max_length=200)
]
Every = Annotated[str | None, Query(description="Length of a period, such as 1h.", max_length=200)]
Longer = Annotated[
    str | None, Query(description="From which length on it counts, such as 10min.", max_length=200)
]
Window = Annotated[str | None, Query(description="Length of the moving window, such as 4h.", max_length=200)]
Model = Annotated[str | None, Query(description="Name of the time usage model.", max_length=200)]


class Metric(BaseModel):
    """One question that the site answers."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(description="Its name, in the address.")
    meaning: str = Field(description="What it answers.")
    parameters: list[str] = Field(description="Parameters that it knows beside trucks, window and source.")


class Metrics(BaseModel):
    """The questions that the site answers."""

    model_config = ConfigDict(extra="forbid")

    metrics: list[Metric] = Field(description="Each of them.")


class Answer(BaseModel):
    """The answer to one question."""

    model_config = ConfigDict(extra="forbid")

    rows: list[dict[str, Any]] = Field(description="The rows; units stand at the end of the names of fields.")
    next: None = Field(description="Always null: the answer is whole.")
    generation: int | None = Field(description="The generation of the store that answered.")


def measures(site: Callable[[], Site]) -> APIRouter:
    """The routes over a site."""
    router = APIRouter(tags=["metrics"])

    @router.get("/metrics", response_model=Metrics, summary="Metrics", operation_id="metrics")
    def every(request: Request) -> Response:
        """The questions that can be asked, and with what."""
        listing = {"metrics": [_described(name) for name in MEASURES]}
        return answered(request, site(), lambda: Body(encode(listing), "application/json", {}))

    @router.get(
        "/metrics/{metric:part}",
        response_model=Answer,
        responses=of_rows(None),
        summary="One metric",
        operation_id="metric",
    )
    def one(
        request: Request,
        name: Name,
        truck: Trucks = None,
        start: Start = None,
        stop: Stop = None,
        source: Source = None,
        by: By = None,
        vs: Against = None,
        every: Every = None,
        longer: Longer = None,
        window: Window = None,
        model: Model = None,
        format: Named = None,
    ) -> Response:
        """The answer to one question, whole. A window is the wiser the more samples it looks at."""
        if name not in MEASURES:
            raise unknown("metric", name[:60], MEASURES, "truckkit")
        words = {"by": by, "vs": vs, "every": every, "longer": longer, "window": window, "model": model}
        given = {word: value for word, value in words.items() if value is not None}
        for word in given:
            if word not in _known(name):
                raise BadRequest(f'the metric "{name}" knows no "{word}"; it has {listed(_known(name))}.')
        now = narrowed(site(), truck, start, stop, source)
        form = wanted(request, format)
        return table_of(request, now, name, form, lambda: _found(request, now, name, given))

    return router


def _found(request: Request, site: Site, name: str, given: dict[str, str]) -> pa.Table:
    settings = request.app.state.settings
    answer = getattr(site, name)(**given)
    # What a metric does not order would come in another order each time, and be another answer.
    columns = [column for column, kind in answer.schema().items() if not kind.is_nested()]
    rows = answer.order_by(columns).limit(settings.page_rows + 1)
    found = whole(stated(rows), settings.query_s)
    if len(found) > settings.page_rows:
        raise BadRequest(
            f'the answer of "{name}" has more than {settings.page_rows} rows; '
            "narrow it to fewer trucks or a shorter window."
        )
    return found


def _known(name: str) -> list[str]:
    parameters = inspect.signature(getattr(Site, name)).parameters
    return [word for word in _WORDS if word in parameters]


def _described(name: str) -> dict[str, Any]:
    first = (inspect.getdoc(getattr(Site, name)) or "").partition("\n")[0]
    # Where the analysis stands is of use to who reads the code alone.
    meaning = re.sub(r"; see ``[^`]*``\.?|\. See ``[^`]*``\.?", ".", first)
    return {"name": name, "meaning": meaning, "parameters": _known(name)}
