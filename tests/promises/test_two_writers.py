"""Of writers that come at once, one writes; the others are refused and told who it is."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import processes
from promises import breaking


def crowds(folder: Path, count: int, writers: int = 4) -> None:
    """Let so many crowds of writers come at once."""
    context = processes.context()
    kept: breaking.Told = frozenset()
    store = folder / "store"
    breaking.bring(folder / "other", [breaking.batch(folder / "files", 999)[0]])  # writes the mapping
    for crowd in range(count):
        batches = [breaking.batch(folder / "files", crowd * writers + each) for each in range(writers)]
        ready, answers = context.Barrier(writers), context.Queue()
        started = [
            context.Process(target=breaking.write_at_once, args=(store, path, ready, answers))
            for path, _ in batches
        ]
        for process in started:
            process.start()
        told = [answers.get(timeout=120) for _ in started]
        for process in started:
            process.join()
        assert [process.exitcode for process in started] == [0] * writers
        pids = {pid for _, pid, _ in told}
        wrote = {name for name, _, said in told if not said}
        assert wrote, "nobody could write"
        for said in filter(None, (said for *_, said in told)):
            holder = re.search(r"is being written by (?:process (\d+) on .+ since|another process)", said)
            assert holder, said
            assert holder[1] is None or int(holder[1]) in pids
        kept |= frozenset().union(*(rows for path, rows in batches if path.name in wrote))
        assert breaking.told(store) == kept


def test_the_second_of_many_writers_is_refused_by_name(
    tmp_path: Path, count: Callable[[int, int], int]
) -> None:
    crowds(tmp_path, count(1, 50))
