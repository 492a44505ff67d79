"""Answers for all values at once, held in memory: where few rows are asked of, planning is all that takes.

DuckDB plans a join of the newest rows with who drives in a millisecond, and runs it in a twentieth of one. So
the question is asked without its values, once a generation, and has the columns that they are compared with
beside its own; who asks with values is given the rows whose columns are equal to them.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import duckdb
import ibis
import ibis.expr.operations as ops
import pyarrow as pa
import pyarrow.compute as compute

from truckkit.store import attached
from truckkit.store.bound import Slot
from truckkit.store.reader import Generation

MOST = 20_000
"""So many rows may be in the tables that are asked of, and in what is held of them."""

_OF_ITS_MOMENT = (
    ops.Impure,
    ops.Constant,
    ops.ScalarUDF,
    ops.InMemoryTable,
    ops.SQLStringView,
    ops.SQLQueryResult,
)
"""What may be another value when it is asked for again."""

_OF_MANY_ROWS = (Slot, ops.Analytic, ops.WindowFunction, ops.Reduction, ops.Subquery, ops.Unnest)
"""What is another value where rows are left out later, or has a place for a value that cannot be moved."""


@dataclass(frozen=True)
class Resident:
    """The rows of a question for whatever values, and which of their columns are to be equal to which."""

    rows: pa.Table
    places: tuple[tuple[str, str], ...]
    names: tuple[str, ...]

    @classmethod
    def of(cls, rows: ibis.Table, generation: Generation) -> Resident | None:
        """Ask a question of a generation for all values; nothing where that cannot be, or would be much."""
        op = rows.op()
        tables = {table.name for table in op.find(ops.DatabaseTable)}
        if op.find(_OF_ITS_MOMENT) or generation.rows_of(tables) > MOST:
            return None
        try:
            lifted, places = _lifted(op, (f"_place_{number}" for number in itertools.count()))
        except _CannotBe:
            return None
        backend = generation.backend
        statement = backend.compile(lifted.to_expr().limit(MOST + 1))
        try:
            with attached.reading(generation.folder):
                found = backend.con.execute(statement).to_arrow_table()
        except duckdb.Error:  # a value that cannot be, of rows that nobody may ask for
            return None
        if len(found) > MOST:
            return None
        own = rows.schema().to_pyarrow()
        for number, field in enumerate(own):
            found = found.set_column(number, field, found.column(field.name).cast(field.type))
        return cls(found.combine_chunks(), tuple(places.items()), tuple(own.names))

    def asked(self, values: Mapping[str, Any]) -> pa.Table:
        """The rows for these values."""
        found = self.rows
        for column, key in self.places:
            told = found.column(column)
            found = found.filter(compute.equal(told, pa.scalar(values[key], told.type)))
        return found.select(self.names)


class _CannotBe(Exception):
    """A question whose answer to all values does not hold that to each."""


def _lifted(op: ops.Relation, fresh: Iterator[str]) -> tuple[ops.Relation, dict[str, str]]:
    """Rows without the tests for equality with places, and the columns that these tests are of."""
    if not op.find(Slot):
        return op, {}
    if isinstance(op, ops.Filter):
        return _filter(op, fresh)
    if isinstance(op, ops.JoinChain):
        return _join(op, fresh)
    if not isinstance(op, (ops.Project, ops.Sort)):
        raise _CannotBe
    parent, places = _lifted(op.parent, fresh)
    moved = {op.parent: parent}
    if isinstance(op, ops.Sort):
        return ops.Sort(parent, [_moved(key, moved) for key in op.keys]), places
    values = {name: _moved(value, moved) for name, value in op.values.items()}
    return ops.Project(parent, values | _fields(parent, places)), places


def _filter(op: ops.Filter, fresh: Iterator[str]) -> tuple[ops.Relation, dict[str, str]]:
    below, places = _lifted(op.parent, fresh)
    equal = {test: pair for test in op.predicates if (pair := _equal(test))}
    tests = [_moved(test, {op.parent: below}) for test in op.predicates if test not in equal]
    if tests:
        below = ops.Filter(below, tests)
    own = {next(fresh): pair for pair in equal.values()}
    columns = _fields(below, op.schema.names) | _fields(below, places)
    columns |= {column: ops.Field(below, name) for column, (name, _) in own.items()}
    return ops.Project(below, columns), places | {column: key for column, (_, key) in own.items()}


def _join(op: ops.JoinChain, fresh: Iterator[str]) -> tuple[ops.Relation, dict[str, str]]:
    # Of another join, a row is there or empty by what else is there.
    if any(link.how != "inner" for link in op.rest):
        raise _CannotBe
    moved: dict[ops.Node, ops.Node] = {}
    places: dict[str, str] = {}
    columns: dict[str, ops.Value] = {}
    for side in (op.first, *(link.table for link in op.rest)):
        parent, of_side = _lifted(side.parent, fresh)
        moved[side] = ops.JoinReference(parent, side.identifier)
        columns |= _fields(moved[side], of_side)
        places |= of_side
    rest = [
        ops.JoinLink("inner", moved[link.table], [_moved(test, moved) for test in link.predicates])
        for link in op.rest
    ]
    values = {name: _moved(value, moved) for name, value in op.values.items()}
    return ops.JoinChain(moved[op.first], rest, values | columns), places


def _equal(test: ops.Value) -> tuple[str, str] | None:
    """The column and the place that a test holds to be equal; numbers with fractions are rarely that."""
    if not isinstance(test, ops.Equals):
        return None
    for field, place in (test.args, test.args[::-1]):
        if isinstance(field, ops.Field) and isinstance(place, Slot) and not place.dtype.is_floating():
            same = field.dtype.copy(nullable=True) == place.dtype.copy(nullable=True)
            return (field.name, place.key) if same else None
    return None


def _moved(value: ops.Value, moved: Mapping[ops.Node, ops.Node]) -> ops.Value:
    """A value over rows that have more columns."""
    if value.find(_OF_MANY_ROWS, filter=ops.Value):
        raise _CannotBe
    return value.replace(moved)


def _fields(rows: ops.Node, names: Any) -> dict[str, ops.Value]:
    return {name: ops.Field(rows, name) for name in names}
