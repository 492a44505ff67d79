"""Readers see whole generations, whatever happens to the writer; old files go while they read."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from pathlib import Path

import processes
from promises import breaking

from truckkit.store import Store, layout


def storm(folder: Path, count: int, seed: int, each: int = 2) -> None:
    """Read so many times, by threads and by processes, while a writer is killed and started again."""
    chance = random.Random(seed)
    store = folder / "store"
    context = processes.context()

    def begin():
        writer = context.Process(target=breaking.load_values, args=(store, folder / "values"))
        writer.start()
        return writer

    writer = begin()
    while not layout.is_store(store):
        writer.join(0.05)
        assert writer.exitcode is None
    answers = context.Queue()
    share = count // (2 * each)
    others = [context.Process(target=breaking.read_values, args=(store, share, answers)) for _ in range(each)]
    found: list[tuple[list, int]] = []

    def read() -> None:
        mixed, seen = breaking.reads(store, share)
        found.append((mixed, len(seen)))

    threads = [threading.Thread(target=read) for _ in range(each)]
    for reader in (*others, *threads):
        reader.start()
    while any(reader.is_alive() for reader in (*others, *threads)):
        writer.join(chance.uniform(0.2, 3.0))  # as long as it lives until it is killed
        assert writer.exitcode is None, "the writer failed"
        writer.kill()
        writer.join()
        writer = begin()
    writer.kill()
    writer.join()
    found += [answers.get(timeout=60) for _ in others]
    for reader in others:
        reader.join()
    assert len(found) == 2 * each, "a reader failed"
    assert [mixed for mixed, _ in found if mixed] == []
    print(f"generation {Store(store).newest().number}, of which readers saw {[seen for _, seen in found]}")


def test_readers_see_whole_generations(tmp_path: Path, seed: int, count: Callable[[int, int], int]) -> None:
    storm(tmp_path, count(1_000, 100_000), seed)
