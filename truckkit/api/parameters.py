"""What a question may say: trucks, a window, a source, a page; and the site narrowed to it."""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated

from fastapi import Path, Query

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
Limit = Annotated[int, Query(ge=1, le=10_000, description="Rows a page.")]
After = Annotated[str | None, Query(alias="cursor", description="From a page's next.", max_length=100_000)]

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
    first = site.exact(_LOST_PLUS.sub(r"\1+\2", start)) if start is not None else None
    last = site.exact(_LOST_PLUS.sub(r"\1+\2", stop)) if stop is not None else None
    if last is None and first is not None:
        # A tick more, for the data's last sample lies on its last instant.
        last = max(site.stop or first, first) + _TICK
    if first is None and last is not None:
        first = min(site.start or last, last - _TICK)
    assert first is not None
    assert last is not None
    return site.between(first, last)
