"""Publish: a draft's rows become the next generation of a store, whole or not at all.

New files get new names, are checkpointed, closed and made durable, and ``CURRENT`` moves last; so a
process that dies at any step leaves the old generation as it was. The ledger rows of the draft's
loads stand in the same generation as their rows.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from truckkit import schema
from truckkit.errors import CannotWrite, DamagedStore, TruckkitError
from truckkit.store import attached, catalog, days, ddl, layout, merge
from truckkit.store.draft import Draft, Load
from truckkit.store.held import File, listed
from truckkit.store.pending import Pending

Derive = Callable[[Pending], None]
"""What ingest works out from the rows that a publish is about to store."""


PRUNED = "truckkit prune"
"""What the ledger calls the source of a load that took rows away."""

NO_ROOM = (
    duckdb.IOException,
    duckdb.TransactionException,
    duckdb.OutOfMemoryException,
    duckdb.FatalException,
)
"""What DuckDB raises where a disk is full: as it writes, commits, spills, or after one of these."""

Fill = Callable[[Pending, int], "list[File] | None"]
"""Makes the files of the generation whose number it is given; nothing where there is nothing to publish."""


def publish(folder: Path, draft: Draft, derive: Derive | None = None, wait_s: float = 0.0) -> list[Load]:
    """Publish a draft, and say what became of its loads.

    A load whose identity is in the ledger already adds nothing (``known``). Where no load is left,
    nothing is published. Raises ``StoreBusy`` while another process publishes, ``CannotWrite`` when
    the disk is full; the store is then as it was.
    """

    def fill(pending: Pending, generation: int) -> list[File] | None:
        con = draft.connection
        # Without loads there may yet be something to derive.
        if pending.base and not pending.loads and (draft.loads or derive is None):
            return None
        _name_the_sources(con, draft.loads)
        cut = _pruned_to(con, pending.base)
        for table in draft.staged:
            if cut:
                merge.refuse_before(con, table, cut)
            trucks = merge.after(schema.TRUCKS, pending.stored(schema.TRUCKS))
            merge.settle(con, table, draft.loads, _met(pending, table, con), trucks, pending.offset)
        _note_asides(con, draft)
        if derive:
            derive(pending)
        catalog.name_the_unnamed(con, pending.stored)
        return days.write(con, folder, generation, pending.held)

    rearrange(folder, draft, fill, wait_s)
    return draft.loads


def rearrange(folder: Path, draft: Draft, fill: Fill, wait_s: float = 0.0) -> int | None:
    """Make the next generation of the files that ``fill`` makes; give its number, nothing where it made none.

    Raises as ``publish`` does.
    """
    with _writing(folder, wait_s) as base:
        con = draft.connection
        if base:
            attached.attach(con, folder, layout.catalog_file(base), "old")
        try:
            offset = _know_the_loads(con, draft, base)
        except duckdb.CatalogException as fault:
            raise attached.broken(folder, layout.catalog_file(base), fault) from None
        pending = Pending(draft, folder, base, offset)
        generation = base + 1
        files = fill(pending, generation)
        if files is None:
            return None
        _enter_in_ledger(con, pending.loads, datetime.now(UTC).replace(tzinfo=None))
        catalog.write(con, folder, generation, draft.site, pending.stored, pending.held, files)
        _put_in_place(folder, generation, [file.file for file in files])
        return generation


@contextmanager
def _writing(folder: Path, wait_s: float) -> Iterator[int]:
    """Hold the store's lock, and leave nothing behind; gives the generation that is replaced."""
    with layout.lock(folder, wait_s):
        base = layout.prepare(folder)
        try:
            with attached.reading(folder):
                yield base
        except NO_ROOM as fault:
            said = str(fault).splitlines()[0].rstrip(".")
            raise CannotWrite(
                f'"{folder}" was left as it was: {said}; make room, and run this again.'
            ) from None
        except OSError as fault:
            if fault.errno is None or isinstance(fault, TruckkitError):
                raise
            raise CannotWrite(f'"{folder}" was left as it was: {fault.strerror}.') from None
        finally:
            layout.clear(folder)


def _put_in_place(folder: Path, generation: int, files: Sequence[str]) -> None:
    """Give the new files their names, the catalog last: where it is, all that it lists is there too."""
    for name in (*files, layout.catalog_file(generation)):
        part = folder / f"{name}.part"
        if part.exists():
            layout.sync(part)
            part.rename(folder / name)
    layout.sync(folder)
    layout.point_to(folder, generation)
    with suppress(OSError, DamagedStore):  # the generation stands, whether or not old files go
        layout.sweep(folder, files, lists=lambda number: _listed_by(folder, number))


def _listed_by(folder: Path, generation: int) -> set[str]:
    """The files that a generation reads."""
    with duckdb.connect(":memory:", config={**attached.QUIET, "threads": 1}) as con:
        attached.attach(con, folder, layout.catalog_file(generation), "read")
        return {file.file for file in listed(con, "read")}


def _know_the_loads(con: duckdb.DuckDBPyConnection, draft: Draft, base: int) -> int:
    """Mark the loads that the ledger has already, and number all on from it; give how far that moved them."""
    seen: dict[str, int] = {}
    last = 0
    if base:
        asked = [load.identity for load in draft.loads]
        seen = dict(
            con.execute(
                "SELECT identity, load_id FROM old.loads WHERE identity IN (SELECT unnest(?::VARCHAR[]))",
                [asked],
            ).fetchall()
        )
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


def _pruned_to(con: duckdb.DuckDBPyConnection, base: int) -> str | None:
    """The instant before which everything was taken away, where that was done."""
    if not base:
        return None
    asked = f"SELECT max(cursor) FROM ({attached.grown(con, 'old', schema.LOADS)}) WHERE source = ?"
    told: str | None = con.execute(asked, [PRUNED]).fetchall()[0][0]
    return told


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
    if not table.at:
        return pending.stored(table)
    at, staged = ddl.name(table.at), ddl.name(f"staged_{table.name}")
    if table.at in table.key:
        # A clock that is years wrong must not ask for the years between.
        rows = con.execute(
            f"SELECT DISTINCT CAST({at} AS DATE) FROM {staged} WHERE _reason IS NULL"
        ).fetchall()
        days_met = sorted(row[0] for row in rows)
        met = pending.held.query(table, pending.held.on(table, days_met))
        within = f"{at} >= DATE '{days_met[0]}' AND {at} < DATE '{days_met[-1]}' + 1" if days_met else ""
        return f"SELECT * FROM ({met}) WHERE {within}" if met else merge.nothing(table)
    first, last = con.execute(f"SELECT min({at}), max({at}) FROM {staged} WHERE _reason IS NULL").fetchall()[
        0
    ]
    if first is None:
        return merge.nothing(table)
    return (
        f"SELECT * FROM ({pending.stored(table, first, last)}) WHERE {at} "
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
        if min(load.kept, load.rejected, load.duplicates) < 0 or load.corrected > load.kept:
            raise CannotWrite(
                f'"{load.source}" does not add up: {load.rows_in:,} rows in, {load.rejected:,} rejected, '
                f"{load.duplicates:,} duplicates, {load.corrected:,} corrected; nothing was stored."
            )
        load.made = made.get(load.number, load.made or {})
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
