"""What came into a store before an ingest: what was loaded, how far, and in which grid."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from truckkit import describing
from truckkit.store import glance
from truckkit.times import aware

_MOST_REFUSED = 10_000
"""So many refused rows are remembered of a source that is read again."""


class Past:
    """What the newest catalog says, or nothing where there is none; publishing asks anew."""

    def __init__(self, store: Path) -> None:
        self._store = store

    @cached_property
    def _identities(self) -> pa.ChunkedArray:
        return glance.rows(self._store, "loads", "identity")["identity"]

    def known(self, content: str) -> list[str]:
        """The identities of loads with this content, of which a file with sections has one for each."""
        found: list[str] = self._identities.filter(pc.starts_with(self._identities, content)).to_pylist()
        return found

    @property
    def described(self) -> dict[str, str]:
        """The identity of the newest load of each mapping that is the site's own description."""
        loads = glance.rows(self._store, "loads", "load_id", "mapping", "identity").sort_by("load_id")
        own = loads.filter(pc.starts_with(loads["mapping"], describing.MAPPING))
        return dict(zip(own["mapping"].to_pylist(), own["identity"].to_pylist(), strict=True))

    def watermarks(self, source: str) -> dict[tuple[str, str], datetime]:
        """For each measurement and truck of a source, the newest point that is stored."""
        rows = glance.rows(self._store, "watermarks", "measurement", "truck", "at", source=source)
        return {(row["measurement"], row["truck"]): aware(row["at"]) for row in rows.to_pylist()}

    def refused(self, source: str) -> pa.Table:
        """What was refused of a source of late: ``reason`` and ``content``."""
        return glance.refused(self._store, source, _MOST_REFUSED)

    @property
    def crs(self) -> str | None:
        """The coordinate reference system of the site's grid, where it has one."""
        told: list[str | None] = glance.rows(self._store, "site", "crs")["crs"].to_pylist()
        return told[0] if told else None
