"""One task, answered one way, once: the time and memory that it took, and its answer as Parquet.

    python bench/analyst_once.py polars stops FOLDER ANSWER

Prints ``{"import_cpu", "import_s", "cpu", "wall", "memory"}``; memory is the process's own peak [MB].
"""

from __future__ import annotations

import json
import resource
import sys
import time
from importlib import import_module
from pathlib import Path


def spent() -> tuple[float, float]:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime, time.perf_counter()


def peak_mb() -> float:
    """The most that this process held; what ``getrusage`` says may be its parent's."""
    told = Path("/proc/self/status").read_text()
    return int(told.partition("VmHWM:")[2].split()[0]) / 1e3


def main() -> None:
    tool, task, folder, into = sys.argv[1:]
    begun = spent()
    answer = import_module(f"peers.analyst_{tool}").TASKS[task]
    imported = spent()
    found = answer(Path(folder))
    done, memory = spent(), peak_mb()
    import_cpu, import_s = (after - before for before, after in zip(begun, imported, strict=True))
    cpu, wall = (after - before for before, after in zip(imported, done, strict=True))
    figures = {"import_cpu": import_cpu, "import_s": import_s, "cpu": cpu, "wall": wall, "memory": memory}
    print(json.dumps(figures))
    keep(found, into)


def keep(found: object, into: str) -> None:
    """Write an answer, whichever library it is a frame of."""
    if hasattr(found, "write_parquet"):
        found.write_parquet(into)
        return
    if hasattr(found, "to_parquet"):
        found.to_parquet(into)
        return
    import_module("pyarrow.parquet").write_table(found, into)


if __name__ == "__main__":
    main()
