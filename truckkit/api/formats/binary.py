"""Arrow IPC and Parquet: columns with their types, for other programs.

>>> table = pa.table({"truck": ["T01", "T02"]})
>>> written = b"".join(arrow(table.schema, table.to_batches()))
>>> pa.ipc.open_stream(written).read_all() == table
True
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator

import pyarrow as pa
import pyarrow.parquet as pq

_GROUP = 262_144
"""Rows of a row group of Parquet: what must be held before it can be written."""


def arrow(schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> Iterator[bytes]:
    """An Arrow IPC stream, packed with lz4."""
    sink = _Passing()
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    with pa.ipc.new_stream(sink, schema, options=options) as writer:
        for batch in batches:
            writer.write_batch(batch)
            yield sink.passed()
    yield sink.passed()


def parquet(schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> Iterator[bytes]:
    """A Parquet file, of row groups that are written as soon as they are full."""
    sink = _Passing()
    held: list[pa.RecordBatch] = []
    with pq.ParquetWriter(sink, schema, compression="zstd", compression_level=1) as writer:
        for batch in batches:
            held.append(batch)
            if sum(map(len, held)) >= _GROUP:
                writer.write_table(pa.Table.from_batches(held))
                held = []
                yield sink.passed()
        if held:
            writer.write_table(pa.Table.from_batches(held))
    yield sink.passed()


class _Passing(io.RawIOBase):
    """A file that keeps what is written until it is passed on."""

    def __init__(self) -> None:
        self._kept: list[bytes] = []
        self._told = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._told

    def write(self, data: object, /) -> int:
        written = bytes(data)  # type: ignore[call-overload]
        self._kept.append(written)
        self._told += len(written)
        return len(written)

    def passed(self) -> bytes:
        """What was written since the last time."""
        whole, self._kept = b"".join(self._kept), []
        return whole
