"""The match factor: whether trucks and loaders fit each other."""

from __future__ import annotations

from collections.abc import Sequence

import ibis
from ibis import _

from truckkit import schema
from truckkit.metrics import grouping
from truckkit.metrics.rates import WORKING

KEYS = ("loader", "load_place", "hour", "shift", "crew")
"""The words by which the match factor is split."""

_PERIODS = ("hour", "shift", "crew")


def match_factor(cycles: ibis.Table, visits: ibis.Table, by: Sequence[str] = ("hour",)) -> ibis.Table:
    """Whether the trucks were too many for the loaders, or too few.

    Under 1 the loaders hang, over 1 the trucks queue. In the form for loaders that differ: MF = trucks /
    (sum over loaders of 1 / service time, times the cycle time of trucks), as the corrigendum of Burt and
    Caccetta, International Journal of Mining, Reclamation and Environment 22(1), 2008, 84-85, has it, in
    place of sections 4 and 4.1 of their paper of 2007 (10.1080/17480930701388606). Where all loaders are
    alike it is trucks x service / (loaders x cycle).

    The service time of a loader is the mean of spotting and loading: while a truck spots the loader can serve
    no other. The cycle is the mean of the complete ones without their queues and delays. A truck
    that was loaded at several loaders counts at each by its share of loads, so that trucks add up. A factor
    holds for a time in which the trucks and loaders are the same: ask by hour or shift.

    Parameters
    ----------
    cycles
        Cycles that dumped in the time asked for, with a column for each word of ``by``.
    visits
        Loadings that ended in it, see ``metrics.loadings.visits``, with the same columns.
    by
        None, some or all of ``KEYS``.

    Returns
    -------
    ibis.Table
        One row per group: ``match_factor``, ``trucks``, ``loaders``, ``loads``, ``load_service_min`` [min]
        (harmonic mean over loaders), ``cycles`` and ``cycle_min`` [min] (mean over them); the factor is
        empty where no cycle of the group is complete.

    Examples
    --------
    >>> import truckkit as tk
    >>> found = tk.sample().match_factor(by="").select("trucks", "loaders", "loads")
    >>> found.to_pyarrow().to_pylist()
    [{'trucks': 6.0, 'loaders': 2, 'loads': 132}]
    """
    periods = [word for word in by if word in _PERIODS]
    mine = ibis.window(group_by=["truck", *periods])
    loaded = visits.filter(visits.loaded)
    served = loaded.select(
        *by,
        _loader=loaded.loader,
        part=1.0 / loaded.count().over(mine),
        service_min=loaded.spot_min + loaded.load_min,
        transit_min=ibis.null("float64"),
    )
    whole = cycles.filter(cycles.complete)
    transit = sum((whole[f"{phase}_min"] for phase in WORKING[1:]), whole[f"{WORKING[0]}_min"])
    drove = whole.select(
        *by,
        _loader=whole.loader,
        part=ibis.literal(0.0),
        service_min=ibis.null("float64"),
        transit_min=transit,
    )
    each = (
        ibis.union(served, drove)
        .group_by(*by, "_loader")
        .aggregate(
            trucks=_.part.sum(),
            loads=_.service_min.count(),
            service_min=_.service_min.mean().nullif(0.0),
            cycles=_.transit_min.count(),
            transit_min=_.transit_min.sum(),
        )
    )
    groups = grouping.aggregated(
        each,
        by,
        trucks=_.trucks.sum().round(9),  # shares of whole trucks, summed
        loaders=_.service_min.count(),
        loads=_.loads.sum().cast(schema.COUNT),
        load_service_min=_.service_min.count() / (1.0 / _.service_min).sum(),
        cycles=_.cycles.sum().cast(schema.COUNT),
        cycle_min=_.transit_min.sum() / _.cycles.sum().nullif(0),
    )
    factor = _.trucks * _.load_service_min / (_.loaders * _.cycle_min).nullif(0.0)
    return groups.mutate(match_factor=factor).relocate("match_factor", before="trucks")
