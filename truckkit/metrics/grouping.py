"""By what an answer is split: by truck, loader, route, hour, shift and so on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import ibis
from ibis import _

from truckkit import schema
from truckkit.errors import BadRequest, told, unknown

KEYS = {
    "truck": "the haul truck",
    "model": "its make and model",
    "fleet": "the group that the mine counts it in",
    "operator": "who drove",
    "loader": "the loading unit",
    "load_place": "where it was loaded",
    "dump_place": "where it dumped",
    "route": "loading place → dumping place",
    "hour": "the hour of the site's clock, by the instant at which it starts",
    "shift": "the shift of the site's calendar",
    "crew": "the crew of that shift",
}
"""The words by which one can split, with what they mean."""

_OF_TRUCKS = ("model", "fleet")
_OF_SHIFTS = ("shift", "crew")


def keys(by: str | Sequence[str], allowed: Sequence[str] = tuple(KEYS)) -> tuple[str, ...]:
    """The words of a ``by``, such as ``"loader,hour"``; none of an empty one.

    >>> keys("loader, hour")
    ('loader', 'hour')
    >>> keys("shovel", allowed=("loader", "hour"))
    Traceback (most recent call last):
    ...
    truckkit.errors.UnknownName: no grouping "shovel" in this answer. It has "hour", "loader".
    """
    if isinstance(by, str):
        words = by.split(",")
    elif isinstance(by, Iterable) and not isinstance(by, ibis.Expr):
        words = list(by)
    else:
        raise BadRequest(f'by is {told(by)}; give words such as "{allowed[0]}", with commas or as a list.')
    for word in words:
        if not isinstance(word, str):
            raise BadRequest(f'by holds {told(word)}; give words alone, such as "{allowed[0]}".')
    found = tuple(dict.fromkeys(word.strip() for word in words if word.strip()))
    for word in found:
        if word not in allowed:
            raise unknown("grouping", word, allowed, "this answer")
    return found


def keyed(
    rows: ibis.Table,
    by: Sequence[str],
    *,
    at: str,
    trucks: ibis.Table | None = None,
    shifts: ibis.Table | None = None,
    offset_min: int = 0,
) -> ibis.Table:
    """Rows with a column for each word of ``by`` that they lack.

    Parameters
    ----------
    rows
        Cycles, intervals or the like.
    by
        Words of ``KEYS``, as ``keys`` gives them.
    at
        The column with the instant by which a row belongs to an hour or a shift.
    trucks, shifts
        See ``schema.TRUCKS`` and ``schema.SHIFTS``; needed where they are asked for.
    offset_min
        Minutes past the full hour of UTC at which the hours of the site's clock start.

    Returns
    -------
    ibis.Table
        One row per row, as given. Time outside of any shift has an empty ``shift``.
    """
    if "route" in by and "route" not in rows.columns:
        rows = rows.mutate(route=_.load_place.fill_null("?") + " → " + _.dump_place.fill_null("?"))
    if "hour" in by and "hour" not in rows.columns:
        offset_s = offset_min * 60
        hours = (rows[at].epoch_seconds() - offset_s) // 3600
        rows = rows.mutate(hour=(hours * 3600 + offset_s).as_timestamp("s").cast(schema.INSTANT))
    of_trucks = [word for word in _OF_TRUCKS if word in by]
    if of_trucks and trucks is not None:
        rows = rows.drop(*(word for word in of_trucks if word in rows.columns))
        rows = rows.left_join(trucks.select("truck", *of_trucks), "truck").drop("truck_right")
    of_shifts = [word for word in _OF_SHIFTS if word in by]
    if of_shifts and shifts is not None:
        # What a source booked a row to is not the calendar's word for it.
        rows = rows.drop(*(word for word in of_shifts if word in rows.columns))
        worked = shifts.select(_since="start", _until="stop", **{f"_{word}": word for word in of_shifts})
        joined = rows.asof_join(worked, on=rows[at] >= worked["_since"])
        within = (rows[at] < joined["_until"]).fill_null(False)
        words = {word: ibis.ifelse(within, joined[f"_{word}"], ibis.null("string")) for word in of_shifts}
        rows = joined.select(*rows.columns, **words)
    return rows


def aggregated(rows: ibis.Table, by: Sequence[str], **sums: ibis.Value | ibis.Deferred) -> ibis.Table:
    """One row per group; of no words one row in all, and none where there is nothing to group.

    >>> rows = ibis.memtable({"loader": ["SH1", "SH1"], "moved_t": [1.0, 2.0]})
    >>> aggregated(rows, (), moved_t=rows.moved_t.sum()).to_pyarrow().to_pylist()
    [{'moved_t': 3.0}]
    >>> aggregated(rows.limit(0), (), moved_t=_.moved_t.sum()).count().execute()
    0
    """
    if by:
        return rows.group_by(*by).aggregate(**sums)
    # A sum without a group has a row of nothing where there are no rows.
    return rows.aggregate(**sums, _rows=rows.count()).filter(_["_rows"] > 0).drop("_rows")
