"""A publish is whole or not at all, whatever happens to the process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as csv
import pytest

from truckkit.errors import DamagedStore, NewerStore, NoStore, StoreBusy
from truckkit.ingest import ingest
from truckkit.site import open_site
from truckkit.store import layout

MAPPING = """
name = "strip"
[site]
name = "Strip"
[[file]]
match = "*.csv"
[[file.table]]
into = "positions"
[file.table.columns]
truck = "truck"
at = "at"
x_m = "x"
speed_kmh = "v"
"""


def strip(folder: Path, name: str, *rows: tuple[str, str, float, float | None]) -> Path:
    """A file of positions: truck, second of the day, place, speed."""
    folder.mkdir(exist_ok=True)
    trucks, seconds, places, speeds = zip(*rows, strict=True)
    at = [f"2026-11-22T00:00:{second}Z" for second in seconds]
    table = pa.table({"truck": list(trucks), "at": at, "x": list(places), "v": list(speeds)})
    csv.write_csv(table, folder / name)
    return folder / name


@pytest.fixture
def mapping(tmp_path: Path) -> str:
    (tmp_path / "strip.toml").write_text(MAPPING)
    return str(tmp_path / "strip.toml")


def told(store: Path) -> list[tuple[object, ...]]:
    rows = open_site(store).positions.order_by("truck", "at").to_pyarrow().to_pylist()
    return [(row["truck"], row["at"].second, row["x_m"], row["speed_kmh"]) for row in rows]


def test_the_later_load_wins_field_by_field(tmp_path: Path, mapping: str) -> None:
    store = tmp_path / "store"
    ingest(store, [strip(tmp_path, "a.csv", ("T1", "01", 1.0, 5.0), ("T1", "02", 2.0, 6.0))], mapping)
    [load] = ingest(
        store, [strip(tmp_path, "b.csv", ("T1", "02", 9.0, None), ("T1", "01", 1.0, 5.0))], mapping
    )
    assert told(store) == [("T1", 1, 1.0, 5.0), ("T1", 2, 9.0, 6.0)]
    assert (load.rows_in, load.kept, load.duplicates, load.corrected) == (2, 1, 1, 1)


def test_a_few_rows_are_added_to_a_day_of_few(tmp_path: Path, mapping: str) -> None:
    store = tmp_path / "store"
    many = [("T1", f"{second:02d}", float(second), 5.0) for second in range(20)]
    ingest(store, [strip(tmp_path, "a.csv", *many)], mapping)
    ingest(store, [strip(tmp_path, "b.csv", ("T1", "30", 30.0, 5.0))], mapping)
    assert [second for _, second, *_ in told(store)] == [*range(20), 30]


def test_a_reader_of_the_old_generation_finishes_on_it(tmp_path: Path, mapping: str) -> None:
    store = tmp_path / "store"
    ingest(store, [strip(tmp_path, "a.csv", ("T1", "01", 1.0, 5.0))], mapping)
    old = open_site(store)
    ingest(store, [strip(tmp_path, "b.csv", ("T1", "02", 2.0, 5.0))], mapping)
    assert old.positions.count().execute() == 1
    assert old.session().positions.count().execute() == 2


@pytest.mark.parametrize("step", ["write", "_enter_in_ledger", "sync", "point_to", "sweep"])
def test_a_publish_that_is_killed_leaves_the_old_generation_or_the_new(
    tmp_path: Path, mapping: str, step: str
) -> None:
    store = tmp_path / "store"
    ingest(store, [strip(tmp_path, "a.csv", ("T1", "01", 1.0, 5.0))], mapping)
    second = strip(tmp_path, "b.csv", ("T1", "02", 2.0, 5.0))
    program = f"""
        import os, signal
        from truckkit.ingest import ingest
        from truckkit.store import catalog, days, layout, publish as _publish
        import sys
        publish = sys.modules["truckkit.store.publish"]
        def die(*_, **__):
            os.kill(os.getpid(), signal.SIGKILL)
        for room in (days, layout, publish):
            if hasattr(room, {step!r}):
                setattr(room, {step!r}, die)
        ingest({str(store)!r}, [{str(second)!r}], {mapping!r})
    """
    ended = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], check=False)
    assert ended.returncode == -signal.SIGKILL
    published = step == "sweep"
    assert len(told(store)) == (2 if published else 1)
    [load] = ingest(store, [second], mapping)
    assert load.known is published
    assert told(store) == [("T1", 1, 1.0, 5.0), ("T1", 2, 2.0, 5.0)]
    assert not list(store.glob("*.part*"))


def test_the_second_writer_is_refused_and_told_who_the_first_is(tmp_path: Path, mapping: str) -> None:
    store = tmp_path / "store"
    file = strip(tmp_path, "a.csv", ("T1", "01", 1.0, 5.0))
    with layout.lock(store), pytest.raises(StoreBusy, match=f"process {os.getpid()} on "):
        ingest(store, [file], mapping)
    ingest(store, [file], mapping)
    assert len(told(store)) == 1


def test_each_way_of_being_no_store_has_its_own_error(tmp_path: Path, mapping: str) -> None:
    with pytest.raises(NoStore, match="there is no store"):
        open_site(tmp_path / "nowhere")
    with pytest.raises(NoStore, match="is a file, not a store"):
        open_site(mapping)
    with pytest.raises(NoStore, match="holds no file CURRENT"):
        open_site(tmp_path)
    store = tmp_path / "store"
    ingest(store, [strip(tmp_path, "a.csv", ("T1", "01", 1.0, 5.0))], mapping)
    day = next(store.glob("day-*"))
    day.rename(tmp_path / "aside")
    with pytest.raises(DamagedStore, match=day.name):
        open_site(store)
    day.write_bytes(b"not a database")
    with pytest.raises(DamagedStore, match=day.name):
        open_site(store)
    (store / "CURRENT").write_text("truckkit 99 1\n")
    with pytest.raises(NewerStore, match="format 99"):
        open_site(store)
    (store / "CURRENT").write_text("something else\n")
    with pytest.raises(NoStore, match="something else"):
        open_site(store)


def test_a_reader_is_shut_in(tmp_path: Path, mapping: str) -> None:
    store = tmp_path / "store"
    ingest(store, [strip(tmp_path, "a.csv", ("T1", "01", 1.0, 5.0))], mapping)
    site = open_site(store)
    assert site.store is not None
    con = site.store.newest().backend.con
    for statement in (
        f"SELECT * FROM read_csv('{mapping}')",
        f"COPY (SELECT 1) TO '{tmp_path}/out.csv'",
        f"ATTACH '{tmp_path}/other.duckdb'",
        "INSTALL spatial",
        "SET enable_external_access = true",
        "SET memory_limit = '1GB'",
        "DELETE FROM positions",
        "CREATE TABLE file0.other (a INTEGER)",
    ):
        with pytest.raises(Exception, match=r"(?i)disabled|locked|cannot|not|only"):
            con.execute(statement)
    assert not (tmp_path / "out.csv").exists()
