"""The ways of one truck: thinned, or where it was at given instants."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

import ibis

from truckkit import align, doubted, times
from truckkit.api.answers import said
from truckkit.api.moving_features.items import Plane
from truckkit.api.plain import plain
from truckkit.site import Site
from truckkit.store import stated, whole

Near = Callable[[ibis.Table], ibis.ir.BooleanValue]


def thinned(site: Site, on: Plane, points: int, kept: Near | None, seconds: float) -> list[dict[str, Any]]:
    """The unbroken ways in about so many points, as ``Site.tracks`` keeps them.

    Of a box come the ways of which a point that is kept lies in it, whole: cut, they would have been where
    nobody saw them.
    """
    rows = site.tracks(points)
    if kept is not None:
        rows = rows.semi_join(rows.filter(kept(rows)).select("truck", "part").distinct(), ["truck", "part"])
    found = plain(whole(stated(rows.order_by("at")), seconds)).to_pylist()
    parts: dict[int, list[tuple[str | None, list[float]]]] = {}
    for row in found:
        if (where := on.place(row)) is not None:
            parts.setdefault(row["part"], []).append((said(times.aware(row["at"])), where))
    return [_point(on, str(part), each, "Linear") for part, each in parts.items()]


def at_instants(
    site: Site, on: Plane, instants: Sequence[dt.datetime], seconds: float
) -> list[dict[str, Any]]:
    """Where the truck was at each instant: between the positions before and after it, on the straight way.

    An instant at which nothing was heard of the truck for a minute is left out.
    """
    silent = dt.timedelta(seconds=align.SILENT_S)
    stored = [times.stored(each) for each in instants]
    rows = doubted.believed(site.between(instants[0] - silent, instants[-1] + silent).positions)
    near = [
        (rows.at >= ibis.literal(at - silent, type="timestamp(6)"))
        & (rows.at <= ibis.literal(at + silent, type="timestamp(6)"))
        for at in stored
    ]
    # Few instants may lie far apart, and what is between them is not read.
    kept = rows.filter(reduce(lambda one, other: one | other, near)).order_by("at")
    found = [
        (row["at"], where)
        for row in plain(whole(stated(kept), seconds)).to_pylist()
        if (where := on.place(row)) is not None
    ]
    told = [
        (said(times.aware(at)), where) for at in stored if (where := _between(found, at, silent)) is not None
    ]
    return [_point(on, "0", told, "Discrete")] if told else []


def _between(
    found: Sequence[tuple[dt.datetime, list[float]]], at: dt.datetime, silent: dt.timedelta
) -> list[float] | None:
    before = next((each for each in reversed(found) if each[0] <= at), None)
    after = next((each for each in found if each[0] >= at), None)
    if before is not None and before[0] == at:
        return before[1]
    if before is None or after is None or after[0] - before[0] >= silent:
        return None
    share = (at - before[0]) / (after[0] - before[0])
    # Heights may be known of one of the two alone.
    return [one + (other - one) * share for one, other in zip(before[1], after[1], strict=False)]


def _point(
    on: Plane, part: str, told: Sequence[tuple[str | None, list[float]]], between: str
) -> dict[str, Any]:
    return {
        "id": part,
        "type": "MovingPoint",
        "datetimes": [at for at, _where in told],
        "coordinates": [where for _at, where in told],
        "interpolation": between,
        "crs": on.crs,
    }
