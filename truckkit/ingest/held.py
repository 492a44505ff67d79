"""What a store holds before an ingest: what was loaded, how far, and in which grid."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property
from pathlib import Path

import ibis
import pyarrow as pa

from truckkit.errors import NoStore
from truckkit.store import Generation, Store
from truckkit.times import aware

_MOST_REFUSED = 10_000
"""So many refused rows are remembered of a source that is read again."""


class Held:
    """The newest generation of a store, or nothing where there is none; publishing asks anew."""

    def __init__(self, store: Path) -> None:
        self._store = store

    @cached_property
    def _newest(self) -> Generation | None:
        try:
            return Store(self._store).newest()
        except NoStore:
            return None  # publishing says what is wrong with the folder, or makes a store of it

    @cached_property
    def loads(self) -> list[tuple[str, str]]:
        """Mapping and identity of what was loaded, so that nobody reads it again."""
        if self._newest is None:
            return []
        loads = self._newest.tables["loads"].order_by("load_id").select("mapping", "identity")
        return [(row["mapping"], row["identity"]) for row in loads.to_pyarrow().to_pylist()]

    def watermarks(self, source: str) -> dict[tuple[str, str], datetime]:
        """For each measurement and truck of a source, the newest point that is stored."""
        if self._newest is None:
            return {}
        marks = self._newest.tables["watermarks"]
        rows = marks.filter(marks.source == source).to_pyarrow().to_pylist()
        return {(row["measurement"], row["truck"]): aware(row["at"]) for row in rows}

    def refused(self, source: str) -> pa.Table:
        """What was refused of a source of late: ``reason`` and ``content``."""
        if self._newest is None:
            return pa.table({"reason": pa.array([], pa.string()), "content": pa.array([], pa.string())})
        rejects = self._newest.tables["rejects"]
        own = rejects.filter(rejects.source == source, rejects.verdict == "rejected")
        newest = own.order_by(ibis.desc("load_id")).limit(_MOST_REFUSED)
        return newest.select("reason", "content").to_pyarrow()

    @property
    def crs(self) -> str | None:
        """The coordinate reference system of the site's grid, where it has one."""
        if self._newest is None:
            return None
        told = self._newest.tables["site"].select("crs").to_pyarrow()["crs"].to_pylist()
        return told[0] if told else None
