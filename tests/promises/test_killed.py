"""A load that was acknowledged survives kill -9 at every step; running again adds nothing."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import processes
from promises import breaking

from truckkit.store import layout


def kills(folder: Path, count: int, seed: int) -> None:
    """Kill so many loads, at steps and at times; what is acknowledged is kept here, outside the store."""
    chance = random.Random(seed)
    store = folder / "store"
    acknowledged: breaking.Told = frozenset()
    steps = _steps(folder)
    for number in range(count):
        if number % 20 == 0:  # the first publish has steps of its own
            store, acknowledged = folder / f"store{number}", frozenset()
        path, rows = breaking.batch(folder / "files", number)
        came_through = breaking.crash(store, path, chance, steps)
        held = breaking.told(store) if layout.is_store(store) else frozenset()
        assert held in (acknowledged, acknowledged | rows), "a part of a load, or less than was acknowledged"
        assert held >= rows or not came_through
        [load] = breaking.bring(store, [path])
        assert load.known or not held >= rows, "the ledger does not know what the tables hold"
        assert not (load.known and not layout.is_store(store))
        acknowledged |= rows
        assert breaking.told(store) == acknowledged
        assert breaking.leftovers(store) == []


def _steps(folder: Path) -> int:
    """How many steps a load has, on a store that has one already."""
    first, second = (breaking.batch(folder / "first", number)[0] for number in (0, 1))
    breaking.bring(folder / "measured", [first])
    processes.run(breaking.load_and_die, folder / "measured", second, None, None, folder / "count")
    steps = int((folder / "count").read_text())
    assert steps > 100, "the steps of a publish are not seen any more"
    return steps


def test_a_load_survives_kill_9_at_every_step_and_running_again_adds_nothing(
    tmp_path: Path, seed: int, count: Callable[[int, int], int]
) -> None:
    kills(tmp_path, count(6, 1000), seed)
