"""The folder of generations: what a publish leaves, what readers see, what goes away and when."""

from __future__ import annotations

import os
import resource
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import ibis
import pytest
import stores
from inputs import HEADER, POSITIONS, bring, holds, positions, row, told, written
from processes import run

from truckkit.errors import CannotWrite, DamagedStore, NoStore
from truckkit.ingest import ingest
from truckkit.site import open_site
from truckkit.store import Draft, Facts, Store, layout, publish


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


def killed(store: Path, content: str, die_at: str) -> int:
    """Ingest a file in a process that dies at a step of the publish; give its exit code."""
    (store.parent / "killed.csv").write_text(content)
    return run(die, die_at, str(store), str(store.parent / "killed.csv"), written(store.parent, POSITIONS))


def die(at: str, store: str, file: str, mapping: str) -> None:
    renamed = []

    def rename(path: Path, target: Path) -> None:
        renamed.append(path)
        if len(renamed) == 2:
            os._exit(9)
        path.replace(target)

    def point_to(*_: object) -> None:
        os._exit(9)

    if at == "rename":
        Path.rename = rename
    else:
        layout.point_to = point_to
    ingest(store, [file], mapping)


def test_a_store_holds_one_file_a_day_a_catalog_and_nothing_that_is_being_made(store):
    bring(store, a_csv=HEADER + row(second=0) + row(second=86_400))
    names = [
        "CURRENT", "LOCK", "catalog-000001.duckdb",
        "day-2022-11-07-000001.duckdb", "day-2022-11-08-000001.duckdb",
    ]  # fmt: skip
    assert list(holds(store)) == names
    assert (store / "CURRENT").read_text() == "truckkit 1 1\n"


def test_a_publish_makes_anew_only_the_days_that_it_touches(store):
    bring(store, a_csv=HEADER + row(second=0) + row(second=86_400))
    before = holds(store)
    bring(store, b_csv=HEADER + row(second=1))
    after = holds(store)
    assert after["day-2022-11-08-000001.duckdb"] == before["day-2022-11-08-000001.duckdb"]
    assert after.keys() - before.keys() == {"catalog-000002.duckdb", "day-2022-11-07-000002.duckdb"}


def test_the_newest_generation_is_seen_by_whoever_asks_for_it(store):
    bring(store, a_csv=positions("T1 abc"))
    opened = Store(store)
    old = opened.newest()
    bring(store, b_csv=positions("T2 ab"))
    new = opened.newest()
    assert (old.number, new.number) == (1, 2)
    assert [each.tables["positions"].count().execute() for each in (old, new)] == [3, 5]
    assert opened.newest() is new


def test_after_two_publishes_and_the_grace_time_readers_of_old_generations_still_answer(store):
    bring(store, a_csv=positions("T1 abc"))
    first = open_site(store)
    for name in ("b_csv", "c_csv"):
        bring(store, **{name: positions(f"{name[0]} ab")})
    with layout.lock(store):
        gone = layout.sweep(store, ["day-2022-11-07-000003.duckdb"], grace_s=-1)
    assert gone == [f"{stem}-00000{each}.duckdb" for stem in ("catalog", "day-2022-11-07") for each in (1, 2)]
    assert first.positions.count().execute() == 3
    assert first.session().positions.count().execute() == 7


def test_generations_stay_through_their_grace_time_with_the_days_that_they_read(store):
    bring(store, a_csv=HEADER + row(second=0) + row(second=86_400))
    bring(store, b_csv=HEADER + row(second=1))
    bring(store, c_csv=HEADER + row(second=2))
    ago(store, 1, minutes=60)
    ago(store, 2, minutes=50)
    ago(store, 3, minutes=10)
    with layout.lock(store):
        in_use = ["day-2022-11-07-000003.duckdb", "day-2022-11-08-000001.duckdb"]
        assert layout.sweep(store, in_use) == ["catalog-000001.duckdb", "day-2022-11-07-000001.duckdb"]
    assert len(told(store)) == 4


def ago(store: Path, generation: int, minutes: float) -> None:
    """Let a generation have been published some minutes ago."""
    path = store / f"catalog-{generation:06d}.duckdb"
    then = path.stat().st_mtime - minutes * 60
    os.utime(path, (then, then))


def test_debris_goes_and_files_that_are_not_ours_stay(store):
    bring(store, a_csv=positions("T1 abc"))
    debris = [
        "CURRENT.part", "catalog-000002.duckdb.part", "day-2022-11-07-000002.duckdb.part.wal",
        "day-2022-11-07-000002.duckdb", "rejects-000002.duckdb",
    ]  # fmt: skip
    theirs = ["notes.part.txt", "film.part1", "download.part", "site.toml", "day-2022-11-07.csv"]
    for name in debris + theirs:
        (store / name).write_text("x")
    bring(store, b_csv=positions("T2 a"))
    assert not [name for name in debris if name in holds(store) and "-000002.duckdb" not in name]
    assert set(theirs) <= set(holds(store))
    assert len(told(store)) == 4


def test_a_publish_that_died_costs_a_later_one_none_of_its_days(store):
    bring(store, a_csv=HEADER + row(second=0) + row(second=86_400))
    assert killed(store, HEADER + row("T2", 5), "point_to") == 9
    assert "day-2022-11-07-000002.duckdb" in holds(store)
    bring(store, b_csv=HEADER + row("T3", 86_405))
    for generation in (1, 2):
        ago(store, generation, minutes=60)
    bring(store, c_csv=HEADER + row("T4", 86_406))
    assert [truck for truck, *_ in told(store)] == ["T1", "T1", "T3", "T4"]


@pytest.mark.parametrize("die_at", ["rename", "point_to"])
def test_the_first_publish_may_die_too_and_run_again(store, die_at):
    content = HEADER + row(second=0) + row(second=86_400)
    assert killed(store, content, die_at) == 9
    with pytest.raises(NoStore):
        open_site(store)
    ingest(store, [store.parent / "killed.csv"], written(store.parent, POSITIONS))
    assert len(told(store)) == 2
    assert open_site(store).loads.count().execute() == 1
    assert not list(store.glob("*.part*"))


def test_a_store_that_lost_its_current_is_not_begun_anew(store):
    bring(store, a_csv=positions("T1 abc"))
    bring(store, b_csv=positions("T2 abc"))
    (store / "CURRENT").unlink()
    before = holds(store)
    with pytest.raises(DamagedStore, match='generations up to 2 and no file CURRENT; write "truckkit 1 2"'):
        bring(store, c_csv=positions("T3 abc"))
    assert holds(store) == before
    (store / "CURRENT").write_text("truckkit 1 2\n")
    assert len(told(store)) == 6


def test_a_folder_with_somebody_elses_files_is_not_made_a_store(store):
    store.mkdir()
    (store / "photo.jpg").write_text("x")
    with pytest.raises(NoStore, match=r'holds "photo.jpg" and no store'):
        bring(store, a_csv=positions("T1 abc"))
    (store / "photo.jpg").unlink()
    (store / ".hidden").write_text("x")
    bring(store, a_csv=positions("T1 abc"))
    assert len(told(store)) == 3


def test_a_file_is_not_made_a_store(store):
    store.write_text("x")
    with pytest.raises(NoStore, match=r'store" is a file, not a store'):
        bring(store, a_csv=positions("T1 abc"))
    assert store.read_text() == "x"


def test_a_store_whose_file_is_gone_or_broken_is_named_to_readers_and_writers_and_left_alone(store):
    bring(store, a_csv=positions("T1 abc"))
    day = store / "day-2022-11-07-000001.duckdb"
    whole = day.read_bytes()
    day.unlink()
    refuses(store, f"{day.name} is missing")
    day.write_bytes(b"x" * 40_000)
    refuses(store, f"{day.name} cannot be read")
    day.write_bytes(whole[:20_000])
    refuses(store, f"{day.name} cannot be read")
    day.write_bytes((store / "catalog-000001.duckdb").read_bytes())
    refuses(store, "is damaged: .* cannot be read", writing=False)
    day.write_bytes(whole)
    assert len(told(store)) == 3
    (store / "catalog-000001.duckdb").write_bytes(whole)
    refuses(store, "catalog-000001.duckdb cannot be read")
    (store / "catalog-000001.duckdb").unlink()
    refuses(store, "catalog-000001.duckdb is missing")


@pytest.fixture(scope="module")
def long_day(tmp_path_factory) -> Path:
    """A store whose day has rows beyond the blocks that are read to open it."""
    store = tmp_path_factory.mktemp("long") / "store"
    bring(store, a_csv=HEADER + "".join(row("T1", second) for second in range(40_000)))
    return store


@pytest.mark.parametrize(
    "ask",
    [
        lambda rows, _: rows.execute(),
        lambda rows, _: rows.to_pyarrow(),
        lambda rows, _: list(rows.to_pyarrow_batches()),
        lambda rows, _: rows.get_backend().raw_sql("SELECT * FROM positions").fetchall(),
        lambda _, store: bring(store, b_csv=HEADER + row("T2", 40_001)),
    ],
)
@pytest.mark.parametrize("damage", ["cut", "changed"])
def test_a_file_that_opens_and_is_broken_further_on_is_named_when_its_rows_are_read(
    long_day, tmp_path, ask, damage
):
    store = tmp_path / "store"
    shutil.copytree(long_day, store)
    day = store / "day-2022-11-07-000001.duckdb"
    whole = day.read_bytes()
    rows = open_site(store).positions
    with day.open("r+b") as file:
        if damage == "cut":
            file.truncate(len(whole) // 2)
        else:
            for place in range(12_288, len(whole), 4_096):
                file.seek(place)
                file.write(b"damaged")
    with pytest.raises(DamagedStore, match=r'is damaged: .* cannot be read .*"truckkit repair"'):
        ask(rows, store)


def refuses(store: Path, why: str, writing: bool = True) -> None:
    before = holds(store)
    with pytest.raises(DamagedStore, match=why) as fault:
        open_site(store)
    assert "\n" not in str(fault.value)
    if writing:
        with pytest.raises(DamagedStore, match=why):
            bring(store, b_csv=positions("T1 abcd"))
        assert holds(store) == before


def test_a_full_disk_leaves_the_store_as_it_was(store):
    bring(store, a_csv=positions("T1 abc"))
    before = holds(store)
    said = store.parent / "said.txt"
    (store.parent / "b.csv").write_text(positions("T2 abc"))
    assert (
        run(fill, str(said), str(store), str(store.parent / "b.csv"), written(store.parent, POSITIONS)) == 0
    )
    assert said.read_text().startswith(f'"{store}" was left as it was: ')
    assert len(said.read_text().splitlines()) == 1
    assert holds(store) == before
    bring(store, b_csv=positions("T2 abc"))
    assert len(told(store)) == 6


def fill(said: str, store: str, file: str, mapping: str) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))
    try:
        ingest(store, [file], mapping)
    except CannotWrite as fault:
        Path(said).write_text(str(fault))


def test_a_store_within_a_file_cannot_be_written(tmp_path):
    (tmp_path / "mine").write_text("x")
    with pytest.raises(CannotWrite, match="cannot be written"):
        ingest(tmp_path / "mine" / "store", [written_positions(tmp_path)], written(tmp_path, POSITIONS))


def written_positions(folder: Path) -> Path:
    (folder / "a.csv").write_text(positions("T1 abc"))
    return folder / "a.csv"


def test_a_publish_of_nothing_publishes_nothing(store):
    bring(store, a_csv=positions("T1 abc"))
    before = holds(store)
    with Draft() as draft:
        assert publish(store, draft) == []
    assert holds(store) == before


def test_many_threads_on_one_site_each_get_their_own_rows(store):
    trucks = [f"T{number}" for number in range(8)]
    content = positions(*(f"{truck} {'ab' * (40 + number)}" for number, truck in enumerate(trucks)))
    bring(store, a_csv=content)
    site = open_site(store)

    def ask(number: int) -> bool:
        truck = trucks[number % 8]
        narrow = site.truck(truck).between("2022-11-07 08:00:00", "2022-11-07 08:01:00")
        rows = narrow.positions.to_pyarrow()
        return set(rows["truck"].to_pylist()) == {truck} and rows.num_rows == min(60, 80 + 2 * (number % 8))

    with ThreadPoolExecutor(32) as pool:
        assert all(pool.map(ask, range(320)))


def test_a_store_of_before_a_table_and_a_column_were_there_is_read_and_added_to(tmp_path):
    folder = stores.write(
        tmp_path / "mine", Facts("Old mine", "UTC"), trucks=[{"truck": "T01", "given": True}]
    )
    (catalog,) = folder.glob("catalog-*.duckdb")
    with duckdb.connect(str(catalog)) as con:
        for table in ("tyres", "rosters", "usage_models"):
            con.execute(f"DROP TABLE {table}")
        con.execute("ALTER TABLE site DROP COLUMN least_coverage")
        con.execute("CHECKPOINT")
    site = open_site(folder)
    assert (site.name, site.least_coverage, site.tyres.count().execute()) == ("Old mine", 0.95, 0)
    said = tmp_path / "site.toml"
    said.write_text('name = "Our mine"\ntime_zone = "UTC"\n[trust]\ncoverage = 0.5\n', "utf-8")
    ingest(folder, said)
    assert (open_site(folder).least_coverage, open_site(folder).truck_names) == (0.5, ("T01",))


def test_a_question_that_is_asked_again_is_compiled_once(store, monkeypatch):
    bring(store, positions_csv=positions("T1 abc"))
    backend = Store(store).newest().backend
    compiled = []
    whole = type(backend.compiler).to_sqlglot
    monkeypatch.setattr(
        type(backend.compiler),
        "to_sqlglot",
        lambda compiler, expr, **more: compiled.append(1) or whole(compiler, expr, **more),
    )
    site = open_site(store)
    fast = [site.positions.filter(lambda row, most=most: row.x_m > most) for most in (97, 97, 98)]
    assert [rows.count().to_pyarrow().as_py() for rows in fast] == [2, 2, 1]
    assert len(compiled) == 2


def test_the_sql_of_a_question_about_rows_in_memory_is_not_remembered(store):
    bring(store, positions_csv=positions("T1 abc"))
    site = open_site(store)
    for wanted, found in (("T1", 3), ("T2", 0)):
        trucks = ibis.memtable({"truck": [wanted]})
        assert site.positions.semi_join(trucks, "truck").count().to_pyarrow().as_py() == found


def test_the_scratch_space_of_a_process_that_was_killed_goes_with_the_next_draft(tmp_path):
    dead = tmp_path / "truckkit-draft-dead"
    dead.mkdir()
    (dead / "held").touch()
    with Draft(scratch=tmp_path) as one:
        assert not dead.exists()
        with Draft(scratch=tmp_path):
            assert one.scratch.exists()
    assert list(tmp_path.iterdir()) == []


def test_a_days_rows_lie_in_groups_short_enough_that_a_window_of_time_skips_most(long_day):
    file = next(long_day.glob("day-*.duckdb"))
    with duckdb.connect(str(file), read_only=True) as con:
        groups = con.execute(
            "SELECT max(rows) FROM (SELECT sum(count) AS rows FROM pragma_storage_info('positions') "
            "WHERE column_name = 'at' AND segment_type <> 'VALIDITY' GROUP BY row_group_id)"
        ).fetchall()
    assert groups == [(16_384,)]
