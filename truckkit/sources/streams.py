"""Rows of a file as a stream: numbered, with names that tell columns apart, and with what went wrong.

Another reads the stream and would turn an error on the way into its own, so the fault is kept here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from truckkit.errors import BadInput

LINE = "_line"
"""The column with the number of a row, the first row of data being 1."""

EXPECTED = b"truckkit.rows"
"""Stands in the metadata of the columns, before the number of rows, where the file tells it."""

_CUT_OFF = ("trunc", "ended before", "end-of-stream", "magic bytes", "tried reading", "unexpected end")
"""What the readers say, in their words, of a file that is not whole."""


@dataclass(frozen=True)
class Broken:
    """A row with too many or too few values, or one that is wrong in the words of ``why``."""

    line: int
    values: int = 0
    expected: int = 0
    text: str = ""
    why: str = ""

    @property
    def reason(self) -> str:
        """What is wrong with it."""
        return self.why or f"{self.values} values where {self.expected} are expected"


@dataclass
class Counts:
    """What a source counts among its rows; nothing where it does not."""

    late: int | None = None
    """Rows that came after a later one of their truck."""
    lacking: int | None = None
    """Rows without a field that others have."""


class Rows:
    """A file's rows, and those that are no rows at all."""

    def __init__(
        self,
        path: Path,
        given: pa.Schema,
        batches: Iterable[pa.RecordBatch],
        broken: list[Broken] | None = None,
        ended: Callable[[int, pa.RecordBatch | None], None] = lambda _rows, _last: None,
        counts: Counts | None = None,
        numbered: bool = False,
    ) -> None:
        """``given`` is what the batches have; ``numbered`` ones end in a column ``_line`` of their own."""
        self.path = path
        self.counts = counts or Counts()
        self._is_numbered = numbered
        if numbered:
            given = given.remove(len(given) - 1)
        self.given = given
        """The columns as the file gives them."""
        self.names: tuple[str, ...] = tuple(given.names)
        """The columns, by the names that the file gives them."""
        self.twins = tuple(name for name, times in Counter(map(_told_apart, self.names)).items() if times > 1)
        """Names in small letters that more than one column has: DuckDB does not tell case apart."""
        self.broken: list[Broken] = [] if broken is None else broken
        """Filled as the stream is read."""
        self.whole = 0
        """Rows that are whole, counted as the stream is read."""
        said = (given.metadata or {}).get(EXPECTED)
        self.expected = int(said) if said else None
        """How many rows there are, where the file says so at its beginning."""
        self.came: Callable[[pa.RecordBatch], None] = lambda _: None
        """Told of each batch of rows that bring no numbers of their own, as the stream is read."""
        self._batches = batches
        self._ended = ended
        self._fault: BadInput | None = None
        fields = [field.with_name(name) for field, name in zip(given, _unlike(self.names), strict=True)]
        self._schema = pa.schema([*fields, pa.field(LINE, pa.int64())])

    @contextmanager
    def reading(self) -> Iterator[pa.RecordBatchReader]:
        """The stream, for somebody to read to its end; raises ``BadInput`` where the file is broken."""
        try:
            # Not kept: with us in it, it would keep us and the file open for ever.
            yield pa.RecordBatchReader.from_batches(self._schema, self._numbered())
        except Exception:
            if self._fault:
                raise self._fault from None
            raise

    def ambiguous(self, wanted: Iterable[str]) -> list[str]:
        """The wanted columns that the file has more than once."""
        return [name for name in wanted if _told_apart(name) in self.twins]

    def _numbered(self) -> Iterator[pa.RecordBatch]:
        after, last = 0, None
        try:
            for batch in self._batches:
                if self._is_numbered:
                    self.whole += batch.num_rows
                    yield pa.RecordBatch.from_arrays(batch.columns, schema=self._schema)
                elif batch.num_rows:
                    lines = self._lines(after, batch.num_rows)
                    after, last = int(lines[-1]), batch
                    self.whole += batch.num_rows
                    self.came(batch)
                    yield pa.RecordBatch.from_arrays([*batch.columns, pa.array(lines)], schema=self._schema)
            self._ended(max([after, *(row.line for row in self.broken[-1:])]), last)
        except BadInput as fault:
            self._fault = fault
            raise
        except (pa.ArrowException, OSError, EOFError, MemoryError) as fault:
            self._fault = unreadable(self.path, fault, after)
            raise self._fault from None

    def _lines(self, after: int, rows: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """The next numbers that no broken row has."""
        skipped = [row.line for row in self.broken if row.line > after]
        lines = np.arange(after + 1, after + 1 + rows + len(skipped), dtype=np.int64)
        return lines[~np.isin(lines, skipped)][:rows] if skipped else lines


Put = Callable[[pa.RecordBatch], None]
"""Takes a batch."""


@dataclass(frozen=True)
class Pouring:
    """A file that its reader pours out of itself, in batches as it comes to them."""

    path: Path
    given: pa.Schema
    pour: Callable[[Put], None]


def unreadable(path: Path, fault: Exception, after: int = 0) -> BadInput:
    """The error for a file that cannot be read on, after a number of rows."""
    said, where = _first(fault), f" after row {after}" if after else ""
    small = said.lower()
    if isinstance(fault, MemoryError) or "bad_alloc" in small:
        return BadInput(
            f'"{path}" takes more memory{where} than a file is given to be read; '
            "save it in smaller row groups, or with shorter values."
        )
    if "straddling" in small:
        return BadInput(f'"{path}" has a row of several megabytes{where}; mend the row.')
    if "utf8" in small or "utf-8" in small:
        return BadInput(f'"{path}" is not in UTF-8{where}: {said}; save it as UTF-8.')
    if any(word in small for word in _CUT_OFF):
        return BadInput(f'"{path}" is cut off{where}: {said}; bring the whole file.')
    return BadInput(f'"{path}" cannot be read{where}: {said}; bring a whole file, or save it anew.')


def _first(fault: Exception) -> str:
    return (str(fault).splitlines() or [type(fault).__name__])[0].partition(". ")[0].rstrip(".")


def _told_apart(name: str) -> str:
    return name.lower()


def _unlike(names: Sequence[str]) -> list[str]:
    """Names that no two columns share, whatever the case of their letters."""
    taken = {LINE}
    unlike = []
    for number, name in enumerate(names, 1):
        candidate = name or f"column {number}"
        while _told_apart(candidate) in taken:
            candidate += " again"
        taken.add(_told_apart(candidate))
        unlike.append(candidate)
    return unlike
