"""Check: does a generation hold what it says, file by file, so that memory stays bounded?

What is looked at: every file opens and can be read to its end; its tables have the rows, and their
rows the time, that the catalog lists; samples, intervals and events are told once; columns that must
be filled are; trucks and places are those of the catalog; states of a truck and source tile, each
from where the one before stopped; each load's rows in are kept, rejected and duplicates; and what loads
made is what the tables hold.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from truckkit import schema
from truckkit.errors import DamagedStore
from truckkit.store import attached, ddl, layout
from truckkit.store.held import File, listed

_OPTIONS = {**attached.QUIET, "memory_limit": "700MB"}
_FEW = 3
"""So many rows are shown of what is wrong in the same way."""


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with a store."""

    file: str
    """The file in which it is wrong; ``CURRENT`` for the store as a whole."""
    what: str
    """What is wrong, as a sentence would go on after the file's name."""

    def __str__(self) -> str:
        return f"{self.file}: {self.what}"


def check(
    folder: str | Path, generation: int | None = None, progress: Callable[[str], None] = lambda _: None
) -> list[Finding]:
    """Look through every file of a store's generation.

    Parameters
    ----------
    folder
        The store.
    generation
        Another generation than the one that readers open.
    progress
        Told which file is looked at.

    Returns
    -------
    list of Finding
        One per thing that is wrong; none where all is well.

    Raises
    ------
    NoStore, NewerStore
        Where there is nothing to check.

    Examples
    --------
    >>> import truckkit as tk
    >>> check(tk.sample().store.folder)
    []
    """
    folder = Path(folder)
    number = layout.current(folder) if generation is None else generation
    with duckdb.connect(":memory:", config=_OPTIONS) as con:
        con.execute("SET enable_progress_bar = false")
        return list(_checked(con, folder, number, progress))


class Wholeness:
    """Which generations are whole; a file that several of them read is read once."""

    def __init__(self, folder: Path, progress: Callable[[str], None] = lambda _: None) -> None:
        self._folder = folder
        self._progress = progress
        self._known: dict[str, str] = {}

    def fault(self, generation: int) -> str:
        """What cannot be read of a generation; empty where it is whole."""
        catalog = layout.catalog_file(generation)
        with duckdb.connect(":memory:", config=_OPTIONS) as con:
            con.execute("SET enable_progress_bar = false")
            try:
                attached.attach(con, self._folder, catalog, "catalog")
                for table in schema.of_kind("catalog"):
                    _read(con, "catalog", table)
                files = listed(con, "catalog")
            except (duckdb.Error, DamagedStore) as fault:
                return f"{catalog} {_said(fault)}"
            for file in files:
                if file.file not in self._known:
                    self._progress(file.file)
                    self._known[file.file] = self._fault_of(con, file)
                if said := self._known[file.file]:
                    return said
        return ""

    def _fault_of(self, con: duckdb.DuckDBPyConnection, file: File) -> str:
        try:
            for finding in _opened(con, self._folder, file):
                return str(finding)
            for name, rows in file.made.items():
                if rows and name in schema.TABLES:
                    _read(con, "now", schema.TABLES[name])
        except duckdb.Error as fault:
            return f"{file.file} {_said(fault)}"
        finally:
            con.execute("DETACH DATABASE IF EXISTS now")
        return ""


def _read(con: duckdb.DuckDBPyConnection, alias: str, table: schema.Table) -> None:
    """Read every column to its end, which is where damage inside a file comes to light."""
    if held := attached.columns(con, alias, table.name):
        parts = ", ".join(f"count(hash({ddl.name(each)}))" for each in held)
        con.execute(f"SELECT {parts} FROM {ddl.name(alias)}.{ddl.name(table.name)}").fetchall()


def _checked(
    con: duckdb.DuckDBPyConnection, folder: Path, generation: int, progress: Callable[[str], None]
) -> Iterator[Finding]:
    catalog = layout.catalog_file(generation)
    progress(catalog)
    try:
        attached.attach(con, folder, catalog, "catalog")
        files = listed(con, "catalog")
    except (duckdb.Error, DamagedStore) as fault:
        yield Finding(catalog, _said(fault))
        return
    try:
        yield from _ledger(con, catalog)
        yield from _keys_of_catalog(con, catalog)
    except duckdb.Error as fault:
        yield Finding(catalog, _said(fault))
        return
    con.execute("CREATE TEMP TABLE tail (truck VARCHAR, source VARCHAR, stop TIMESTAMP)")
    held: Counter[str] = Counter()
    order = sorted(files, key=lambda file: (file.kind == "rejects", file.start or datetime.min))  # noqa: DTZ901
    for before, file in zip([None, *order], order, strict=False):
        progress(file.file)
        if before and before.stop and file.start and file.start < before.stop:
            yield Finding(file.file, f"tells of time that {before.file} tells of too")
        wrong = list(_opened(con, folder, file))
        yield from wrong
        held.update(file.made)
        if not wrong:
            try:
                yield from _looked_through(con, file)
            except duckdb.Error as fault:
                yield Finding(file.file, _said(fault))
        con.execute("DETACH DATABASE IF EXISTS now")
    yield from _made(con, catalog, held)


def _opened(con: duckdb.DuckDBPyConnection, folder: Path, file: File) -> Iterator[Finding]:
    """What is wrong with a file that can be told from its counts; it stays attached as ``now``."""
    try:
        attached.attach(con, folder, file.file, "now")
        for name, rows in file.made.items():
            found = con.execute(f"SELECT count(*) FROM now.{ddl.name(name)}").fetchall()[0][0] if rows else 0
            if found != rows:
                yield Finding(file.file, f"{name} has {found:,} rows, and the catalog lists {rows:,}")
    except (duckdb.Error, DamagedStore) as fault:
        yield Finding(file.file, _said(fault))


def _said(fault: Exception) -> str:
    if isinstance(fault, attached.BrokenFile):
        return fault.fault
    return f"cannot be read ({str(fault).splitlines()[0].rstrip('.')})"


def _looked_through(con: duckdb.DuckDBPyConnection, file: File) -> Iterator[Finding]:
    for table in (schema.TABLES[name] for name, rows in file.made.items() if rows and name in schema.TABLES):
        held = attached.columns(con, "now", table.name)
        rows = f"({ddl.grown(table, 'now', held)})"
        yield from _columns(con, file, table, rows)
        if table.at:
            yield from _bounds(con, file, table, rows)
            yield from _once(con, file, table, rows)
        for column in table:
            if column.references:
                yield from _references(con, file.file, table, column, rows)
        if table is schema.STATE_INTERVALS:
            yield from _tiled(con, file, rows)


def _columns(con: duckdb.DuckDBPyConnection, file: File, table: schema.Table, rows: str) -> Iterator[Finding]:
    empty = [f"count(*) - count({ddl.name(column.name)})" for column in table if column.required]
    _read(con, "now", table)
    counts = con.execute(f"SELECT {', '.join(empty)} FROM {rows}").fetchall()[0]
    for column, missing in zip((column for column in table if column.required), counts, strict=False):
        if missing:
            yield Finding(file.file, f"{table.name}.{column.name} is empty in {missing:,} rows")


def _bounds(con: duckdb.DuckDBPyConnection, file: File, table: schema.Table, rows: str) -> Iterator[Finding]:
    at, stop = ddl.name(str(table.at)), ddl.name(table.stop or str(table.at))
    first, last, end, longest = con.execute(
        f"SELECT min({at}), max({at}), max({stop}), max(epoch({stop} - {at})) FROM {rows}"
    ).fetchall()[0]
    if file.start and file.stop and not (file.start <= first and last < file.stop):
        yield Finding(file.file, f"{table.name} has rows from {first} to {last}, outside of the file's time")
    if (file.first_at and first < file.first_at) or (file.last_stop and end > file.last_stop):
        yield Finding(
            file.file,
            f"{table.name} reaches from {first} to {end}, "
            f"and the catalog lists {file.first_at} to {file.last_stop}",
        )
    if table.stop and longest > (file.longest_s or 0) + 1e-3:
        yield Finding(
            file.file,
            f"{table.name} has an interval of {longest:g} s, and the catalog lists {file.longest_s:g} s",
        )


def _once(con: duckdb.DuckDBPyConnection, file: File, table: schema.Table, rows: str) -> Iterator[Finding]:
    key = ddl.columns(table.key)
    # A month has more keys than fit in memory; those of a few trucks do.
    first = ddl.name(table.key[0])
    parts = con.execute(f"SELECT {first}, count(*) FROM {rows} GROUP BY {first} ORDER BY {first}").fetchall()
    for low, high in _grouped(parts):
        twice = con.execute(
            f"SELECT {key}, count(*) FROM {rows} WHERE {first} BETWEEN ? AND ? "
            f"GROUP BY {key} HAVING count(*) > 1 ORDER BY {key} LIMIT {_FEW}",
            [low, high],
        ).fetchall()
        for *which, count in twice:
            yield Finding(file.file, f"{table.name} tells {_shown(table.key, which)} {count} times")


def _grouped(parts: list[tuple[str, int]], most: int = 3_000_000) -> Iterator[tuple[str, str]]:
    """Ranges of names with so many rows together, about."""
    low, rows = None, 0
    for number, (name, count) in enumerate(parts):
        low = name if low is None else low
        rows += count
        if rows >= most or number == len(parts) - 1:
            yield low, name
            low, rows = None, 0


def _references(
    con: duckdb.DuckDBPyConnection, file: str, table: schema.Table, column: schema.Column, rows: str
) -> Iterator[Finding]:
    other = schema.TABLES[str(column.references)]
    name = ddl.name(column.name)
    strange = con.execute(
        f"SELECT {name}, count(*) FROM {rows} WHERE {name} IS NOT NULL AND {name} NOT IN "
        f"(SELECT {ddl.name(other.key[0])} FROM catalog.{ddl.name(other.name)}) "
        f"GROUP BY {name} ORDER BY {name} LIMIT {_FEW}"
    ).fetchall()
    for value, count in strange:
        yield Finding(
            file,
            f'{table.name}.{column.name} names "{value}" in {count:,} rows, which {other.name} does not have',
        )


def _tiled(con: duckdb.DuckDBPyConnection, file: File, rows: str) -> Iterator[Finding]:
    """States that do not start where the one before has stopped, that of the file before included."""
    con.execute(
        "CREATE OR REPLACE TEMP TABLE meeting AS SELECT s.truck, s.source, s.start, s.stop, "
        "coalesce(lag(s.stop) OVER (PARTITION BY s.truck, s.source ORDER BY s.start), tail.stop) AS before "
        f"FROM {rows} s LEFT JOIN tail USING (truck, source)"
    )
    for truck, source, start, before in con.execute(
        f"SELECT truck, source, start, before FROM meeting WHERE before <> start ORDER BY ALL LIMIT {_FEW}"
    ).fetchall():
        how = "overlaps the one before" if start < before else "leaves a hole after the one before"
        yield Finding(
            file.file, f'the state of truck "{truck}" ({source}) at {start} {how}, which stops at {before}'
        )
    for truck, source, start, stop in con.execute(
        f"SELECT truck, source, start, stop FROM meeting WHERE stop <= start ORDER BY ALL LIMIT {_FEW}"
    ).fetchall():
        yield Finding(file.file, f'the state of truck "{truck}" ({source}) at {start} stops at {stop}')
    con.execute(
        "CREATE OR REPLACE TEMP TABLE tail AS SELECT truck, source, max(stop) AS stop "
        "FROM (SELECT * FROM tail UNION ALL SELECT truck, source, stop FROM meeting) GROUP BY truck, source"
    )
    con.execute("DROP TABLE meeting")


def _ledger(con: duckdb.DuckDBPyConnection, catalog: str) -> Iterator[Finding]:
    for number, source, rows_in, kept, rejected, duplicates in con.execute(
        "SELECT load_id, source, rows_in, kept, rejected, duplicates FROM catalog.loads "
        f"WHERE rows_in <> kept + rejected + duplicates ORDER BY load_id LIMIT {_FEW}"
    ).fetchall():
        yield Finding(
            catalog,
            f'load {number} of "{source}" has {rows_in:,} rows in, and {kept:,} kept '
            f"+ {rejected:,} rejected + {duplicates:,} duplicates",
        )
    for number, count in con.execute(
        "SELECT min(load_id), count(*) FROM catalog.loads GROUP BY identity HAVING count(*) > 1 "
        f"ORDER BY 1 LIMIT {_FEW}"
    ).fetchall():
        yield Finding(catalog, f"the content of load {number} is in the ledger {count} times")


def _keys_of_catalog(con: duckdb.DuckDBPyConnection, catalog: str) -> Iterator[Finding]:
    for table in schema.of_kind("catalog"):
        held = attached.columns(con, "catalog", table.name)
        if not held:
            continue  # of before the table was there
        rows = f"({ddl.grown(table, 'catalog', held)})"
        for column in table:
            if column.references and column.name in held:
                yield from _references(con, catalog, table, column, rows)


def _made(con: duckdb.DuckDBPyConnection, catalog: str, held: Counter[str]) -> Iterator[Finding]:
    """Samples are made by loads alone, so that the ledger says how many there are at least."""
    made: Counter[str] = Counter()
    for text, count in con.execute("SELECT made, count(*) FROM catalog.loads GROUP BY made").fetchall():
        for name, rows in json.loads(text).items():
            made[name] += rows * count
    for table in schema.of_kind("day"):
        if table.sampled and held[table.name] > made[table.name]:
            yield Finding(
                catalog,
                f"{table.name} has {held[table.name]:,} rows, and the loads have made {made[table.name]:,}",
            )


def _shown(names: tuple[str, ...], values: list[object]) -> str:
    return ", ".join(f'{name} "{value}"' for name, value in zip(names, values, strict=True))
