"""Mines as an analyst would sketch them: a strip of letters for each truck, one letter a minute."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from itertools import groupby, pairwise
from math import hypot

import ibis
import pyarrow as pa
from engines import holding

from truckkit import schema
from truckkit.site import Site

LETTERS = {
    "Q": "queue_load",
    "S": "spot_load",
    "L": "load",
    "H": "haul",
    "q": "queue_dump",
    "s": "spot_dump",
    "D": "dump",
    "R": "return",
    "w": "delay",
    "p": "standby",
    "X": "down",
    ".": "no_data",
}
"""What the letters of a strip mean; a blank is time of which nothing is stored."""

MIDNIGHT = datetime(2026, 11, 22, tzinfo=UTC)


def intervals(
    strips: Mapping[str, str],
    start: datetime = MIDNIGHT,
    minute: timedelta = timedelta(minutes=1),
    source: str = "fms",
) -> list[dict[str, object]]:
    """State intervals of strips such as ``{"T01": "RRLLHHHD"}``, as rows."""
    rows: list[dict[str, object]] = []
    for truck, strip in strips.items():
        at = start.replace(tzinfo=None)
        for letter, run in groupby(strip):
            stop = at + minute * len(list(run))
            if letter != " ":
                rows.append(interval(truck, LETTERS[letter], at, stop, source))
            at = stop
    return rows


def interval(
    truck: str, state: str, start: datetime, stop: datetime, source: str = "fms", **more: object
) -> dict[str, object]:
    """One state interval as a row."""
    bounds = {"start": start.replace(tzinfo=None), "stop": stop.replace(tzinfo=None)}
    return {"truck": truck, "source": source, "state": state, **bounds, "load_id": 0, **more}


def mine(
    states: list[dict[str, object]],
    trucks: tuple[str, ...] = (),
    shifts: list[dict[str, object]] | None = None,
    zone: str = "UTC",
    name: str = "mine",
) -> Site:
    """A site over plain tables that hold these intervals."""
    named = sorted({*trucks, *(str(row["truck"]) for row in states)})
    site = [{"name": name, "time_zone": zone, "crs": None, "made_by": "tests", "simulated": True}]
    tables: list[tuple[schema.Table, list[dict[str, object]]]] = [
        (schema.SITE, site),
        (schema.TRUCKS, [{"truck": truck, "given": True, "load_id": 0} for truck in named]),
        (schema.STATE_INTERVALS, states),
        (schema.SHIFTS, shifts or []),
    ]
    return Site(
        holding(
            {
                table.name: pa.Table.from_pylist(
                    [{column: row.get(column) for column in table.names} for row in rows],
                    schema=table.schema.to_pyarrow(),
                )
                for table, rows in tables
            }
        )
    )


def dumped(loads: Mapping[str, list[float | None]]) -> ibis.Table:
    """Cycles whose loads were dumped, of these tonnes for each truck: ``truck``, ``carried_t``."""
    rows = [{"truck": truck, "carried_t": tonnes} for truck, each in loads.items() for tonnes in each]
    return ibis.memtable(rows, schema=ibis.schema({"truck": "string", "carried_t": "float64"}))


_USUAL = {"load_id": 0, "version": 1, "given": True, "complete": True, "source": "fms", "days_each": 1}


def furnished(states: list[dict[str, object]], zone: str = "UTC", **tables: list[dict[str, object]]) -> Site:
    """A site that holds these intervals and rows of any other tables; trucks are those that rows name."""
    rows: dict[str, list[dict[str, object]]] = {"states": states, **tables}
    given = {row["truck"]: row for row in rows.get("trucks", [])}
    named = sorted({str(row["truck"]) for each in rows.values() for row in each if row.get("truck")})
    rows["trucks"] = [{"truck": truck, **given.get(truck, {})} for truck in named]
    rows["site"] = [{"name": "mine", "time_zone": zone, "made_by": "tests", "simulated": True}]
    held = {}
    for name, each in rows.items():
        table = schema.TABLES[name]
        full = [{column: row.get(column, _USUAL.get(column)) for column in table.names} for row in each]
        held[name] = pa.Table.from_pylist(full, schema=table.schema.to_pyarrow())
    return Site(holding(held))


PHASES = {
    "return": 8.0,
    "queue_load": 0.0,
    "spot_load": 1.0,
    "load": 3.0,
    "haul": 10.0,
    "queue_dump": 0.0,
    "spot_dump": 1.0,
    "dump": 1.0,
}
"""Minutes of the phases of a cycle from one dumping to the next, where a test says nothing else."""


def haul_cycle(
    truck: str = "T01", at: float = 0, phases: Mapping[str, float] | None = None, **more: object
) -> dict[str, object]:
    """One complete cycle as a row: it starts so many minutes after midnight, and stops with its dump."""
    spent = PHASES | dict(phases or {})
    reached = {"start": MIDNIGHT.replace(tzinfo=None) + timedelta(minutes=at)}
    now = reached["start"]
    for phase, minutes in spent.items():
        reached[phase] = now
        now += timedelta(minutes=minutes)
    delay_min = float(str(more.pop("delay_min", 0.0)))
    return {
        "truck": truck,
        "source": "fms",
        "start": reached["start"] - timedelta(minutes=delay_min),
        "stop": now,
        "loader": "SH1",
        "load_place": "Face",
        "dump_place": "Dump",
        "arrived_load": reached["queue_load"],
        "full": reached["haul"],
        "arrived_dump": reached["queue_dump"],
        "delay_min": delay_min,
        "payload_t": 200.0,
        "complete": True,
        "overlaps": False,
        "load_id": 0,
        **{f"{phase}_min": minutes for phase, minutes in spent.items()},
        **more,
    }


def shift(name: str, start_min: float, stop_min: float, crew: str | None = None) -> dict[str, object]:
    """One shift as a row, by minutes after midnight."""
    midnight = MIDNIGHT.replace(tzinfo=None)
    bounds = {
        "start": midnight + timedelta(minutes=start_min),
        "stop": midnight + timedelta(minutes=stop_min),
    }
    return {"shift": name, "crew": crew, **bounds}


def mine_of(**tables: list[dict[str, object]]) -> Site:
    """A site over plain tables of these rows; trucks of cycles without states have some, long before."""
    states = tables.pop("states", None)
    if states is None and "cycles" in tables:
        # That a source tells of a truck is known from its states.
        named = sorted({str(row["truck"]) for row in tables["cycles"]})
        states = intervals(dict.fromkeys(named, "."), MIDNIGHT - timedelta(days=40))
    return furnished(states or [], **tables)


def minute(number: float) -> datetime:
    """The instant so many minutes after midnight, as tables hold it."""
    return MIDNIGHT.replace(tzinfo=None) + timedelta(minutes=number)


def rows_of(table: ibis.Table, *order: str) -> list[dict[str, object]]:
    """The rows of an answer as dictionaries, in the order of these columns."""
    return (table.order_by(*order) if order else table).to_pyarrow().to_pylist()


def table_of(table: schema.Table, rows: Iterable[Mapping[str, object]]) -> ibis.Table:
    """A table of this shape, outside of any site; columns that a row lacks are empty, ``load_id`` is 0."""
    filled = [{name: row.get(name, 0 if name == "load_id" else None) for name in table.names} for row in rows]
    return ibis.memtable(pa.Table.from_pylist(filled, schema=table.schema.to_pyarrow()))


def drive(
    truck: str,
    way: Iterable[tuple[float, float]],
    kmh: float = 36.0,
    start: datetime = MIDNIGHT,
    grade_pct: float = 0.0,
) -> list[dict[str, object]]:
    """Positions of a truck along a line of points [m] at one speed, one a second, climbing all the way."""
    rows: list[dict[str, object]] = []
    points, step, driven, left = list(way), kmh / 3.6, 0.0, 0.0
    for (x, y), (to_x, to_y) in pairwise(points):
        long = hypot(to_x - x, to_y - y)
        while left < long:
            at = start.replace(tzinfo=None) + timedelta(seconds=len(rows))
            share = left / long
            rows.append(
                {
                    "truck": truck,
                    "at": at,
                    "x_m": x + share * (to_x - x),
                    "y_m": y + share * (to_y - y),
                    "elevation_m": driven * grade_pct / 100,
                    "speed_kmh": kmh,
                    "load_id": 0,
                }
            )
            left, driven = left + step, driven + step
        left -= long
    return rows
