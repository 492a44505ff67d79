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

import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any

import ibis
import ibis.expr.datashape as ds
import ibis.expr.datatypes as dt
import ibis.expr.operations as ops
import pyarrow as pa
import sqlglot.expressions as sge
from ibis.backends.sql.compilers.duckdb import DuckDBCompiler

from truckkit import schema
from truckkit.errors import BadRequest
from truckkit.store.asking import Question, Statement, stated
from truckkit.store.reader import Backend, Generation

MOST = 256
"""How many questions of one generation are remembered."""


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
    statement: sge.Query
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
        return cls(rows.get_backend(), statement, places, rows.schema().to_pyarrow())

    @cached_property
    def sql(self) -> str:
        """What DuckDB is told."""
        return str(self.statement.sql(dialect=_COMPILER.dialect))

    def over(self, files: Mapping[str, Sequence[str]]) -> Written:
        """The question over the files that hold each table's rows, by table; none: over all of them."""

        def of_files(node: Any) -> Any:
            holders = files.get(node.name) if isinstance(node, sge.Table) else None
            if not holders or node.catalog != "memory":
                return node
            every = [sge.column(name, quoted=True) for name in schema.TABLES[node.name].names]
            held = [sge.table_(node.name, db="main", catalog=file, quoted=True) for file in holders]
            parts = [sge.select(*every).from_(table) for table in held]
            read = held[0] if len(held) == 1 else sge.union(*parts, distinct=False).subquery()
            return sge.alias_(read, node.alias_or_name, table=True, quoted=True)

        return replace(self, statement=self.statement.transform(of_files))

    def asked(self, values: Mapping[str, Any]) -> Statement:
        """The question with these values; of others than its places it takes no notice."""
        return Statement(self.backend, self.sql, {name: values[name] for name in self.places}, self.schema)


# What is written holds its store open, and goes with the generation that it is of.
_written: weakref.WeakKeyDictionary[Generation, OrderedDict[Hashable, Written]] = weakref.WeakKeyDictionary()
_lock = threading.Lock()


def written(
    generation: Generation,
    key: Hashable,
    question: Callable[[], ibis.Table],
    files: Mapping[str, tuple[str, ...]],
) -> Written:
    """A question over the files that hold what it reads, put into SQL when it is asked for the first time.

    Parameters
    ----------
    key
        What tells the question from others; nothing that holds the generation, which would never end then.
    question
        Gives the question, with its places.
    files
        By table the files that hold all rows that it needs; see ``Generation.holders``.
    """

    def over_all() -> Written:
        return _remembered(generation, key, lambda: Written.of(question()))

    if not any(files.values()):
        return over_all()
    return _remembered(generation, (key, *files.items()), lambda: over_all().over(files))


def of_window(
    generation: Generation | None,
    key: Hashable,
    question: Callable[[ibis.Value, ibis.Value], ibis.Table],
    window: tuple[datetime, datetime],
    files: Mapping[str, tuple[str, ...]],
) -> Question:
    """A question about ``[start, stop)``, as stored, written once; without a generation, each time anew."""
    bounds = dict(zip(("start", "stop"), window, strict=True))
    if generation is None:
        start, stop = (ibis.literal(bound, schema.INSTANT) for bound in window)
        return stated(question(start, stop))
    first, last = (slot(name, schema.INSTANT) for name in bounds)
    return written(generation, key, lambda: question(first, last), files).asked(bounds)


def _remembered(generation: Generation, key: Hashable, write: Callable[[], Written]) -> Written:
    with _lock:
        known = _written.setdefault(generation, OrderedDict())
        if key in known:
            known.move_to_end(key)
            return known[key]
    fresh = write()
    with _lock:
        known[key] = fresh
        while len(known) > MOST:
            known.popitem(last=False)
    return fresh
