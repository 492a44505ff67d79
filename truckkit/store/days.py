"""Day files: which old ones there are, and how a publish writes the days that it touches."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb

from truckkit import schema
from truckkit.store import attached, ddl, layout

_WHOLE_AFTER = 50
"""After so many appends a day is sorted whole again."""

_SMALL_ROWS = 100_000
"""Below so many rows a day's file is made of small blocks."""


@dataclass
class File:
    """One file of a generation, as the catalog lists it."""

    file: str
    kind: str
    start: datetime | None
    stop: datetime | None
    made: dict[str, int]
    first_at: datetime | None
    last_stop: datetime | None
    longest_s: float | None
    appends: int


def listed(con: duckdb.DuckDBPyConnection) -> list[File]:
    """The files of the generation whose catalog is attached as ``old``."""
    return [
        File(file, kind, start, stop, json.loads(made), first_at, last_stop, longest_s, appends)
        for file, kind, start, stop, made, first_at, last_stop, longest_s, appends in con.execute(
            f"SELECT {ddl.columns(schema.FILES.names)} FROM old.files ORDER BY kind, start, file"
        ).fetchall()
    ]


def attach_old(con: duckdb.DuckDBPyConnection, folder: Path) -> list[str]:
    """Attach every day file of the generation that a publish replaces, under its file name."""
    names = []
    for file in listed(con):
        if file.kind != "rejects":
            attached.attach(con, folder, file.file, file.file)
            names.append(file.file)
    return names


def holding(con: duckdb.DuckDBPyConnection, table: schema.Table) -> list[str]:
    """The attached files that hold rows of a table."""
    return [file.file for file in listed(con) if file.kind != "rejects" and file.made.get(table.name)]


def write(
    con: duckdb.DuckDBPyConnection, folder: Path, generation: int, stored: Callable[[schema.Table], str]
) -> list[File]:
    """Write the days that changed, and the rejects; give the generation's list of files."""
    is_first = not con.execute("SELECT 1 FROM duckdb_databases() WHERE database_name = 'old'").fetchall()
    before = [] if is_first else listed(con)
    by_day = {file.start.date(): file for file in before if file.kind == "day" and file.start}
    kept = {file.file: file for file in before}
    for day in _touched(con):
        old = by_day.get(day)
        made = _write_day(con, folder, day, generation, old)
        if old:
            del kept[old.file]
        if any(made.made.values()):
            kept[made.file] = made
        else:
            (folder / f"{made.file}.part").unlink()
    rejects = con.execute("SELECT count(*) FROM new_rejects").fetchall()[0][0]
    if rejects:
        name = layout.rejects_file(generation)
        con.execute(ddl.attach(str(folder / f"{name}.part"), "now", read_only=False, small=True))
        con.execute(ddl.create(schema.REJECTS, "now"))
        con.execute("INSERT INTO now.rejects SELECT * FROM new_rejects ORDER BY load_id, line")
        _close(con, folder, name)
        kept[name] = File(name, "rejects", None, None, {"rejects": rejects}, None, None, None, 0)
    return list(kept.values())


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


def _write_day(
    con: duckdb.DuckDBPyConnection, folder: Path, day: date, generation: int, old: File | None
) -> File:
    name = layout.day_file(day, generation)
    part = folder / f"{name}.part"
    start = datetime.combine(day, datetime.min.time())
    stop = start + timedelta(days=1)
    within = f">= TIMESTAMP '{start}' AND {{at}} < TIMESTAMP '{stop}'"
    coming = {table.name: _count(con, table, "new", within) for table in schema.of_kind("day")}
    fresh = sum(coming.values())
    append = old is not None and fresh * 4 < sum(old.made.values()) and old.appends < _WHOLE_AFTER
    if old and append:
        shutil.copyfile(folder / old.file, part)
    small = fresh + sum(old.made.values() if old else ()) < _SMALL_ROWS
    opening = ddl.reopen(str(part), "now") if append else ddl.attach(str(part), "now", False, small=small)
    con.execute(opening)
    for table in schema.of_kind("day"):
        held = old is not None and bool(old.made.get(table.name))
        if not held and not coming[table.name]:
            continue
        if not (held and append):
            con.execute(ddl.create(table, "now"))
        if append:
            _append(con, table, within)
        else:
            _rewrite(con, table, within, old.file if old and held else None)
    file = _described(con, name, start, stop, (old.appends + 1) if old and append else 0)
    _close(con, folder, name)
    return file


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
        f"INSERT INTO {now} SELECT {ddl.columns(table.names)} FROM {new} "
        f"WHERE {at} {within.format(at=at)} ORDER BY {key}"
    )


def _rewrite(con: duckdb.DuckDBPyConnection, table: schema.Table, within: str, old: str | None) -> None:
    at, key, columns = ddl.name(str(table.at)), ddl.columns(table.key), ddl.columns(table.names)
    now, new, gone = (
        f"now.{ddl.name(table.name)}",
        ddl.name(f"new_{table.name}"),
        ddl.name(f"gone_{table.name}"),
    )
    rows = f"SELECT {columns} FROM {new} WHERE {at} {within.format(at=at)}"
    order = f" ORDER BY {key}"
    if old:
        held = f"{ddl.name(old)}.{ddl.name(table.name)}"
        rows += f" UNION ALL SELECT {columns} FROM {held} ANTI JOIN {gone} USING ({key})"
    elif table.sampled and not _merged_in(con, table):
        order = ""  # settled rows come sorted by key, and a table keeps the order of its inserts
    con.execute(f"INSERT INTO {now} {rows}{order}")


def _merged_in(con: duckdb.DuckDBPyConnection, table: schema.Table) -> bool:
    """True where rows were put into ``new_T`` after the sorted ones."""
    return bool(con.execute(f"SELECT count(*) FROM {ddl.name('gone_' + table.name)}").fetchall()[0][0])


def _described(
    con: duckdb.DuckDBPyConnection, name: str, start: datetime, stop: datetime, appends: int
) -> File:
    made: dict[str, int] = {}
    firsts, lasts, longest = [], [], 0.0
    present = {
        row[0]
        for row in con.execute(
            "SELECT table_name FROM duckdb_tables() WHERE database_name = 'now'"
        ).fetchall()
    }
    for table in schema.of_kind("day"):
        if table.name not in present:
            continue
        at, end = ddl.name(str(table.at)), ddl.name(str(table.stop or table.at))
        length = f"max(epoch({end} - {at}))" if table.stop else "0"
        rows, first, last, length = con.execute(
            f"SELECT count(*), min({at}), max({end}), {length} FROM now.{ddl.name(table.name)}"
        ).fetchall()[0]
        made[table.name] = rows
        if rows:
            firsts.append(first)
            lasts.append(last)
            longest = max(longest, length)
    return File(
        name, "day", start, stop, made, min(firsts, default=None), max(lasts, default=None), longest, appends
    )


def _close(con: duckdb.DuckDBPyConnection, folder: Path, name: str) -> None:
    con.execute("CHECKPOINT now")
    con.execute("DETACH now")
    if (folder / f"{name}.part.wal").exists():
        raise OSError(0, f"{name} was not closed whole")
