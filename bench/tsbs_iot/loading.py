"""How fast each system takes the lines in, and in how many bytes it keeps them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from generated import DAY, START, STEP, Walk, write
from measuring import Entry, entry, timed


def loaded(walk: Walk, folder: Path, systems: Sequence[Any], tell: Callable[[str], None]) -> list[Entry]:
    """Load day after day into each system in turn; what is only made for loading is not kept."""
    fleet = walk.fleet
    walls: Counter[str] = Counter()
    cpus: Counter[str] = Counter()
    for system in systems:
        system.tags(fleet, folder)
    for number in range(fleet.days):
        start = START + number * DAY
        name = f"{start:%Y-%m-%d}"
        write(walk, start, int(DAY / STEP), folder, name)
        for system in systems:
            before = system.server_s()
            spent, wall = timed(lambda system=system, name=name: system.load(name, folder))
            walls[system.name] += wall
            cpus[system.name] += spent + system.server_s() - before
        for path in folder.glob(f"{name}.*"):
            path.unlink()
        tell(f"{name} is loaded: " + ", ".join(f"{each} {wall:.1f} s" for each, wall in walls.items()))
    for system in systems:
        began, before = time.perf_counter(), system.server_s()
        system.loaded()
        walls[system.name] += time.perf_counter() - began
        cpus[system.name] += system.server_s() - before
    rows = 2 * fleet.rows
    influx = walls.get("InfluxDB 1.6")
    found = []
    for name, wall in walls.items():
        ours = name == "truckkit"
        peer = rows / influx if ours and influx else None
        found.append(entry(f"load, {name}", rows / wall, "rows/s", "≥ 5 × InfluxDB" if ours else "", peer))
    found += [entry(f"load, {name}, CPU", rows / spent, "rows/CPU s") for name, spent in cpus.items()]
    if influx:
        found.append(entry("load, truckkit by InfluxDB's rate", influx / walls["truckkit"], "", "≥ 5"))
    return found


def sizes(systems: Sequence[Any]) -> list[Entry]:
    """Bytes on disk, asked for when all questions are: InfluxDB packs what it was given in its own time."""
    held = {system.name: system.bytes() / 1e6 for system in systems}
    influx = held.get("InfluxDB 1.6")
    found = [entry(f"size, {name}", size, "MB") for name, size in held.items()]
    if influx:
        found.append(entry("size, truckkit by InfluxDB's", held["truckkit"] / influx, "", "≤ 0.45"))
    return found
