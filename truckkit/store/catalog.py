"""The catalog of a generation: what is few, with real keys, and the ledger."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import duckdb
import pyarrow as pa

from truckkit import schema
from truckkit.store import attached, ddl, layout, merge
from truckkit.store.draft import Facts
from truckkit.store.held import File, Held

_ORDER = ("site", "files", "trucks", "places", "roads", "shifts", "loads", "maintenance", "annotations")
"""Tables that others refer to come first."""


def name_the_unnamed(con: duckdb.DuckDBPyConnection, stored: Callable[[schema.Table], str]) -> None:
    """Add the trucks and places that only samples, intervals and cycles name."""
    for kind, given in (
        (schema.PLACES, "'unknown' AS kind, false AS given"),
        (schema.TRUCKS, "false AS given"),
    ):
        key = ddl.name(kind.key[0])
        named = " UNION ".join(
            f"SELECT {ddl.name(column.name)} AS {key}, load_id FROM {ddl.name('new_' + table.name)} "
            f"WHERE {ddl.name(column.name)} IS NOT NULL GROUP BY ALL"
            for table in schema.TABLES.values()
            for column in table
            if column.references == kind.name and "load_id" in table
        )
        rows = f"SELECT {key}, min(load_id) AS load_id, {given} FROM ({named}) GROUP BY {key}"
        con.execute(f"CREATE OR REPLACE TEMP TABLE naming AS {rows}")
        con.execute(
            f"INSERT INTO {ddl.name('new_' + kind.name)} BY NAME SELECT * FROM naming "
            f"ANTI JOIN ({merge.after(kind, stored(kind))}) USING ({key})"
        )
        con.execute("DROP TABLE naming")


def write(
    con: duckdb.DuckDBPyConnection,
    folder: Path,
    generation: int,
    site: Facts | None,
    stored: Callable[[schema.Table], str],
    held: Held,
    files: Sequence[File],
) -> None:
    """Write the catalog of a generation: the old rows, what this publish changed, the list of files.

    A copy of the old catalog is edited where that will do, for a ledger grows with each load.
    """
    part = folder / f"{layout.catalog_file(generation)}.part"
    _describe_site(con, site, stored)
    _note_latest(con, stored, held)
    _put_files(con, files)
    if generation > 1 and _has_our_shape(con):
        shutil.copyfile(folder / layout.catalog_file(generation - 1), part)
        con.execute(ddl.reopen(str(part), "now"))
        try:
            _edit(con)
            _close(con)
            return
        except duckdb.ConstraintException:
            # DuckDB refuses to take away a row that others name, even for a moment; written anew it may go.
            con.execute("USE memory")
            con.execute("DETACH now")
            part.unlink()
            part.with_name(f"{part.name}.wal").unlink(missing_ok=True)
    con.execute(ddl.attach(str(part), "now", read_only=False, small=True, keyed=True))
    made: list[str] = []
    con.execute("USE now")  # a foreign key finds its table only in the database in use
    for table in _ordered():
        con.execute(ddl.create(table, "now", references=made))
        made.append(table.name)
        before = merge.nothing(table) if table is schema.FILES else stored(table)
        con.execute(
            f"INSERT INTO now.{ddl.name(table.name)} SELECT {ddl.columns(table.names)} "
            f"FROM ({merge.after(table, before)}) ORDER BY {ddl.columns(table.key)}"
        )
    _close(con)


def _close(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("USE memory")
    con.execute("CHECKPOINT now")
    con.execute("DETACH now")


def _has_our_shape(con: duckdb.DuckDBPyConnection) -> bool:
    """True where the old catalog has every table and column that it would be given today, and no more."""
    return all(
        attached.columns(con, "old", table.name) == set(table.names) for table in schema.of_kind("catalog")
    )


def _edit(con: duckdb.DuckDBPyConnection) -> None:
    """Bring the copy of the old catalog, which is attached as ``now``, up to date.

    Rows that stay by their key are changed in place: to take away a row that others refer to is refused.
    """
    con.execute("USE now")
    tables = [table for table in _ordered() if merge.changes(con, table)]
    for table in reversed(tables):
        key, now = ddl.columns(table.key), f"now.{ddl.name(table.name)}"
        new = f"temp.{ddl.name('new_' + table.name)}"
        gone = f"temp.{ddl.name('gone_' + table.name)}"
        lost = f"SELECT DISTINCT {key} FROM {gone} ANTI JOIN {new} USING ({key})"
        if con.execute(f"SELECT count(*) FROM ({lost})").fetchall()[0][0]:
            con.execute(f"DELETE FROM {now} WHERE ({key}) IN (SELECT ({key}) FROM ({lost}))")
    for table in tables:
        key, now = ddl.columns(table.key), f"now.{ddl.name(table.name)}"
        new = f"temp.{ddl.name('new_' + table.name)}"
        others = [ddl.name(name) for name in table.names if name not in table.key]
        same = " AND ".join(f"h.{ddl.name(each)} = n.{ddl.name(each)}" for each in table.key)
        if others:
            assigned = ", ".join(f"{each} = n.{each}" for each in others)
            differs = " OR ".join(f"h.{each} IS DISTINCT FROM n.{each}" for each in others)
            con.execute(f"UPDATE {now} h SET {assigned} FROM {new} n WHERE {same} AND ({differs})")
        columns = ddl.columns(table.names)
        con.execute(
            f"INSERT INTO {now} ({columns}) SELECT {columns} FROM {new} "
            f"ANTI JOIN (SELECT {key} FROM {now}) USING ({key}) ORDER BY {key}"
        )


def _ordered() -> list[schema.Table]:
    tables = {table.name: table for table in schema.of_kind("catalog")}
    first = [tables.pop(name) for name in _ORDER]
    return first + list(tables.values())


def _put_files(con: duckdb.DuckDBPyConnection, files: Sequence[File]) -> None:
    """Note the list of files as the rows of its table that a publish changes."""
    names = ddl.columns(schema.FILES.names)
    if con.execute("SELECT 1 FROM duckdb_databases() WHERE database_name = 'old'").fetchall():
        con.execute("INSERT INTO gone_files SELECT file FROM old.files")
    if files:  # DuckDB refuses to run a statement for none
        rows = pa.Table.from_pylist(
            [{**vars(file), "made": json.dumps(file.made, sort_keys=True)} for file in files],
            schema=schema.FILES.schema.to_pyarrow(),
        )
        con.register("listing", rows)
        con.execute(f"INSERT INTO new_files SELECT {names} FROM listing")
        con.unregister("listing")


def described(
    con: duckdb.DuckDBPyConnection, site: Facts | None, stored: Callable[[schema.Table], str]
) -> Facts:
    """What is known of the site: its own word, else that of the first source; later ones only mark it."""
    held = con.execute(
        f"SELECT name, time_zone, crs, simulated, least_coverage FROM ({stored(schema.SITE)})"
    ).fetchall()
    known = Facts(*held[0]) if held else (site or Facts())
    simulated = known.simulated or bool(site and site.simulated)
    said = site if site and site.own else known
    crs = said.crs or known.crs or (site.crs if site else None)
    return replace(said, simulated=simulated, crs=crs)


def _describe_site(
    con: duckdb.DuckDBPyConnection, site: Facts | None, stored: Callable[[schema.Table], str]
) -> None:
    now = described(con, site, stored)
    merge.remove(con, schema.SITE, f"SELECT name FROM ({stored(schema.SITE)})")
    con.execute(
        f"INSERT INTO new_site ({ddl.columns(schema.SITE.names)}) VALUES (?, ?, ?, ?, ?, ?)",
        [
            now.name,
            now.time_zone,
            now.crs,
            f"truckkit format {schema.FORMAT}",
            now.simulated,
            now.least_coverage,
        ],
    )


_READ = {"payload_t": "payload_at", "fuel_pct": "fuel_at"}
"""The newest readings that are kept of each truck, and the columns that say when each was taken."""


def _note_latest(
    con: duckdb.DuckDBPyConnection, stored: Callable[[schema.Table], str], telemetry: Held
) -> None:
    """Keep the newest known of each truck, in whatever order it came; to ask for it reads no samples."""
    # A catalog of before readings had their times does not tell whether a new one is newer.
    aged = set(_READ.values()) <= attached.columns(con, "old", "latest")
    held = stored(schema.LATEST)
    con.execute(
        "CREATE OR REPLACE TEMP TABLE newest AS SELECT * FROM new_positions p "
        'SEMI JOIN (SELECT truck, max("at") AS "at" FROM new_positions GROUP BY truck) USING (truck, "at") '
        f'ANTI JOIN ({held}) h ON h.truck = p.truck AND h."at" > p."at"'
    )
    con.execute(
        "CREATE OR REPLACE TEMP TABLE readings (truck VARCHAR, name VARCHAR, value FLOAT, "
        '"at" TIMESTAMP, fresh BOOLEAN)'
    )
    _read(con, "SELECT * FROM new_telemetry", fresh=True)
    if aged:
        for name, at in _READ.items():
            con.execute(
                f"INSERT INTO readings SELECT truck, '{name}', {name}, {at}, false FROM ({held}) "
                f"WHERE {at} IS NOT NULL"
            )
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE placed AS SELECT truck FROM newest UNION SELECT truck FROM ({held})"
    )
    _look_up(
        con,
        telemetry,
        f"SELECT truck FROM ({stored(schema.TRUCKS)})"
        + (f" ANTI JOIN ({held}) USING (truck)" if aged else ""),
    )
    told = (
        "SELECT truck, "
        + ", ".join(
            f"max(value) FILTER (name = '{name}') AS {name}, max(\"at\") FILTER (name = '{name}') AS {at}"
            for name, at in _READ.items()
        )
        + " FROM (SELECT * FROM readings QUALIFY row_number() OVER "
        '(PARTITION BY truck, name ORDER BY "at" DESC, fresh DESC) = 1) GROUP BY truck'
    )
    every = ddl.columns(schema.LATEST.names)
    own = ddl.columns(each for each in schema.LATEST.names if each not in (*_READ, *_READ.values()))
    merge.replace(
        con,
        schema.LATEST,
        f"SELECT {every} FROM (SELECT {own} FROM newest UNION ALL "
        f"SELECT {own} FROM ({held}) ANTI JOIN newest USING (truck)) LEFT JOIN ({told}) USING (truck) "
        f"EXCEPT SELECT {every} FROM ({held})",
    )
    con.execute("DROP TABLE newest")
    con.execute("DROP TABLE placed")
    con.execute("DROP TABLE readings")


def _read(con: duckdb.DuckDBPyConnection, rows: str, *, fresh: bool) -> None:
    """Note the newest reading of each truck among rows of telemetry."""
    for name in _READ:
        con.execute(
            f'INSERT INTO readings SELECT truck, \'{name}\', arg_max({name}, "at"), max("at"), {fresh} '
            f"FROM ({rows}) WHERE {name} IS NOT NULL GROUP BY truck"
        )


def _look_up(con: duckdb.DuckDBPyConnection, telemetry: Held, trucks: str) -> None:
    """Note what the store holds of trucks that are at a position for the first time, the newest first.

    Each truck is looked up once in its life, so that a publish costs the same however old the store is.
    """
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE sought AS SELECT truck FROM ({trucks}) "
        "WHERE truck IN (SELECT truck FROM placed)"
    )
    for files, _, _ in telemetry.chunks(schema.TELEMETRY, None, None, newest_first=True):
        missing = con.execute(
            "SELECT 1 FROM sought s WHERE "
            "(SELECT count(DISTINCT name) FROM readings r WHERE r.truck = s.truck AND NOT fresh) "
            f"< {len(_READ)}"
        ).fetchall()
        if not files or not missing:
            break
        _read(
            con,
            f"SELECT * FROM ({telemetry.query(schema.TELEMETRY, files)}) SEMI JOIN sought USING (truck)",
            fresh=False,
        )
    con.execute("DROP TABLE sought")
