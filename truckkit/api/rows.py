"""Arrow to JSON: instants in RFC 3339 to the millisecond, and no NaN.

Rows are joined from columns of text inside Arrow: a Python object for each cell costs seven times as
much. For the same reason no row is validated on its way out; tests hold them to the models.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pydantic_core import to_json

from truckkit.api.cells import Bytes, array, instants, numbers

_NONE = pa.scalar("", pa.large_string())


def encode_rows(table: pa.Table) -> bytes:
    """A JSON array with an object for each row, in UTF-8.

    >>> import datetime as dt
    >>> at = dt.datetime(2026, 11, 22, 18, 0, 0, 250_999)
    >>> row = {"at": [at], "speed_kmh": pa.array([41.2], pa.float32()), "x_m": [float("nan")]}
    >>> print(encode_rows(pa.table(row)).decode())
    [{"at":"2026-11-22T18:00:00.250Z","speed_kmh":41.2,"x_m":null}]
    """
    return b"".join(rows_in_pieces(table))


def rows_in_pieces(table: pa.Table) -> list[Bytes]:
    """What ``encode_rows`` writes, in pieces to be joined once: an hour of a truck is half a megabyte."""
    *most, last = _objects(table, ",") or [b""]
    return [b"[", *most, last[:-1], b"]"]


def encode_objects(table: pa.Table, end: str) -> bytes:
    """A JSON object for each row, with ``end`` after each."""
    return b"".join(_objects(table, end))


def _objects(table: pa.Table, end: str) -> list[Bytes]:
    pieces: list[Any] = []
    for name, column in zip(table.column_names, table.columns, strict=True):
        pieces += ["," if pieces else "{", encode(name).decode() + ":", cells(column)]
    return _joined([*pieces, "}" + end] if pieces else ["{}" + end], len(table))


def encode_columns(table: pa.Table) -> bytes:
    """A JSON object with an array for each column, in UTF-8.

    >>> print(encode_columns(pa.table({"truck": ["T01", "T01"], "x_m": [1.5, None]})).decode())
    {"truck":["T01","T01"],"x_m":[1.5,null]}
    """
    return b"".join(columns_in_pieces(table))


def columns_in_pieces(table: pa.Table) -> list[Bytes]:
    """What ``encode_columns`` writes, in pieces to be joined once."""
    pieces: list[Bytes] = []
    for name, column in zip(table.column_names, table.columns, strict=True):
        pieces += [b"," if pieces else b"{", encode(name), b":"]
        pieces += array(column) or [b"[", joined([cells(column), ","], len(table))[:-1], b"]"]
    return [*pieces, b"}"] if pieces else [b"{}"]


def encode(answer: Any) -> bytes:
    """An answer as JSON, in UTF-8."""
    return to_json(answer, inf_nan_mode="null")


def word(text: str) -> str:
    """A text as JSON writes it."""
    return encode(text).decode()


def joined(pieces: Sequence[pa.ChunkedArray | str], rows: int) -> bytes:
    """The pieces of each row, one after the other: texts of its own, and those that all rows share."""
    return b"".join(_joined(pieces, rows))


def _joined(pieces: Sequence[pa.ChunkedArray | str], rows: int) -> list[Bytes]:
    merged: list[Any] = []
    for piece in pieces:
        if isinstance(piece, str) and merged and isinstance(merged[-1], str):
            merged[-1] += piece
        else:
            merged.append(piece)
    if not rows:
        return []
    if all(isinstance(piece, str) for piece in merged):
        return [str(merged[0]).encode() * rows]
    texts = pc.binary_join_element_wise(
        *(pa.scalar(p, pa.large_string()) if isinstance(p, str) else p for p in merged), _NONE
    )
    # The texts of an array lie one after the other: what is wanted is there already.
    return [_content(chunk) for chunk in texts.chunks if len(chunk)]


def cells(
    column: pa.ChunkedArray, word: Callable[[str], str] = word, nothing: str = "null", quote: str = '"'
) -> pa.ChunkedArray | str:
    """The cells as text, or one text where all are the same; ``nothing`` where there is no value."""
    if pa.types.is_binary(column.type):
        raise TypeError(f"no column of truckkit is of the type {column.type}, so it has no text here.")
    if column.null_count == len(column):
        return nothing
    text = _text(column, word, nothing, quote)
    if isinstance(text, str):
        return text
    return pc.fill_null(text, nothing).cast(pa.large_string())


def _text(
    column: pa.ChunkedArray, word: Callable[[str], str], nothing: str, quote: str
) -> pa.ChunkedArray | str:
    kind = column.type
    if pa.types.is_timestamp(kind):
        said = instants(column, quote)
        if said is not None:
            return pa.chunked_array([said])
        text = pc.cast(pc.cast(column, pa.timestamp("ms"), safe=False), pa.string())
        return pc.binary_join_element_wise(quote, pc.replace_substring(text, " ", "T"), "Z" + quote, "")
    if pa.types.is_floating(kind):
        text = pa.chunked_array([numbers(column)])
        if nothing == "null":
            return text
        return pc.if_else(pc.is_finite(column), text, pa.scalar(None, text.type))
    if pa.types.is_string(kind):
        # Names repeat from row to row, so each is escaped once.
        words = column.combine_chunks().dictionary_encode()
        escaped = [word(text) for text in words.dictionary.to_pylist()]
        if len(escaped) == 1 and not column.null_count:
            return escaped[0]
        return pa.chunked_array([pa.array(escaped, pa.string()).take(words.indices)])
    if pa.types.is_integer(kind) and not column.null_count:
        least, most = pc.min_max(column).as_py().values()
        return str(least) if least == most else pc.cast(column, pa.string())
    if pa.types.is_integer(kind) or pa.types.is_boolean(kind) or pa.types.is_decimal(kind):
        return pc.cast(column, pa.string())
    # Answers of few rows alone have other types: days, lengths of time, lists.
    texts = [None if value is None else encode(value).decode() for value in column.to_pylist()]
    return pa.chunked_array(
        [pa.array([each if quote or each is None else word(each.strip('"')) for each in texts], pa.string())]
    )


def _content(texts: pa.LargeStringArray) -> memoryview:
    offsets = memoryview(texts.buffers()[1]).cast("q")
    first, last = offsets[texts.offset], offsets[texts.offset + len(texts)]
    return memoryview(texts.buffers()[2])[first:last]
