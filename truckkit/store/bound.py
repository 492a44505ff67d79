"""Values that a question is given when it is asked: places in its SQL, filled by binding.

To write the SQL of an expression takes Ibis longer than DuckDB takes to answer it from a few blocks, so a
question that is asked often is written once, and what differs from time to time is bound.

>>> import truckkit as tk
>>> from truckkit.store.asking import whole
>>> trucks = tk.sample().trucks
>>> written = Written.of(trucks.filter(trucks.truck == slot("truck", "string")).select("truck"))
>>> whole(written.asked({"truck": "T01"})).to_pylist()
[{'truck': 'T01'}]
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import ibis
import ibis.expr.datashape as ds
import ibis.expr.datatypes as dt
import ibis.expr.operations as ops
import pyarrow as pa
import sqlglot.expressions as sge
from ibis.backends.sql.compilers.duckdb import DuckDBCompiler

from truckkit.errors import BadRequest
from truckkit.store.asking import Statement
from truckkit.store.reader import Backend


class Slot(ops.Scalar):  # type: ignore[misc]
    """A place for a value of a type."""

    key: str
    dtype: dt.DataType
    shape = ds.scalar

    @property
    def name(self) -> str:
        """What a column is called that is made of nothing else."""
        return self.key


def slot(name: str, kind: str) -> ibis.Scalar:
    """A place of a name, a word of letters, for a value of an Ibis type."""
    return Slot(name, ibis.dtype(kind)).to_expr()


class _Compiler(DuckDBCompiler):  # type: ignore[misc]
    """Ibis's own, which knows places too."""

    def visit_Slot(self, op: Slot, *, key: str, dtype: dt.DataType) -> sge.Expression:  # noqa: N802
        """A parameter of its type, for DuckDB would take its type from the first value."""
        bound: sge.Expression = self.cast(sge.Placeholder(this=key), dtype)
        return bound


_COMPILER = _Compiler()


@dataclass(frozen=True)
class Written:
    """A question as SQL, with the places in it."""

    backend: Backend
    sql: str
    places: frozenset[str]
    schema: pa.Schema

    @classmethod
    def of(cls, rows: ibis.Table) -> Written:
        """Write a question of one store.

        Raises ``BadRequest`` where it brings rows along, which only the thread that brought them can read.
        """
        if rows.op().find(ops.InMemoryTable):
            raise BadRequest(
                "a question that is prepared reads tables of its site alone; "
                "join rows of your own to its answer."
            )
        statement = _COMPILER.to_sqlglot(rows)
        places = frozenset(place.name for place in statement.find_all(sge.Placeholder))
        sql = statement.sql(dialect=_COMPILER.dialect)
        return cls(rows.get_backend(), sql, places, rows.schema().to_pyarrow())

    def asked(self, values: Mapping[str, Any]) -> Statement:
        """The question with these values; of others than its places it takes no notice."""
        return Statement(self.backend, self.sql, {name: values[name] for name in self.places}, self.schema)
