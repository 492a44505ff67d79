"""A source with sections: rows of several kinds that come mixed, kept on disk until each is asked for.

A section's columns may grow as its rows come. A field that comes with values of several types has its numbers
under its name, whichever came first, and the others under its name and their type, such as
``load::string``, so that nothing is lost and nothing guessed.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as compute

from truckkit.errors import BadInput
from truckkit.sources.limits import Limits
from truckkit.sources.streams import LINE, Broken, Counts, Rows

LATE = "_late"
"""The column, where there is one, that is true for a row that came after a later one of its truck."""

OTHER = "::"
"""Stands between a field's name and the type of those of its values that are of another type than its own."""


@dataclass(frozen=True)
class Section:
    """Rows of one kind in a source: a measurement, or a part of a format."""

    name: str
    rows: Rows


@dataclass
class _Kept:
    """What has come of one section."""

    parts: list[Path] = field(default_factory=list)
    columns: dict[str, pa.DataType] = field(default_factory=dict)
    fields: set[str] = field(default_factory=set)
    counts_late: bool = False


class Spool:
    """Takes in the rows of a source, section by section, in a folder of its own."""

    def __init__(self, path: Path, folder: Path, trucks: Mapping[str, str] | None = None) -> None:
        """``trucks`` says which column of a section names the truck: its rows alone lack or come late."""
        self.path = path
        self.trucks = trucks or {}
        self._limits = Limits()
        self._most = self._limits.most_values(path.stat().st_size)
        self._size = 0
        self._refused = 0
        self._folder = folder
        self._numbers = itertools.count()
        self._kept: dict[str, _Kept] = {}
        self._broken: dict[str, list[Broken]] = {}

    def add(self, section: str, rows: pa.Table, fields: Iterable[str] = ()) -> None:
        """Keep rows, which bring their number in ``_line``; ``fields`` are columns that each should have."""
        part = self._part()
        with pa.OSFile(str(part), "wb") as file, pa.ipc.new_file(file, rows.schema) as writer:
            writer.write_table(rows)
        self._keep(section, part, rows.schema, fields)

    def take(self, section: str, content: pa.Buffer, fields: Iterable[str] = ()) -> None:
        """Keep rows that come as the content of an Arrow file."""
        with pa.ipc.open_file(content) as opened:
            given = opened.schema
        part = self._part()
        with pa.OSFile(str(part), "wb") as file:
            file.write(content)
        self._keep(section, part, given, fields)

    def _part(self) -> Path:
        return self._folder / f"{self.path.name[:40]}-{next(self._numbers)}.arrow"

    def _keep(self, section: str, part: Path, given: pa.Schema, fields: Iterable[str]) -> None:
        kept = self._kept.setdefault(section, _Kept())
        kept.fields.update(fields)
        kept.counts_late |= LATE in given.names
        for column in given:
            if column.name not in (LINE, LATE):
                kept.columns[column.name] = _wider(kept.columns.get(column.name), _plain(column.type))
        kept.parts.append(part)
        self._size += part.stat().st_size
        if self._size > self._most:
            raise BadInput(
                f'"{self.path}" holds more than {self._most:,} bytes of values, far more than its own size; '
                "cut it into smaller files if that is meant."
            )

    def refuse(self, section: str, broken: Broken) -> None:
        """Keep a row that is none, for the section that it should have been in."""
        self._refused += 1
        if self._refused > self._limits.refused:
            raise BadInput(
                f'"{self.path}" has more than {self._limits.refused:,} rows that are none, such as '
                f"line {broken.line}: {broken.reason}; bring a file of the kind that its name says."
            )
        self._broken.setdefault(section, []).append(broken)

    @property
    def holds_rows(self) -> bool:
        """True where something came that is a row."""
        return bool(self._kept)

    @property
    def first_refused(self) -> Broken | None:
        """The first row that came and was none."""
        firsts = (broken[0] for broken in self._broken.values())
        return min(firsts, key=lambda each: each.line, default=None)

    def sections(self) -> list[Section]:
        """What has come, in the order in which the sections came."""
        names = dict.fromkeys([*self._kept, *self._broken])
        return [Section(name, self._rows(name)) for name in names]

    def _rows(self, section: str) -> Rows:
        kept = self._kept.get(section, _Kept())
        names = _names(kept.columns)
        columns = [(names[name], kind) for name, kind in kept.columns.items()]
        given = pa.schema([*columns, (LINE, pa.int64())])
        counts = Counts(late=0 if kept.counts_late else None, lacking=0 if kept.fields else None)
        batches = _batches(kept, given, counts, self.trucks.get(section))
        return Rows(self.path, given, batches, self._broken.get(section, []), counts=counts, numbered=True)


def _batches(kept: _Kept, given: pa.Schema, counts: Counts, truck: str | None) -> Iterator[pa.RecordBatch]:
    """All rows of a section, each with all of its columns."""
    for part in kept.parts:
        with pa.memory_map(str(part)) as file:
            rows = pa.ipc.open_file(file).read_all()
        if counts.late is not None and LATE in rows.column_names:
            counts.late += compute.sum(rows[LATE]).as_py() or 0
        if counts.lacking is not None:
            counts.lacking += _lacking(rows, kept.fields, truck)
        columns = [
            # A whole number of more digits than a fraction has is the nearest one, among fractions.
            rows[name].cast(column.type, safe=column.type != pa.float64()) if name in rows.column_names
            else pa.nulls(rows.num_rows, column.type)
            for name, column in zip([*kept.columns, LINE], given, strict=True)
        ]  # fmt: skip
        yield from pa.table(columns, schema=given).to_batches()
        part.unlink()


def _names(columns: Mapping[str, pa.DataType]) -> dict[str, str]:
    """The name that each column is read under: a field is its numbers, else its truth values, else its texts.

    A tag stays what it is, whatever a field of its name says.
    """
    names = {name: name for name in columns}
    for name, kind in columns.items():
        is_text = pa.types.is_string(kind)
        if not is_text and not pa.types.is_boolean(kind):
            continue
        aside = name + OTHER + ("string" if is_text else "boolean")
        for word in ("float", "boolean") if is_text else ("float",):
            if (first := name + OTHER + word) in columns and aside not in columns:
                names[first], names[name] = name, aside
                break
    return names


def _lacking(rows: pa.Table, fields: set[str], truck: str | None) -> int:
    """How many rows have not every field; a row without its truck is refused, and lacks nothing beside."""
    if truck is not None:
        rows = rows.filter(compute.is_valid(rows[truck])) if truck in rows.column_names else rows[:0]
    lacks = pa.repeat(pa.scalar(False), rows.num_rows)
    for name in fields:
        told = [column for column in rows.column_names if column == name or column.startswith(name + OTHER)]
        if not told:
            return int(rows.num_rows)
        empty = compute.is_null(rows[told[0]])
        for other in told[1:]:
            empty = compute.and_(empty, compute.is_null(rows[other]))
        lacks = compute.or_(lacks, empty)
    return int(compute.sum(lacks).as_py() or 0)


def _wider(known: pa.DataType | None, fresh: pa.DataType) -> pa.DataType:
    """The type that holds a column's values of two parts."""
    if known is None or (pa.types.is_integer(known) and pa.types.is_floating(fresh)):
        return fresh
    return known


def _plain(kind: pa.DataType) -> pa.DataType:
    """A column's type; texts stay dictionaries, so that what is done to each is done to few."""
    return pa.dictionary(pa.int32(), pa.string()) if pa.types.is_dictionary(kind) else kind
