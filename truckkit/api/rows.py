"""Arrow to JSON: instants in RFC 3339 to the millisecond, and no NaN.

Rows are not validated one by one, for that costs more than the query; a test holds them to the models.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pydantic_core import to_json

Rows = list[dict[str, Any]]


def to_rows(table: pa.Table) -> Rows:
    """One dictionary a row, of what JSON knows.

    >>> import datetime as dt
    >>> at = dt.datetime(2026, 11, 22, 18, 0, 0, 250_999)
    >>> to_rows(pa.table({"at": [at], "speed_kmh": pa.array([41.2], pa.float32()), "x_m": [float("nan")]}))
    [{'at': '2026-11-22T18:00:00.250Z', 'speed_kmh': 41.2, 'x_m': None}]
    """
    columns = [_plain(column).to_pylist() for column in table.columns]
    return [dict(zip(table.column_names, row, strict=True)) for row in zip(*columns, strict=True)]


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_timestamp(column.type):
        # Cut, not rounded: an instant never moves past the stop of its window.
        text = pc.cast(pc.cast(column, pa.timestamp("ms"), safe=False), pa.string())
        return pc.binary_join_element_wise(pc.replace_substring(text, " ", "T"), "Z", "")
    if pa.types.is_float32(column.type):
        # Through text, so that 41.2 stays 41.2 and does not become 41.20000076293945.
        column = pc.cast(pc.cast(column, pa.string()), pa.float64())
    if pa.types.is_floating(column.type):
        return pc.if_else(pc.is_finite(column), column, pa.scalar(None, pa.float64()))
    return column


def encode(answer: Any) -> bytes:
    """An answer as JSON, in UTF-8."""
    return to_json(answer, inf_nan_mode="null")
