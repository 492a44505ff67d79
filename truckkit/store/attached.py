"""Files of a generation, attached to be read; a broken one is named."""

from __future__ import annotations

from pathlib import Path

import duckdb

from truckkit import schema
from truckkit.errors import DamagedStore
from truckkit.store import ddl

QUIET: dict[str, str | bool | int | float | list[str]] = {"python_enable_replacements": False}
"""How to connect: a table that a file lacks must not be looked for among the variables of Python."""


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
    held = columns(con, alias, table.name)
    return ddl.grown(table, alias, held) if held else ""


def columns(con: duckdb.DuckDBPyConnection, alias: str, table: str) -> set[str]:
    """The columns that a table of an attached file has; none where there is no such table.

    DuckDB's list of columns would ask every file that is attached.
    """
    try:
        rows = con.execute(f"SELECT * FROM {ddl.name(alias)}.{ddl.name(table)} LIMIT 0")
    except duckdb.CatalogException:
        return set()
    return {described[0] for described in rows.description or ()}


def all_columns(con: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], set[str]]:
    """The columns of every table of every attached file, by file and table."""
    found: dict[tuple[str, str], set[str]] = {}
    for file, table, column in con.execute(
        "SELECT database_name, table_name, column_name FROM duckdb_columns() WHERE NOT internal"
    ).fetchall():
        found.setdefault((file, table), set()).add(column)
    return found


def lacking(folder: Path, file: str, table: str) -> DamagedStore:
    """What a file is that has not even a table of which the catalog lists rows."""
    return DamagedStore(
        f'"{folder}" is damaged: {file} cannot be read (it has no table {table}); '
        "bring the file back from a backup."
    )


def broken(folder: Path, file: str, fault: Exception) -> DamagedStore:
    """What a file is that DuckDB cannot read."""
    said = str(fault).splitlines()[0].rstrip(".")
    return DamagedStore(
        f'"{folder}" is damaged: {file} cannot be read ({said}); bring the file back from a backup.'
    )
