"""A line a row: CSV and newline-delimited JSON.

>>> table = pa.table({"truck": ["T01", "=1+1"], "lift_m": [-3.5, None]})
>>> print(b"".join(csv(table.schema, table.to_batches())).decode().replace("\\r", ""))
truck,lift_m
T01,-3.5
'=1+1,
<BLANKLINE>
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow as pa

from truckkit.api.rows import cells, encode_objects, joined

_RUN = ("=", "+", "-", "@", "\t", "\r")
"""Text that starts so is run by spreadsheets."""

_ROWS = 8_192


def csv(schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> Iterator[bytes]:
    """CSV as RFC 4180 has it, with a header; text that a spreadsheet would run has an apostrophe."""
    yield (",".join(map(_word, schema.names)) + "\r\n").encode()
    for table in _few(batches):
        pieces: list[pa.ChunkedArray | str] = []
        for column in table.columns:
            pieces += [",", cells(column, _word, nothing="", quote="")]
        yield joined([*pieces[1:], "\r\n"], len(table))


def ndjson(schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> Iterator[bytes]:
    """A JSON object a line."""
    for table in _few(batches):
        yield encode_objects(table, "\n")


def _few(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """The rows, so few at once that their text stays small beside what is held of them."""
    for batch in batches:
        for first in range(0, len(batch), _ROWS):
            yield pa.Table.from_batches([batch.slice(first, _ROWS)])


def _word(text: str) -> str:
    if text.startswith(_RUN):
        text = "'" + text
    if any(character in text for character in ',"\r\n'):
        return '"' + text.replace('"', '""') + '"'
    return text
