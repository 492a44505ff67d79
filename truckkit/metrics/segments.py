"""How fast each road is driven, and which roads got slower."""

from __future__ import annotations

import ibis
from ibis import _


def segment_speeds(traverses: ibis.Table, before: ibis.Table | None = None) -> ibis.Table:
    """How fast each road is driven, loaded and empty, and against another period.

    A road is one direction. Medians and percentiles are over drives, so one truck that stands on the road
    does not move them.

    Parameters
    ----------
    traverses
        See ``traverses.traverses``.
    before
        The same of the period to compare with.

    Returns
    -------
    ibis.Table
        One row per road and load: ``road``, ``from_place``, ``to_place``, ``loaded``, ``drives``,
        ``median_kmh``, ``p10_kmh``, ``p90_kmh`` [km/h], ``median_min`` [min]. With ``before`` also
        ``before_drives``, ``before_kmh``, ``before_min``, ``change_kmh`` (now less before) and ``change``
        (the share of ``before_kmh`` that this is); a road driven in one period alone has empty changes.

    Examples
    --------
    >>> import truckkit as tk
    >>> tk.sample().segment_speeds().columns[:5]
    ('road', 'from_place', 'to_place', 'loaded', 'drives')
    """
    rows = traverses.mutate(_now=ibis.literal(True))
    if before is not None:
        rows = rows.union(before.mutate(_now=ibis.literal(False)))
    now = rows["_now"]
    found = rows.group_by("road", "from_place", "to_place", "loaded").aggregate(
        drives=now.sum(),
        median_kmh=rows.speed_kmh.median(where=now),
        p10_kmh=rows.speed_kmh.quantile(0.1, where=now),
        p90_kmh=rows.speed_kmh.quantile(0.9, where=now),
        median_min=rows.drive_min.median(where=now),
        before_drives=(~now).sum(),
        before_kmh=rows.speed_kmh.median(where=~now),
        before_min=rows.drive_min.median(where=~now),
    )
    if before is None:
        return found.drop("before_drives", "before_kmh", "before_min")
    change_kmh = found.median_kmh - found.before_kmh
    return found.mutate(change_kmh=change_kmh, change=change_kmh / found.before_kmh)


def slower(speeds: ibis.Table) -> ibis.Table:
    """Roads that got slower, those that cost most minutes first.

    What a road lost is the number of its drives times what the median drive takes longer than before.

    Parameters
    ----------
    speeds
        See ``segment_speeds``, with a period to compare with.

    Returns
    -------
    ibis.Table
        One row per road and load that lost time: as given, and ``lost_min`` [min], most first.
    """
    lost = speeds.mutate(lost_min=_.drives * (_.median_min - _.before_min))
    return lost.filter(lost.lost_min > 0).order_by(ibis.desc("lost_min"), "road")
