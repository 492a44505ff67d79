"""Columns into Arrow record batches that have exactly the columns of the schema, without ``load_id``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa

from truckkit.schema import TABLES
from truckkit.sources.simulator.plan import Plan

Dated: TypeAlias = Iterator[tuple[int, pa.RecordBatch]]
"""Batches with the number of the plan's day that each belongs to; lists belong to the first."""


def arrow_schema(table: str) -> pa.Schema:
    """The Arrow schema of a table as a source gives it."""
    whole = TABLES[table].schema.to_pyarrow()
    return pa.schema([field for field in whole if field.name != "load_id"])


def when(plan: Plan, ms: Any) -> pa.Array:
    """Instants [ms from the start of the plan] as timestamps; None where one is None."""
    if isinstance(ms, np.ndarray):
        return pa.array(((ms + plan.epoch_ms) * 1000).view("datetime64[us]"))
    return pa.array([None if at is None else (at + plan.epoch_ms) * 1000 for at in ms], pa.timestamp("us"))


def batch(table: str, columns: Mapping[str, Any], length: int) -> pa.RecordBatch:
    """One batch of a table: a column that is not given is empty, one that is text stands in each row."""
    schema = arrow_schema(table)
    arrays = []
    for field in schema:
        values = columns.get(field.name)
        if values is None:
            array = pa.nulls(length, field.type)
        elif isinstance(values, str):
            array = pa.repeat(pa.scalar(values, field.type), length)
        elif isinstance(values, pa.Array):
            array = values.cast(field.type)
        elif isinstance(values, np.ndarray):
            array = pa.array(values.astype(field.type.to_pandas_dtype(), copy=False), field.type)
        else:
            array = pa.array(values, field.type)
        arrays.append(array)
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def rows(table: str, records: Iterable[Mapping[str, Any]], plan: Plan) -> pa.RecordBatch:
    """One batch of a table from rows; instants are milliseconds from the start of the plan."""
    kept = list(records)
    schema = arrow_schema(table)
    columns: dict[str, Any] = {}
    for field in schema:
        values = [record.get(field.name) for record in kept]
        columns[field.name] = (
            when(plan, values) if pa.types.is_timestamp(field.type) else pa.array(values, field.type)
        )
    return batch(table, columns, len(kept))
