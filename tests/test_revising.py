"""Late data: which answers of shifts that were over it changes, and that news is no revision."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from inputs import bring

import truckkit as tk

MAPPING = """
name = "dispatch"
time_zone = "UTC"
[site]
name = "Mine"
[[shift]]
name = "day"
start = "06:00"
hours = 12
[[shift]]
name = "night"
start = "18:00"
hours = 12
[[file]]
match = "*"
[[file.table]]
into = "cycles"
[file.table.columns]
truck = "Truck"
source = { value = "fms" }
start = "Start"
stop = "Stop"
arrived_load = "Start"
full = "Start"
arrived_dump = "Stop"
haul_min = "Haul"
payload_t = "Tonnes"
"""
HEADER = "Truck,Start,Stop,Haul,Tonnes\n"


def hauls(*rows: str) -> str:
    """Rows such as ``"T1 07:00 07:40 290"`` of 22 November, or of the 23rd where they start with ``+``."""
    lines = []
    for row in rows:
        day = "2026-11-23" if row.startswith("+") else "2026-11-22"
        truck, start, stop, tonnes = row.lstrip("+").split()
        lines.append(f"{truck},{day} {start},{day} {stop},10,{tonnes}\n")
    return HEADER + "".join(lines)


@pytest.fixture
def store(tmp_path) -> Path:
    """A store that has heard of a day and of some of the night after it."""
    bring(
        tmp_path / "mine",
        MAPPING,
        first_csv=hauls("T1 07:00 07:40 290", "T2 08:00 08:30 280", "T1 19:00 19:30 285"),
    )
    return tmp_path / "mine"


def revisions(store: Path) -> dict[str, tuple[float, float, list[str]]]:
    rows = tk.open(store).revisions.to_pyarrow().to_pylist()
    return {row["answer"]: (row["before"], row["after"], json.loads(row["trucks"])) for row in rows}


def test_a_late_load_changes_the_tonnes_of_its_shift(store):
    bring(store, MAPPING, late_csv=hauls("T2 10:00 10:30 300"))
    found = revisions(store)
    assert found["moved_t of 2026-11-22 day"] == (570, 870, ["T2"])
    assert found["loads of 2026-11-22 day"] == (2, 3, ["T2"])
    assert found["observed_min of 2026-11-22 day"][2] == ["T2"]


def test_a_revision_says_when_which_shift_and_by_which_load(store):
    (load,) = bring(store, MAPPING, late_csv=hauls("T2 10:00 10:30 300"))
    row = tk.open(store).revisions.to_pyarrow().to_pylist()[0]
    assert (row["load_id"], f"{row['start']:%d %H:%M}", f"{row['stop']:%d %H:%M}") == (
        load.number,
        "22 06:00",
        "22 18:00",
    )


def test_a_correction_of_a_payload_is_a_revision(store):
    bring(store, MAPPING, again_csv=hauls("T1 07:00 07:40 250"))
    assert revisions(store) == {"moved_t of 2026-11-22 day": (570, 530, ["T1"])}


def test_what_a_shift_that_goes_on_brings_is_news(store):
    bring(store, MAPPING, next_csv=hauls("T1 20:00 20:30 290", "+T2 01:00 01:30 290"))
    assert revisions(store) == {}


def test_the_first_load_of_a_store_revises_nothing(store):
    assert revisions(store) == {}


def test_the_same_load_again_revises_nothing(store):
    bring(store, MAPPING, late_csv=hauls("T2 10:00 10:30 300"))
    before = revisions(store)
    bring(store, MAPPING, late_csv=hauls("T2 10:00 10:30 300"))
    assert revisions(store) == before


def test_revisions_are_numbered_on(store):
    bring(store, MAPPING, late_csv=hauls("T2 10:00 10:30 300"))
    bring(store, MAPPING, later_csv=hauls("T2 11:00 11:30 300"))
    numbers = sorted(tk.open(store).revisions.revision.to_pyarrow().to_pylist())
    assert numbers == list(range(1, 7))


def test_a_revision_names_the_load_that_told_of_its_shift(store):
    late, _news = bring(
        store,
        MAPPING,
        late_csv=hauls("T2 10:00 10:30 300"),
        newest_csv=hauls("+T2 10:00 10:30 300"),
    )
    rows = tk.open(store).revisions.to_pyarrow().to_pylist()
    by_day = {row["answer"]: row["load_id"] for row in rows}
    assert by_day["moved_t of 2026-11-22 day"] == late.number
