"""What an exported folder says of itself: of which store it is, and of which of its files each day was made.

It is written last, so that what was cut off is written again by the next export.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import duckdb

from truckkit import schema
from truckkit.errors import BadRequest, NewerStore, listed
from truckkit.store import attached, layout
from truckkit.store.held import File

NAME = "truckkit-export.json"
_FORMAT = 1
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+:/")
"""How an address begins, as a path keeps it; drives have one letter."""


def named(day: date) -> str:
    """The folder of a day, as engines know it for a partition."""
    return f"day={day.isoformat()}"


def folder(target: Path, table: str, day: date | None = None) -> Path:
    """Where a table lies, or a day of it."""
    return target / table / named(day) if day else target / table


def parts(place: Path) -> list[Path]:
    """The files that an export has put into a folder: one, or none."""
    return sorted(place.glob("part-*.parquet"))


@dataclass
class Day:
    """A day that was exported."""

    files: list[str]
    """The files of the store that it was made of."""
    rows: dict[str, int]
    """Its rows, by table."""


@dataclass
class Manifest:
    """What stands in an exported folder."""

    generation: int = 0
    """The newest generation of the store of which all was written."""
    load: dict[str, str] | None = None
    """The newest load of the ledger of the store that was read last: no other store has it."""
    days: dict[date, Day] = field(default_factory=dict)
    columns: str = ""
    """A hash of the columns that tables had."""

    @property
    def is_of_today(self) -> bool:
        """Whether tables had the columns that they have today."""
        return self.columns == _columns()

    def tables_of(self, day: date) -> set[str]:
        """The tables that have rows on a day."""
        return set(self.days[day].rows) if day in self.days else set()

    def days_of(self, table: str) -> list[date]:
        """The days on which a table has rows."""
        return [day for day, known in self.days.items() if table in known.rows]

    def stands(self, target: Path, day: date, files: Sequence[File]) -> bool:
        """Whether a day was made of these files, and is there."""
        known = self.days.get(day)
        return (
            self.is_of_today
            and known is not None
            and known.files == sorted(file.file for file in files)
            and all(parts(folder(target, table, day)) for table in known.rows)
        )

    def is_of(self, con: duckdb.DuckDBPyConnection, target: Path) -> None:
        """Note the store whose catalog is attached as ``old``.

        Raises ``BadRequest`` where it is not a later generation of the one that was exported.
        """
        if self.load and self._asked(con, "WHERE load_id = ?", self.load["load_id"]) != self.load:
            raise BadRequest(
                f'"{target}" holds the export of another store, or of a later state of this one; '
                "name another folder, or remove that one."
            )
        self.load = self._asked(con, "ORDER BY load_id DESC LIMIT 1")

    def _asked(self, con: duckdb.DuckDBPyConnection, which: str, *bound: str) -> dict[str, str] | None:
        """A load of the ledger: its number, what it was of, and when it was published."""
        ledger = attached.grown(con, "old", schema.LOADS)
        found = con.execute(f'SELECT load_id, identity, "at" FROM ({ledger}) {which}', bound).fetchall()
        return dict(zip(("load_id", "identity", "at"), map(str, found[0]), strict=True)) if found else None

    def end(self, generation: int) -> None:
        """All of a generation is written."""
        self.generation, self.columns = generation, _columns()

    def write(self, target: Path) -> None:
        """Replace what stands there, in one step."""
        said = {
            "format": _FORMAT,
            "generation": self.generation,
            "load": self.load,
            "columns": self.columns,
            "days": {
                day.isoformat(): {"files": known.files, "rows": known.rows}
                for day, known in sorted(self.days.items())
            },
        }
        layout.put_text(target / NAME, json.dumps(said, indent=1))


def _columns() -> str:
    told = repr([(table.name, table.key, str(table.schema)) for table in schema.TABLES.values()])
    return hashlib.sha256(told.encode()).hexdigest()


def refuse_others(target: Path) -> None:
    """Refuse what is no folder, and a folder that holds something else than an export."""
    if _ADDRESS.match(str(target)):
        raise BadRequest(f'"{target}" is an address; export to a folder, and copy that there.')
    if target.exists() and not target.is_dir():
        raise BadRequest(f'"{target}" is a file; name a folder to export to.')
    if not target.is_dir() or (target / NAME).is_file():
        return
    names = {path.name for path in target.iterdir()} - {layout.LOCK, f"{NAME}.part"}
    strange = sorted(name for name in names if not name.startswith((".", "lost+")))
    if strange:
        raise BadRequest(
            f'"{target}" holds {listed(strange, most=3)} and no export; name a folder that is new or empty.'
        )


def read(target: Path) -> Manifest:
    """What stands in a folder whose lock the caller holds; an empty one is made an export's."""
    refuse_others(target)
    path = target / NAME
    if not path.is_file():
        fresh = Manifest(columns=_columns())
        fresh.write(target)
        return fresh
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        days = {date.fromisoformat(day): Day(**known) for day, known in said["days"].items()}
        written, generation, load, columns = (
            said[name] for name in ("format", "generation", "load", "columns")
        )
    except (ValueError, TypeError, KeyError, AttributeError) as fault:
        raise BadRequest(
            f'"{path}" cannot be read ({fault}); remove the folder, and export to it again.'
        ) from None
    if written > _FORMAT:
        raise NewerStore(f'"{target}" was exported by a newer truckkit; upgrade truckkit.')
    return Manifest(generation, load, days, columns)
