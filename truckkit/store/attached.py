"""Files of a generation, attached to be read; a broken one is named."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from truckkit import schema
from truckkit.errors import DamagedStore
from truckkit.store import ddl

QUIET: dict[str, str | bool | int | float | list[str]] = {"python_enable_replacements": False}
"""How to connect: a table that a file lacks must not be looked for among the variables of Python."""


_CUT_OR_CHANGED = re.compile(r"Could not read enough bytes|Corrupt database file|not a valid DuckDB database")
"""What DuckDB says of a file whose bytes are not those that were written; a full disk is another matter."""

_NAMED = re.compile(r"[\w-]+\.duckdb(?=\")")


class BrokenFile(DamagedStore):
    """A file that a generation lists and that cannot be used."""

    def __init__(self, folder: Path, file: str, fault: str) -> None:
        super().__init__(
            f'"{folder}" is damaged: {file} {fault}; bring the file back from a backup, or say '
            f'"truckkit repair" to go back to the newest generation that is whole.'
        )
        self.fault = fault


class MissingFile(BrokenFile):
    """A file that a generation lists and that is not there."""


def attach(con: duckdb.DuckDBPyConnection, folder: Path, file: str, alias: str) -> None:
    """Attach a file of the store to read it.

    Raises ``DamagedStore`` where it is missing or no whole DuckDB file.
    """
    path = folder / file
    if not path.is_file():
        raise MissingFile(folder, file, "is missing")
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


def lacking(folder: Path, file: str, table: str) -> BrokenFile:
    """What a file is that has not even a table of which the catalog lists rows."""
    return BrokenFile(folder, file, f"cannot be read (it has no table {table})")


def broken(folder: Path, file: str, fault: Exception) -> BrokenFile:
    """What a file is that DuckDB cannot read."""
    return BrokenFile(folder, file, f"cannot be read ({_first_line(fault)})")


@contextmanager
def reading(folder: Path) -> Iterator[None]:
    """Name the file that turns out to be broken while its rows are read.

    A file opens by its first blocks; that a later one is cut or changed shows when somebody asks for it.
    """
    try:
        yield
    except duckdb.Error as fault:
        if not _CUT_OR_CHANGED.search(str(fault)):
            raise
        named = _NAMED.search(str(fault))
        raise broken(folder, named[0] if named else "a file", fault) from None


def _first_line(fault: Exception) -> str:
    return str(fault).splitlines()[0].rstrip(".")
