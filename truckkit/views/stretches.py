"""Questions about stretches of a window: put into SQL once, and asked of one stretch after the other.

A page that plays or jumps asks the same of ever other hours, and to write the SQL takes several times as long
as to answer it.

>>> import truckkit as tk
>>> def events(site, start, stop):
...     return site.events.filter(site.events.at >= start, site.events.at < stop)
>>> site = tk.sample()
>>> len(of_stretch(site, events, site.start, site.stop)) == site.events.count().execute()
True
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

import ibis
import pyarrow as pa

from truckkit import times
from truckkit.store import of_window, whole

if TYPE_CHECKING:
    from truckkit.site import Site

Answering: TypeAlias = "Callable[[Site, ibis.Value, ibis.Value], ibis.Table]"
"""What answers about a site and a stretch, from one instant to another: a function that its module names."""


def of_stretch(site: Site, question: Answering, start: datetime, stop: datetime) -> pa.Table:
    """The answer to a question about ``[start, stop)``.

    Parameters
    ----------
    site
        What is asked; where it is narrowed to a window, that holds the stretch.
    question
        Gives the table to answer with, from samples in the stretch and intervals that overlap it.
    """
    generation = site.opened
    window = times.stored(start), times.stored(stop)
    key = (question, site.told_by, site.of_trucks, site.narrowed_to)
    files = generation.reaching(*window) if generation else {}
    return whole(of_window(generation, key, partial(question, site), window, files))


def overlapping(intervals: ibis.Table, start: ibis.Value, stop: ibis.Value) -> ibis.Table:
    """The intervals that overlap ``[start, stop)``; one without a stop goes on."""
    return intervals.filter(intervals.start < stop, intervals.stop.isnull() | (intervals.stop > start))
