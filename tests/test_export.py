"""An export holds what the store holds, whoever reads it, whatever happens meanwhile."""

from __future__ import annotations

import importlib
import itertools
import json
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import ibis
import pyarrow as pa
import pyarrow.dataset as dataset
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from inputs import holds
from stores import copied_sample, write
from typer.testing import CliRunner

import truckkit as tk
from truckkit import schema
from truckkit.cli import app
from truckkit.errors import BadRequest, CannotWrite, NewerStore, StoreBusy
from truckkit.store import Facts, Store, layout, prune, rollup

export = importlib.import_module("truckkit.store.export")  # the package has the function by that name


FIRST = datetime(2022, 11, 7, 11)  # noqa: DTZ001 - as tables hold instants
numbers = itertools.count()
Row = tuple[str, int, int, float]


def put(store: Path, *rows: Row) -> None:
    """Bring positions: the truck, the day after 7 November 2022, the second of it, and where."""
    told = [
        {"truck": truck, "at": FIRST + timedelta(days=day, seconds=second), "x_m": x, "y_m": 0.0}
        for truck, day, second, x in rows
    ]
    write(store, Facts(), f"load {next(numbers)}", positions=told)


def days(*numbers: int, x: float = 0) -> list[Row]:
    """Two positions of each of two trucks on each of these days."""
    return [(truck, day, second, x) for truck in ("T2", "T1") for day in numbers for second in range(2)]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    folder = tmp_path / "store"
    put(folder, *days(20, 21))
    put(folder, *days(31))
    return folder


def read(folder: Path, table: schema.Table) -> pa.Table:
    """A table of an export, as pyarrow reads it."""
    shape = table.schema.to_pyarrow()
    if not (folder / table.name).is_dir():
        return shape.empty_table()
    found = dataset.dataset(folder / table.name, format="parquet", partitioning="hive")
    return found.to_table(columns=shape.names)


def same(store: Path, folder: Path) -> bool:
    """True where an export holds the rows of the store, table by table, in their order."""
    newest = Store(store).newest()
    for table in schema.TABLES.values():
        there = read(folder, table)
        rows = newest.tables[table.name].order_by(table.key).to_pyarrow().cast(there.schema)
        assert there.sort_by([(name, "ascending") for name in table.key]).equals(rows), table.name
    for table in schema.of_kind("day"):
        for part in (folder / table.name).glob("day=*/*"):
            keys = pq.read_table(part, columns=list(table.key), partitioning=None).to_pylist()
            assert keys == sorted(keys, key=lambda each: tuple(each.values()))
            assert {f"day={each[str(table.at)]:%Y-%m-%d}" for each in keys} == {part.parent.name}
    return True


def stamps(folder: Path) -> dict[str, int]:
    """Every file of an export, with what changes when it is written again."""
    return {str(path.relative_to(folder)): path.stat().st_mtime_ns for path in folder.glob("**/*.parquet")}


def written(folder: Path, before: dict[str, int], table: str = "positions") -> list[str]:
    """The days of a table that were written since."""
    now = stamps(folder)
    return sorted(
        Path(name).parent.name[4:] for name in now.items() - before.items() for name in [name[0]]
        if name.startswith(table)
    )  # fmt: skip


def test_an_export_holds_the_rows_of_the_store_as_the_schema_says(tmp_path):
    store = copied_sample(tmp_path / "sample")
    done = tk.export(store, tmp_path / "out")
    assert same(store, tmp_path / "out")
    part = next((tmp_path / "out" / "positions").glob("*/*"))
    assert pq.read_schema(part).equals(schema.POSITIONS.schema.to_pyarrow())
    group = pq.read_metadata(part).row_group(0)
    assert {group.column(number).compression for number in range(group.num_columns)} == {"ZSTD"}
    assert done.rows == sum(
        pq.read_metadata(tmp_path / "out" / name).num_rows for name in stamps(tmp_path / "out")
    )


@pytest.mark.parametrize("engine", ["duckdb", "polars", "pandas"])
def test_other_engines_read_it_and_know_its_days(store, tmp_path, engine):
    tk.export(store, tmp_path / "out")
    folder = tmp_path / "out" / "positions"
    if engine == "duckdb":
        rows = ibis.duckdb.connect().read_parquet(folder / "*/*.parquet", hive_partitioning=True)
        found = rows.filter(rows.day == ibis.date("2022-11-27")).to_pyarrow().to_pandas()
    elif engine == "polars":
        polars = pytest.importorskip("polars")
        lazy = polars.scan_parquet(folder, hive_partitioning=True)
        found = lazy.filter(polars.col("day") == datetime(2022, 11, 27).date()).collect().to_arrow()  # noqa: DTZ001
        found = found.to_pandas()
    else:
        pandas = pytest.importorskip("pandas")
        found = pandas.read_parquet(folder, filters=[("day", "=", "2022-11-27")])
    assert found["truck"].tolist() == ["T1", "T1", "T2", "T2"]
    assert found["at"].iloc[0].isoformat() == "2022-11-27T11:00:00"


def test_only_days_that_changed_are_written_again(store, tmp_path):
    out = tmp_path / "out"
    assert len(tk.export(store, out).days) == 3
    before = stamps(out)
    assert tk.export(store, out).files == 0
    assert stamps(out) == before
    put(store, ("T1", 21, 0, 99), ("T3", 21, 0, 1))
    done = tk.export(store, out)
    assert written(out, before) == ["2022-11-28"]
    assert datetime(2022, 12, 8).date() not in done.days  # noqa: DTZ001
    assert same(store, out)


def test_a_month_that_is_rolled_up_is_not_written_again_and_late_rows_of_it_are_a_day(store, tmp_path):
    out = tmp_path / "out"
    tk.export(store, out)
    before = stamps(out)
    assert len(rollup(store)) == 1
    done = tk.export(store, out)
    assert (done.days, written(out, before)) == ([], [])
    assert same(store, out)
    put(store, ("T1", 20, 0, 99), ("T1", 15, 0, 1))
    tk.export(store, out)
    assert written(out, before) == ["2022-11-22", "2022-11-27"]
    assert same(store, out)
    assert tk.export(store, out).files == 0


def test_days_that_were_pruned_go_and_leave_nothing(store, tmp_path):
    out = tmp_path / "out"
    rollup(store)
    tk.export(store, out)
    prune(store, datetime(2022, 11, 28, 11, 0, 1, tzinfo=UTC))
    done = tk.export(store, out)
    assert [f"{day}" for day in done.days] == ["2022-11-28"]
    assert [f"{day}" for day in done.gone] == []
    assert sorted(path.name for path in (out / "positions").iterdir()) == ["day=2022-11-28", "day=2022-12-08"]
    assert same(store, out)
    prune(store, datetime(2022, 12, 8, tzinfo=UTC))
    assert len(tk.export(store, out).gone) == 30
    assert sorted(path.name for path in (out / "positions").iterdir()) == ["day=2022-12-08"]
    prune(store, datetime(2023, 1, 1, tzinfo=UTC), everything=True)
    tk.export(store, out)
    assert not (out / "positions").exists()
    assert same(store, out)


class Cut(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("at", range(9))
def test_an_export_that_is_cut_off_anywhere_leaves_whole_days_and_the_next_ends_it(
    store, tmp_path, monkeypatch, at
):
    out = tmp_path / "out"
    tk.export(store, out)
    former = read(out, schema.POSITIONS)
    put(store, *days(20, 21, 31, x=7), ("T9", 22, 0, 1))
    steps = 0
    real = {name: getattr(Path, name) for name in ("replace", "rename", "unlink")}

    def stepping(name: str):
        def step(path: Path, *arguments: object) -> object:
            nonlocal steps
            if out in path.parents:
                if steps == at:
                    raise Cut
                steps += 1
            return real[name](path, *arguments)

        return step

    with monkeypatch.context() as patch:
        for name in real:
            patch.setattr(Path, name, stepping(name))
        with pytest.raises(Cut):
            tk.export(store, out)
    newest = Store(store).newest().tables["positions"].to_pyarrow()
    for part in (out / "positions").glob("day=*/*"):
        (day,) = {each.date() for each in pq.read_table(part, partitioning=None)["at"].to_pylist()}
        rows = pq.read_table(part, partitioning=None).sort_by([("truck", "ascending"), ("at", "ascending")])
        for whole in (former, newest):
            kept = whole.filter(pa.compute.equal(whole["at"].cast(pa.date32()), pa.scalar(day)))
            if kept.cast(rows.schema).sort_by([("truck", "ascending"), ("at", "ascending")]).equals(rows):
                break
        else:
            pytest.fail(f"{part} is of no generation")
    held = {place.name: len([*place.iterdir()]) for place in (out / "positions").iterdir()}
    assert held.pop("day=2022-11-29", 0) <= 1  # the day that is new
    assert set(held.values()) == {1}
    tk.export(store, out)
    assert same(store, out)


def test_what_was_taken_from_an_export_comes_back(store, tmp_path):
    out = tmp_path / "out"
    tk.export(store, out)
    next((out / "positions" / "day=2022-11-28").iterdir()).unlink()
    next((out / "trucks").iterdir()).unlink()
    tk.export(store, out)
    assert same(store, out)


def test_a_broken_file_of_a_day_that_changed_is_written_again(store, tmp_path):
    out = tmp_path / "out"
    tk.export(store, out)
    for number, part in enumerate(sorted(out.glob("positions/day=*/*.parquet"))):
        whole = part.read_bytes()
        # The end of a file says what is in it: without it nothing is read, with it some of the rows.
        part.write_bytes(b"broken" if number else bytes(len(whole) - 2000) + whole[-2000:])
    told = json.loads((out / "truckkit-export.json").read_text())
    for day in told["days"].values():
        day["files"] = []
    (out / "truckkit-export.json").write_text(json.dumps(told))
    tk.export(store, out)
    assert same(store, out)


def test_an_export_of_other_columns_is_written_anew(store, tmp_path, monkeypatch):
    out = tmp_path / "out"
    with monkeypatch.context() as patch:
        patch.setattr("truckkit.store.manifest._columns", lambda: "older")
        tk.export(store, out)
    assert len(tk.export(store, out).days) == 3
    assert tk.export(store, out).files == 0


def test_a_folder_that_holds_something_else_is_refused_and_left_alone(store, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    before = holds(store)
    for folder, said in (
        (tmp_path, 'holds "mine.txt", "store" and no export'),
        (tmp_path / "mine.txt", "is a file"),
        (Path("s3://bucket/mine"), "is an address; export to a folder, and copy that there"),
        (store, "lies within the store"),
        (store / "out", "lies within the store"),
    ):
        with pytest.raises(BadRequest, match=said):
            tk.export(store, folder)
    assert holds(store) == before
    assert not (tmp_path / "LOCK").exists()


def test_the_export_of_another_store_is_refused(store, tmp_path):
    tk.export(store, tmp_path / "out")
    put(tmp_path / "elsewhere", *days(20, 21))
    before = stamps(tmp_path / "out")
    with pytest.raises(BadRequest, match="of another store, or of a later state of this one"):
        tk.export(tmp_path / "elsewhere", tmp_path / "out")
    assert stamps(tmp_path / "out") == before


@pytest.mark.parametrize(
    ("written", "error", "said"),
    [
        ("{", BadRequest, "cannot be read"),
        ('{"format": 1}', BadRequest, "cannot be read"),
        ('{"format": 2, "generation": 1, "load": null, "columns": "", "days": {}}', NewerStore, "upgrade"),
    ],
)
def test_an_export_that_cannot_be_told_apart_is_refused(store, tmp_path, written, error, said):
    tk.export(store, tmp_path / "out")
    (tmp_path / "out" / "truckkit-export.json").write_text(written)
    with pytest.raises(error, match=said):
        tk.export(store, tmp_path / "out")


def test_a_second_writer_is_refused_with_the_name_of_the_first(store, tmp_path):
    tk.export(store, tmp_path / "out")
    with layout.lock(tmp_path / "out"), pytest.raises(StoreBusy, match="is being written by process"):
        tk.export(store, tmp_path / "out")


def test_a_full_disk_is_said_in_a_sentence(store, tmp_path, monkeypatch):
    def full(_path: Path) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(layout, "sync", full)
        with pytest.raises(CannotWrite, match="No space left on device; each day in it is whole"):
            tk.export(store, tmp_path / "out")
    tk.export(store, tmp_path / "out")
    assert same(store, tmp_path / "out")


def test_a_store_that_moves_on_meanwhile_does_not_disturb_an_export(store, tmp_path, monkeypatch):
    monkeypatch.setattr(layout, "GRACE_S", 0)
    out = tmp_path / "out"
    started = threading.Event()

    def told(_what: str) -> None:
        if not started.is_set():
            started.set()
            put(store, *days(20, 21, 31, x=7))
            put(store, *days(20, 21, 31, x=8))

    assert tk.export(store, out, told).generation == 2
    assert set(read(out, schema.POSITIONS)["x_m"].to_pylist()) == {0.0}
    tk.export(store, out)
    assert same(store, out)


rows_of_days = st.tuples(st.sampled_from("ABC"), st.integers(0, 40), st.integers(0, 3), st.integers(0, 9))
happens = st.one_of(
    st.tuples(st.just("rows"), st.lists(rows_of_days, min_size=1, max_size=6)),
    st.tuples(st.just("rollup"), st.none()),
    st.tuples(st.just("prune"), st.integers(1, 30)),
    st.tuples(st.just("export"), st.none()),
)


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(happens, min_size=1, max_size=7))
def test_whatever_happens_to_a_store_its_next_export_is_the_same(tmp_path_factory, happenings):
    folder = tmp_path_factory.mktemp("any")
    store, out = folder / "store", folder / "out"
    put(store, *days(39))
    cut = 0  # what comes of before a prune is refused, so it is not brought
    for what, told in happenings:
        if what == "rows":
            put(store, *(each for each in told if each[1] >= cut))
        elif what == "rollup":
            rollup(store)
        elif what == "prune":
            cut = max(cut, told)
            prune(store, FIRST.replace(tzinfo=UTC) + timedelta(days=told))
        else:
            tk.export(store, out)
    tk.export(store, out)
    assert same(store, out)
    assert tk.export(store, out).files == 0


def test_the_command_line_says_what_it_did(store, tmp_path):
    ask = ["export", str(store), "--to", str(tmp_path / "out")]
    first, again = (CliRunner().invoke(app, ask) for _ in range(2))
    assert " rows of 3 days went to " in first.output
    assert again.output == f"{store}: {tmp_path / 'out'} holds generation 2 already.\n"
    (tmp_path / "x").write_text("x")
    refused = CliRunner().invoke(app, ["export", str(store), "--to", str(tmp_path / "x")])
    assert (refused.exit_code, refused.output) == (
        2, f'truckkit: "{tmp_path / "x"}" is a file; name a folder to export to.\n'
    )  # fmt: skip
