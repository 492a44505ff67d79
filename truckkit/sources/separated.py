"""CSV, plain or compressed, as text: what cannot be read as a number or a time can still be shown."""

from __future__ import annotations

import codecs
import io
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as compute
import pyarrow.csv as csv

from truckkit.errors import BadInput
from truckkit.sources.limits import Bound, Limits
from truckkit.sources.streams import Broken, Rows, unreadable

_BLOCK = 8 << 20
_START = 1 << 16
_COMPRESSED = {".gz": "gzip", ".zst": "zstd"}


def rows(path: Path, bound: Bound | None = None) -> Rows:
    """Open a CSV file; its rows come as they were written, empty ones left out."""
    broken: list[Broken] = []
    watched = _Watched(path, bound or Bound(path, Limits()))
    try:
        names = _header(path)
        reader = csv.open_csv(
            watched,
            read_options=csv.ReadOptions(block_size=_BLOCK, use_threads=False),
            parse_options=_parsing(broken),
            convert_options=csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                strings_can_be_null=True,
                null_values=[""],
                check_utf8=False,  # done while reading
            ),
        )
    except (pa.ArrowException, OSError, EOFError) as fault:
        raise unreadable(path, fault) from None

    def ended(total: int, last: pa.RecordBatch | None) -> None:
        _is_whole(path, watched, total, last, broken)

    return Rows(path, reader.schema, reader, broken, ended)


class _Watched(io.RawIOBase):
    """The text of a file, held to UTF-8; we remember how it ended and how many quotes it had."""

    def __init__(self, path: Path, bound: Bound) -> None:
        self._path = path
        self._bound = bound
        self._stream = _open(path)
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._read = 0
        self._is_closed = False
        self.end = b""
        self.quotes = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data: bytes = self._stream.read(None if size < 0 else size)
        is_last = size < 0 or len(data) < size
        self._bound.add(len(data))
        self._check(data, is_last)
        self._read += len(data)
        self.end = data[-1:] or self.end
        self.quotes += data.count(b'"')
        if not is_last or self._is_closed or self.end in (b"", b"\n", b"\r"):
            return data
        self._is_closed = True
        return data + b"\n"  # so that a last row without a line end is one like the others

    def _check(self, data: bytes, is_last: bool) -> None:
        pending = self._decoder.getstate()[0]
        if not pending and data.isascii() and b"\0" not in data:
            return
        try:
            text = self._decoder.decode(data, final=is_last)
        except UnicodeDecodeError as fault:
            wrong = (pending + data)[fault.start]
            raise BadInput(
                f'"{self._path}" is not in UTF-8: byte {self._read - len(pending) + fault.start} '
                f"is 0x{wrong:02x}; save it as UTF-8."
            ) from None
        if "\0" in text:
            raise BadInput(
                f'"{self._path}" is not in UTF-8: it holds zero bytes, as UTF-16 does; save it as UTF-8.'
            )


def _open(path: Path) -> pa.NativeFile:
    return pa.input_stream(str(path), compression=_COMPRESSED.get(path.suffix.lower()))


def _parsing(broken: list[Broken]) -> csv.ParseOptions:
    def note(row: csv.InvalidRow) -> str:
        broken.append(Broken(int(row.number or 0) - 1, row.actual_columns, row.expected_columns, row.text))
        return "skip"

    return csv.ParseOptions(newlines_in_values=True, invalid_row_handler=note)


def _header(path: Path) -> list[str]:
    """The names of the columns."""
    start = _Watched(path, Bound(path, Limits())).read(_START)
    if not start.removeprefix(codecs.BOM_UTF8).strip():
        raise BadInput(f'"{path}" is empty: there is not even a row of column names in it.')
    reading = csv.ReadOptions(block_size=len(start) + 2, use_threads=False)
    begun = pa.py_buffer(start + b"\n")
    return list(csv.open_csv(begun, read_options=reading, parse_options=_parsing([])).schema.names)


def _is_whole(
    path: Path, watched: _Watched, total: int, last: pa.RecordBatch | None, broken: list[Broken]
) -> None:
    """Refuse a file that ends within a row, or within quotes that nothing closes."""
    ends_broken = bool(broken) and broken[-1].line == total
    if watched.quotes % 2 and (_spans_lines(broken[-1].text) if ends_broken else _ends_over_lines(last)):
        raise BadInput(f'"{path}" opens a quote in row {total} that nothing closes; mend the row.')
    if ends_broken and watched.end not in (b"\n", b"\r") and broken[-1].values < broken[-1].expected:
        raise BadInput(
            f'"{path}" is cut off in row {total}, after {broken[-1].values} of {broken[-1].expected} values; '
            "bring the whole file."
        )


def _spans_lines(text: str) -> bool:
    return "\n" in text or "\r" in text


def _ends_over_lines(last: pa.RecordBatch | None) -> bool:
    if last is None:
        return False
    texts = pa.concat_arrays([column[-1:] for column in last.columns])
    return bool(compute.any(compute.match_substring_regex(texts, r"[\r\n]")).as_py())
