"""Samples of trucks in a window, as one statement a shape with its values bound.

It means what an expression over the same rows means; it is for the questions that are asked most, of
which Ibis would take longer to write the SQL than DuckDB to answer.

>>> import truckkit as tk
>>> from truckkit.store.asking import whole
>>> generation = tk.sample().store.newest()
>>> whole(samples(generation, schema.POSITIONS, ["truck", "at"], trucks=["T01"], most=2)).num_rows
2
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import duckdb
import ibis
import pyarrow as pa

from truckkit import schema
from truckkit.store import ddl
from truckkit.store.asking import Statement
from truckkit.store.reader import Generation


def samples(
    generation: Generation,
    table: schema.Table,
    columns: Sequence[str],
    *,
    trucks: Sequence[str] | None = None,
    window: tuple[datetime, datetime] | None = None,
    after: tuple[str, datetime] | None = None,
    most: int | None = None,
    ordered: bool = True,
    apart: Callable[[], duckdb.DuckDBPyConnection] | None = None,
) -> Statement:
    """Samples in the order of truck and time.

    Parameters
    ----------
    generation
        The store's generation.
    table
        ``schema.POSITIONS`` or ``schema.TELEMETRY``.
    columns
        Columns of the table.
    trucks
        Names of trucks; none: all.
    window
        First instant, and first instant after it, as stored.
    after
        Truck and time of the sample to go on after.
    most
        Rows at most.
    ordered
        False: in any order, for few rows that Arrow sorts in a tenth of the time.
    apart
        Opens the hub from which a long answer is read; without it, it is the generation's own.
    """
    values: list[Any] = [*(trucks or ()), *(window or ())]
    if after is not None:
        # The bare bound of the truck lets DuckDB skip the blocks before it.
        values += [after[0], after[0], after[1]]
    if most is not None:
        values.append(most)
    within = generation.holders(table.name, *window) if window is not None else ()
    sql, names = _shape(
        table.name,
        tuple(columns),
        within,
        None if trucks is None else len(trucks),
        window is not None,
        after is not None,
        most is not None,
        ordered,
    )
    return Statement(
        generation.backend,
        sql,
        tuple(values),
        names,
        apart,
    )


@lru_cache(maxsize=1024)
def _shape(
    name: str,
    columns: tuple[str, ...],
    within: tuple[str, ...],
    trucks: int | None,
    window: bool,
    after: bool,
    most: bool,
    ordered: bool,
) -> tuple[str, pa.Schema]:
    table = schema.TABLES[name]
    tests = []
    if trucks is not None:
        # One truck said as equal is found by the blocks' bounds; a list is not always.
        tests.append(
            "truck = ?" if trucks == 1 else f"truck IN ({', '.join('?' * trucks)})" if trucks else "false"
        )
    if window:
        tests.append('"at" >= ? AND "at" < ?')
    if after:
        tests.append('truck >= ? AND (truck > ? OR "at" > ?)')
    where = f" WHERE {' AND '.join(tests)}" if tests else ""
    order = f' ORDER BY {"" if trucks == 1 else "truck, "}"at"' if ordered else ""
    chosen = ", ".join(map(ddl.name, columns))
    sql = f"SELECT {chosen} FROM {ddl.united(table, within)}{where}{order}{' LIMIT ?' if most else ''}"
    return sql, ibis.schema({column: table[column].dtype for column in columns}).to_pyarrow()
