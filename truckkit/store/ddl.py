"""Statements that make tables and views, written from ``schema``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from truckkit.schema import Table

TYPES = {
    "timestamp(6)": "TIMESTAMP",
    "string": "VARCHAR",
    "float64": "DOUBLE",
    "float32": "FLOAT",
    "int64": "BIGINT",
    "boolean": "BOOLEAN",
}


def name(text: str) -> str:
    """A name in double quotes, so that no name can end its own quotes."""
    return '"' + text.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text in single quotes, for the few statements that take no parameters."""
    return "'" + text.replace("'", "''") + "'"


def columns(names: Iterable[str]) -> str:
    """Names in quotes, with commas."""
    return ", ".join(name(each) for each in names)


def create(table: Table, within: str, references: Iterable[str] = ()) -> str:
    """The statement that makes a table within an attached file.

    Tables of the catalog have real keys; ``references`` are the tables that it can refer to. Day
    tables have none, for an index on millions of samples costs far more than order and zone maps.
    """
    known = set(references)
    parts = [
        f"{name(column.name)} {TYPES[column.type]}{' NOT NULL' if column.required else ''}"
        for column in table
    ]
    if table.kind == "catalog":
        parts.append(f"PRIMARY KEY ({columns(table.key)})")
        parts += [
            f"FOREIGN KEY ({name(column.name)}) REFERENCES {name(column.references)}"
            for column in table
            if column.references in known
        ]
    return f"CREATE TABLE {name(within)}.{name(table.name)} ({', '.join(parts)})"


def grown(table: Table, within: str, held: Iterable[str]) -> str:
    """The query that reads a table from a file that may be older than some of its columns."""
    known = set(held)
    parts = [
        name(column.name) if column.name in known else f"NULL::{TYPES[column.type]} AS {name(column.name)}"
        for column in table
    ]
    return f"SELECT {', '.join(parts)} FROM {name(within)}.{name(table.name)}"


def view(table: Table, within: Mapping[str, Iterable[str]]) -> str:
    """The statement that makes one view over the files that hold a table, given with its columns there."""
    held = [grown(table, file, columns) for file, columns in within.items() if columns]
    if not held:
        return create(table, "memory")
    return f"CREATE VIEW memory.main.{name(table.name)} AS {' UNION ALL '.join(held)}"


def united(table: Table, files: Sequence[str]) -> str:
    """What to read a table from: files that have all of its columns, or else the hub's view over all."""
    held = [f"{name(file)}.main.{name(table.name)}" for file in files or ("memory",)]
    if len(held) == 1:
        return held[0]
    every = columns(table.names)
    return f"({' UNION ALL '.join(f'SELECT {every} FROM {one}' for one in held)})"


def reopen(path: str, alias: str) -> str:
    """The statement that attaches a file to add to it, whatever the size of its blocks.

    What is added makes short row groups, see ``attach``.
    """
    return f"ATTACH {literal(path)} AS {name(alias)} ({_SHORT_GROUPS})"


def temporary(quoted: str, wanted: Mapping[str, str]) -> str:
    """The statement that makes a temporary table (its name in quotes) of columns with types of ``schema``."""
    parts = ", ".join(f"{name(column)} {TYPES[kind]}" for column, kind in wanted.items())
    return f"CREATE TEMP TABLE {quoted} ({parts})"


def widened(quoted: str, wanted: Mapping[str, str]) -> list[str]:
    """The statements that give a table (its name in quotes) the columns that it lacks, all empty."""
    return [
        f"ALTER TABLE {quoted} ADD COLUMN IF NOT EXISTS {name(column)} {TYPES[kind]}"
        for column, kind in wanted.items()
    ]


_SHORT_GROUPS = "ROW_GROUP_SIZE 8192"
_GROUPS = "ROW_GROUP_SIZE 16384"
"""Rows whose bounds are known together: of DuckDB's own 122880, ten minutes of all trucks touch most."""


def attach(path: str, alias: str, read_only: bool, *, small: bool = False, keyed: bool = False) -> str:
    """The statement that attaches a file; a new ``small`` one is made of small blocks.

    A ``keyed`` one has shorter row groups: DuckDB writes the last group of a table anew when rows are added,
    which costs a third of a second where that is long.

    Files are laid out as DuckDB 1.4 does it: names repeat, and that packs them at two thirds of the cost.
    """
    blocks = 16384 if small else 262144
    groups = _SHORT_GROUPS if keyed else _GROUPS
    options = "(READ_ONLY)" if read_only else f"({groups}, BLOCK_SIZE {blocks}, STORAGE_VERSION 'v1.4.0')"
    return f"ATTACH {literal(path)} AS {name(alias)} {options}"
