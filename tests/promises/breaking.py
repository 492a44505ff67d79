"""A load that can be cut off at any of its steps, and what a store must hold afterwards."""

from __future__ import annotations

import os
import random
import signal
import sys
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import processes

from truckkit.errors import StoreBusy
from truckkit.ingest import ingest
from truckkit.site import open_site
from truckkit.sources import apart
from truckkit.store import Draft, Load, Store, layout

MAPPING = """
name = "steps"
[site]
name = "Steps"
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

Told = frozenset[tuple[Any, ...]]

_EVENTS = {"open", "os.rename", "os.remove", "os.truncate", "os.mkdir", "shutil.copyfile"}
_CALLS = ("fsync", "ftruncate", "pwrite", "close")


def batch(folder: Path, number: int, rows: int = 40) -> tuple[Path, Told]:
    """A file of a load over two days, and what a store tells of it."""
    folder.mkdir(exist_ok=True)
    told = []
    for row in range(rows):
        day, second = 22 + row % 2, number * 100 + row
        told.append((f"T{row % 3}", f"2026-11-{day}T{second // 3600:02d}:{second % 3600 // 60:02d}:"
                     f"{second % 60:02d}", float(row), float(number % 60)))  # fmt: skip
    lines = [f"{truck},{at}Z,{x},{v}" for truck, at, x, v in told]
    path = folder / f"{number:05d}.csv"
    path.write_text("truck,at,x,v\n" + "\n".join(lines) + "\n")
    return path, frozenset(told)


def told(store: Path) -> Told:
    """What a store tells, in the form of ``batch``."""
    rows = open_site(store).positions.to_pyarrow().to_pylist()
    return frozenset((row["truck"], row["at"].isoformat()[:19], row["x_m"], row["speed_kmh"]) for row in rows)


def bring(store: Path, paths: Iterable[Path]) -> list[Load]:
    """Load files, without detection, read in this process: what is broken here is the publish."""
    read_apart, apart.rows = apart.rows, lambda opener, path, _limits=None: opener(path)  # type: ignore[assignment,misc]
    try:
        return ingest(store, list(paths), _mapping(store.parent), detection=False)
    finally:
        apart.rows = read_apart


def _mapping(folder: Path) -> str:
    """The path of the mapping; put there whole, for others may read it at the same time."""
    path = folder / "steps.toml"
    if not path.exists():
        begun = folder / f"steps{os.getpid()}.part"
        begun.write_text(MAPPING)
        begun.replace(path)
    return str(path)


def sweep_after(grace_s: float) -> None:
    """Have this process sweep old generations sooner than readers are promised."""
    layout.GRACE_S = grace_s  # type: ignore[misc]
    defaults = layout.sweep.__defaults__
    if defaults:
        layout.sweep.__defaults__ = (grace_s, *defaults[1:])


class _Steps:
    """Counts what a process does to a store's files and says to DuckDB, and ends it at one step."""

    def __init__(self, store: Path, last: int | None) -> None:
        self._store = str(store)
        self._last = last
        self.count = 0

    def mark(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in _EVENTS and any(str(each).startswith(self._store) for each in arguments):
            self.step()

    def step(self) -> None:
        self.count += 1
        if self.count == self._last:
            os.kill(os.getpid(), signal.SIGKILL)


class _Watched:
    """A connection whose every statement is a step, before it and after it."""

    def __init__(self, con: Any, steps: _Steps) -> None:
        self._con, self._steps = con, steps

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._con, name)
        if name not in ("execute", "executemany"):
            return found

        def called(*arguments: Any, **more: Any) -> Any:
            self._steps.step()
            answer = found(*arguments, **more)
            self._steps.step()
            return answer

        return called


def _watch(store: Path, last: int | None) -> _Steps:
    steps = _Steps(store, last)
    sys.addaudithook(steps.mark)
    for name in _CALLS:
        call = getattr(os, name)

        def marked(*arguments: Any, _call: Any = call) -> Any:
            steps.step()
            return _call(*arguments)

        setattr(os, name, marked)
    begin = Draft.__init__

    def watched(self: Draft, *arguments: Any, **more: Any) -> None:
        begin(self, *arguments, **more)
        self.connection = _Watched(self.connection, steps)  # type: ignore[assignment]

    Draft.__init__ = watched  # type: ignore[method-assign]
    return steps


def load_and_die(store: Path, path: Path, step: int | None, after_s: float | None, count: Path) -> None:
    """Load a file in this process, and be killed at a step, or after a time, or not at all."""
    steps = _watch(store, step)
    if after_s is not None:
        threading.Thread(target=_die, args=(after_s,), daemon=True).start()
    bring(store, [path])
    count.write_text(str(steps.count))


def _die(after_s: float) -> None:
    time.sleep(after_s)
    os.kill(os.getpid(), signal.SIGKILL)


def load_many(store: Path, folder: Path, first: int, acknowledged: Path) -> None:
    """Load batch after batch, and note each that is acknowledged, until somebody ends the process."""
    sweep_after(0.5)
    with acknowledged.open("a") as ledger:
        for number in range(first, 1 << 20):
            bring(store, [batch(folder, number)[0]])
            ledger.write(f"{number}\n")
            ledger.flush()


def write_at_once(store: Path, path: Path, ready: Any, answers: Any) -> None:
    """Wait for the others, load a file, and say how it went."""
    ready.wait()
    try:
        bring(store, [path])
        answers.put((path.name, os.getpid(), ""))
    except StoreBusy as fault:
        answers.put((path.name, os.getpid(), str(fault)))


def load_values(store: Path, folder: Path, rows: int = 200) -> None:
    """Set every row of two days to the number of the generation, over and over, until somebody ends it."""
    sweep_after(0.5)
    value = layout.current(store) if layout.is_store(store) else 0
    folder.mkdir(exist_ok=True)
    while True:
        value += 1
        path = folder / f"{value}.csv"
        lines = [
            f"T{row % 7},2026-11-{22 + row % 2}T00:{row // 60:02d}:{row % 60:02d}Z,{value},{value}"
            for row in range(rows)
        ]
        path.write_text("truck,at,x,v\n" + "\n".join(lines) + "\n")
        bring(store, [path])
        path.unlink()


def read_values(store: Path, count: int, answers: Any) -> None:
    """Read so many times, and hand over what was mixed, and how many generations were seen."""
    mixed, seen = reads(store, count)
    answers.put((mixed, len(seen)))


def reads(folder: Path, count: int) -> tuple[list[tuple[Any, ...]], set[int]]:
    """What was read that is of no one generation, and the generations that were read."""
    store, mixed, seen = Store(folder), [], set()
    for _ in range(count):
        generation = store.newest()
        found = generation.backend.con.execute(
            "SELECT min(x_m), max(x_m), min(speed_kmh), max(speed_kmh), "
            "(SELECT count(*) FROM loads), count(*) FROM positions"
        ).fetchall()[0]
        seen.add(generation.number)
        if set(found[:5]) != {generation.number} or found[5] != 200:
            mixed.append((generation.number, *found))
    return mixed, seen


def crash(store: Path, path: Path, chance: random.Random, steps: int) -> bool:
    """Load a file in another process that is killed somewhere; True where it came through."""
    count = store.parent / "count"
    timed = chance.random() < 0.25
    step = None if timed else chance.randrange(1, steps + 1)
    after_s = chance.uniform(0.0, 0.5) if timed else None
    code = processes.run(load_and_die, store, path, step, after_s, count)
    assert code in (0, -signal.SIGKILL), f"step {step}, {after_s} s: exit code {code}"
    return code == 0


def holds(store: Path, files: Path, loads: list[int]) -> None:
    """Whether a store holds these loads whole, and at most one that was published and not yet noted."""
    if not layout.is_store(store):
        assert not loads, "the store is lost"
        return
    held = told(store)
    for load in loads:
        assert batch(files, load)[1] <= held, f"load {load} is lost"
    assert len(held) in (40 * len(loads), 40 * len(loads) + 40)


def is_a_sentence(fault: Exception) -> bool:
    """True where an error says what is wrong in one line that ends as a sentence does."""
    return str(fault).startswith('"') and str(fault).endswith(".") and "\n" not in str(fault)


def leftovers(store: Path) -> list[str]:
    """Files that no generation reads and that a publish has not removed."""
    newest = layout.current(store)
    return [
        path.name
        for path in store.iterdir()
        if ".part" in path.name or (path.suffix == ".duckdb" and int(path.stem.rpartition("-")[2]) > newest)
    ]
