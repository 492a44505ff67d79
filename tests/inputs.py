"""Files as a mine would hand them over, the mappings for them, and what a store holds afterwards."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from truckkit import schema
from truckkit.ingest import ingest
from truckkit.site import open_site
from truckkit.store import Load

POSITIONS = """
name = "gps"
time_zone = "America/Santiago"
[site]
name = "Mine"
[[file]]
match = "*"
[[file.table]]
into = "positions"
[file.table.columns]
truck = "Truck"
at = "Time"
x_m = "X"
y_m = "Y"
speed_kmh = { from = "Speed", unit = "m/s", between = [0, 120] }
"""
"""Reads the columns of ``HEADER``; times without an offset are of Santiago, three hours behind UTC."""

HEADER = "Truck,Time,X,Y,Speed\n"

EIGHT = datetime.fromisoformat("2022-11-07 08:00")
"""The site time of a strip's first letter; 11:00 UTC."""


def row(
    truck: str = "T1", second: float = 0, x: object = 1, y: object = 2, speed: object = 10, **more: Any
) -> str:
    """One line of a positions file, some seconds after eight."""
    at = more.get("at", (EIGHT + timedelta(seconds=second)).isoformat(" ", "milliseconds"))
    return f"{truck},{at},{x},{y},{speed}\n"


def positions(*strips: str) -> str:
    """A positions file of strips such as ``"T1 aab.c"``: a letter a second is a place, a dot is silence."""
    lines = []
    for strip in strips:
        truck, places = strip.split(maxsplit=1)
        lines += [row(truck, at, ord(place)) for at, place in enumerate(places) if place != "."]
    return HEADER + "".join(lines)


def bring(store: Path, mapping: str = POSITIONS, **files: str | bytes) -> list[Load]:
    """Ingest files into a store; ``_`` in their names stands for a dot."""
    folder = store.parent / "files"
    folder.mkdir(exist_ok=True)
    paths = []
    for name, content in files.items():
        paths.append(folder / name.replace("_", "."))
        paths[-1].write_bytes(content.encode() if isinstance(content, str) else content)
    return ingest(store, paths, written(store.parent, mapping))


def written(folder: Path, mapping: str) -> str:
    """The path of a mapping, written to a file of its own."""
    path = folder / f"{hashlib.sha256(mapping.encode()).hexdigest()[:12]}.toml"
    path.write_text(mapping, encoding="utf-8")
    return str(path)


def told(store: Path) -> list[tuple[object, ...]]:
    """Truck, seconds since eight, x, y and speed of every position, in order."""
    rows = open_site(store).positions.order_by("truck", "at").to_pyarrow().to_pylist()
    first = EIGHT + timedelta(hours=3)
    return [
        (each["truck"], (each["at"] - first).total_seconds(), each["x_m"], each["y_m"], each["speed_kmh"])
        for each in rows
    ]


def tables(
    store: Path, *names: str, without: Iterable[str] = ("load_id",)
) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of tables, sorted, without what differs from load to load."""
    site = open_site(store)
    found = {}
    for name in names or ("trucks", "places", "positions", "states", "cycles", "refuels", "latest", "shifts"):
        chosen = [column for column in schema.TABLES[name].names if column not in without]
        rows = site.table(name).select(chosen).to_pyarrow().to_pylist()
        found[name] = sorted((tuple(each.values()) for each in rows), key=repr)
    return found


def holds(store: Path) -> dict[str, str]:
    """Every file of a store with a hash of its content: what must not change when a publish fails."""
    if not store.exists():
        return {}
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(store.iterdir())}


def refused(store: Path) -> list[tuple[int, str, str]]:
    """Line, table and reason of every row that was rejected."""
    rejects = open_site(store).rejects.filter(lambda each: each.verdict == "rejected")
    rows = rejects.order_by("load_id", "line").to_pyarrow().to_pylist()
    return [(each["line"], each["about"], each["reason"]) for each in rows]
