"""One event that a mine recorded: what happened to which truck, and when.

>>> Happened("E7", "T01", datetime(2026, 11, 22, 18, tzinfo=UTC), "overspeed", "Ramp 2", 61.25, "km/h").words
'overspeed 61.25 km/h at Ramp 2'
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

from truckkit import times


@dataclass(frozen=True)
class Happened:
    """A row of ``events``, with its instant aware and in words."""

    event: str
    truck: str
    at: datetime
    kind: str
    place: str | None = None
    measured: float | None = None
    unit: str | None = None
    description: str | None = None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """The event of a stored row."""
        told = {name: row.get(name) for name in ("place", "measured", "unit", "description")}
        return cls(row["event"], row["truck"], times.aware(row["at"]).astimezone(UTC), row["kind"], **told)

    @property
    def words(self) -> str:
        """What happened, in a line: the kind, the value with its unit, the place, the source's words."""
        parts = [self.kind]
        if self.measured is not None:
            parts.append(f"{self.measured:g} {self.unit or ''}".strip())
        if self.place:
            parts.append(f"at {self.place}")
        told = " ".join(parts)
        return f"{told}: {self.description}" if self.description else told
