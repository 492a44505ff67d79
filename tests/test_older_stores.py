"""A store of before tables and columns were there is read, and the next publish gives it today's shape."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
from inputs import HEADER, bring, row, told

from truckkit import schema
from truckkit.site import open_site
from truckkit.store import check, prune, rollup
from truckkit.store.layout import catalog_file

CATALOG = """
CREATE TABLE site (name VARCHAR PRIMARY KEY, time_zone VARCHAR NOT NULL, crs VARCHAR,
    made_by VARCHAR NOT NULL, simulated BOOLEAN NOT NULL);
CREATE TABLE trucks (truck VARCHAR PRIMARY KEY, model VARCHAR, given BOOLEAN NOT NULL,
    load_id BIGINT NOT NULL);
CREATE TABLE places (place VARCHAR PRIMARY KEY, kind VARCHAR NOT NULL, x_m DOUBLE, y_m DOUBLE,
    given BOOLEAN NOT NULL, load_id BIGINT NOT NULL);
CREATE TABLE loads (load_id BIGINT PRIMARY KEY, source VARCHAR NOT NULL, identity VARCHAR NOT NULL,
    mapping VARCHAR NOT NULL, "at" TIMESTAMP NOT NULL, rows_in BIGINT NOT NULL, kept BIGINT NOT NULL,
    rejected BIGINT NOT NULL, duplicates BIGINT NOT NULL, corrected BIGINT NOT NULL, made VARCHAR NOT NULL);
CREATE TABLE files (file VARCHAR PRIMARY KEY, kind VARCHAR NOT NULL, start TIMESTAMP, stop TIMESTAMP,
    made VARCHAR NOT NULL, first_at TIMESTAMP, last_stop TIMESTAMP,
    longest_s DOUBLE, appends BIGINT NOT NULL);
INSERT INTO site VALUES ('Old mine', 'America/Santiago', NULL, 'truckkit format 1', false);
INSERT INTO trucks VALUES ('T1', '930E', true, 1);
INSERT INTO loads VALUES (1, 'old.csv', 'old', 'gps', '2022-11-08', 20, 20, 0, 0, 0, '{"positions": 20}');
INSERT INTO files VALUES ('day-2022-11-07-000001.duckdb', 'day', '2022-11-07', '2022-11-08',
    '{"positions": 20}', '2022-11-07 11:00:00', '2022-11-07 11:00:19', 0, 0);
"""
DAY = """
CREATE TABLE positions (truck VARCHAR NOT NULL, "at" TIMESTAMP NOT NULL, x_m DOUBLE, y_m DOUBLE,
    load_id BIGINT NOT NULL);
INSERT INTO positions SELECT 'T1', TIMESTAMP '2022-11-07 11:00:00' + to_seconds(second), 1, second, 1
    FROM range(20) seconds(second);
"""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A store of the first format, with what an early truckkit knew of trucks, places and positions."""
    folder = tmp_path / "store"
    folder.mkdir()
    for name, statements in ((catalog_file(1), CATALOG), ("day-2022-11-07-000001.duckdb", DAY)):
        with duckdb.connect(str(folder / name)) as con:
            con.execute(statements)
            con.execute("CHECKPOINT")
    (folder / "CURRENT").write_text("truckkit 1 1\n")
    return folder


def columns(store: Path, file: str, table: str) -> set[str]:
    with duckdb.connect(str(next(store.glob(file))), read_only=True) as con:
        return {each[0] for each in con.execute(f"DESCRIBE {table}").fetchall()}


def test_it_is_read_with_what_it_lacks_empty(old):
    site = open_site(old)
    assert (site.name, site.truck_names) == ("Old mine", ("T1",))
    rows = site.positions.to_pyarrow()
    assert rows.num_rows == 20
    assert rows["speed_kmh"].null_count == 20
    narrow = site.between("2022-11-07 08:00:05", "2022-11-07 08:00:10")
    assert narrow.positions.to_pyarrow()["heading_deg"].null_count == 5
    assert site.states.count().execute() == 0
    assert check(old) == []


@pytest.mark.parametrize("late", [1, 30])
def test_rows_that_are_added_give_it_todays_shape(old, late):
    """Few rows go behind the others, and many make the day anew."""
    content = HEADER + "".join(row(second=20 + number, x=5, speed=10) for number in range(late))
    [load] = bring(old, a_csv=content + row(second=3, x=7, y=3))
    assert (load.kept, load.corrected) == (late + 1, 1)
    assert len(told(old)) == 20 + late
    assert told(old)[3] == ("T1", 3, 7, 3, 36)
    assert columns(old, "day-*-000002*", "positions") == set(schema.POSITIONS.names)
    for table in schema.of_kind("catalog"):
        assert columns(old, "catalog-000002*", table.name) == set(table.names)
    assert check(old) == []


def test_it_is_rolled_up_and_pruned(old):
    bring(old, a_csv=HEADER + row(second=86_400 * 40))
    assert [each.month for each in rollup(old)] == ["2022-11"]
    assert columns(old, "month-*", "positions") == set(schema.POSITIONS.names)
    prune(old, datetime(2022, 11, 7, 11, 0, 10, tzinfo=UTC))
    assert len(told(old)) == 11
    assert check(old) == []


def test_it_is_pruned_as_it_is(old):
    prune(old, datetime(2022, 11, 7, 11, 0, 10, tzinfo=UTC))
    assert len(told(old)) == 10
    assert check(old) == []
