"""Which loading and dumping places moved, are new or are no more."""

from __future__ import annotations

from datetime import datetime

import ibis
from ibis import _

from truckkit import align, schema
from truckkit import places as told


def place_changes(places: ibis.Table, start: datetime, stop: datetime) -> ibis.Table:
    """Which places that truckkit found moved, came or went in a window.

    A place moved where the stand of a loader before it, or of one name where no loader is known, stopped
    when this one started, or earlier. It is new where it started and none was before, and ended where it
    stopped and no stand of the same loader or name follows. A place that always was, or still is, did
    not change.

    Parameters
    ----------
    places
        See ``schema.PLACES``, all that are known.
    start, stop
        The window ``[start, stop)``.

    Returns
    -------
    ibis.Table
        One row per change: ``place``, ``kind``, ``loader``, ``change`` (new, moved or ended), ``at``,
        ``moved_m`` (from the stand before) [m], ``from_place`` (the stand before), ``x_m``, ``y_m`` [m].

    Examples
    --------
    >>> import truckkit as tk
    >>> sorted(set(tk.sample().place_changes().change.to_pyarrow().to_pylist()))
    ['moved']
    """
    found = told.found_places(places)
    stands = found.mutate(_who=ibis.coalesce(found.loader, found.place.re_replace(r", stand \d+$", "")))
    # A stand without a start always was, so it comes first.
    order = [ibis.desc(stands.start.isnull()), stands.start, stands.place]
    by_stand = ibis.window(group_by=["kind", "_who"], order_by=order)
    known = stands.mutate(
        from_place=_.place.lag().over(by_stand),
        _follows=_.place.lead().over(by_stand).notnull(),
        _x=_.x_m.lag().over(by_stand),
        _y=_.y_m.lag().over(by_stand),
    )
    known = known.mutate(moved_m=((_.x_m - _._x) ** 2 + (_.y_m - _._y) ** 2).sqrt())
    columns = ("place", "kind", "loader")
    began = known.filter(known.start.notnull()).select(
        *columns,
        change=ibis.ifelse(_.from_place.isnull(), "new", "moved"),
        at=_.start.cast(schema.INSTANT),
        moved_m=_.moved_m,
        from_place=_.from_place.cast("string"),
        x_m=_.x_m,
        y_m=_.y_m,
    )
    ended = known.filter(known.stop.notnull(), ~known["_follows"]).select(
        *columns,
        change=ibis.literal("ended"),
        at=_.stop.cast(schema.INSTANT),
        moved_m=ibis.null("float64"),
        from_place=ibis.null("string"),
        x_m=_.x_m,
        y_m=_.y_m,
    )
    first, last = align.instant(start), align.instant(stop)
    return began.union(ended).filter(_.at >= first, _.at < last)
