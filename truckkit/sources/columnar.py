"""Parquet: rows with the types that the file gives them."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as parquet

from truckkit.sources.limits import Bound, Limits
from truckkit.sources.streams import Rows, unreadable

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
    return Rows(path, file.schema_arrow, file.iter_batches(batch_size=_BATCH))


def _least_width(kind: pa.DataType) -> int:
    """Bytes that a value takes at the least."""
    try:
        return int(kind.bit_width) // 8
    except ValueError:  # text and lists: an offset each
        return 4
