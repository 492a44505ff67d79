"""A store that is damaged goes back to what is whole; a copy of one that is in use opens or is made whole."""

from __future__ import annotations

import random
import shutil
import threading
from pathlib import Path

import pytest
from inputs import HEADER, bring, holds, positions, row, told

from truckkit.errors import DamagedStore, NoStore, TruckkitError
from truckkit.site import open_site
from truckkit.store import Store, check, repair


@pytest.fixture
def store(tmp_path: Path) -> Path:
    folder = tmp_path / "store"
    bring(folder, a_csv=positions("T1 abc"))
    bring(folder, b_csv=positions("T2 abc"))
    return folder


def test_a_store_that_is_whole_is_left_as_it_is(store):
    before = holds(store)
    assert str(repair(store)) == "the store is whole; there was nothing to repair."
    assert holds(store) == {**before, **{name: holds(store)[name] for name in ("LOCK", "ROLLING")}}


def test_what_cut_off_publishes_have_left_is_removed(store):
    for name in ("catalog-000003.duckdb.part", "day-2022-11-07-000003.duckdb", "rolled-up.duckdb"):
        (store / name).write_text("x")
    repaired = repair(store)
    assert len(repaired.removed) == 3
    assert str(repaired) == "3 files that a cut-off publish had left were removed."
    assert len(told(store)) == 6


@pytest.mark.parametrize("damaged", ["day-2022-11-07-000002.duckdb", "catalog-000002.duckdb"])
@pytest.mark.parametrize("how", ["missing", "cut", "garbled"])
def test_a_damaged_generation_gives_way_to_the_last_whole_one_and_is_kept(store, damaged, how):
    path = store / damaged
    content = path.read_bytes()
    path.unlink()
    if how == "cut":
        path.write_bytes(content[: len(content) // 2])
    elif how == "garbled":
        path.write_bytes(content[:16_000] + b"\x55" * 60_000 + content[76_000:])
    repaired = repair(store)
    assert (repaired.of, repaired.generation) == (1, 3)
    assert damaged in str(repaired)
    assert "went back to generation 1" in str(repaired)
    assert [truck for truck, *_ in told(store)] == ["T1"] * 3
    kept = {each.name for each in repaired.aside.iterdir()}
    assert kept == {"day-2022-11-07-000002.duckdb", "catalog-000002.duckdb"} - (
        {damaged} if how == "missing" else set()
    )
    [load] = bring(store, b_csv=positions("T2 abc"))
    assert not load.known
    assert len(told(store)) == 6
    assert check(store) == []


@pytest.mark.parametrize("content", [None, "", "truckkit one", b"\xff\xfe"])
def test_current_that_is_missing_or_garbled_is_written_anew(store, content):
    current = store / "CURRENT"
    current.unlink()
    if content is not None:
        current.write_bytes(content if isinstance(content, bytes) else content.encode())
    repaired = repair(store)
    assert repaired.of == 2
    assert len(told(store)) == 6
    bring(store, c_csv=positions("T3 a"))
    assert len(told(store)) == 7


def test_what_is_no_store_and_what_is_beyond_repair_is_told_and_left_alone(store, tmp_path):
    with pytest.raises(NoStore, match="there is no store"):
        repair(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(NoStore):
        repair(tmp_path / "empty")
    for file in store.glob("day-*"):
        file.write_bytes(b"x" * 30_000)
    before = holds(store)
    with pytest.raises(DamagedStore, match="none of its 2 generations is whole; bring it back from a backup"):
        repair(store)
    assert before.items() <= {**holds(store), "LOCK": before["LOCK"]}.items()


def test_a_reader_that_is_open_sees_the_repaired_store(store):
    site = open_site(store)
    (store / "catalog-000002.duckdb").write_bytes(b"x" * 20_000)
    repair(store)
    bring(store, c_csv=positions("T3 ab"))
    assert sorted(set(site.session().positions.to_pyarrow()["truck"].to_pylist())) == ["T1", "T3"]


def copied(store: Path, to: Path, draw: random.Random) -> None:
    """A copy as cp makes it: a list of names first, then each file, in any order, while publishes go on."""
    to.mkdir()
    names = [path.name for path in store.iterdir()]
    draw.shuffle(names)
    for name in names:
        try:
            shutil.copyfile(store / name, to / name)
        except FileNotFoundError:
            continue


def test_a_copy_that_races_publishes_opens_or_is_made_whole(store, tmp_path):
    done = threading.Event()
    failed: list[BaseException] = []

    def write() -> None:
        try:
            for number in range(12):
                bring(
                    store, **{f"n{number}_csv": HEADER + row("T3", 10 + number) + row("T3", 90_000 + number)}
                )
        except BaseException as fault:
            failed.append(fault)
        finally:
            done.set()

    writer = threading.Thread(target=write)
    writer.start()
    copies = 0
    while not done.is_set() or copies < 3:
        copy = tmp_path / f"copy-{copies}"
        copied(store, copy, random.Random(copies))
        copies += 1
        try:
            Store(copy)
        except TruckkitError:
            repair(copy)
        repair(copy)  # and takes away what was being made
        assert check(copy) == []
        assert len(told(copy)) % 2 == 0
        assert len(told(copy)) >= 6
        assert not list(copy.glob("*.part*"))
    writer.join()
    assert not failed
