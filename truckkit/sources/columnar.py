"""Parquet: rows with the types that the file gives them."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as compute
import pyarrow.parquet as parquet

from truckkit.sources.limits import Bound, Limits
from truckkit.sources.streams import EXPECTED, Rows, unreadable

_BATCH = 1 << 17


def rows(path: Path, bound: Bound | None = None) -> Rows:
    """Open a Parquet file; its texts come as dictionaries."""
    bound = bound or Bound(path, Limits())
    try:
        # Names repeat by the thousand: as a dictionary, what is done to each is done to few.
        texts = [field.name for field in parquet.read_schema(path) if pa.types.is_string(field.type)]
        file = parquet.ParquetFile(path, read_dictionary=texts)
        # A value that repeats takes no room in the file, so its pages do not tell what it decodes to.
        bound.hold(file.metadata.num_rows * sum(_least_width(each.type) for each in file.schema_arrow))
    except (pa.ArrowException, OSError) as fault:
        raise unreadable(path, fault) from None
    columns = [field.with_type(_in_micros(field.type)) for field in file.schema_arrow]
    given = pa.schema(columns, {EXPECTED: str(file.metadata.num_rows)})
    return Rows(path, given, (_told(batch, given) for batch in file.iter_batches(batch_size=_BATCH)))


_MICROS = {"s": 10**6, "ms": 10**3}


def _in_micros(kind: pa.DataType) -> pa.DataType:
    """A type for instants that DuckDB takes as they are; those of coarser units it turns, or fails to."""
    return pa.timestamp("us", kind.tz) if pa.types.is_timestamp(kind) and kind.unit in _MICROS else kind


def _told(batch: pa.RecordBatch, given: pa.Schema) -> pa.RecordBatch:
    """A batch with its instants in microseconds; what no calendar reaches is empty."""
    if batch.schema == given:
        return batch
    columns = []
    for column, field in zip(batch.columns, given, strict=True):
        if column.type != field.type:
            most = (2**63 - 1) // _MICROS[column.type.unit]
            ticks = column.cast(pa.int64())
            reached = compute.and_(compute.less_equal(ticks, most), compute.greater_equal(ticks, -most))
            column = compute.if_else(reached, column, pa.scalar(None, column.type)).cast(field.type)
        columns.append(column)
    return pa.RecordBatch.from_arrays(columns, schema=given)


def _least_width(kind: pa.DataType) -> int:
    """Bytes that a value takes at the least."""
    try:
        return int(kind.bit_width) // 8
    except ValueError:  # text and lists: an offset each
        return 4
