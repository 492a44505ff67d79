"""Small stores on disk for tests, from plain rows."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa

import truckkit as tk
from truckkit import schema
from truckkit.store import Draft, Facts, Pending, publish

Rows = Sequence[Mapping[str, object]]


def copied_sample(folder: Path) -> Path:
    """The sample, in a folder of its own in which keys may be made and records written."""
    sample = tk.sample().store
    assert sample
    shutil.copytree(sample.folder, folder)
    return folder


def write(folder: Path, facts: Facts, identity: str = "", **tables: Rows) -> Path:
    """A store whose tables hold these rows, given by the tables' names; what a row leaves out is empty.

    A load of another identity comes on top of those that the store has.
    """
    # Rows of sources carry their load; what a site says of itself (shifts, limits) belongs to none.
    arrow = {name: _arrow(schema.TABLES[name], rows) for name, rows in tables.items()}
    loaded = [name for name in tables if "load_id" in schema.TABLES[name]]

    def derive(pending: Pending) -> None:
        for name in tables.keys() - set(loaded):
            pending.replace(name, arrow[name])

    with Draft() as draft:
        draft.site = facts
        load = draft.load("test", identity or str(folder), "rows", "states")
        for name in loaded:
            draft.stage(schema.TABLES[name], draft.read(f"given_{name}", arrow[name]), load)
        publish(folder, draft, derive)
    return folder


def _arrow(table: schema.Table, rows: Rows) -> pa.Table:
    fields = [field for field in table.schema.to_pyarrow() if field.name != "load_id"]
    return pa.Table.from_pylist(
        [{f.name: row.get(f.name) for f in fields} for row in rows], pa.schema(fields)
    )
