"""What staged rows change: duplicates fall, corrections win field by field.

For every table that a draft stages, the outcome is two temporary tables of the draft's connection:
``new_T``, the rows to write, and ``gone_T``, the keys (and instants) of stored rows to take away.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import duckdb

from truckkit import schema
from truckkit.store import ddl
from truckkit.store.draft import STAGING, Load

_LAST_WORD = ("fault", "complete", "why", "overlaps")
"""Columns that a correction sets even to nothing: they speak of the row, not of the truck."""


def prepare(con: duckdb.DuckDBPyConnection, table: schema.Table) -> None:
    """Make the empty ``new_T`` and ``gone_T``."""
    con.execute(ddl.temporary(_new(table), {column.name: column.type for column in table}))
    con.execute(
        f"CREATE TEMP TABLE {_gone(table)} AS SELECT {ddl.columns(_place_in_time(table))} FROM {_new(table)}"
    )


def settle(
    con: duckdb.DuckDBPyConnection,
    table: schema.Table,
    loads: list[Load],
    stored: str,
    trucks: str,
    offset: int,
) -> None:
    """Fold the staged rows of each load, in order, into what is stored.

    ``stored`` is the query over the stored rows that staged ones could meet, ``trucks`` that over
    the trucks that are known; ``offset`` is what makes the rows' load numbers the ledger's, which
    ``loads`` have already.
    """
    staged, key = ddl.name(f"staged_{table.name}"), ddl.columns(table.key)
    if offset:
        con.execute(f"ALTER TABLE {staged} ALTER load_id SET DATA TYPE BIGINT USING load_id + {offset}")
    known = [load.number for load in loads if load.known]
    con.execute(f"DELETE FROM {staged} WHERE load_id IN (SELECT unnest(?))", [known])
    strict = [load.number for load in loads if not load.adds_trucks]
    if strict and "truck" in table and table is not schema.TRUCKS:
        con.execute(
            f"UPDATE {staged} SET _reason = 'no truck \"' || truck || '\" is known here' "
            "WHERE _reason IS NULL AND load_id IN (SELECT unnest(?)) "
            f"AND truck NOT IN (SELECT truck FROM ({trucks}))",
            [strict],
        )
    _refuse(con, table, loads, staged)
    con.execute(f"DELETE FROM {staged} WHERE _reason IS NOT NULL")
    _sort(con, table, staged)
    repeats = _repeats(con, table)
    if repeats:
        con.execute(f"CREATE OR REPLACE TEMP TABLE settling AS SELECT * EXCLUDE (_reason) FROM {staged}")
        _widen(con, STAGING)
        _keep_the_better(con, table, loads)
    con.execute(f"DROP TABLE {staged}")
    meeting = f"SELECT {key} FROM settling SEMI JOIN ({stored}) USING ({key})"
    if repeats and len(loads) > 1:
        meeting += f" UNION SELECT {key} FROM settling GROUP BY {key} HAVING count(*) > 1"
    con.execute(f"CREATE OR REPLACE TEMP TABLE meeting AS SELECT DISTINCT * FROM ({meeting})")
    _widen(con, {column.name: column.type for column in table})
    if not con.execute("SELECT count(*) FROM meeting").fetchall()[0][0]:
        _take_over(con, table)
    else:
        _widen(con, STAGING)
        columns = ddl.columns(table.names)
        _fold(con, table, loads, stored)
        con.execute(
            f"INSERT INTO {_new(table)} ({columns}) "
            f"SELECT {columns} FROM settling ANTI JOIN meeting USING ({key})"
        )
        con.execute("DROP TABLE settling")
    con.execute("DROP TABLE meeting")


def refuse_before(con: duckdb.DuckDBPyConnection, table: schema.Table, cut: str) -> None:
    """Refuse staged rows of a time that was taken away: an edited mapping must not bring it back."""
    if not table.at:
        return
    over = f"{ddl.name(table.stop)} <=" if table.stop else f"{ddl.name(table.at)} <"
    con.execute(
        f"UPDATE {ddl.name('staged_' + table.name)} SET _reason = ? "
        f"WHERE _reason IS NULL AND {over} CAST(CAST(? AS TIMESTAMPTZ) AS TIMESTAMP)",
        [f"it is of before {cut[:19].replace('T', ' ')} UTC, a time that truckkit prune took away", cut],
    )


def _sort(con: duckdb.DuckDBPyConnection, table: schema.Table, staged: str) -> None:
    """Bring the staged rows into ``settling``, in the order of their key."""
    names = [row[0] for row in con.execute(f"DESCRIBE {staged}").fetchall() if row[0] != "_reason"]
    load = None
    if not _content_is_kept(table):
        # Samples come by the million, and each column that is sorted with them costs its share.
        names = [name for name in names if name in table and name != "load_id"]
        counts = ", ".join(f"count({ddl.name(name)})" for name in names)
        first, last, *told = con.execute(
            f"SELECT min(load_id), max(load_id), {counts} FROM {staged}"
        ).fetchall()[0]
        names = [name for name, rows in zip(names, told, strict=True) if rows or name in table.key]
        load = first if first == last else None
        names += [] if load is not None else ["load_id"]
    with _places(con, table, staged) as order:
        con.execute(
            f"CREATE TEMP TABLE settling AS SELECT {ddl.columns(names)} FROM {staged} ORDER BY {order}"
        )
    if load is not None:
        con.execute(f"ALTER TABLE settling ADD COLUMN load_id BIGINT DEFAULT {load}")


@contextmanager
def _places(con: duckdb.DuckDBPyConnection, table: schema.Table, staged: str) -> Iterator[str]:
    """How to sort staged rows by their key: few names by their places among them, which are numbers.

    To sort rows of a hundred trucks by text takes twice as long.
    """
    parts = []
    # Of no rows there are no names, and DuckDB has no type for that.
    by_places = table.sampled and con.execute(f"SELECT 1 FROM {staged} LIMIT 1").fetchall()
    for number, each in enumerate(table.key):
        quoted = ddl.name(each)
        if by_places and table[each].type == schema.TEXT:
            names = f"SELECT DISTINCT {quoted} FROM {staged} ORDER BY {quoted}"
            con.execute(f"CREATE TYPE place_{number} AS ENUM ({names})")
            quoted += f"::place_{number}"
        parts.append(quoted)
    try:
        yield ", ".join(parts)
    finally:
        for number, part in enumerate(parts):
            if "::" in part:
                con.execute(f"DROP TYPE place_{number}")


def _widen(con: duckdb.DuckDBPyConnection, columns: Mapping[str, str]) -> None:
    """Give ``settling`` the columns that no staged row fills; empty ones cost next to nothing."""
    for statement in ddl.widened("settling", columns):
        con.execute(statement)


def _take_over(con: duckdb.DuckDBPyConnection, table: schema.Table) -> None:
    """Let ``settling`` be the rows to write, for to copy millions of them costs as much as to sort them."""
    for extra in {*STAGING, "load_id"} - set(table.names):
        con.execute(f"ALTER TABLE settling DROP COLUMN IF EXISTS {extra}")
    con.execute(f"DROP TABLE {_new(table)}")
    con.execute(f"ALTER TABLE settling RENAME TO {_new(table)}")


def replace(con: duckdb.DuckDBPyConnection, table: schema.Table, rows: str) -> None:
    """Write rows (a query) in the place of whatever has their keys."""
    key = ddl.columns(table.key)
    con.execute(f"CREATE OR REPLACE TEMP TABLE replacing AS SELECT {ddl.columns(table.names)} FROM ({rows})")
    remove(con, table, f"SELECT {ddl.columns(_place_in_time(table))} FROM replacing")
    columns = ddl.columns(table.names)
    con.execute(f"INSERT INTO {_new(table)} ({columns}) SELECT {columns} FROM replacing ORDER BY {key}")
    con.execute("DROP TABLE replacing")


def remove(con: duckdb.DuckDBPyConnection, table: schema.Table, keys: str) -> None:
    """Take away the rows with these keys (a query that gives key and instant)."""
    key = ddl.columns(table.key)
    con.execute(f"CREATE OR REPLACE TEMP TABLE removing AS {keys}")
    con.execute(f"INSERT INTO {_gone(table)} SELECT * FROM removing")
    con.execute(f"DELETE FROM {_new(table)} WHERE ({key}) IN (SELECT ({key}) FROM removing)")
    con.execute("DROP TABLE removing")


def changes(con: duckdb.DuckDBPyConnection, table: schema.Table) -> bool:
    """True where a publish changes a table; where not, what is stored is in order and quicker to read."""
    return any(con.execute(f"SELECT count(*) FROM {rows(table)}").fetchall()[0][0] for rows in (_new, _gone))


def after(table: schema.Table, stored: str) -> str:
    """The query over the table as it will be once published."""
    columns, key = ddl.columns(table.names), ddl.columns(table.key)
    return (
        f"SELECT {columns} FROM ({stored}) ANTI JOIN {_gone(table)} USING ({key}) "
        f"UNION ALL SELECT {columns} FROM {_new(table)}"
    )


def nothing(table: schema.Table) -> str:
    """The query over a table that gives no row of it."""
    return f"SELECT {ddl.columns(table.names)} FROM {_new(table)} LIMIT 0"


def _new(table: schema.Table) -> str:
    return ddl.name(f"new_{table.name}")


def _gone(table: schema.Table) -> str:
    return ddl.name(f"gone_{table.name}")


def _place_in_time(table: schema.Table) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*table.key, *((table.at,) if table.at else ()))))


def _refuse(con: duckdb.DuckDBPyConnection, table: schema.Table, loads: list[Load], staged: str) -> None:
    con.execute(
        "INSERT INTO new_rejects SELECT load_id, s.source, _line, ?, 'rejected', _reason, "
        "coalesce(_content, '') "
        f"FROM {staged} JOIN sources s ON s.number = load_id WHERE _reason IS NOT NULL",
        [table.name],
    )
    for number, rejected in con.execute(
        f"SELECT load_id, count(*) FROM {staged} WHERE _reason IS NOT NULL GROUP BY load_id"
    ).fetchall():
        _count(loads, number, table, "rejected", rejected)


def _repeats(con: duckdb.DuckDBPyConnection, table: schema.Table) -> bool:
    # The rows are sorted by key, so a repeated key stands beside itself: cheaper than grouping.
    same = " AND ".join(f"{ddl.name(each)} = lag({ddl.name(each)}) OVER ()" for each in table.key)
    return bool(
        con.execute(f"SELECT bool_or(same) FROM (SELECT {same} AS same FROM settling)").fetchall()[0][0]
    )


def _keep_the_better(con: duckdb.DuckDBPyConnection, table: schema.Table, loads: list[Load]) -> None:
    """Within one load the better row stands (the lower rank, then the later line); the others repeat it."""
    key = ddl.columns(table.key)
    con.execute(
        "CREATE OR REPLACE TEMP TABLE ranked AS SELECT *, "
        f"row_number() OVER (PARTITION BY {key}, load_id ORDER BY _rank, _line DESC) AS _place, "
        f"first_value(_line) OVER (PARTITION BY {key}, load_id ORDER BY _rank, _line DESC) AS _better "
        "FROM settling"
    )
    _note_duplicates(con, table, "ranked", "_place > 1", "'row ' || _better || ' tells of the same '")
    for number, repeated in con.execute(
        "SELECT load_id, count(*) FROM ranked WHERE _place > 1 GROUP BY load_id"
    ).fetchall():
        _count(loads, number, table, "duplicates", repeated)
    con.execute(
        "CREATE OR REPLACE TEMP TABLE settling AS SELECT * EXCLUDE (_place, _better) FROM ranked "
        f"WHERE _place = 1 ORDER BY {key}, load_id"
    )
    con.execute("DROP TABLE ranked")


def _fold(con: duckdb.DuckDBPyConnection, table: schema.Table, loads: list[Load], stored: str) -> None:
    """Where staged rows meet stored ones, or another load's, the later load wins field by field."""
    key, columns = ddl.columns(table.key), ddl.columns(table.names)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE held AS SELECT {columns}, false AS _changed "
        f"FROM ({stored}) SEMI JOIN meeting USING ({key})"
    )
    for load in loads:
        theirs = (
            "SELECT * FROM settling s SEMI JOIN meeting USING (" + key + f") WHERE load_id = {load.number}"
        )
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE folding AS SELECT n._line AS _line, n._content AS _content, "
            f"h.{ddl.name(table.key[0])} IS NULL AS _first, {_same(table)} AS _same, "
            f"{_merged(table)} FROM ({theirs}) n LEFT JOIN held h USING ({key})"
        )
        _note_duplicates(
            con, table, "folding", "_same AND NOT _first", "'the store holds the same '", load.number
        )
        repeated, corrected = con.execute(
            "SELECT count(*) FILTER (_same AND NOT _first), count(*) FILTER (NOT _same AND NOT _first) "
            "FROM folding"
        ).fetchall()[0]
        _count(loads, load.number, table, "duplicates", repeated)
        _count(loads, load.number, table, "corrected", corrected)
        con.execute(
            f"DELETE FROM held WHERE ({key}) IN (SELECT ({key}) FROM folding WHERE NOT _same OR _first)"
        )
        con.execute(f"INSERT INTO held SELECT {columns}, true FROM folding WHERE NOT _same OR _first")
        con.execute("DROP TABLE folding")
    replace(con, table, f"SELECT {columns} FROM held WHERE _changed")
    con.execute("DROP TABLE held")


def _same(table: schema.Table) -> str:
    """True where the new row says nothing that the held one does not."""
    tests = []
    for column in table:
        if column.name in table.key or column.name == "load_id":
            continue
        new, held = f"n.{ddl.name(column.name)}", f"h.{ddl.name(column.name)}"
        if column.name in _LAST_WORD:
            tests.append(f"{new} IS NOT DISTINCT FROM {held}")
        elif column.name == "given":
            tests.append(f"({held} OR NOT {new})")
        elif "given" in table:
            tests.append(
                f"({new} IS NULL OR {new} IS NOT DISTINCT FROM {held} "
                f"OR (h.given AND NOT n.given AND {held} IS NOT NULL))"
            )
        else:
            tests.append(f"({new} IS NULL OR {new} IS NOT DISTINCT FROM {held})")
    return "(" + (" AND ".join(tests) or "true") + ")"


def _merged(table: schema.Table) -> str:
    """The row after the correction."""
    parts = []
    for column in table:
        quoted = ddl.name(column.name)
        new, held = f"n.{quoted}", f"h.{quoted}"
        if column.name in table.key:
            value = quoted if column.name != "load_id" else new
        elif column.name == "load_id":
            value = f"CASE WHEN {_same(table)} THEN {held} ELSE {new} END"
        elif column.name in _LAST_WORD:
            value = new
        elif column.name == "given":
            value = f"({new} OR coalesce({held}, false))"
        elif "given" in table:
            # What was given wins over what other rows only let us guess.
            value = (
                f"CASE WHEN h.given AND NOT n.given THEN coalesce({held}, {new}) "
                f"ELSE coalesce({new}, {held}) END"
            )
        else:
            value = f"coalesce({new}, {held})"
        parts.append(f"{value} AS {quoted}")
    return ", ".join(parts)


def _note_duplicates(
    con: duckdb.DuckDBPyConnection,
    table: schema.Table,
    rows: str,
    where: str,
    reason: str,
    number: int | None = None,
) -> None:
    if _content_is_kept(table):
        load = "load_id" if number is None else str(number)
        con.execute(
            f"INSERT INTO new_rejects SELECT r.load, s.source, r._line, ?, 'duplicate', r.reason, "
            f"coalesce(r._content, '') FROM (SELECT {load} AS load, _line, _content, {reason} || ? AS reason "
            f"FROM {rows} WHERE {where} AND _line IS NOT NULL) r JOIN sources s ON s.number = r.load "
            "WHERE s.counted = ?",
            [table.name, f"({', '.join(table.key)})", table.name],
        )


def _content_is_kept(table: schema.Table) -> bool:
    """Samples repeat by the million, and a count of them is in the ledger; other rows are few."""
    return not table.sampled


def _count(loads: list[Load], number: int, table: schema.Table, what: str, rows: int) -> None:
    """Only the table that a load's rows are meant for is counted, so that the ledger adds up."""
    for load in loads:
        if load.number == number and load.into == table.name:
            setattr(load, what, getattr(load, what) + rows)
