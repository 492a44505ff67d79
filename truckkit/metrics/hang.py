"""How long loaders hang: they wait for trucks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import ibis
from ibis import _

from truckkit import align
from truckkit.metrics import grouping, pieces

KEYS = ("loader", "hour", "shift", "crew")
"""The words by which hang is split."""


def hangs(timeline: ibis.Table, start: datetime, stop: datetime) -> ibis.Table:
    """When each loader hung, waiting for a truck.

    A loader hangs from the moment the last truck has left it, loaded as a rule, until the next one queues,
    spots or loads there. The stretch is whole, also where the time asked for cuts it.

    Parameters
    ----------
    timeline
        See ``metrics.loadings.timeline``.
    start, stop
        The time asked for.

    Returns
    -------
    ibis.Table
        One row per stretch that overlaps ``[start, stop)``: ``loader, start, stop``, ``hang_min`` [min],
        ``next_truck`` (who ended it), ``away`` (true where it is so long that the loader may have been
        elsewhere).

    Examples
    --------
    >>> import truckkit as tk
    >>> tk.sample().hangs().away.any().execute()
    False
    """
    first, last = align.instant(start), align.instant(stop)
    waits = timeline.filter(timeline.doing != "truck", timeline.start < last, timeline.stop > first)
    return waits.select(
        "loader",
        "start",
        "stop",
        hang_min=waits.stop.delta(waits.start, unit="microsecond") / 60e6,
        next_truck=waits.next_truck,
        away=waits.doing == "away",
    )


def hang(
    timeline: ibis.Table,
    visits: ibis.Table,
    start: datetime,
    stop: datetime,
    by: Sequence[str] = ("loader", "hour"),
    *,
    shifts: ibis.Table | None = None,
    offset_min: int = 0,
) -> ibis.Table:
    """How long loaders hung, per loader and hour or otherwise, and per load.

    Stretches are cut at the bounds of the time asked for, of hours and of shifts, so that windows, hours and
    shifts add up. A load counts where its loading is over. Time in which the loader may have been
    elsewhere is in ``away_min``, not in ``hang_min``.

    Parameters
    ----------
    timeline
        See ``metrics.loadings.timeline``.
    visits
        Those that ended in the time asked for; see ``metrics.loadings.visits``.
    start, stop
        The time asked for.
    by
        None, some or all of ``KEYS``.
    shifts
        See ``schema.SHIFTS``; needed where a shift or crew is asked for.
    offset_min
        Minutes past the full hour of UTC at which the hours of the site's clock start.

    Returns
    -------
    ibis.Table
        One row per group: ``loads``, ``hang_min`` [min], ``away_min`` [min], ``truck_min`` [min] in which a
        truck was there, ``observed_min`` [min], the three summed, ``hang_share`` (hang over hang and
        truck) and ``hang_min_per_load`` [min], empty where there was no load.

    Examples
    --------
    >>> import truckkit as tk
    >>> tk.sample().hang(by="loader").select("loader", "loads").order_by("loader").to_pyarrow().to_pylist()
    [{'loader': 'SH1', 'loads': 53}, {'loader': 'SH2', 'loads': 79}]
    """
    spent = align.clipped(timeline, start, stop)
    if shifts is None:
        spent = align.per_hour(spent, offset_min) if "hour" in by else spent
    else:
        spent = pieces.cut(spent, by, shifts, start, stop, offset_min)
    long_min = spent.stop.delta(spent.start, unit="microsecond") / 60e6
    loaded = visits.filter(visits.loaded)
    done = grouping.keyed(loaded, by, at="stop", shifts=shifts, offset_min=offset_min)
    rows = ibis.union(
        spent.select(*by, doing="doing", long_min=long_min),
        done.select(*by, doing=ibis.literal("load"), long_min=ibis.literal(0.0)),
    )
    summed = grouping.aggregated(
        rows,
        by,
        loads=(_.doing == "load").sum().cast("int64"),
        **{
            f"{doing}_min": _.long_min.sum(where=_.doing == doing).fill_null(0.0)
            for doing in ("hang", "away", "truck")
        },
    )
    return summed.mutate(
        observed_min=_.hang_min + _.away_min + _.truck_min,
        hang_share=_.hang_min / (_.hang_min + _.truck_min).nullif(0.0),
        hang_min_per_load=_.hang_min / _.loads.nullif(0),
    )
