"""Publish: a draft's rows become the next generation of a store, whole or not at all.

New files get new names, are checkpointed, closed and made durable, and ``CURRENT`` moves last; so a
process that dies at any step leaves the old generation as it was. The ledger rows of the draft's
loads stand in the same generation as their rows.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import ibis
import pyarrow as pa

from truckkit import schema
from truckkit.errors import CannotWrite
from truckkit.store import attached, catalog, days, ddl, layout, merge
from truckkit.store.draft import Draft, Facts, Load

Derive = Callable[["Pending"], None]
"""What ingest works out from the rows that a publish is about to store."""


_NO_ROOM = (
    duckdb.IOException,
    duckdb.TransactionException,
    duckdb.OutOfMemoryException,
    duckdb.FatalException,
)
"""What DuckDB raises where a disk is full: as it writes, commits, spills, or after one of these."""


class Pending:
    """The store as it will be once a publish is done; ``derive`` reads it and adds to it."""

    def __init__(self, draft: Draft, folder: Path, base: int) -> None:
        self._draft = draft
        self._con = draft.connection
        self.folder = folder
        self.base = base
        self._files: list[str] | None = None
        for table in schema.TABLES.values():
            merge.prepare(self._con, table)

    def stored(self, table: schema.Table) -> str:
        """The query over a table as it is in the generation that this one replaces."""
        if table.kind == "catalog":
            return (attached.grown(self._con, "old", table) if self.base else "") or self._nothing(table)
        return ddl.union(table, self._attached(table)) or self._nothing(table)

    def table(self, name: str) -> ibis.Table:
        """A table as it will be."""
        table = schema.TABLES[name]
        rows = (
            merge.after(table, self.stored(table)) if merge.changes(self._con, table) else self.stored(table)
        )
        self._con.execute(f"CREATE OR REPLACE TEMP VIEW {ddl.name('after_' + name)} AS {rows}")
        return self._draft.backend.table("after_" + name)

    @property
    def site(self) -> Facts:
        """What is known of the site."""
        return catalog.described(self._con, self._draft.site, self.stored)

    @property
    def loads(self) -> list[Load]:
        """The loads that bring something, numbered as the ledger will."""
        return [load for load in self._draft.loads if not load.known]

    def before(self, name: str) -> ibis.Table:
        """A table as it is in the generation that this one replaces."""
        self._con.execute(
            f"CREATE OR REPLACE TEMP VIEW {ddl.name('before_' + name)} AS {self.stored(schema.TABLES[name])}"
        )
        return self._draft.backend.table("before_" + name)

    def new(self, name: str) -> ibis.Table:
        """The rows of a table that this publish adds or changes."""
        return self._draft.backend.table("new_" + name)

    def replace(self, name: str, rows: ibis.Table | pa.Table) -> None:
        """Write rows in the place of whatever has their keys."""
        with self._query(rows) as query:
            merge.replace(self._con, schema.TABLES[name], query)

    def remove(self, name: str, rows: ibis.Table | pa.Table) -> None:
        """Take away the rows that have these rows' keys."""
        table = schema.TABLES[name]
        columns = dict.fromkeys((*table.key, *((table.at,) if table.at else ())))
        with self._query(rows) as query:
            merge.remove(self._con, table, f"SELECT {ddl.columns(columns)} FROM ({query})")

    def _query(self, rows: ibis.Table | pa.Table) -> _Registered:
        return _Registered(self._con, rows)

    def _attached(self, table: schema.Table) -> list[str]:
        if self._files is None:
            self._files = days.attach_old(self._con, self.folder) if self.base else []
        return days.holding(self._con, table) if self._files else []

    @staticmethod
    def _nothing(table: schema.Table) -> str:
        return f"SELECT {ddl.columns(table.names)} FROM {ddl.name('new_' + table.name)} LIMIT 0"


class _Registered:
    """Rows as a query of the draft's connection, for as long as the context lasts."""

    def __init__(self, con: duckdb.DuckDBPyConnection, rows: ibis.Table | pa.Table) -> None:
        self._con = con
        self._rows = rows

    def __enter__(self) -> str:
        if isinstance(self._rows, ibis.Table):
            return str(ibis.to_sql(self._rows, dialect="duckdb"))
        self._con.register("handed_over", self._rows)
        return "SELECT * FROM handed_over"

    def __exit__(self, *_: object) -> None:
        if not isinstance(self._rows, ibis.Table):
            self._con.unregister("handed_over")


def publish(folder: Path, draft: Draft, derive: Derive | None = None, wait_s: float = 0.0) -> list[Load]:
    """Publish a draft, and say what became of its loads.

    A load whose identity is in the ledger already adds nothing (``known``). Where no load is left,
    nothing is published. Raises ``StoreBusy`` while another process publishes, ``CannotWrite`` when
    the disk is full; the store is then as it was.
    """
    with layout.lock(folder, wait_s):
        base = layout.prepare(folder)
        try:
            return _publish(folder, draft, derive, base)
        except _NO_ROOM as fault:
            said = str(fault).splitlines()[0].rstrip(".")
            raise CannotWrite(
                f'"{folder}" was left as it was: {said}; make room, and run this again.'
            ) from None
        except OSError as fault:
            if fault.errno is None or isinstance(fault, CannotWrite):
                raise
            raise CannotWrite(f'"{folder}" was left as it was: {fault.strerror}.') from None
        finally:
            layout.clear(folder)


def _publish(folder: Path, draft: Draft, derive: Derive | None, base: int) -> list[Load]:
    con = draft.connection
    if base:
        attached.attach(con, folder, layout.catalog_file(base), "old")
    try:
        offset = _know_the_loads(con, draft, base)
    except duckdb.CatalogException as fault:
        raise attached.broken(folder, layout.catalog_file(base), fault) from None
    fresh = [load for load in draft.loads if not load.known]
    # Without loads there may yet be something to derive.
    if base and not fresh and (draft.loads or derive is None):
        return draft.loads
    pending = Pending(draft, folder, base)
    _name_the_sources(con, draft.loads)
    for table in draft.staged:
        trucks = merge.after(schema.TRUCKS, pending.stored(schema.TRUCKS))
        merge.settle(con, table, draft.loads, _met(pending, table, con), trucks, offset)
    _note_asides(con, draft)
    if derive:
        derive(pending)
    catalog.name_the_unnamed(con, pending.stored)
    generation = base + 1
    now = datetime.now(UTC).replace(tzinfo=None)
    files = days.write(con, folder, generation, pending.stored)
    _enter_in_ledger(con, fresh, now)
    catalog.write(con, folder, generation, draft.site, pending.stored, files)
    # The catalog gets its name last: where it is, all that it lists is there too.
    for name in (*(file.file for file in files), layout.catalog_file(generation)):
        part = folder / f"{name}.part"
        if part.exists():
            layout.sync(part)
            part.rename(folder / name)
    layout.sync(folder)
    layout.point_to(folder, generation)
    with suppress(OSError):  # the generation stands, whether or not old files go
        layout.sweep(folder, [file.file for file in files])
    return draft.loads


def _know_the_loads(con: duckdb.DuckDBPyConnection, draft: Draft, base: int) -> int:
    """Mark the loads that the ledger has already, and number all on from it; give how far that moved them."""
    seen: dict[str, int] = {}
    last = 0
    if base:
        seen = dict(con.execute("SELECT identity, load_id FROM old.loads").fetchall())
        last = con.execute("SELECT coalesce(max(load_id), 0) FROM old.loads").fetchall()[0][0]
    for load in draft.loads:
        load.known = load.identity in seen
        load.number += last
        seen.setdefault(load.identity, load.number)
    return int(last)


def _name_the_sources(con: duckdb.DuckDBPyConnection, loads: list[Load]) -> None:
    con.execute("CREATE OR REPLACE TEMP TABLE sources (number BIGINT, source VARCHAR, counted VARCHAR)")
    if loads:  # DuckDB refuses to run a statement for none
        con.executemany(
            "INSERT INTO sources VALUES (?, ?, ?)", [(load.number, load.source, load.into) for load in loads]
        )


def _note_asides(con: duckdb.DuckDBPyConnection, draft: Draft) -> None:
    told = [
        (
            aside.load.number,
            aside.load.source,
            aside.line,
            aside.load.into,
            "set aside",
            f'the mapping "{aside.load.mapping}" does not know the field "{aside.field}", '
            f"which has {aside.values:,} values",
            json.dumps({aside.field: aside.content}),
        )
        for aside in draft.asides.values()
        if not aside.load.known
    ]
    if told:  # DuckDB refuses to run a statement for none
        con.executemany("INSERT INTO new_rejects VALUES (?, ?, ?, ?, ?, ?, ?)", told)


def _met(pending: Pending, table: schema.Table, con: duckdb.DuckDBPyConnection) -> str:
    """The stored rows that staged ones could meet: for day tables, those of the same stretch of time."""
    stored = pending.stored(table)
    if not table.at:
        return stored
    first, last = con.execute(
        f"SELECT min({ddl.name(table.at)}), max({ddl.name(table.at)}) "
        f"FROM {ddl.name('staged_' + table.name)} WHERE _reason IS NULL"
    ).fetchall()[0]
    if first is None:
        return f"SELECT * FROM ({stored}) WHERE false"
    return (
        f"SELECT * FROM ({stored}) WHERE {ddl.name(table.at)} "
        f"BETWEEN TIMESTAMP '{first.isoformat(' ')}' AND TIMESTAMP '{last.isoformat(' ')}'"
    )


def _enter_in_ledger(con: duckdb.DuckDBPyConnection, loads: list[Load], now: datetime) -> None:
    made: dict[int, dict[str, int]] = {}
    reach: dict[int, list[datetime]] = {}
    for table in schema.TABLES.values():
        if "load_id" not in table or table.name in ("loads", "rejects", "revisions"):
            continue
        bounds = (
            f"min({ddl.name(table.at)}), max({ddl.name(table.stop or table.at)})"
            if table.at
            else "NULL, NULL"
        )
        for number, rows, first, last in con.execute(
            f"SELECT load_id, count(*), {bounds} FROM {ddl.name('new_' + table.name)} GROUP BY load_id"
        ).fetchall():
            made.setdefault(number, {})[table.name] = rows
            reach.setdefault(number, []).extend(instant for instant in (first, last) if instant)
    for load in loads:
        load.made = made.get(load.number, {})
        load.start = min(reach.get(load.number, []), default=None)
        load.stop = max(reach.get(load.number, []), default=None)
        con.execute(
            f"INSERT INTO new_loads ({ddl.columns(schema.LOADS.names)}) "
            f"VALUES ({', '.join('?' * len(schema.LOADS.names))})",
            [
                load.number,
                load.source,
                load.identity,
                load.mapping,
                load.cursor,
                now,
                load.rows_in,
                load.kept,
                load.rejected,
                load.duplicates,
                load.corrected,
                json.dumps(load.made, sort_keys=True),
                load.start,
                load.stop,
                load.late,
                load.lacking,
            ],
        )
