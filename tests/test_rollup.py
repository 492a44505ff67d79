"""Months that are over become one file, and nobody notices but the clock."""

from __future__ import annotations

import importlib
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from inputs import HEADER, bring, holds, row, told

from truckkit.site import open_site
from truckkit.store import Store

rollup = importlib.import_module("truckkit.store.rollup")  # the package has the function by that name

DAY_S = 86_400


def days(*numbers: int, trucks: tuple[str, ...] = ("T2", "T1")) -> str:
    """A file of positions: three of each truck on each of these days after 7 November."""
    return HEADER + "".join(
        row(truck, number * DAY_S + second, x=number, y=second)
        for truck in trucks
        for number in numbers
        for second in range(3)
    )


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """The end of November, and December until the eighth."""
    folder = tmp_path / "store"
    bring(folder, a_csv=days(20, 21, 23), b_csv=days(24, 30))
    bring(folder, c_csv=days(31))
    return folder


def names(store: Path, kind: str) -> list[str]:
    return sorted(name for name in Store(store).newest().files if name.startswith(kind))


def in_month(store: Path) -> int:
    """The positions that the file of a month holds."""
    newest = Store(store).newest()
    alias = newest.files[names(store, "month")[0]]
    return int(newest.backend.con.execute(f"SELECT count(*) FROM {alias}.positions").fetchall()[0][0])


def test_a_month_that_is_over_becomes_one_file_of_the_same_rows(store):
    before = told(store)
    [rolled] = rollup.rollup(store)
    assert (rolled.month, len(rolled.replaced)) == ("2022-11", 3)
    assert in_month(store) == 18
    assert told(store) == before
    assert names(store, "month") == [rolled.file] == ["month-2022-11-000003.duckdb"]
    assert names(store, "day") == [
        f"day-2022-12-{day}.duckdb" for day in ("01-000002", "07-000002", "08-000002")
    ]
    assert rollup.rollup(store) == []


def test_the_rows_of_a_month_are_sorted_by_truck_and_time(store, monkeypatch):
    monkeypatch.setattr(rollup, "_MOST_ROWS", 7)
    rollup.rollup(store)
    newest = Store(store).newest()
    alias = newest.files[names(store, "month")[0]]
    rows = newest.backend.con.execute(f'SELECT truck, "at" FROM {alias}.positions').fetchall()
    assert rows == sorted(rows)
    assert len(rows) == 18


def test_a_month_waits_a_week_for_late_rows(tmp_path):
    store = tmp_path / "store"
    bring(store, a_csv=days(20, 29))
    assert rollup.rollup(store) == []
    bring(store, b_csv=days(30))
    assert [each.month for each in rollup.rollup(store)] == ["2022-11"]


def test_late_rows_find_their_month_and_correct_it(store):
    rollup.rollup(store)
    late = HEADER + row("T1", 20 * DAY_S, x=99, y=0) + row("T1", 22 * DAY_S, x=22, y=0)
    [load] = bring(store, late_csv=late)
    assert (load.kept, load.corrected, load.duplicates) == (2, 1, 0)
    assert names(store, "month") == ["month-2022-11-000004.duckdb"]
    assert [each[2] for each in told(store) if each[:2] in {("T1", 20 * DAY_S), ("T1", 22 * DAY_S)}] == [
        99,
        22,
    ]
    [load] = bring(store, again_csv=late + "\n")
    assert (load.kept, load.duplicates) == (0, 2)


def test_a_month_with_many_additions_is_sorted_anew(store, monkeypatch):
    rollup.rollup(store)
    bring(store, late_csv=HEADER + row("T1", 22 * DAY_S))
    assert rollup.rollup(store) == []
    monkeypatch.setattr(rollup, "_AGAIN_AFTER", 1)
    [rolled] = rollup.rollup(store)
    assert rolled.replaced == ("month-2022-11-000004.duckdb",)
    assert in_month(store) == 19
    assert rollup.rollup(store) == []


def test_rows_that_come_while_a_month_is_made_are_not_lost(store, monkeypatch):
    made = rollup._made

    def disturbed(*arguments):
        file = made(*arguments)
        if not (store.parent / "files" / "late.csv").exists():
            bring(store, late_csv=HEADER + row("T3", 21 * DAY_S))
        return file

    monkeypatch.setattr(rollup, "_made", disturbed)
    rollup.rollup(store)
    assert in_month(store) == 19
    assert [truck for truck, *_ in told(store)].count("T3") == 1


def test_readers_of_the_days_finish_on_them_and_the_days_go_after_the_grace_time(store, monkeypatch):
    old = open_site(store)
    rollup.rollup(store)
    assert old.positions.count().execute() == 36
    monkeypatch.setattr("truckkit.store.layout._age_s", lambda _folder, generation: 3600.0 * (generation < 4))
    bring(store, d_csv=days(32))
    bring(store, e_csv=days(33))
    assert not [name for name in holds(store) if name.startswith("day-2022-11")]
    assert len(told(store)) == 48


def test_what_a_roll_up_that_was_killed_has_left_goes_with_the_next(store):
    (store / "rolled-up.duckdb").write_bytes(b"half a file")
    (store / "rolled-up.duckdb.wal").write_bytes(b"x")
    bring(store, d_csv=days(32))
    rollup.rollup(store)
    assert in_month(store) == 18
    assert not [name for name in holds(store) if name.startswith("rolled-up")]


def test_an_interval_that_reaches_out_of_a_rolled_month_is_found_from_where_it_reaches(tmp_path):
    from stores import write

    from truckkit.store import Facts

    start = datetime(2022, 11, 1)  # noqa: DTZ001 - as tables hold instants
    states = [
        {"truck": "T1", "source": "fms", "state": "down", "start": start, "stop": start + timedelta(days=40)},
        {"truck": "T1", "source": "fms", "state": "haul", "start": start + timedelta(days=40),
         "stop": start + timedelta(days=41)},
    ]  # fmt: skip
    store = write(tmp_path / "mine", Facts("Mine", "UTC"), states=states)
    assert len(rollup.rollup(store)) == 1
    window = open_site(store).between("2022-12-05", "2022-12-06")
    assert window.states.to_pyarrow()["state"].to_pylist() == ["down"]
