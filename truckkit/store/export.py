"""Export: what a store holds, as Parquet that any engine reads, a folder a table, cut into days.

    DIR/
      truckkit-export.json                          what is here, of which files of the store
      positions/day=2026-11-22/part-000041.parquet  tables of days: one file a day, by truck and time
      trucks/part-000042.parquet                    the others: one file

A day is looked at again where the files of the store that tell of it are others than they were, and a
table of it is written again where its rows are others: months are rolled up, and what comes late
changes the states of two days and the positions of one. Who lists a folder finds one file in
it at any time, of the old rows or of the new: the rows change in one step, and then the name, so that
who has listed the old name finds nothing under it rather than parts of both.
"""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from truckkit import schema
from truckkit.errors import BadRequest, CannotWrite, TruckkitError
from truckkit.store import attached, ddl, layout, manifest
from truckkit.store.draft import Draft
from truckkit.store.held import File, Held
from truckkit.store.manifest import Day, Manifest
from truckkit.store.publish import NO_ROOM

_GROUP = 131_072
"""Rows of a row group: a truck's day at 1 Hz is one or two of them, and a reader needs no others."""
_MEMORY = "400MB"
_WRITING = ".writing"
"""The folder in which files are made; no engine looks into it for a table."""

_WHOLE = (*schema.of_kind("catalog"), *schema.of_kind("rejects"))
"""The tables that are not cut into days."""

Progress = Callable[[str], None]


@dataclass
class Exported:
    """What an export did."""

    generation: int
    """The generation of the store that is there now."""
    days: list[date] = field(default_factory=list)
    """The days of which files were written."""
    gone: list[date] = field(default_factory=list)
    """The days that the store does not hold any more."""
    rows: int = 0
    """Rows that were written."""
    bytes: int = 0
    files: int = 0


def export(store: str | Path, to: str | Path, progress: Progress = lambda _: None) -> Exported:
    """Write what a store holds as Parquet, or what of it has changed since that was done last.

    Each table has a folder, those of days with a folder ``day=2026-11-22`` for each (UTC), in which rows are
    in the order of truck and time. Columns are those of ``schema``; instants have microseconds and are UTC.
    Ingest and readers of the store go on meanwhile.

    Parameters
    ----------
    store
        The store's folder.
    to
        The folder to write; made where it is missing.
    progress
        Told what is being done.

    Raises
    ------
    BadRequest
        The folder holds something else, or the export of another store.
    NoStore, NewerStore, DamagedStore
        Of the store.
    StoreBusy, CannotWrite
        Another process exports to the folder, or there is no room in it; each day in it is whole.

    Examples
    --------
    >>> import tempfile
    >>> import truckkit as tk
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     done = tk.export(tk.sample().store.folder, folder)
    ...     again = tk.export(tk.sample().store.folder, folder)
    >>> len(done.days) > 0, again.files
    (True, 0)
    """
    folder, target = Path(store), Path(to)
    layout.current(folder)
    if target.resolve().is_relative_to(folder.resolve()):
        raise BadRequest(f'"{target}" lies within the store "{folder}"; name a folder outside of it.')
    manifest.refuse_others(target)
    with layout.lock(target), _writing(target, folder):
        shutil.rmtree(target / _WRITING, ignore_errors=True)
        (target / _WRITING).mkdir()
        try:
            return _newest(folder, target, manifest.read(target), progress)
        finally:
            shutil.rmtree(target / _WRITING, ignore_errors=True)


@contextmanager
def _writing(target: Path, folder: Path) -> Iterator[None]:
    try:
        with attached.reading(folder):
            yield
    except TruckkitError:
        raise
    except (*NO_ROOM, OSError) as fault:
        said = str(getattr(fault, "strerror", None) or fault).splitlines()[0].rstrip(".")
        raise CannotWrite(
            f'"{target}" is not written to the end: {said}; each day in it is whole: '
            "make room, and run this again."
        ) from None


def _newest(folder: Path, target: Path, known: Manifest, progress: Progress) -> Exported:
    """Write what the newest generation holds."""
    while True:
        generation = layout.current(folder)
        with Draft(_MEMORY) as draft:
            con = draft.connection
            try:
                attached.attach(con, folder, layout.catalog_file(generation), "old")
                held = Held(con, folder, generation)
                known.is_of(con, target)
                days = _days(held)
                changed = [day for day, files in days.items() if not known.stands(target, day, files)]
                wanted = [file for day in changed for file in days[day]]
                for file in (*wanted, *(file for file in held.files if file.kind == "rejects")):
                    held.attach(file)  # what is open stays readable, whatever is swept meanwhile
            except attached.MissingFile:
                if layout.current(folder) == generation:
                    raise
                continue
            work = _Work(con, held, target, generation, known)
            for number, day in enumerate(changed, 1):
                progress(f"writing {day}, {number} of {len(changed)} days")
                work.day(day, days[day])
            if known.generation != generation or not work.has_catalog:
                progress("writing the tables without days")
                work.catalog()
            work.forget(days)
            known.end(generation)
            known.write(target)
            return work.done


def _days(held: Held) -> dict[date, list[File]]:
    """The files that tell of each day, the oldest day first."""
    found: dict[date, list[File]] = defaultdict(list)
    for file in held.files:
        if file.start and file.stop:
            for number in range((file.stop - file.start).days):
                found[file.start.date() + timedelta(days=number)].append(file)
    return dict(sorted(found.items()))


class _Work:
    """One export under way."""

    def __init__(
        self, con: duckdb.DuckDBPyConnection, held: Held, target: Path, generation: int, known: Manifest
    ) -> None:
        self._con, self._held, self._target, self._known = con, held, target, known
        self._comparable = known.is_of_today  # else it may lack columns
        self._name = f"part-{generation:06d}.parquet"
        self.done = Exported(generation)

    def day(self, day: date, files: Sequence[File]) -> None:
        """Write a day's tables, and put them into their places once all of them are made."""
        midnight = datetime.combine(day, datetime.min.time())
        made: list[tuple[Path, Path]] = []
        rows: dict[str, int] = {}
        for table in schema.of_kind("day"):
            telling = [file for file in files if file.made.get(table.name)]
            if not telling:
                continue
            at = ddl.name(str(table.at))
            query = (
                f"SELECT {ddl.columns(table.names)} FROM ({self._held.query(table, telling)}) "
                f"WHERE {at} >= TIMESTAMP '{midnight}' AND {at} < TIMESTAMP '{midnight + timedelta(days=1)}'"
            )
            place = manifest.folder(self._target, table.name, day)
            part, count = self._made(table, query, place)
            if count:
                rows[table.name] = count
            if part:
                made.append((part, place))
        for part, place in made:
            self._put(part, place)
        if made:
            self.done.days.append(day)
        for name in self._known.tables_of(day) - rows.keys():
            _remove(manifest.folder(self._target, name, day))
        self._known.days[day] = Day(sorted(file.file for file in files), rows)
        self._known.write(self._target)

    @property
    def has_catalog(self) -> bool:
        """Whether each table that is not cut into days is there."""
        return all(manifest.parts(manifest.folder(self._target, table.name)) for table in _WHOLE)

    def catalog(self) -> None:
        """Write the tables that are not cut into days; those without rows too, so that each can be read."""
        for table in _WHOLE:
            if table.kind == "catalog":
                query = attached.grown(self._con, "old", table)
            else:
                query = self._held.query(
                    table, [file for file in self._held.files if file.made.get(table.name)]
                )
            query = query or f"SELECT * FROM ({_nothing(table)})"
            place = manifest.folder(self._target, table.name)
            part, _ = self._made(table, query, place, empty=True)
            if part:
                self._put(part, place)

    def forget(self, days: dict[date, list[File]]) -> None:
        """Remove the days that the store does not hold any more."""
        for day in sorted(self._known.days.keys() - days.keys()):
            self.done.gone.append(day)
            del self._known.days[day]
        for table in schema.of_kind("day"):
            folder = manifest.folder(self._target, table.name)
            for place in folder.glob("day=*"):
                if place.name not in {manifest.named(day) for day in self._known.days_of(table.name)}:
                    _remove(place)
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()

    def _made(
        self, table: schema.Table, query: str, place: Path, empty: bool = False
    ) -> tuple[Path | None, int]:
        """A file of the rows, and how many they are; no file where the one in place holds the same."""
        if (old := manifest.parts(place)) and self._comparable:
            held = _rows(old[0])
            if held == self._asked("count(*)", query) and self._holds(old[0], table, query):
                return None, held
        part = self._target / _WRITING / f"{table.name}.parquet"
        shape = table.schema.to_pyarrow()
        rows = 0
        stream = self._con.sql(f"{query} ORDER BY {ddl.columns(table.key)}").to_arrow_reader(_GROUP)
        with pq.ParquetWriter(part, shape, compression="zstd", **_encodings(shape)) as writer:
            for batch in stream:
                writer.write_batch(pa.RecordBatch.from_arrays(batch.columns, schema=shape))
                rows += batch.num_rows
        if not rows and not empty:
            part.unlink()
            return None, 0
        self.done.rows += rows
        return part, rows

    def _holds(self, part: Path, table: schema.Table, query: str) -> bool:
        """Whether a file holds the rows of a query; what is broken in it is written again."""
        wanted = self._sum(table, query)
        try:
            return self._sum(table, f"FROM read_parquet({ddl.literal(str(part))})") == wanted
        except duckdb.Error:
            return False

    def _sum(self, table: schema.Table, query: str) -> object:
        """What is another where a value of any row is."""
        return self._asked(f"sum(hash({ddl.columns(table.names)})::HUGEINT)", query)

    def _asked(self, what: str, query: str) -> object:
        return self._con.execute(f"SELECT {what} FROM ({query})").fetchall()[0][0]

    def _put(self, part: Path, place: Path) -> None:
        """Put a file into its place, in which one file stands at any time."""
        self.done.bytes += part.stat().st_size
        self.done.files += 1
        layout.sync(part)
        place.mkdir(parents=True, exist_ok=True)
        old = manifest.parts(place)
        if old:
            part.replace(old[0])
            old[0].rename(place / self._name)
        else:
            part.rename(place / self._name)
        for folder in (place, *place.parents):
            layout.sync(folder)
            if folder == self._target:
                break


def _rows(part: Path) -> int:
    """How many rows a file says that it has; less than none where it says nothing."""
    try:
        return int(pq.read_metadata(part).num_rows)
    except (pa.ArrowException, OSError):
        return -1


def _remove(place: Path) -> None:
    """Remove what was exported to a folder, and the folder where it holds nothing else."""
    for part in manifest.parts(place):
        part.unlink()
    if place.is_dir() and not any(place.iterdir()):
        place.rmdir()


def _nothing(table: schema.Table) -> str:
    empty = ", ".join(f"NULL::{ddl.TYPES[column.type]} AS {ddl.name(column.name)}" for column in table)
    return f"SELECT {empty} LIMIT 0"


def _encodings(shape: pa.Schema) -> dict[str, object]:
    """How columns are packed: names once each, instants by their differences.

    Floats stay as they are: Spark cannot read them split into streams of bytes, which packs them better.
    """
    words = [each.name for each in shape if pa.types.is_string(each.type)]
    steps = [each.name for each in shape if pa.types.is_timestamp(each.type) or pa.types.is_int64(each.type)]
    return {"use_dictionary": words, "column_encoding": dict.fromkeys(steps, "DELTA_BINARY_PACKED")}
