"""Stores that tests fill from one file of a format with sections."""

from __future__ import annotations

from pathlib import Path

from truckkit.ingest import ingest
from truckkit.site import Site, open_site
from truckkit.store import Load


def brought(folder: Path, mapping: str, name: str, content: str) -> tuple[list[Load], Site]:
    """What an ingest of the file did, and the store afterwards."""
    path = folder / name
    path.write_text(content, encoding="utf-8")
    loads = ingest(folder / "mine", path, mapping, detection=False)
    return loads, open_site(folder / "mine")
