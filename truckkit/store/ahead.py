"""Samples read before somebody asks for them, so that who asks does not wait for a file's blocks.

The first question about a part of a file waits until its blocks are read and their checksums tried, which
takes twice as long as to answer from them. One row of each row group brings the blocks of its columns in.

>>> import truckkit as tk
>>> from truckkit import schema
>>> generation = tk.sample().store.newest()
>>> start, stop = datetime(2000, 1, 1), datetime(2100, 1, 1)
>>> steps = read_ahead(generation, schema.POSITIONS, ["at", "x_m"], (start, stop), around=start)
>>> sum(1 for _ in steps) > 0
True
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

import duckdb

from truckkit import schema
from truckkit.store import attached, ddl
from truckkit.store.reader import Generation

SHARE = 4
"""Of the memory that DuckDB may take one part in so many is filled ahead; what is asked for has the rest."""

_GROUP = 16_384
"""Rows of a row group; older files have longer ones, of which more rows are read."""

_STEP = 16 * _GROUP
"""So many rows are read in some 20 ms of one core."""


def read_ahead(
    generation: Generation,
    table: schema.Table,
    columns: Sequence[str],
    window: tuple[datetime, datetime],
    around: datetime,
) -> Iterator[None]:
    """Reads samples of a window, a little at a step, until all are read or a share of the memory is full.

    Parameters
    ----------
    generation
        The store's generation; what is read stays in the memory of its hub, for as long as there is room.
    columns
        Columns of the table that will be asked for.
    window
        First instant, and first instant after it, as stored.
    around
        The files nearest to this instant come first.
    """
    # The cursor is the calling thread's own.
    con = generation.backend.con
    touched = ", ".join(f"max({ddl.name(column)})" for column in columns)
    near = sorted(
        generation.stretches(table.name, window), key=lambda held: max(held[0] - around, around - held[1])
    )
    for _first, _last, file in near:
        if not generation.columns[file, table.name] >= set(columns):
            continue
        within = f"{ddl.name(file)}.main.{ddl.name(table.name)}"
        with attached.reading(generation.folder):
            (rows,) = con.execute(f"SELECT count(*) FROM {within}").fetchall()[0]
            for row in range(0, rows, _STEP):
                if _full(con):
                    return
                con.execute(
                    f"SELECT {touched} FROM {within} WHERE rowid >= ? AND rowid < ? AND rowid % {_GROUP} = 0",
                    [row, row + _STEP],
                ).fetchall()
                yield


def _full(con: duckdb.DuckDBPyConnection) -> bool:
    held = con.execute(
        f"SELECT sum(memory_usage_bytes) * {SHARE} > parse_formatted_bytes(current_setting('memory_limit')) "
        "FROM duckdb_memory()"
    ).fetchall()
    return bool(held[0][0])
