"""Day files: how a publish writes the days that it touches, and months that were rolled up."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb

from truckkit import schema
from truckkit.store import attached, ddl, layout
from truckkit.store.held import File, Held

_WHOLE_AFTER = 50
"""After so many appends a day is sorted whole again."""

SMALL_ROWS = 100_000
"""Below so many rows a day's file is made of small blocks."""


@dataclass(frozen=True)
class _Span:
    """The time of one file: a day, or a month that was rolled up."""

    kind: str
    start: datetime
    stop: datetime
    old: File | None

    def file(self, generation: int) -> str:
        """The name of the file that a generation makes of it."""
        name = layout.month_file if self.kind == "month" else layout.day_file
        return name(self.start.date(), generation)

    @property
    def within(self) -> str:
        """The condition that an instant, whose name is to be put in, lies within it."""
        return f">= TIMESTAMP '{self.start}' AND {{at}} < TIMESTAMP '{self.stop}'"


def write(con: duckdb.DuckDBPyConnection, folder: Path, generation: int, held: Held) -> list[File]:
    """Write the days and months that changed, and the rejects; give the generation's list of files."""
    kept = {file.file: file for file in held.files}
    for span in _spans(held.files, _touched(con)):
        made = _write_span(con, folder, span, generation, held)
        if span.old:
            del kept[span.old.file]
        if any(made.made.values()):
            kept[made.file] = made
        else:
            (folder / f"{made.file}.part").unlink()
    _write_rejects(con, folder, generation, kept)
    return list(kept.values())


def _spans(files: Iterable[File], touched: Iterable[date]) -> list[_Span]:
    """The files to make for the days that are touched: a day that was rolled up is in its month's."""
    by_day = {file.start.date(): file for file in files if file.kind == "day" and file.start}
    months = {
        (file.start.year, file.start.month): file for file in files if file.kind == "month" and file.start
    }
    spans: dict[tuple[str, datetime], _Span] = {}
    for day in touched:
        month = months.get((day.year, day.month))
        if month and month.start and month.stop:
            span = _Span("month", month.start, month.stop, month)
        else:
            start = datetime.combine(day, datetime.min.time())
            span = _Span("day", start, start + timedelta(days=1), by_day.get(day))
        spans[span.kind, span.start] = span
    return list(spans.values())


def _write_rejects(
    con: duckdb.DuckDBPyConnection, folder: Path, generation: int, kept: dict[str, File]
) -> None:
    """Write what was refused: into a file of its own, or beside what the last loads refused.

    A source that is followed refuses a few rows each time, and a reader opens every file.
    """
    rows = con.execute("SELECT count(*) FROM new_rejects").fetchall()[0][0]
    if not rows:
        return
    name = layout.rejects_file(generation)
    part = folder / f"{name}.part"
    old = max(
        (file for file in kept.values() if file.kind == "rejects"), key=lambda each: each.file, default=None
    )
    held = old.made["rejects"] if old else 0
    if old and held + rows < SMALL_ROWS:
        shutil.copyfile(folder / old.file, part)
        con.execute(ddl.reopen(str(part), "now"))
        del kept[old.file]
    else:
        held = 0
        con.execute(ddl.attach(str(part), "now", read_only=False, small=True))
        con.execute(ddl.create(schema.REJECTS, "now"))
    con.execute("INSERT INTO now.rejects SELECT * FROM new_rejects ORDER BY load_id, line")
    close(con, part)
    kept[name] = File(name, "rejects", None, None, {"rejects": held + rows}, None, None, None, 0)


def _touched(con: duckdb.DuckDBPyConnection) -> list[date]:
    touched: set[date] = set()
    for table in schema.of_kind("day"):
        at = ddl.name(str(table.at))
        for rows in (f"new_{table.name}", f"gone_{table.name}"):
            # A day's number is cheaper to tell apart than a date made from every row.
            touched |= {
                row[0]
                for row in con.execute(f"SELECT DISTINCT CAST({at} AS DATE) FROM {ddl.name(rows)}").fetchall()
            }
    return sorted(touched)


def _write_span(
    con: duckdb.DuckDBPyConnection, folder: Path, span: _Span, generation: int, held: Held
) -> File:
    name, old, within = span.file(generation), span.old, span.within
    part = folder / f"{name}.part"
    coming = {table.name: _count(con, table, "new", within) for table in schema.of_kind("day")}
    fresh = sum(coming.values())
    append = old is not None and _is_to_append(old, fresh)
    if old and append:
        shutil.copyfile(folder / old.file, part)
    small = fresh + sum(old.made.values() if old else ()) < SMALL_ROWS
    opening = ddl.reopen(str(part), "now") if append else ddl.attach(str(part), "now", False, small=small)
    con.execute(opening)
    for table in schema.of_kind("day"):
        stays = old is not None and bool(old.made.get(table.name))
        if not stays and not coming[table.name]:
            continue
        if append:
            _shape(con, table)
            _append(con, table, within)
        else:
            con.execute(ddl.create(table, "now"))
            _rewrite(con, table, within, held.query(table, [old]) if old and stays else "")
    file = described(con, File(name, span.kind, span.start, span.stop, {}, None, None, None, 0))
    file.appends = old.appends + 1 if old and append else 0
    close(con, part)
    return file


def _is_to_append(old: File, fresh: int) -> bool:
    """True where few rows come to many: they go behind the others, for to sort them all costs much more."""
    if old.kind == "month":
        return True  # to roll it up again sorts it, see ``rollup``
    return fresh * 4 < sum(old.made.values()) and old.appends < _WHOLE_AFTER


def _shape(con: duckdb.DuckDBPyConnection, table: schema.Table) -> None:
    """Give a table of an older file the columns that it lacks, or make it."""
    known = attached.columns(con, "now", table.name)
    if not known:
        con.execute(ddl.create(table, "now"))
    elif missing := {column.name: column.type for column in table if column.name not in known}:
        for statement in ddl.widened(f"now.{ddl.name(table.name)}", missing):
            con.execute(statement)


def _count(con: duckdb.DuckDBPyConnection, table: schema.Table, which: str, within: str) -> int:
    at = ddl.name(str(table.at))
    rows = ddl.name(f"{which}_{table.name}")
    return int(con.execute(f"SELECT count(*) FROM {rows} WHERE {at} {within.format(at=at)}").fetchall()[0][0])


def _append(con: duckdb.DuckDBPyConnection, table: schema.Table, within: str) -> None:
    at, key = ddl.name(str(table.at)), ddl.columns(table.key)
    now, new, gone = (
        f"now.{ddl.name(table.name)}",
        ddl.name(f"new_{table.name}"),
        ddl.name(f"gone_{table.name}"),
    )
    if _count(con, table, "gone", within):
        con.execute(
            f"DELETE FROM {now} WHERE ({key}) IN "
            f"(SELECT ({key}) FROM {gone} WHERE {at} {within.format(at=at)})"
        )
    con.execute(
        f"INSERT INTO {now} ({ddl.columns(table.names)}) SELECT {ddl.columns(table.names)} FROM {new} "
        f"WHERE {at} {within.format(at=at)} ORDER BY {key}"
    )


def _rewrite(con: duckdb.DuckDBPyConnection, table: schema.Table, within: str, old: str) -> None:
    at, key, columns = ddl.name(str(table.at)), ddl.columns(table.key), ddl.columns(table.names)
    now, new, gone = (
        f"now.{ddl.name(table.name)}",
        ddl.name(f"new_{table.name}"),
        ddl.name(f"gone_{table.name}"),
    )
    rows = f"SELECT {columns} FROM {new} WHERE {at} {within.format(at=at)}"
    order = f" ORDER BY {key}"
    if old:
        rows += f" UNION ALL SELECT {columns} FROM ({old}) ANTI JOIN {gone} USING ({key})"
    elif table.sampled and not _merged_in(con, table):
        order = ""  # settled rows come sorted by key, and a table keeps the order of its inserts
    con.execute(f"INSERT INTO {now} {rows}{order}")


def _merged_in(con: duckdb.DuckDBPyConnection, table: schema.Table) -> bool:
    """True where rows were put into ``new_T`` after the sorted ones."""
    return bool(con.execute(f"SELECT count(*) FROM {ddl.name('gone_' + table.name)}").fetchall()[0][0])


def described(con: duckdb.DuckDBPyConnection, file: File) -> File:
    """A file that is attached as ``now``, with what its tables hold."""
    firsts, lasts, longest = [], [], 0.0
    for table in schema.of_kind("day"):
        if not attached.columns(con, "now", table.name):
            continue
        at, end = ddl.name(str(table.at)), ddl.name(str(table.stop or table.at))
        length = f"max(epoch({end} - {at}))" if table.stop else "0"
        rows, first, last, length = con.execute(
            f"SELECT count(*), min({at}), max({end}), {length} FROM now.{ddl.name(table.name)}"
        ).fetchall()[0]
        file.made[table.name] = rows
        if rows:
            firsts.append(first)
            lasts.append(last)
            longest = max(longest, length)
    file.first_at, file.last_stop = min(firsts, default=None), max(lasts, default=None)
    file.longest_s = longest
    return file


def close(con: duckdb.DuckDBPyConnection, part: Path) -> None:
    """Close the file that is attached as ``now``, whole, with no log beside it."""
    con.execute("CHECKPOINT now")
    con.execute("DETACH now")
    if part.with_name(f"{part.name}.wal").exists():
        raise OSError(0, f"{part.name} was not closed whole")
