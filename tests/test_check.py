"""Whether a store holds what it says: check finds each kind of fault, and names file and row."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest
import stores
from inputs import HEADER, bring, row

from truckkit.store import Facts, check

MIDNIGHT = datetime(2026, 11, 22)  # noqa: DTZ001 - as tables hold instants


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Two days of samples and states, with a row that was refused and one that was told twice."""
    folder = tmp_path / "store"
    refused = "T1,not a time,1,2,3\n"
    bring(folder, a_csv=HEADER + row(second=0) + row(second=0) + row(second=86_400) + refused)
    bring(folder, b_csv=HEADER + row("T2", 3) + row("T2", 4))
    return folder


def spoil(file: Path, *statements: str) -> None:
    with duckdb.connect(str(file)) as con:
        for statement in statements:
            con.execute(statement)
        con.execute("CHECKPOINT")


def day(store: Path) -> Path:
    return sorted(store.glob("day-2022-11-07-*"))[-1]


def catalog(store: Path) -> Path:
    return sorted(store.glob("catalog-*"))[-1]


def found(store: Path) -> str:
    return "\n".join(map(str, check(store)))


def test_a_store_that_is_well_has_no_findings(store):
    assert check(store) == []


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("DELETE FROM positions WHERE truck = 'T2'", "positions has 1 rows, and the catalog lists 3"),
        ("UPDATE positions SET truck = 'T9' WHERE truck = 'T2'", '"T9" in 2 rows, which trucks'),
        ("UPDATE positions SET \"at\" = '2022-11-07 11:00:03' WHERE truck = 'T2'",
         'tells truck "T2", at "2022-11-07 11:00:03" 2 times'),
        ("UPDATE positions SET \"at\" = '2022-11-09' WHERE truck = 'T1'", "outside of the file's time"),
        ("UPDATE states SET stop = start WHERE truck = 'T1'", 'the state of truck "T1" (detected)'),
        ("DROP TABLE positions", "cannot be read"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_day_is_found(store, statement, words):
    spoil(day(store), statement)
    assert words in found(store)
    assert found(store).startswith(day(store).name)


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        (
            "UPDATE loads SET kept = kept + 1 WHERE load_id = 1",
            "4 rows in, and 3 kept + 1 rejected + 1 duplicates",
        ),
        ("UPDATE loads SET made = '{}'", "positions has 4 rows, and the loads have made 0"),
        ("UPDATE loads SET identity = 'x'", "is in the ledger 2 times"),
        ("UPDATE files SET last_stop = first_at", "and the catalog lists"),
    ],
)
def test_what_is_wrong_in_a_catalog_is_found(store, statement, words):
    spoil(catalog(store), statement)
    assert words in found(store)


def test_a_file_that_is_missing_or_cut_is_named_and_the_rest_is_looked_at(store):
    spoil(catalog(store), "UPDATE loads SET kept = kept + 1 WHERE load_id = 1")
    day(store).write_bytes(day(store).read_bytes()[:20_000])
    assert {finding.file for finding in check(store)} >= {day(store).name, catalog(store).name}
    day(store).unlink()
    assert "day-2022-11-07" in found(store)


def test_states_are_held_together_across_files(tmp_path):
    at = [MIDNIGHT + timedelta(hours=hours) for hours in (0, 20, 30, 40)]
    rows = [
        {"truck": "T1", "source": "fms", "state": "haul", "start": start, "stop": stop}
        for start, stop in ((at[0], at[1]), (at[1], at[2]), (at[2] + timedelta(hours=1), at[3]))
    ]
    store = stores.write(tmp_path / "mine", Facts("Mine", "UTC"), states=rows)
    [finding] = check(store)
    assert finding.file == "day-2026-11-23-000001.duckdb"
    assert 'truck "T1" (fms) at 2026-11-23 07:00:00 leaves a hole after the one before' in finding.what


def test_what_the_catalog_lists_of_a_table_that_is_unknown_is_no_fault_of_its_rows(store):
    with duckdb.connect(str(catalog(store))) as con:
        [(file, made)] = con.execute(
            "SELECT file, made FROM files WHERE file LIKE 'day-2022-11-08%'"
        ).fetchall()
        con.execute(
            "UPDATE files SET made = ? WHERE file = ?", [json.dumps({**json.loads(made), "later": 0}), file]
        )
        con.execute("CHECKPOINT")
    assert check(store) == []
