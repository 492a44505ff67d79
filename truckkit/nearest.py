"""The nearest rows of trucks before and after an instant, however long ago, without a look at all time."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime

import ibis
import pyarrow as pa
from ibis import _

from truckkit.store import Pending

Own = Callable[[ibis.Table], ibis.Table]
"""Narrows a table to the rows that are meant."""


def last_before(pending: Pending, name: str, own: Own, trucks: Collection[str], at: datetime) -> pa.Table:
    """For each truck its last interval that stops before an instant: one row a truck that has one."""
    return _nearest(pending, name, own, trucks, lambda rows: rows.filter(rows.stop < at), last=at)


def first_after(pending: Pending, name: str, own: Own, trucks: Collection[str], at: datetime) -> pa.Table:
    """For each truck its first interval that starts after an instant: one row a truck that has one."""
    return _nearest(pending, name, own, trucks, lambda rows: rows.filter(rows.start > at), first=at)


def told_of(
    pending: Pending, name: str, own: Own, trucks: Collection[str], *, before: bool = False
) -> set[str]:
    """Those of the trucks of which a table tells at all; ``before`` this publish, or after it."""
    old = _stored(pending, trucks)
    found = set() if before else _trucks(own(pending.new(name)), trucks)
    for rows in pending.chunks(name, before=before):
        if not old - found:
            break
        found |= _trucks(own(rows), old - found)
    return found


def _nearest(
    pending: Pending,
    name: str,
    own: Own,
    trucks: Collection[str],
    beyond: Own,
    *,
    first: datetime | None = None,
    last: datetime | None = None,
) -> pa.Table:
    order = ibis.desc("start") if last else "start"

    def nearest(rows: ibis.Table, of: Collection[str]) -> pa.Table:
        chosen = beyond(own(rows))
        rank = ibis.row_number().over(group_by="truck", order_by=order)
        ranked = chosen.filter(chosen.truck.isin(sorted(of))).mutate(rank=rank)
        rows = ranked.filter(_.rank == 0).drop("rank").to_pyarrow()
        return rows.cast(pa.schema([field.with_nullable(True) for field in rows.schema]))

    shape = own(pending.new(name)).schema().to_pyarrow()
    found = [pa.schema([field.with_nullable(True) for field in shape]).empty_table()]
    left = set(trucks)
    if left and pending.tells(name):
        others = left - _stored(pending, trucks)
        found.append(nearest(pending.new(name), others))
        left -= others
    chunks = pending.chunks(name, first, last, newest_first=last is not None) if left else iter(())
    for number, rows in enumerate(chunks):
        if number == 0:
            left &= _stored(pending, trucks)
        if not left:
            break
        found.append(nearest(rows, left))
        left -= set(found[-1]["truck"].to_pylist())
    return pa.concat_tables(found)


def _stored(pending: Pending, trucks: Collection[str]) -> set[str]:
    """Those of the trucks that the store knows already; of others it has no rows."""
    return _trucks(pending.before("trucks"), trucks)


def _trucks(rows: ibis.Table, trucks: Collection[str]) -> set[str]:
    chosen = rows.filter(rows.truck.isin(sorted(trucks))).select("truck").distinct()
    return set(chosen.truck.to_pyarrow().to_pylist())
