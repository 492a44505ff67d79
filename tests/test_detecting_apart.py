"""Spark finds what ``truckkit detect`` finds, and opens only the days that are asked for."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import engines
import ibis
import pyarrow as pa
import pytest
from stores import write

import truckkit as tk
from truckkit import detecting_apart, schema
from truckkit.detecting_apart import detect_apart
from truckkit.errors import BadRequest, NoStore
from truckkit.store import Facts

# 2026-11-26: PySpark 4.0 leaves the sockets open that it reads answers from, and copies frames as pandas 3
# would not. A socket is forgotten in whichever test comes next.
pytestmark = [
    pytest.mark.filterwarnings("ignore:unclosed .socket:ResourceWarning"),
    pytest.mark.filterwarnings(
        "ignore:Exception ignored in. .socket:pytest.PytestUnraisableExceptionWarning"
    ),
    pytest.mark.filterwarnings("ignore:The copy keyword is deprecated:pandas.errors.Pandas4Warning"),
]

EVENING = datetime(2026, 11, 22, 20, tzinfo=UTC)
BY_START = [("truck", "ascending"), ("start", "ascending")]


@pytest.fixture(scope="module")
def mine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three trucks for eight hours, across midnight, as a store with its export beside it."""
    folder = tmp_path_factory.mktemp("apart")
    mine = {"trucks": 3, "hours": 8, "seed": 11, "hz": 0.2, "noise": "typical", "start": EVENING}
    tk.simulate(folder / "mine", **mine, detection=False)
    tk.export(folder / "mine", folder / "undetected")
    tk.detect(folder / "mine")
    tk.export(folder / "mine", folder / "out")
    return folder


@pytest.fixture(scope="module")
def spark() -> Any:
    return engines.spark().newSession()


def stored(mine: Path, table: str) -> pa.Table:
    rows = tk.open(mine / "mine").using("detected").table(table).drop("load_id").to_pyarrow()
    return rows.sort_by(BY_START)


@pytest.mark.spark
def test_states_cycles_and_places_are_those_of_the_store(mine, spark):
    found = detect_apart(spark, str(mine / "out"))
    for name in ("states", "cycles"):
        rows, of_store = getattr(found, name).toArrow().sort_by(BY_START), stored(mine, name)
        assert len(of_store) > 10
        assert rows.equals(of_store.select(rows.column_names).cast(rows.schema))
    named = tk.open(mine / "mine").places.filter(lambda each: ~each.given, lambda each: each.x_m.notnull())
    assert sorted(found.places["place"].to_pylist()) == sorted(named.place.to_pyarrow().to_pylist())


@pytest.mark.spark
def test_a_site_reads_what_was_detected_beside_an_export_as_if_its_store_had(mine, spark, tmp_path):
    detect_apart(spark, mine / "undetected").write(tmp_path / "detected")
    of_store = tk.open(mine / "mine")
    for connection in (ibis.pyspark.connect(spark), ibis.duckdb.connect()):
        for export in ("undetected", "out"):
            site = tk.Site(connection, parquet=mine / export, detected=tmp_path / "detected")
            assert site.sources == of_store.sources
            for name in ("states", "cycles", "places"):
                assert told(site, name) == told(of_store, name)
    window = ("2026-11-22T22:00Z", "2026-11-23T03:00Z")
    site, of_store = (each.between(*window).using("detected") for each in (site, of_store))
    assert told(site, "cycles") == told(of_store, "cycles") != []


def told(site: tk.Site, name: str) -> list[str]:
    return sorted(map(repr, site.table(name).drop("load_id").to_pyarrow().to_pylist()))


def test_what_was_detected_is_read_beside_an_export_alone(mine):
    with pytest.raises(BadRequest, match="name that as well, as parquet=…"):
        tk.Site(ibis.duckdb.connect(), detected=mine)
    with pytest.raises(NoStore, match=r"name the folder that detect_apart\(…\).write\(…\) made"):
        tk.Site(ibis.duckdb.connect(), parquet=mine / "out", detected=mine)


@pytest.mark.spark
def test_a_truck_that_does_not_fit_is_looked_at_in_parts_and_its_states_tile(mine, spark, monkeypatch):
    monkeypatch.setattr(detecting_apart, "MOST_OF_ONE", 1)
    states = detect_apart(spark, mine / "out").states.toArrow().sort_by(BY_START).to_pandas()
    for truck, own in states.groupby("truck"):
        assert (own["stop"].to_numpy()[:-1] == own["start"].to_numpy()[1:]).all(), truck
    assert abs(len(states) - len(stored(mine, "states"))) <= 3 * 3  # a state more or less at each midnight


@pytest.mark.spark
def test_an_export_without_positions_has_nothing_to_detect(spark, tmp_path):
    write(tmp_path / "mine", Facts(), trucks=[{"truck": "T1", "given": True}])
    tk.export(tmp_path / "mine", tmp_path / "out")
    found = detect_apart(spark, str(tmp_path / "out"))
    assert (found.states.count(), found.cycles.count(), len(found.places)) == (0, 0, 0)


@pytest.mark.spark
def test_a_site_on_spark_opens_only_the_days_of_its_window(mine, spark):
    connection = ibis.pyspark.connect(spark)
    site = tk.Site(connection, parquet=mine / "out")
    narrow = site.between("2026-11-23T00:00Z", "2026-11-23T02:00Z")
    of_store = tk.open(mine / "mine").between("2026-11-23T00:00Z", "2026-11-23T02:00Z")
    assert (site.period, site.truck_names) == (of_store.period, of_store.truck_names)
    for name, opened in (("positions", 1), ("states", 2)):
        frame = spark.sql(connection.compile(narrow.table(name)))
        assert frame.toArrow().num_rows == of_store.table(name).count().execute()
        (scan,) = list_of(frame._jdf.queryExecution().executedPlan().collectLeaves())
        assert scan.metrics().apply("numFiles").value() == opened


def list_of(scala: Any) -> list[Any]:
    return [scala.apply(number) for number in range(scala.size())]


def test_parts_begin_with_the_day_that_does_not_fit_any_more(monkeypatch):
    monkeypatch.setattr(detecting_apart, "MOST_OF_ONE", 10)
    counts = [(date(2026, 1, day), samples) for day, samples in enumerate((4, 6, 1, 20, 3), 1)]
    assert [each.day for each in detecting_apart._parts(counts)] == [1, 3, 4, 5]


def test_every_kind_of_column_is_known_to_spark():
    assert {column.type for table in schema.TABLES.values() for column in table} <= set(
        detecting_apart._TYPES
    )
