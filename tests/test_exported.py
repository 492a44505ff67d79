"""A site over an export answers as the store does, and opens only the days that are asked for."""

from __future__ import annotations

from shutil import copytree

import ibis
import pyarrow as pa
import pytest

import truckkit as tk
from truckkit import schema
from truckkit.errors import BadRequest, NoStore


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("exported")
    tk.export(tk.sample().store.folder, folder)
    return str(folder)


@pytest.fixture(scope="module")
def site(exported: str) -> tk.Site:
    return tk.Site(ibis.duckdb.connect(), parquet=exported)


def rows(table: ibis.Table) -> list[dict[str, object]]:
    return sorted(table.to_pyarrow().to_pylist(), key=repr)


def test_it_holds_every_table_without_the_days_of_its_folders(site):
    for name in schema.ASKED:
        assert site.table(name).columns == schema.TABLES[name].names
        assert site.table(name).count().execute() == tk.sample().table(name).count().execute()


def test_it_knows_the_site_its_time_and_its_trucks(site):
    of_store = tk.sample()
    for name in ("name", "zone", "period", "truck_names", "sources", "simulated"):
        assert getattr(site, name) == getattr(of_store, name)


@pytest.mark.parametrize("name", ["positions", "states", "cycles", "refuels"])
def test_a_window_of_it_has_the_rows_of_the_stores(site, name):
    start, stop = tk.sample().period
    window = (start + (stop - start) / 3, start + (stop - start) / 2)
    narrow, of_store = site.between(*window), tk.sample().between(*window)
    assert rows(narrow.table(name)) == rows(of_store.table(name))
    assert rows(narrow.truck("T01").using("detected").table(name)) == rows(
        of_store.truck("T01").using("detected").table(name)
    )


def test_it_answers_what_the_store_answers(site):
    start, stop = tk.sample().period
    window = (start, start + (stop - start) / 2)
    assert rows(site.between(*window).productivity()) == rows(tk.sample().between(*window).productivity())


def test_only_the_days_of_the_window_are_opened(tmp_path):
    """An interval lies in the day of its start, so days before are opened, as far as the longest."""
    tk.simulate(tmp_path / "mine", trucks=1, hours=60, seed=2, hz=0.02)
    tk.export(tmp_path / "mine", tmp_path / "out")
    connection = ibis.duckdb.connect()
    site = tk.Site(connection, parquet=tmp_path / "out")
    start = site.period[1].replace(hour=0, minute=0)
    narrow = site.between(start, start.replace(hour=1))
    for name, opened in (("positions", 1), ("states", 2)):
        assert len([*(tmp_path / "out" / name).iterdir()]) > opened
        plan = connection.raw_sql(f"EXPLAIN ANALYZE {ibis.to_sql(narrow.table(name))}").fetchall()[0][1]
        assert f"Total Files Read: {opened}" in plan


def test_what_is_no_export_is_said(tmp_path):
    with pytest.raises(NoStore, match="is no export that duckdb can read"):
        tk.Site(ibis.duckdb.connect(), parquet=tmp_path)
    with pytest.raises(BadRequest, match="Parquet is read by a connection"):
        tk.Site(store=tk.sample().store, parquet=tmp_path)


def test_an_export_that_is_named_as_what_was_detected_adds_nothing_that_an_fms_told(exported):
    doubly = tk.Site(ibis.duckdb.connect(), parquet=exported, detected=exported)
    for source in tk.sample().sources:
        of_store = tk.sample().using(source)
        assert doubly.using(source).states.count().execute() == of_store.states.count().execute()
        assert doubly.using(source).cycles.count().execute() == of_store.cycles.count().execute()


def test_a_folder_is_read_by_its_name_and_not_by_what_an_engine_takes_it_for(exported, tmp_path):
    for name in ("a*b", "axb", "a[1]b"):
        copytree(exported, tmp_path / name)
        site = tk.Site(ibis.duckdb.connect(), parquet=tmp_path / name)
        assert site.positions.count().execute() == tk.sample().positions.count().execute()
    with pytest.raises(BadRequest, match='has a part "truck=T09", which duckdb takes for a column'):
        tk.Site(ibis.duckdb.connect(), parquet=copytree(exported, tmp_path / "truck=T09" / "out"))


def test_two_exports_stand_side_by_side_in_one_connection(exported, tmp_path):
    tk.simulate(tmp_path / "mine", trucks=1, hours=2, seed=2, hz=0.02)
    tk.export(tmp_path / "mine", tmp_path / "out")
    connection = ibis.duckdb.connect()
    both = [tk.Site(connection, parquet=each) for each in (exported, tmp_path / "out")]
    together = ibis.union(*(each.cycles.select("truck", "start") for each in both))
    counts = [each.cycles.count().execute() for each in both]
    assert together.count().execute() == sum(counts)
    assert isinstance(both[0].positions.limit(1).to_pyarrow(), pa.Table)
