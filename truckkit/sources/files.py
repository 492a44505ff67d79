"""Files: CSV (plain, .gz, .zst) and Parquet, as streams of rows as they were written.

CSV comes as text, so that what cannot be read as a number or a time can still be shown; Parquet
comes with its own types. Every row has its number in ``_line``, the first row of data being 1.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.parquet as parquet

from truckkit.errors import BadInput, BadRequest, listed

_BLOCK = 8 << 20
_BATCH = 1 << 17
_CSV = (".csv", ".csv.gz", ".csv.zst")
_KINDS = (*_CSV, ".parquet")


@dataclass
class Rows:
    """A file's rows, and those that are no rows at all."""

    names: tuple[str, ...]
    stream: pa.RecordBatchReader
    broken: list[tuple[int, str, str]] = field(default_factory=list)
    """Line, reason and text of rows with too many or too few values; filled as the stream is read."""


def found(paths: Sequence[Path]) -> list[Path]:
    """The files meant by these files and folders, in the order of their names."""
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            within = sorted(each for each in path.rglob("*") if each.is_file() and each.name.endswith(_KINDS))
            if not within:
                raise BadInput(f'the folder "{path}" holds no file that ends in {listed(_KINDS)}.')
            files += within
        elif path.is_file():
            if not path.name.endswith(_KINDS):
                raise BadInput(f'"{path}" is of a kind that is not read; truckkit reads {listed(_KINDS)}.')
            files.append(path)
        else:
            raise BadInput(f'there is no file or folder "{path}".')
    return files


def identity(path: Path) -> str:
    """A hash of the file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def rows(path: Path) -> Rows:
    """Open a file and read its rows.

    Raises ``BadInput`` for an empty file at once, and for one that is cut off or in another
    encoding when the stream gets there.
    """
    if path.stat().st_size == 0:
        raise BadInput(f'"{path}" is empty: there is not even a row of column names in it.')
    return _parquet(path) if path.name.endswith(".parquet") else _csv(path)


def columns(path: Path, names: Sequence[str]) -> pa.Table:
    """A small file's columns, for a mapping's look-ups."""
    opened = rows(path)
    missing = [name for name in names if name not in opened.names]
    if missing:
        raise BadInput(f'"{path}" has no column {listed(missing)} (found {listed(opened.names)}).')
    return opened.stream.read_all().select(list(names))


def _parquet(path: Path) -> Rows:
    try:
        file = parquet.ParquetFile(path)
    except (pa.ArrowException, OSError) as fault:
        raise BadInput(f'"{path}" is no whole Parquet file: {_first(fault)}.') from None
    if "_line" in file.schema_arrow.names:
        raise BadRequest(f'"{path}" has a column "_line", a name that truckkit needs; rename it.')
    batches = _numbered(path, file.iter_batches(batch_size=_BATCH))
    names = tuple(file.schema_arrow.names)
    return Rows(names, pa.RecordBatchReader.from_batches(_with_line(file.schema_arrow), batches))


def _csv(path: Path) -> Rows:
    broken: list[tuple[int, str, str]] = []

    def refused(row: csv.InvalidRow) -> str:
        reason = f"{row.actual_columns} values where {row.expected_columns} are expected"
        broken.append((int(row.number or 0) - 1, reason, row.text or ""))
        return "skip"

    def parsing() -> csv.ParseOptions:
        return csv.ParseOptions(newlines_in_values=False, invalid_row_handler=refused)

    try:
        names = _header(path)
        reader = csv.open_csv(
            pa.input_stream(str(path), compression="detect"),
            read_options=csv.ReadOptions(block_size=_BLOCK, use_threads=False),
            parse_options=parsing(),
            convert_options=csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True, null_values=[""]
            ),
        )
    except (pa.ArrowException, OSError, EOFError) as fault:
        raise _unreadable(path, fault) from None
    stream = pa.RecordBatchReader.from_batches(_with_line(reader.schema), _numbered(path, reader))
    return Rows(tuple(names), stream, broken)


def _header(path: Path) -> list[str]:
    with pa.input_stream(str(path), compression="detect") as stream:
        start = stream.read(1 << 16)
    try:
        line = start.decode("utf-8-sig").splitlines()[0]
    except UnicodeDecodeError as fault:
        # The cut at the end of what was read may fall within a letter; anything before may not.
        if fault.start < len(start) - 4:
            raise BadInput(
                f'"{path}" is not in UTF-8: byte {fault.start} is 0x{start[fault.start]:02x}; '
                "save it as UTF-8."
            ) from None
        line = start[: fault.start].decode("utf-8-sig").splitlines()[0]
    except IndexError:
        raise BadInput(f'"{path}" is empty: there is not even a row of column names in it.') from None
    header = csv.read_csv(pa.py_buffer(f"{line}\n".encode())).schema.names
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise BadInput(f'"{path}" has more than one column {listed(twice)}.')
    return list(header)


def _with_line(given: pa.Schema) -> pa.Schema:
    return pa.schema([*given, pa.field("_line", pa.int64())])


def _numbered(path: Path, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    line = 1
    try:
        for batch in batches:
            numbers = pa.array(range(line, line + batch.num_rows), pa.int64())
            line += batch.num_rows
            yield pa.RecordBatch.from_arrays([*batch.columns, numbers], schema=_with_line(batch.schema))
    except (pa.ArrowException, OSError, EOFError) as fault:
        raise _unreadable(path, fault, line) from None


def _unreadable(path: Path, fault: Exception, line: int = 1) -> BadInput:
    said = _first(fault)
    if "UTF8" in said or "utf-8" in said.lower():
        return BadInput(f'"{path}" is not in UTF-8 (after row {line}): {said}; save it as UTF-8.')
    if "Empty CSV" in said:
        return BadInput(f'"{path}" is empty: there is not even a row of column names in it.')
    if "trunc" in said.lower() or "ended before" in said.lower() or "end-of-stream" in said.lower():
        return BadInput(f'"{path}" is cut off (after row {line}): {said}; bring the whole file.')
    return BadInput(f'"{path}" cannot be read (after row {line}): {said}.')


def _first(fault: Exception) -> str:
    return (str(fault).splitlines() or [type(fault).__name__])[0].partition(". ")[0].rstrip(".")
