"""What it costs to add five minutes, to a store of a day and to one of a year.

Positions each second and telemetry of all trucks, as Parquet, are ingested, detection included; each time
the next five minutes. The value is the median of the CPU seconds (user and system, all threads), once the
detector is compiled. The year is made of a simulated day that is repeated with fewer samples, and of a
ledger as a followed source leaves it.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from measuring import Entry, entry, timed

from truckkit import derive, detecting, mapping, schema
from truckkit.ingest import ingest
from truckkit.sources.simulator import Plan, Simulated, simulate
from truckkit.store import Draft, Facts, Pending, publish

SAMPLES = ("positions", "telemetry")
STEP = timedelta(minutes=5)
EVERY = 100
"""One sample of so many is kept in days that are repeated."""


def five_minutes(folder: Path, trucks: int, days: int, times: int) -> list[Entry]:
    """What it costs to add the next five minutes, to a store of a day and to one of many days."""
    found: list[Entry] = []
    fresh = _Mine(folder, trucks, times)
    for age in (1, days):
        store = folder / f"{age}-days"
        fresh.write(store, age)
        # The files of a store never change, so links to them are a copy.
        tried = Path(tempfile.mkdtemp(dir=folder)) / "mine"
        shutil.copytree(store, tried, copy_function=os.link)
        walls, cpus = [], []
        for number, files in enumerate(fresh.steps()):
            cpu, wall = timed(lambda files=files, tried=tried: ingest(tried, files, str(fresh.mapping)))
            if number:  # the first compiles the detector
                walls.append(wall)
                cpus.append(cpu)
        shutil.rmtree(tried.parent)
        name = f"5 minutes of {trucks} trucks into {age} days"
        found.append(entry(name, statistics.median(cpus), "CPU s", "≤ 2"))
        found.append(entry(f"{name}, wall", statistics.median(walls), "s"))
    return found


class _Mine:
    """A simulated mine, as a store of some age and the files that come after it."""

    def __init__(self, folder: Path, trucks: int, times: int) -> None:
        self.folder = folder
        self.plan = Plan(trucks=trucks, hours=20, seed=11)
        self.after = self.plan.start + timedelta(hours=18)
        self.times = times
        self._made: Simulated | None = None
        self.mapping = folder / "samples.toml"
        self.mapping.write_text(_mapping(), "utf-8")

    @property
    def made(self) -> Simulated:
        if self._made is None:
            self._made = simulate(self.plan)
        return self._made

    def steps(self) -> Iterator[list[Path]]:
        """The files of each five minutes."""
        for number in range(self.times + 1):
            start = self.after + number * STEP
            files = [self.folder / f"{name}-{number:03d}.parquet" for name in SAMPLES]
            for name, file in zip(SAMPLES, files, strict=True):
                if not file.exists():
                    pq.write_table(_between(self.made.observed.table(name), start, start + STEP), file)
            yield files

    def write(self, store: Path, days: int) -> None:
        """The store up to the files; where it is there, it stays as it is."""
        if (store / "CURRENT").exists():
            return
        observed = {name: self.made.observed.table(name) for name in self.made.observed.names}
        told = {name: self.made.truth.table(name) for name in ("states", "cycles")}
        self._publish(store, observed, everything=True)
        thin = {name: observed[name].take(pa.array(range(0, len(observed[name]), EVERY))) for name in SAMPLES}
        for first in range(1, days, 30):
            parts = {
                name: pa.concat_tables(
                    _moved(rows, -timedelta(days=day)) for day in range(first, min(days, first + 30))
                )
                for name, rows in (thin | told).items()
            }
            self._publish(store, parts, ledger=30 * 288 * 2)

    def _publish(
        self, store: Path, tables: dict[str, pa.Table], *, everything: bool = False, ledger: int = 0
    ) -> None:
        with Draft() as draft:
            bare: dict[str, pa.Table] = {}
            draft.site = Facts(self.plan.name, self.plan.zone, simulated=True)
            for name, rows in tables.items():
                if not (everything or name in SAMPLES):
                    continue
                if everything and schema.TABLES[name].kind == "day":
                    rows = _between(rows, self.plan.start, self.after)
                load = draft.load(name, f"{name} {store} {rows.num_rows} {time.time()}", "bench", name)
                load.rows_in = len(rows)
                if "load_id" in schema.TABLES[name]:
                    draft.stage(schema.TABLES[name], draft.read("given", rows), load)
                    draft.forget("given")
                else:
                    bare[name] = rows

            def follows(pending: Pending) -> None:
                for name, rows in bare.items():
                    pending.replace(name, rows)
                derive.everything(pending, mapping.read(str(self.mapping)).shifts)
                if everything:
                    detecting.everything(pending)
                else:
                    for name in ("states", "cycles"):
                        none = pa.repeat(pa.scalar(0, pa.int64()), len(tables[name]))
                        words = pa.repeat(pa.scalar("detected"), len(tables[name]))
                        rows = tables[name].append_column("load_id", none)
                        at = rows.schema.get_field_index("source")
                        rows = rows.set_column(at, rows.schema.field(at), words)
                        pending.replace(name, rows)
                if ledger:
                    pending.replace("loads", _ledger(pending, ledger))

            publish(store, draft, follows)


def _ledger(pending: Pending, rows: int) -> pa.Table:
    last = pending.before("loads").load_id.max().to_pyarrow().as_py() + 100
    now = datetime(2026, 1, 1)  # noqa: DTZ001 - as tables hold instants
    return pa.Table.from_pylist(
        [
            {
                "load_id": last + k, "source": f"influx://historian:8086/mine positions T{k % 50:02d} {k}",
                "identity": f"{last + k:064x}", "mapping": "samples", "cursor": str(k), "at": now,
                "rows_in": 300, "kept": 300, "rejected": 0, "duplicates": 0, "corrected": 0,
                "made": json.dumps({"positions": 300}), "start": now, "stop": now,
            }
            for k in range(rows)
        ],
        schema=schema.LOADS.schema.to_pyarrow(),
    )  # fmt: skip


def _between(rows: pa.Table, start: datetime, stop: datetime) -> pa.Table:
    at = rows["at" if "at" in rows.column_names else "start"]
    low, high = (pa.scalar(edge.replace(tzinfo=None), at.type) for edge in (start, stop))
    return rows.filter(pc.and_(pc.greater_equal(at, low), pc.less(at, high)))


def _moved(rows: pa.Table, by: timedelta) -> pa.Table:
    for number, field in enumerate(rows.schema):
        if pa.types.is_timestamp(field.type):
            moved = pc.add(rows.column(number), pa.scalar(by, pa.duration("us")))
            rows = rows.set_column(number, field, moved.cast(field.type))
    return rows


def _mapping() -> str:
    parts = ['name = "samples"\ntime_zone = "America/Santiago"']
    parts += [
        f'[[shift]]\nname = "{word}"\nstart = "{start}"\nhours = 12'
        for word, start in (("day", "06:00"), ("night", "18:00"))
    ]
    for name in SAMPLES:
        parts.append(
            f'[[file]]\nmatch = "{name}-*.parquet"\n[[file.table]]\ninto = "{name}"\n[file.table.columns]'
        )
        wanted = [column.name for column in schema.TABLES[name] if column.name != "load_id"]
        parts += [
            f'{each} = "{each}"' if each != "at" else 'at = { from = "at", zone = "UTC" }' for each in wanted
        ]
    return "\n".join(parts) + "\n"
