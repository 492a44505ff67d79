"""Files of a generation, attached to be read; a broken one is named."""

from __future__ import annotations

from pathlib import Path

import duckdb

from truckkit import schema
from truckkit.errors import DamagedStore
from truckkit.store import ddl


class MissingFile(DamagedStore):
    """A file that a generation lists and that is not there."""


def attach(con: duckdb.DuckDBPyConnection, folder: Path, file: str, alias: str) -> None:
    """Attach a file of the store to read it.

    Raises ``DamagedStore`` where it is missing or no whole DuckDB file.
    """
    path = folder / file
    if not path.is_file():
        raise MissingFile(f'"{folder}" is damaged: {file} is missing; bring the file back from a backup.')
    try:
        con.execute(ddl.attach(str(path), alias, read_only=True))
    except duckdb.Error as fault:
        raise broken(folder, file, fault) from None


def grown(con: duckdb.DuckDBPyConnection, alias: str, table: schema.Table) -> str:
    """The query that reads a table of an attached catalog; empty where that is older than the table."""
    rows = con.execute(
        "SELECT column_name FROM duckdb_columns() WHERE database_name = ? AND table_name = ?",
        [alias, table.name],
    ).fetchall()
    return ddl.grown(table, alias, [row[0] for row in rows]) if rows else ""


def broken(folder: Path, file: str, fault: Exception) -> DamagedStore:
    """What a file is that DuckDB cannot read."""
    said = str(fault).splitlines()[0].rstrip(".")
    return DamagedStore(
        f'"{folder}" is damaged: {file} cannot be read ({said}); bring the file back from a backup.'
    )
