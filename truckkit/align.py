"""Which sample belongs to which interval."""

from __future__ import annotations

import ibis
from ibis import _


def in_intervals(samples: ibis.Table, intervals: ibis.Table, *columns: str) -> ibis.Table:
    """Samples with what the interval that holds them says.

    An interval holds its start and not its stop. A sample that no interval holds has empty
    columns. Intervals of one truck must not overlap, as states of one source do not.

    Parameters
    ----------
    samples
        Rows with ``truck`` and ``at``.
    intervals
        Rows with ``truck``, ``start``, ``stop`` and the columns asked for.
    columns
        Columns of the intervals to bring to the samples.

    Returns
    -------
    ibis.Table
        One row per sample: its own columns, then those asked for.

    Examples
    --------
    >>> import truckkit as tk
    >>> from truckkit.align import in_intervals
    >>> site = tk.sample()
    >>> in_intervals(site.telemetry, site.states, "state").columns[-1]
    'state'
    """
    theirs = intervals.select(
        "truck", _since=_.start, _until=_.stop, **{f"_{name}": intervals[name] for name in columns}
    )
    joined = samples.asof_join(theirs, on=samples.at >= theirs["_since"], predicates="truck")
    held = joined["_until"].notnull() & (joined.at < joined["_until"])
    return joined.select(
        *samples.columns,
        **{
            name: ibis.ifelse(held, joined[f"_{name}"], ibis.null(joined[f"_{name}"].type()))
            for name in columns
        },
    )
