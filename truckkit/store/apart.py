"""A hub for one long answer alone: it keeps within a bound of memory, and is gone when the answer has ended.

DuckDB keeps the blocks that it has read for as long as there is memory, which is right for what is asked
again. An answer of millions of rows reads hundreds of megabytes once, and would leave all of them behind.

>>> import truckkit as tk
>>> from truckkit import schema
>>> with hub(tk.sample().store.newest(), schema.POSITIONS, None) as apart:
...     apart.execute("SELECT count(*) > 0 FROM memory.main.positions").fetchone()
(True,)
"""

from __future__ import annotations

from datetime import datetime

import duckdb

from truckkit import schema
from truckkit.store import attached, ddl
from truckkit.store.reader import SHUT, Generation

MEMORY = "40MB"
"""What a hub may hold: the blocks under way, and what it sorts, which is a part of one truck's samples."""


def hub(
    generation: Generation, table: schema.Table, window: tuple[datetime, datetime] | None
) -> duckdb.DuckDBPyConnection:
    """A hub with one table of days of a generation, in the files that hold its rows of a window.

    It is shut in as the generation's own, and the names of files and table are the same in both.

    Raises
    ------
    DamagedStore
        A file cannot be opened; as a newer generation may have taken the place of this one, whose own
        hub has its files open still.
    """
    # Nothing is written beside the store where the bound is met.
    opened = duckdb.connect(":memory:", config={**SHUT, "memory_limit": MEMORY, "temp_directory": ""})
    try:
        opened.execute("SET GLOBAL TimeZone = 'UTC'")
        holding = generation.holding(table.name, window)
        for alias, file in holding.items():
            attached.attach(opened, generation.folder, file, alias)
        opened.execute(ddl.view(table, {alias: generation.columns[alias, table.name] for alias in holding}))
        opened.execute("SET enable_external_access = false")
        opened.execute("SET lock_configuration = true")
    except BaseException:
        opened.close()
        raise
    return opened
