"""What a question of OGC API may say: a time, instants, a number; and the site narrowed to it.

>>> import datetime as dt
>>> import truckkit as tk
>>> [bound.isoformat() for bound in within(tk.sample(), "2026-11-22T10:00:00Z").narrowed_to]
['2026-11-22T10:00:00+00:00', '2026-11-22T10:00:00.000001+00:00']
"""

from __future__ import annotations

import datetime as dt
from itertools import pairwise
from typing import Annotated

from fastapi import Query

from truckkit.api.parameters import instant
from truckkit.errors import BadRequest, BadTime, told
from truckkit.site import Site

TICK = dt.timedelta(microseconds=1)
MOST_LEAVES = 100

When = Annotated[
    str | None,
    Query(
        alias="datetime",
        description="An instant, RFC 3339 with Z or an offset, or two with a slash between, of which both "
        "are within; .. is an open end.",
        max_length=200,
    ),
]
Leaf = Annotated[
    str | None,
    Query(
        description=f"Instants that rise, with commas, {MOST_LEAVES} at most: where the truck was at each.",
        max_length=5000,
    ),
]
Number = Annotated[int, Query(ge=1, le=10_000, description="How many at most.")]


def within(site: Site, text: str | None) -> Site:
    """The site in the time that ``datetime`` says."""
    if text is None:
        return site
    first, slash, last = text.partition("/")
    if not slash:
        last = first
    start = None if first.strip() in ("", "..") and slash else instant(site, first)
    stop = None if last.strip() in ("", "..") and slash else instant(site, last)
    if start is not None and stop is not None and stop < start:
        raise BadTime(f'the window runs backwards: it starts at "{first}" and stops at "{last}"; swap them.')
    # Of the standard both ends are within; of ours the stop is not.
    if start is not None:
        return site.between(start, (stop if stop is not None else max(site.stop or start, start)) + TICK)
    if stop is not None:
        return site.between(min(site.start or stop, stop), stop + TICK)
    return site


def leaves(site: Site, text: str) -> list[dt.datetime]:
    """The instants that ``leaf`` says."""
    found = [instant(site, each) for each in text.split(",")]
    if len(found) > MOST_LEAVES:
        raise BadRequest(f"leaf has {len(found)} instants; ask for {MOST_LEAVES} at most at once.")
    if any(one >= other for one, other in pairwise(found)):
        raise BadRequest(f"leaf is {told(text)}, and its instants must rise; give each once, in order.")
    return found
