"""Stores of any size: a simulated day, said again by trucks of other names and on the days before it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as parquet

from truckkit import derive, mapping, schema
from truckkit.sources.simulator import Plan, Simulated, simulate
from truckkit.store import Draft, Facts, Pending, publish
from truckkit.store.rollup import rollup

SAMPLES = ("positions", "telemetry")
MOST_TRUCKS = 100
"""More are the same hundred again, under other names."""
DAYS_AT_ONCE = 10
ROWS_AT_ONCE = 4_000_000
DAY = timedelta(days=1)


class Mine:
    """A mine of some trucks, sampled every so many seconds."""

    def __init__(self, trucks: int, every_s: float, folder: Path) -> None:
        self.copies = max(1, trucks // MOST_TRUCKS)
        plan = Plan(trucks=trucks // self.copies, hours=24, seed=5, hz=1 / every_s, name=f"{trucks} trucks")
        self.plan, self.made = plan, simulate(plan)
        told = {
            name: self.made.observed.table(name) for name in ("trucks", "places", "roads", "plans", "shifts")
        }
        self.few = {name: rows for name, rows in told.items() if len(rows)}
        self.day = _day(self.made)
        self.mapping = folder / "samples.toml"
        self.mapping.write_text(mapping_of_samples(), "utf-8")

    def store(self, folder: Path, days: int) -> None:
        """The store with its last so many days; closed months are rolled up, as a timer does."""
        rows = sum(len(each) for each in self.day.values())
        copies = max(1, min(self.copies, ROWS_AT_ONCE // rows))
        at_once = max(1, min(DAYS_AT_ONCE, ROWS_AT_ONCE // (rows * self.copies)))
        for first in range(0, days, at_once):
            for copy in range(0, self.copies, copies):
                some = range(copy, min(copy + copies, self.copies))
                self._publish(folder, range(first, min(days, first + at_once)), some)
        rollup(folder)

    def _publish(self, folder: Path, days: range, copies: range) -> None:
        tables = {
            name: pa.concat_tables(_named(_moved(rows, -DAY * day), copy) for copy in copies for day in days)
            for name, rows in self.day.items()
        }
        if days.start == 0:
            tables["trucks"] = pa.concat_tables(_named(self.few["trucks"], copy) for copy in copies)
        if days.start == copies.start == 0:
            tables |= {name: rows for name, rows in self.few.items() if name != "trucks"}
        worked = mapping.read(str(self.mapping)).shifts
        with Draft() as draft:
            draft.site = Facts(self.plan.name, self.plan.zone, None, simulated=True)
            decoded = {name: tables.pop(name) for name in ("states", "cycles")}
            for name, rows in tables.items():
                what = f"{name} of days {days}, copies {copies}"
                load = draft.load("bench", what, "rows", name)
                load.rows_in = len(rows)
                draft.stage(schema.TABLES[name], draft.read(f"given_{name}", rows), load)

            def follows(pending: Pending) -> None:
                derive.everything(pending, worked)
                for name, rows in decoded.items():
                    pending.replace(name, rows)

            publish(folder, draft, follows)

    def next_minutes(self, folder: Path, minutes: int) -> list[Path]:
        """The positions and readings that come after the last day, as Parquet."""
        files = []
        for name in SAMPLES:
            rows = self.day[name]
            until = pa.scalar(
                self.plan.start.replace(tzinfo=None) + timedelta(minutes=minutes), rows["at"].type
            )
            some = rows.filter(pc.less(rows["at"], until))
            later = pa.concat_tables(_named(_moved(some, DAY), copy) for copy in range(self.copies))
            files.append(folder / f"{name}.parquet")
            parquet.write_table(later, files[-1])
        return files


def _day(made: Simulated) -> dict[str, pa.Table]:
    """What happened in a day; its states and cycles are the true ones."""
    told = {name: made.observed.table(name) for name in SAMPLES}
    # Switches are told as they change; no more readings than positions keep a store of years small.
    often = max(1, len(told["telemetry"]) // len(told["positions"]))
    told["telemetry"] = told["telemetry"].take(pa.array(range(0, len(told["telemetry"]), often)))
    told |= {name: made.truth.table(name) for name in ("states", "cycles")}
    for name in ("states", "cycles"):
        # As if they had been detected, so that nobody has to look at the mine's samples for it.
        rows = _said(told[name], "source", "detected")
        told[name] = rows.append_column("load_id", pa.repeat(pa.scalar(0, pa.int64()), len(rows)))
    return told


def _said(rows: pa.Table, name: str, value: str | None) -> pa.Table:
    index = rows.column_names.index(name)
    said = pa.repeat(pa.scalar(value, pa.string()), len(rows))
    return rows.set_column(index, rows.schema.field(index), said)


def mapping_of_samples() -> str:
    """The mapping of ``positions.parquet`` and ``telemetry.parquet``, with the columns of the store."""
    parts = ['name = "samples"', 'time_zone = "America/Santiago"']
    for word, start in (("day", "06:00"), ("night", "18:00")):
        parts.append(f'[[shift]]\nname = "{word}"\nstart = "{start}"\nhours = 12')
    for name in SAMPLES:
        told = [each.name for each in schema.TABLES[name] if each.name not in ("at", "load_id", "fault")]
        parts += [f'[[file]]\nmatch = "{name}.parquet"', f'[[file.table]]\ninto = "{name}"']
        parts += ["[file.table.columns]", 'at = { from = "at", zone = "UTC" }']
        parts += [f'{each} = "{each}"' for each in told]
    return "\n".join(parts) + "\n"


def _named(rows: pa.Table, copy: int) -> pa.Table:
    """The same by trucks of other names; the first copy keeps its own."""
    if not copy:
        return rows
    index = rows.column_names.index("truck")
    named = pc.binary_join_element_wise(pa.scalar(f"C{copy}"), rows["truck"], "-")
    return rows.set_column(index, rows.schema.field(index), named.cast(rows.schema.field(index).type))


def _moved(rows: pa.Table, by: timedelta) -> pa.Table:
    """The same at another time."""
    if not by:
        return rows
    for number, field in enumerate(rows.schema):
        if pa.types.is_timestamp(field.type):
            moved = pc.add(rows.column(number), pa.scalar(by, pa.duration("us")))
            rows = rows.set_column(number, field, moved.cast(field.type))
    return rows
