"""Mines in which trucks drive as a test says: straight along lines, one sample every so often."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import ibis
import pyarrow as pa
from strips import MIDNIGHT

from truckkit import schema
from truckkit.site import Site

SECOND = timedelta(seconds=1)
Row = dict[str, object]


def along(
    truck: str,
    start: datetime = MIDNIGHT,
    samples: int = 60,
    every: timedelta = SECOND,
    x: float = 1000.0,
    y: float = 2000.0,
    speed: float = 36.0,
) -> list[Row]:
    """Samples of a truck that drives east from (x, y) at ``speed`` [km/h]."""
    metres = speed / 3.6 * every.total_seconds()
    return [
        {
            "truck": truck,
            "at": (start + k * every).replace(tzinfo=None),
            "x_m": x + k * metres,
            "y_m": y,
            "speed_kmh": speed,
            "heading_deg": 90.0,
        }
        for k in range(samples)
    ]


def mine(
    positions: Iterable[Row],
    states: Iterable[Row] = (),
    trucks: Iterable[str] = (),
    zone: str = "UTC",
    **tables: list[Row],
) -> Site:
    """A site over plain tables that hold these positions and states."""
    positions, states = list(positions), list(states)
    named = sorted({*trucks, *(str(row["truck"]) for row in [*positions, *states])})
    given: Mapping[str, list[Row]] = {
        "site": [{"name": "mine", "time_zone": zone, "made_by": "tests", "simulated": True}],
        "trucks": [{"truck": truck, "given": True} for truck in named],
        "positions": positions,
        "states": states,
        **tables,
    }
    connection = ibis.duckdb.connect()
    for name, rows in given.items():
        table = schema.TABLES[name]
        arrow = pa.Table.from_pylist(
            [
                {"load_id": 0, **{column: row.get(column) for column in table.names if column in row}}
                for row in rows
            ],
            schema=table.schema.to_pyarrow(),
        )
        connection.create_table(name, arrow)
    return Site(connection)
