"""What benchmarks share: CPU and wall time of a call, entries, and how they are shown."""

from __future__ import annotations

import json
import os
import resource
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from truckkit.sources import apart

Entry = dict[str, object]

ROOT = Path(__file__).resolve().parent.parent


def environment(**more: str) -> dict[str, str]:
    """The environment of what is measured: this checkout, and modules compiled once, as users have them."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPATH": str(ROOT), **more}


def cpu_s() -> float:
    """User and system seconds of this process with its threads, its readers, and its children that ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used) + sum(map(living_s, apart.processes()))


def living_s(pid: int) -> float:
    """User and system seconds of a process that still lives; one that ended is counted as a child."""
    return _ticks_s(pid, 11)


def ended_s(pid: int) -> float:
    """User and system seconds of those children of a process that ended."""
    return _ticks_s(pid, 13)


def _ticks_s(pid: int, field: int) -> float:
    told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(told[field]) + int(told[field + 1])) / os.sysconf("SC_CLK_TCK")


def timed(do: Callable[[], object]) -> tuple[float, float]:
    """CPU and wall seconds of one call."""
    cpu, wall = cpu_s(), time.perf_counter()
    do()
    return cpu_s() - cpu, time.perf_counter() - wall


def entry(name: str, value: float, unit: str, goal: str = "", peer: float | None = None) -> Entry:
    """One figure: what it is, the goal that an issue set, and the peer's in the same run."""
    return {
        "name": name,
        "value": round(value, 2),
        "unit": unit,
        "goal": goal,
        "peer": peer and round(peer, 2),
    }


def show(entries: Sequence[Entry], *, as_json: bool) -> None:
    """Print figures, for programs or for people."""
    if as_json:
        print(json.dumps(entries, indent=2, ensure_ascii=False))
        return
    table = Table("what", "value", "unit", "goal", "peer", box=None)
    for each in entries:
        table.add_row(
            *(
                "" if value is None else f"{value:,}" if isinstance(value, float) else str(value)
                for value in each.values()
            )
        )
    Console(width=140).print(table)
