"""Numbers and instants as JSON writes them, as columns of text: made by numpy and orjson, not cell by cell.

To write an hour of one truck is mostly to write its numbers; Arrow's own cast takes six times as long.

>>> import datetime as dt
>>> numbers(pa.chunked_array([pa.array([41.2, None, float("nan")], pa.float32())])).to_pylist()
['41.2', 'null', 'null']
>>> instants(pa.chunked_array([pa.array([dt.datetime(2026, 11, 22, 18, 0, 0, 250_999)])]), "'").to_pylist()
["'2026-11-22T18:00:00.250Z'"]
"""

from __future__ import annotations

from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

Bytes = bytes | memoryview

_DAY_MS = 86_400_000
_FIRST, _LAST = -719_162, 2_932_896
"""Days of the years 1 to 9999, counted from 1970: those that four digits tell."""


def array(column: pa.ChunkedArray) -> list[Bytes] | None:
    """Floating numbers or instants as an array of JSON, in pieces; nothing where they are not so plain."""
    if pa.types.is_floating(column.type):
        return [_numbers(column)]
    rows = _instants(column, b'"', b'",') if pa.types.is_timestamp(column.type) and len(column) else None
    return None if rows is None else [b"[", memoryview(rows.reshape(-1))[:-1], b"]"]


def _numbers(column: pa.ChunkedArray) -> bytes:
    # Nothing becomes NaN on its way to numpy, and orjson writes NaN as null.
    return orjson.dumps(np.ascontiguousarray(column.to_numpy()), option=orjson.OPT_SERIALIZE_NUMPY)


def numbers(column: pa.ChunkedArray) -> pa.LargeStringArray:
    """Floating numbers, each the shortest text that is the same number: a float32 of 41.2 stays 41.2."""
    written = _numbers(column)[1:-1]
    ends = np.flatnonzero(np.frombuffer(written, np.uint8) == ord(",")) - np.arange(len(column) - 1)
    content = written.translate(None, b",")
    offsets = np.concatenate(([0], ends, [len(content)]))
    return _texts(len(column), offsets, np.frombuffer(content, np.uint8))


def instants(column: pa.ChunkedArray, quote: str) -> pa.LargeStringArray | None:
    """Instants in RFC 3339 to the millisecond; nothing where one is missing or its year is a long one."""
    rows = _instants(column, quote.encode(), quote.encode())
    return None if rows is None else _texts(len(rows), np.arange(len(rows) + 1) * rows.shape[1], rows)


def _instants(column: pa.ChunkedArray, before: bytes, after: bytes) -> Any:
    """A row of bytes for each instant."""
    if column.null_count:
        return None
    # Cut, not rounded: an instant never moves past the stop of its window.
    milliseconds = pc.cast(column, pa.timestamp("ms"), safe=False).to_numpy().astype(np.int64)
    days, of_day = np.divmod(milliseconds, _DAY_MS)
    first, last = days.min(), days.max()
    if first < _FIRST or last > _LAST:
        return None
    # Most answers are of one day.
    each, place = (days[:1], 0) if first == last else np.unique(days, return_inverse=True)
    said = np.char.add(np.datetime_as_string(each.astype("datetime64[D]")).astype("S10"), b"T")
    second, rest = np.divmod(of_day.astype(np.int32), 1000)
    start, end = len(before), b"Z" + after
    rows = np.empty((len(milliseconds), start + 23 + len(end)), np.uint8)
    rows[:, :start] = np.frombuffer(before, np.uint8)
    rows[:, start + 23 :] = np.frombuffer(end, np.uint8)
    # Whole words from tables: to write digit by digit takes more than twice as long.
    words = rows.view(
        np.dtype(
            {
                "names": ["day", "clock", "rest"],
                "formats": ["S11", _CLOCK.dtype, _REST.dtype],
                "offsets": [start, start + 11, start + 19],
                "itemsize": rows.shape[1],
            }
        )
    )[:, 0]
    words["day"], words["clock"], words["rest"] = said[place], _CLOCK[second], _REST[rest]
    return rows


def _texts(rows: int, offsets: Any, content: Any) -> pa.LargeStringArray:
    ends = np.ascontiguousarray(offsets, np.int64)
    text = np.ascontiguousarray(content)
    return pa.LargeStringArray.from_buffers(rows, pa.py_buffer(ends), pa.py_buffer(text))


_REST = np.array([f".{number:03}" for number in range(1000)], "S4").view(np.uint32)
"""The bytes of a second's thousandths."""
_TWO = np.array([f"{number:02}:" for number in range(60)], "S3").view(np.uint8).reshape(-1, 3)
_CLOCK = (
    np.concatenate(
        [
            np.broadcast_to(_TWO[:24, None, None], (24, 60, 60, 3)),
            np.broadcast_to(_TWO[:, None], (24, 60, 60, 3)),
            np.broadcast_to(_TWO[:, :2], (24, 60, 60, 2)),
        ],
        axis=3,
    )
    .view(np.uint64)
    .reshape(-1)
)
"""The bytes of each second of a day: two thirds of a megabyte."""
