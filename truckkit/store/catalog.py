"""The catalog of a generation: what is few, written anew each time, with real keys."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import duckdb

from truckkit import schema
from truckkit.store import ddl, layout, merge
from truckkit.store.days import File
from truckkit.store.draft import Facts

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
    files: Sequence[File],
) -> None:
    """Write the catalog of a generation: the old rows, what this publish changed, the list of files."""
    name = layout.catalog_file(generation)
    con.execute(ddl.attach(str(folder / f"{name}.part"), "now", read_only=False, small=True))
    _describe_site(con, site, stored)
    _note_latest(con, stored)
    made: list[str] = []
    con.execute("USE now")  # a foreign key finds its table only in the database in use
    for table in _ordered():
        con.execute(ddl.create(table, "now", references=made))
        made.append(table.name)
        if table is schema.FILES:
            _list_files(con, files)
            continue
        con.execute(
            f"INSERT INTO now.{ddl.name(table.name)} SELECT {ddl.columns(table.names)} "
            f"FROM ({merge.after(table, stored(table))}) ORDER BY {ddl.columns(table.key)}"
        )
    con.execute("USE memory")
    con.execute("CHECKPOINT now")
    con.execute("DETACH now")


def _ordered() -> list[schema.Table]:
    tables = {table.name: table for table in schema.of_kind("catalog")}
    first = [tables.pop(name) for name in _ORDER]
    return first + list(tables.values())


def _list_files(con: duckdb.DuckDBPyConnection, files: Sequence[File]) -> None:
    if not files:
        return  # DuckDB refuses to run a statement for none
    con.executemany(
        f"INSERT INTO now.files VALUES ({', '.join('?' * len(schema.FILES.names))})",
        [
            (
                file.file,
                file.kind,
                file.start,
                file.stop,
                json.dumps(file.made, sort_keys=True),
                file.first_at,
                file.last_stop,
                file.longest_s,
                file.appends,
            )
            for file in files
        ],
    )


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


def _note_latest(con: duckdb.DuckDBPyConnection, stored: Callable[[schema.Table], str]) -> None:
    """Keep the newest known of each truck, so that asking for it reads no samples."""
    newest = (
        'SELECT p.truck, p."at", p.x_m, p.y_m, p.elevation_m, p.lon, p.lat, p.speed_kmh, p.heading_deg '
        'FROM new_positions p SEMI JOIN (SELECT truck, max("at") AS "at" FROM new_positions GROUP BY truck) '
        'USING (truck, "at")'
    )
    reading = (
        'SELECT truck, arg_max({0}, "at") AS {0} FROM new_telemetry WHERE {0} IS NOT NULL GROUP BY truck'
    )
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE newest AS SELECT p.*, t.payload_t, f.fuel_pct FROM ({newest}) p "
        f"LEFT JOIN ({reading.format('payload_t')}) t USING (truck) "
        f"LEFT JOIN ({reading.format('fuel_pct')}) f USING (truck)"
    )
    chosen = ddl.columns(schema.LATEST.names)
    held = stored(schema.LATEST)
    merge.replace(
        con,
        schema.LATEST,
        f'SELECT n.truck, n."at", n.x_m, n.y_m, n.elevation_m, n.lon, n.lat, n.speed_kmh, n.heading_deg, '
        "coalesce(n.payload_t, h.payload_t) AS payload_t, coalesce(n.fuel_pct, h.fuel_pct) AS fuel_pct "
        f"FROM newest n LEFT JOIN (SELECT {chosen} FROM ({held})) h USING (truck) "
        'WHERE h."at" IS NULL OR n."at" >= h."at"',
    )
    con.execute("DROP TABLE newest")
