"""Arrow to JSON: instants in RFC 3339 to the millisecond, and no NaN.

Rows are joined from columns of text inside Arrow: a Python object for each cell costs seven times as
much. For the same reason no row is validated on its way out; tests hold them to the models.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pydantic_core import to_json


def encode_rows(table: pa.Table) -> bytes:
    """A JSON array with an object for each row, in UTF-8.

    >>> import datetime as dt
    >>> at = dt.datetime(2026, 11, 22, 18, 0, 0, 250_999)
    >>> row = {"at": [at], "speed_kmh": pa.array([41.2], pa.float32()), "x_m": [float("nan")]}
    >>> print(encode_rows(pa.table(row)).decode())
    [{"at":"2026-11-22T18:00:00.250Z","speed_kmh":41.2,"x_m":null}]
    """
    if not len(table):
        return b"[]"
    parts: list[Any] = []
    for name, column in zip(table.column_names, table.columns, strict=True):
        parts += ["," if parts else "{", encode(name).decode() + ":", pc.fill_null(_text(column), "null")]
    rows = pc.binary_join_element_wise(*parts, "}", "")
    return b"[" + ",".join(rows.to_pylist()).encode() + b"]"


def encode(answer: Any) -> bytes:
    """An answer as JSON, in UTF-8."""
    return to_json(answer, inf_nan_mode="null")


def _text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """The cells as JSON writes them; null where there is nothing, or no number."""
    if pa.types.is_timestamp(column.type):
        # Cut, not rounded: an instant never moves past the stop of its window.
        text = pc.cast(pc.cast(column, pa.timestamp("ms"), safe=False), pa.string())
        return pc.binary_join_element_wise('"', pc.replace_substring(text, " ", "T"), 'Z"', "")
    if pa.types.is_floating(column.type):
        # Shortest text that is the same number: a float32 of 41.2 stays 41.2.
        return pc.cast(pc.if_else(pc.is_finite(column), column, pa.scalar(None, column.type)), pa.string())
    if pa.types.is_string(column.type):
        # Names repeat from row to row, so each is escaped once.
        words = column.combine_chunks().dictionary_encode()
        escaped = pa.array([encode(word).decode() for word in words.dictionary.to_pylist()], pa.string())
        return pa.chunked_array([escaped.take(words.indices)])
    if pa.types.is_integer(column.type) or pa.types.is_boolean(column.type):
        return pc.cast(column, pa.string())
    raise TypeError(f"no column of truckkit is of the type {column.type}, so it has no JSON here.")
