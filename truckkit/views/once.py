"""A long stretch's positions, summed once: what is read does not stay in memory.

DuckDB keeps the blocks that it has read, which is right for the hour that is played and wrong for a fortnight
that is looked over for one picture.

>>> import truckkit as tk
>>> site = tk.sample()
>>> counted = site.positions.aggregate(rows=lambda rows: rows.count())
>>> read_once(site, counted, site.start, site.stop).equals(counted.to_pyarrow())
True
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import ibis
import pyarrow as pa

from truckkit import schema, times
from truckkit.store import Reading, Statement, hub, stated

if TYPE_CHECKING:
    from truckkit.site import Site

MEMORY = "192MB"
"""What a stretch may take while it is summed."""

BRIEF = timedelta(days=2)
"""A stretch up to this is read again soon, by whoever plays it, and stays in memory."""


def read_once(
    site: Site, sums: ibis.Table, start: datetime, stop: datetime, long: timedelta | None = None
) -> pa.Table:
    """The sums of a site's positions in a stretch, which ask no other table.

    Parameters
    ----------
    sums
        An expression over ``site.positions``, of rows within ``[start, stop)`` alone.
    long
        How long the whole is that the stretch is a part of; left out: as long as the stretch.
    """
    question = stated(sums)
    if isinstance(question, Statement) and site.opened is not None and (long or stop - start) > BRIEF:
        days = times.stored(start), times.stored(stop)
        question = replace(question, apart=partial(hub, site.opened, schema.POSITIONS, days, MEMORY))
    with Reading([question], sums.schema().to_pyarrow()) as reading:
        return pa.Table.from_batches(reading, reading.schema)
