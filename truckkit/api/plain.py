"""Numbers as documents write them: the shortest that are the same, and none that is no number.

>>> plain(pa.table({"speed_kmh": pa.array([41.2, float("nan")], pa.float32())})).to_pylist()
[{'speed_kmh': 41.2}, {'speed_kmh': None}]
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc


def plain(table: pa.Table) -> pa.Table:
    """The table, with 41.2 of sensor precision as 41.2, and nothing in place of NaN and infinity."""
    columns = {}
    for field in table.schema:
        column = table[field.name]
        if pa.types.is_floating(field.type):
            if field.type != pa.float64():
                column = column.cast(pa.string()).cast(pa.float64())
            column = pc.if_else(pc.is_finite(column), column, pa.scalar(None, pa.float64()))
        columns[field.name] = column
    return pa.table(columns)
