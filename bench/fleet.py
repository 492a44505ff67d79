"""A fleet larger than one simulated mine has: each hour of a long run is another part of it.

All parts drive on the same roads in the same hour: what truck 7 did in the second hour is what another
truck does in the first.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from truckkit import schema
from truckkit.sources.simulator import Plan, simulate
from truckkit.store import Draft, Facts, publish

PARTS = 3
HOUR = timedelta(hours=1)
TIMES = ("at", "start", "stop")


def fleet(folder: Path, trucks: int) -> None:
    """A store of so many trucks over one hour, a position a second, with telemetry and states."""
    plan = Plan(trucks=-(-trucks // PARTS), hours=PARTS, seed=7, name=f"{trucks} trucks")
    mine = simulate(plan)
    with Draft() as draft:
        draft.site = Facts(plan.name, plan.zone, None, simulated=True)
        for name, rows in (
            ("trucks", mine.observed.table("trucks")),
            ("places", mine.observed.table("places")),
            ("roads", mine.observed.table("roads")),
            ("positions", mine.observed.table("positions")),
            ("telemetry", mine.observed.table("telemetry")),
            ("states", mine.truth.table("states")),
        ):
            load = draft.load("bench", f"{name} of {trucks}", "rows", name)
            asked = rows if name in ("places", "roads") else _parts(name, rows, plan)
            staged = draft.read(f"given_{name}", asked)
            draft.stage(schema.TABLES[name], staged, load)
        publish(folder, draft)


def _parts(name: str, rows: pa.Table, plan: Plan) -> pa.Table:
    return pa.concat_tables(_part(name, rows, plan, part) for part in range(PARTS))


def _part(name: str, rows: pa.Table, plan: Plan, part: int) -> pa.Table:
    """What one hour of the run says, as if it had been the first one, of trucks of other names."""
    begin = pa.scalar(plan.start.replace(tzinfo=None) + part * HOUR, pa.timestamp("us"))
    end = pa.scalar(begin.as_py() + HOUR, pa.timestamp("us"))
    if name == "states":
        rows = rows.filter(pc.and_(pc.less(rows["start"], end), pc.greater(rows["stop"], begin)))
        rows = _set(rows, "start", pc.max_element_wise(rows["start"], begin))
        rows = _set(rows, "stop", pc.min_element_wise(rows["stop"], end))
    elif "at" in rows.column_names:
        rows = rows.filter(pc.and_(pc.greater_equal(rows["at"], begin), pc.less(rows["at"], end)))
    for column in TIMES:
        if column in rows.column_names:
            rows = _set(rows, column, pc.subtract(rows[column], pa.scalar(part * HOUR)))
    return _set(rows, "truck", pc.binary_join_element_wise(rows["truck"], pa.scalar("ABC"[part]), "-"))


def _set(rows: pa.Table, name: str, column: pa.ChunkedArray) -> pa.Table:
    index = rows.column_names.index(name)
    return rows.set_column(index, name, column.cast(rows.schema.field(name).type))
