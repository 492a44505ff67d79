"""A disk that is full at any point loses nothing, and the old generation keeps serving."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from promises import breaking, system

from truckkit.errors import CannotWrite
from truckkit.site import open_site
from truckkit.store import Draft


def fill(disk: Path, free: int) -> None:
    """Leave so many bytes free."""
    left = os.statvfs(disk)
    rest = left.f_bavail * left.f_frsize - free
    with (disk / "ballast").open("wb") as ballast:
        for _ in range(rest >> 20):
            ballast.write(bytes(1 << 20))
        ballast.write(bytes(rest & ((1 << 20) - 1)))


def fills(folder: Path, disk: Path, count: int, seed: int) -> None:
    """Fill the disk so many times, so that the same load finds no room at another step each time."""
    chance = random.Random(seed)
    first, rows = breaking.batch(folder / "files", 0, 4000)
    second, more = breaking.batch(folder / "files", 1, 4000)
    breaking.bring(folder / "first", [first])
    shutil.copytree(folder / "first", disk / "whole")
    before = os.statvfs(disk).f_bavail
    breaking.bring(disk / "whole", [second])
    takes = (before - os.statvfs(disk).f_bavail) * os.statvfs(disk).f_frsize
    shutil.rmtree(disk / "whole")
    refused, sentences = 0, 0
    for number in range(count):
        store = disk / "store"
        shutil.copytree(folder / "first", store)
        old = open_site(store)
        fill(disk, int(takes * (number + chance.random()) / count))
        try:
            breaking.bring(store, [second])
            held = rows | more
        except CannotWrite as fault:
            refused += 1
            sentences += breaking.is_a_sentence(fault)
            held = rows
        assert breaking.told(store) == held
        assert old.positions.count().execute() == len(rows)
        assert breaking.leftovers(store) == []
        (disk / "ballast").unlink()
        [load] = breaking.bring(store, [second])
        assert load.known is (held != rows)
        assert breaking.told(store) == rows | more
        assert old.positions.count().execute() == len(rows)
        old.store.newest().backend.con.close()
        del old
        shutil.rmtree(store)
    assert refused == sentences
    assert refused > count // 2


def test_a_full_disk_loses_nothing_and_the_old_generation_keeps_serving(
    tmp_path: Path, seed: int, count: Callable[[int, int], int]
) -> None:
    with system.mounted(tmp_path / "disk", "-t", "tmpfs", "-o", "size=64m", "tmpfs") as disk:
        fills(tmp_path, disk, count(5, 50), seed)


def test_a_full_scratch_space_is_told_of_in_a_sentence(tmp_path: Path) -> None:
    rows = pa.table({"x": np.random.default_rng(1).random(8_000_000)})
    with (
        system.mounted(tmp_path / "disk", "-t", "tmpfs", "-o", "size=8m", "tmpfs") as disk,
        Draft(memory="40MB", scratch=disk) as draft,
        pytest.raises(CannotWrite, match=r'^"[^\n]*" has no room for what is being loaded[^\n]*\.$'),
    ):
        draft.read("rows", rows)
