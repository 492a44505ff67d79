"""A look into the newest catalog of a store, for who wants no day: to open all files takes longer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa

from truckkit import schema
from truckkit.errors import NoStore
from truckkit.store import attached, ddl, layout
from truckkit.store.held import listed


def rows(folder: Path, name: str, *columns: str, **equal: str) -> pa.Table:
    """Columns of a catalog's table, where other columns equal these texts, in no order.

    Nothing where there is no store yet. Raises ``DamagedStore`` where the catalog cannot be read.
    """
    table = schema.TABLES[name]

    def ask(con: duckdb.DuckDBPyConnection) -> pa.Table:
        held = attached.grown(con, "old", table)
        if not held:
            return _none(table, columns)
        where = " AND ".join(f"{ddl.name(column)} = ?" for column in equal) or "true"
        query = f"SELECT {ddl.columns(columns)} FROM ({held}) WHERE {where}"
        return con.execute(query, list(equal.values())).to_arrow_table()

    return _looked(folder, ask, _none(table, columns))


def refused(folder: Path, source: str, most: int) -> pa.Table:
    """The ``reason`` and ``content`` of rows that were refused of a source, the newest first."""
    nothing = _none(schema.REJECTS, ("reason", "content"))

    def ask(con: duckdb.DuckDBPyConnection) -> pa.Table:
        found = [nothing]
        files = [file.file for file in listed(con) if file.kind == "rejects"]
        for file in sorted(files, reverse=True):
            attached.attach(con, folder, file, file)
            query = (
                f"SELECT reason, content FROM {ddl.name(file)}.rejects "
                "WHERE source = ? AND verdict = 'rejected' ORDER BY load_id DESC LIMIT ?"
            )
            rows = con.execute(query, [source, most - sum(map(len, found))]).to_arrow_table()
            found.append(rows.cast(nothing.schema))
            if sum(map(len, found)) >= most:
                break
        return pa.concat_tables(found)

    return _looked(folder, ask, nothing)


def _looked(
    folder: Path, ask: Callable[[duckdb.DuckDBPyConnection], pa.Table], nothing: pa.Table
) -> pa.Table:
    """What is asked of the newest catalog, which is attached as ``old``."""
    while True:
        try:
            generation = layout.current(folder)
        except NoStore:
            return nothing  # publishing says what is wrong with the folder, or makes a store of it
        with duckdb.connect(":memory:", config={**attached.QUIET, "threads": 1}) as con:
            try:
                attached.attach(con, folder, layout.catalog_file(generation), "old")
                return ask(con)
            except attached.MissingFile:
                # A publish may move CURRENT, and sweep, between our reading it and opening.
                if layout.current(folder) == generation:
                    raise
            except duckdb.Error as fault:
                raise attached.broken(folder, layout.catalog_file(generation), fault) from None


def _none(table: schema.Table, columns: Sequence[str]) -> pa.Table:
    whole = table.schema.to_pyarrow()
    return pa.schema([whole.field(name) for name in columns]).empty_table()
