"""What a question may say: trucks, a window, a source, a page; and the site narrowed to it."""

from __future__ import annotations

import datetime as dt
import inspect
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

from fastapi import Path, Query, Request
from fastapi.responses import Response

from truckkit.errors import BadRequest, told, unknown
from truckkit.site import Site

Truck = Annotated[str, Path(description="Name of the truck.", max_length=20_000)]
Trucks = Annotated[
    list[str] | None, Query(alias="truck", description="Trucks; repeat for several. Empty: all.")
]
Start = Annotated[
    str | None,
    Query(
        description="First instant, RFC 3339 with Z or an offset, such as 2026-11-22T21:00:00.250Z.",
        max_length=100,
    ),
]
Stop = Annotated[
    str | None,
    Query(description="First instant after the window, RFC 3339 with Z or an offset.", max_length=100),
]
Source = Annotated[str | None, Query(description="fms or detected; empty: fms where there is one.")]
States = Annotated[
    list[str] | None, Query(alias="state", description="States; repeat for several. Empty: all.")
]
Places = Annotated[
    list[str] | None, Query(alias="place", description="Places; repeat for several. Empty: everywhere.")
]
Bounds = Annotated[
    str | None,
    Query(
        description="Least x, least y, greatest x, greatest y, with commas: metres in the site's grid, or "
        "degrees (longitude, latitude) where the site has a coordinate reference system.",
        max_length=200,
    ),
]
Least = Annotated[
    float | None,
    Query(ge=0, le=1e9, allow_inf_nan=False, description="Intervals of so long and longer alone. [s]"),
]
Columns = Annotated[
    list[str] | None,
    Query(description="Columns wanted; repeat, or separate by commas. Empty: all.", max_length=1000),
]
Points = Annotated[int, Query(ge=2, le=100_000, description="About how many points of each truck.")]
Limit = Annotated[
    int | None,
    Query(
        ge=1,
        le=1_000_000_000,
        description="Rows a page; the service has a bound. Empty: 1000 in JSON, all in others.",
    ),
]
After = Annotated[str | None, Query(alias="cursor", description="From a page's next.", max_length=100_000)]
Named = Annotated[
    str | None,
    Query(alias="format", description="Name of the format, before what Accept says.", max_length=100),
]

KNOWN: Mapping[str, Any] = {
    "truck": Trucks,
    "start": Start,
    "stop": Stop,
    "source": Source,
    "state": States,
    "place": Places,
    "bbox": Bounds,
    "min_duration_s": Least,
    "columns": Columns,
    "limit": Limit,
    "cursor": After,
    "format": Named,
}
"""What a resource may be asked with, each as FastAPI reads it."""


def signature(names: Iterable[str], path: Mapping[str, Any] | None = None) -> inspect.Signature:
    """What a route takes: the request, what stands in its path, and these parameters, none required."""
    taken = {"request": Request, **(path or {})}
    parameters = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=kind)
        for name, kind in taken.items()
    ]
    parameters += [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=KNOWN[name], default=None)
        for name in names
    ]
    return inspect.Signature(parameters, return_annotation=Response)


def box(text: str) -> tuple[float, float, float, float]:
    """The bounds of a bounding box.

    >>> box("0,0,100.5,200")
    (0.0, 0.0, 100.5, 200.0)
    >>> box("0,0,1")
    Traceback (most recent call last):
    truckkit.errors.BadRequest: bbox is "0,0,1"; ...
    """
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        west, south, east, north = math.nan, 0, 0, 0
    if not all(map(math.isfinite, (west, south, east, north))) or west > east or south > north:
        raise BadRequest(
            f"bbox is {told(text)}; give four finite numbers with commas: "
            "least x, least y, greatest x, greatest y, such as 0,0,500,500."
        )
    return west, south, east, north


def picked(columns: list[str] | None, known: Sequence[str], table: str) -> tuple[str, ...]:
    """The columns asked for, in the order of the table; all where none are.

    >>> picked(["at,truck"], ("truck", "at", "x_m"), "positions")
    ('truck', 'at')
    """
    wanted = [name.strip() for said in columns or () for name in said.split(",") if name.strip()]
    for name in wanted:
        if name not in known:
            raise BadRequest(str(unknown("column", name[:60], known, table)))
    return tuple(name for name in known if name in wanted or not wanted)


# A plus that was not written as %2B arrives as a space; nothing else can be meant there.
_LOST_PLUS = re.compile(r"(T\S+) (\d\d:?\d\d)$")
_TICK = dt.timedelta(microseconds=1)


def narrowed(
    site: Site, trucks: list[str] | None, start: str | None, stop: str | None, source: str | None = None
) -> Site:
    """The site, narrowed to what was asked for; one bound alone leaves the other side open."""
    if trucks:
        site = site.truck(*trucks)
    if source is not None:
        site = site.using(source)
    if start is None and stop is None:
        return site
    first = instant(site, start) if start is not None else None
    last = instant(site, stop) if stop is not None else None
    if last is None and first is not None:
        # A tick more, for the data's last sample lies on its last instant.
        last = max(site.stop or first, first) + _TICK
    if first is None and last is not None:
        first = min(site.start or last, last - _TICK)
    assert first is not None
    assert last is not None
    return site.between(first, last)


def instant(site: Site, text: str) -> dt.datetime:
    """The instant that a parameter says."""
    return site.exact(_LOST_PLUS.sub(r"\1+\2", text))
