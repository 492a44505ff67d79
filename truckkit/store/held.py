"""The day and month files of the generation that a publish replaces, attached when their rows are asked for.

A year has hundreds of files, and five minutes meet two of them: which ones tells the catalog, by the
first and last instant of each file.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path

import duckdb

from truckkit import schema
from truckkit.store import attached, ddl

_CHUNKS = (1, 4, 16)
"""So many files are looked through first, second and third by who goes back in time, and from then on."""


@dataclass
class File:
    """One file of a generation, as the catalog lists it."""

    file: str
    kind: str
    start: datetime | None
    stop: datetime | None
    made: dict[str, int]
    first_at: datetime | None
    last_stop: datetime | None
    longest_s: float | None
    appends: int

    def meets(self, first: datetime | None, last: datetime | None) -> bool:
        """True where a row could reach into the time from ``first`` to ``last``, bounds included."""
        return not (
            (first and self.last_stop and self.last_stop < first)
            or (last and self.first_at and self.first_at > last)
        )


def listed(con: duckdb.DuckDBPyConnection, catalog: str = "old") -> list[File]:
    """The files of the generation whose catalog is attached, in the order of their kind and time."""
    return [
        File(file, kind, start, stop, json.loads(made), *rest)
        for file, kind, start, stop, made, *rest in con.execute(
            f"SELECT {ddl.columns(schema.FILES.names)} FROM {ddl.name(catalog)}.files "
            "ORDER BY kind, start, file"
        ).fetchall()
    ]


class Held:
    """What the generation holds, by file."""

    def __init__(self, con: duckdb.DuckDBPyConnection, folder: Path, base: int) -> None:
        self._con = con
        self._folder = folder
        self.files = listed(con) if base else []
        self._attached: dict[str, dict[str, set[str]]] = {}

    def of(
        self, table: schema.Table, first: datetime | None = None, last: datetime | None = None
    ) -> list[File]:
        """The files that hold rows of a day table, of this time where one is given; the oldest first."""
        own = [file for file in self.files if file.kind != "rejects" and file.made.get(table.name)]
        return sorted((file for file in own if file.meets(first, last)), key=lambda file: str(file.start))

    def on(self, table: schema.Table, days: Iterable[date]) -> list[File]:
        """The files that hold rows of a table which start on these days."""
        found: dict[str, File] = {}
        for day in days:
            noon = datetime.combine(day, time(12))
            for file in self.of(table):
                if file.start and file.stop and file.start <= noon < file.stop:
                    found[file.file] = file
        return list(found.values())

    def query(self, table: schema.Table, files: Iterable[File]) -> str:
        """The query over a table in some of the files; empty for none."""
        return " UNION ALL ".join(
            ddl.grown(table, file.file, self.attach(file).get(table.name, ())) for file in files
        )

    def attach(self, file: File) -> dict[str, set[str]]:
        """Attach a file under its name; give the columns of each table that it holds."""
        if file.file not in self._attached:
            attached.attach(self._con, self._folder, file.file, file.file)
            held = {
                table: attached.columns(self._con, file.file, table)
                for table, rows in file.made.items()
                if rows
            }
            for table, columns in held.items():
                if not columns:
                    raise attached.lacking(self._folder, file.file, table)
            self._attached[file.file] = held
        return self._attached[file.file]

    def chunks(
        self, table: schema.Table, first: datetime | None, last: datetime | None, *, newest_first: bool
    ) -> Iterator[tuple[list[File], datetime | None, datetime | None]]:
        """The files of a table, a few at a time, and the bounds of the time in which their rows start.

        Each row starts within the bounds of one chunk; those of the first and the last are open.
        """
        files = self.of(table, first, last)
        if newest_first:
            files.reverse()
        sizes = [*_CHUNKS]
        edge: datetime | None = None
        while True:
            size = sizes.pop(0) if len(sizes) > 1 else sizes[0]
            chunk, files = files[:size], files[size:]
            if not files:
                yield (chunk, None, edge) if newest_first else (chunk, edge, None)
                return
            next_edge = chunk[-1].start if newest_first else files[0].start
            yield (chunk, next_edge, edge) if newest_first else (chunk, edge, next_edge)
            edge = next_edge
