"""Where Spark means something else by the same words, and how it is brought to say what DuckDB says.

Analysis is written once, as Ibis expressions that mean what DuckDB makes of them. Ibis compiles them to
Spark's SQL, and most mean the same there. Those that do not are compiled otherwise here, and nowhere else.
"""

from __future__ import annotations

import math
import re
from functools import partial
from typing import Any

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.operations as ops
import sqlglot as sg
import sqlglot.expressions as sge
from ibis.backends.sql.compilers.base import NULL
from ibis.backends.sql.compilers.pyspark import PySparkCompiler
from ibis.backends.sql.rewrites import p
from ibis.common.patterns import replace
from ibis.formats.pyarrow import PyArrowData

from truckkit import schema
from truckkit.errors import BadRequest

_MICROSECONDS = {
    "microsecond": 1,
    "millisecond": 10**3,
    "second": 10**6,
    "minute": 60 * 10**6,
    "hour": 3600 * 10**6,
}

_FIELDS = {"Y": "yyyy", "m": "MM", "d": "dd", "H": "HH", "M": "mm", "S": "ss", "f": "SSSSSS"}
"""What Spark calls the fields of an instant's text."""


# A connection ------------------------------------------------------------------------------------


def prepared(connection: ibis.BaseBackend) -> ibis.BaseBackend:
    """A connection that answers as DuckDB does, of either engine.

    It is taught, not copied, so that other tables of it can still be joined with those of a site.

    Raises
    ------
    BadRequest
        It is a connection to an engine on which nothing has been tried.
    """
    if connection.name not in ("duckdb", "pyspark"):
        raise BadRequest(
            f'a Site reads DuckDB or Spark, and this is a connection to "{connection.name}"; '
            "give what ibis.duckdb.connect(…) or ibis.pyspark.connect(…) gave."
        )
    if connection.name == "pyspark" and not isinstance(connection.compiler, SparkCompiler):
        connection.compiler = SparkCompiler()
        connection.to_pyarrow = partial(_as_arrow, connection)
        connection.execute = partial(_as_pandas, connection)
        connection._register_in_memory_table = partial(_hold, connection)
    return connection


def stored(connection: ibis.BaseBackend, table: schema.Table) -> ibis.Table:
    """A table of a connection, of the columns and types that its schema gives.

    Parquet does not tell which columns are never empty, and has those more by which its folders are cut.
    """
    found = connection.table(table.name)
    held = found.schema()
    wanted = {name: table[name].dtype for name in held if name in table}
    same = {name: type(dtype) is type(held[name]) for name, dtype in wanted.items()}
    declared = {name: wanted[name] if same.get(name) else dtype for name, dtype in held.items()}
    rows = found.op().copy(schema=ibis.schema(declared)).to_expr()
    if declared == wanted:
        return rows
    return rows.select(
        **{name: rows[name] if same[name] else rows[name].cast(dtype) for name, dtype in wanted.items()}
    )


def _as_arrow(connection: Any, expr: Any, /, *, params: Any = None, limit: Any = None, **_: Any) -> Any:
    """An answer comes as Arrow: by way of pandas, whole numbers with holes become numbers with a point."""
    connection._run_pre_execute_hooks(expr)
    asked = expr.as_table()
    told = connection.raw_sql(connection.compile(asked, params=params, limit=limit)).toArrow()
    return expr.__pyarrow_result__(PyArrowData.convert_table(told, asked.schema()))


def _as_pandas(connection: Any, expr: Any, /, **how: Any) -> Any:
    asked = expr.as_table()
    told = asked.__pandas_result__(connection.to_pyarrow(asked, **how).to_pandas())
    return told if isinstance(expr, ibis.Table) else expr.__pandas_result__(told)


def _hold(connection: Any, table: ops.InMemoryTable) -> None:
    rows = table.data.to_pyarrow(table.schema)
    connection._session.createDataFrame(rows).createOrReplaceTempView(table.name)


# What Spark has no words for ---------------------------------------------------------------------


@replace(p.JoinChain)  # type: ignore[untyped-decorator]
def asof_by_window(_: ops.JoinChain) -> ops.Node:
    """A join as of an instant is a union and a window: each row looks back at the last that was told."""
    link = _.rest[0] if _.rest else None
    if link is None or link.how != "asof":
        return _
    if len(_.rest) > 1:
        raise NotImplementedError("a join as of an instant ends with select() before the next join")
    mine, theirs = _.first.parent.to_expr(), link.table.parent.to_expr()
    inside = {_.first: _.first.parent, link.table: link.table.parent}
    on, *alike = link.predicates

    # Of the columns of rows that ask, rows that tell hold what both are joined by: what is asked of one truck
    # then reads one truck of both.
    asks = {name: mine[name] for name in mine.columns}
    tells: dict[str, ibis.Value] = {}
    for each in (*alike, on):
        plain = isinstance(each.left, ops.Field) and each.left.rel == _.first
        name = each.left.name if plain else f"_key{len(tells)}"
        asks.setdefault(name, each.left.replace(inside).to_expr())
        tells[name] = each.right.replace(inside).to_expr()
    *keys, at = tells
    told = {f"_told{n}": theirs[name] for n, name in enumerate(theirs.columns)}
    kinds = {name: value.type().copy(nullable=True) for name, value in (asks | told).items()}

    def rows(table: ibis.Table, given: dict[str, ibis.Value], tell: bool) -> ibis.Table:
        values = {name: given[name] if name in given else ibis.null(kind) for name, kind in kinds.items()}
        return table.select(**{n: value.cast(kinds[n]) for n, value in values.items()}, _tells=tell)

    known = theirs.filter(*(key.notnull() for key in tells.values()))
    both = ibis.union(rows(mine, asks, False), rows(known, tells | told, True))
    back = isinstance(on, (ops.GreaterEqual, ops.Greater))
    same_instant_counts = isinstance(on, (ops.GreaterEqual, ops.LessEqual))
    so_far = ibis.cumulative_window(
        group_by=keys,
        order_by=[
            both[at].asc() if back else both[at].desc(),
            both["_tells"].desc() if same_instant_counts else both["_tells"].asc(),
        ],
    )
    last = ibis.ifelse(both["_tells"], ibis.struct({name: both[name] for name in told}), None).last()
    found = both.mutate(_last=ibis.ifelse(both[at].notnull(), last.over(so_far), None))
    found = found.filter(~found["_tells"])
    fields: dict[ops.Node, ops.Node] = {
        **{ops.Field(_.first, name): found[name].op() for name in mine.columns},
        **{
            ops.Field(link.table, name): found["_last"][short].op()
            for short, name in zip(told, theirs.columns, strict=True)
        },
    }
    return ops.Project(found.op(), {name: value.replace(fields) for name, value in _.values.items()})


@replace(p.Filter)  # type: ignore[untyped-decorator]
def windows_first(_: ops.Filter) -> ops.Node:
    """A filter by what a window tells (QUALIFY) is a column of it and a filter by that column."""
    told = dict.fromkeys(
        window for test in _.predicates for window in test.find(ops.WindowFunction, filter=ops.Value)
    )
    if not told:
        return _
    values = {**_.parent.fields, **{f"_window{n}": window for n, window in enumerate(told)}}
    rows = ops.Project(_.parent, values)
    columns = {value: ops.Field(rows, name) for name, value in values.items()}
    kept = ops.Filter(rows, [test.replace(columns, filter=ops.Value) for test in _.predicates])
    return ops.Project(kept, {name: ops.Field(kept, name) for name in _.parent.fields})


# What Spark understands otherwise ----------------------------------------------------------------


class SparkCompiler(PySparkCompiler):  # type: ignore[misc]
    """Ibis' compiler to Spark's SQL, so that it means what DuckDB's means."""

    __slots__ = ()
    rewrites = (asof_by_window, windows_first, *PySparkCompiler.rewrites)

    def visit_NonNullLiteral(self, op: ops.Literal, *, value: Any, dtype: dt.DataType) -> Any:
        """A number with a point is a double; to Spark it is a decimal, and its quotient has six places."""
        if dtype.is_floating() and math.isfinite(value):
            return self.cast(sge.convert(value), dtype)
        return super().visit_NonNullLiteral(op, value=value, dtype=dtype)

    def visit_IsNull(self, op: ops.IsNull, *, arg: Any) -> Any:
        """NaN is a number that is unknown, and not nothing."""
        return arg.is_(NULL)

    def visit_NotNull(self, op: ops.NotNull, *, arg: Any) -> Any:
        return arg.is_(sg.not_(NULL))

    def visit_Divide(self, op: ops.Divide, *, left: Any, right: Any) -> Any:
        """What is divided by nothing is infinite, or NaN; Spark refuses it."""
        quotient = sge.Div(this=sge.paren(left), expression=sge.paren(right))
        if isinstance(op.right, ops.Literal) and op.right.value:
            return quotient
        return self.if_(right.eq(sge.convert(0)), sge.paren(left) * self.POS_INF, quotient)

    def visit_Cast(self, op: ops.Cast, *, arg: Any, to: dt.DataType) -> Any:
        """A cast to a whole number rounds, halves to the even; Spark cuts off what follows the point."""
        rounds = op.arg.dtype.is_floating() and to.is_integer()
        return super().visit_Cast(op, arg=self.f.rint(arg) if rounds else arg, to=to)

    def visit_CountStar(self, op: ops.CountStar, *, arg: Any, where: Any) -> Any:
        """A count of no rows is 0; Ibis counts by a sum, which is nothing."""
        return super().visit_CountStar(op, arg=arg, where=None) if where is None else self.f.count_if(where)

    def visit_TimestampDelta(self, op: ops.TimestampDelta, *, part: Any, left: Any, right: Any) -> Any:
        """Seconds between instants are how often a second began, and so for minutes and hours."""
        unit = _MICROSECONDS[op.part.value]
        return sge.paren(self._of_epoch(left, unit) - self._of_epoch(right, unit))

    def visit_ExtractEpochSeconds(self, op: ops.ExtractEpochSeconds, *, arg: Any) -> Any:
        """Seconds of the epoch are rounded down before it, too."""
        return self._of_epoch(arg, _MICROSECONDS["second"])

    def visit_ExtractMicrosecond(self, op: ops.ExtractMicrosecond, *, arg: Any) -> Any:
        """Microseconds are what an instant has beside whole seconds."""
        return self.cast(self.f.pmod(self._of_epoch(arg, 1), 10**6), op.dtype)

    def visit_Strftime(self, op: ops.Strftime, *, arg: Any, format_str: Any) -> Any:
        """Words between the fields stand in quotes: to Spark a bare T is an unknown field, and Z a zone."""
        parts = re.findall(r"%(.)|([^%]+)", format_str.this)
        pattern = "".join(f"'{word}'" if word else _FIELDS[field] for field, word in parts)
        return self.f.anon.date_format(arg, sge.convert(pattern))

    def _of_epoch(self, instant: Any, microseconds: int) -> Any:
        passed = self.f.unix_micros(self.cast(instant, dt.timestamp))
        if microseconds == 1:
            return passed
        return self.cast(self.f.floor(passed / sge.convert(microseconds)), dt.int64)

    def visit_Median(self, op: ops.Median, *, arg: Any, where: Any) -> Any:
        """A median is exact, also of some rows, of which Ibis asks what Spark refuses."""
        return self.visit_Quantile(op, arg=arg, quantile=sge.convert(0.5), where=where)

    visit_ApproxMedian = visit_Median

    def visit_First(self, op: ops.First, *, order_by: Any, **more: Any) -> Any:
        """The first and last in an order are those of the least and greatest of what they are ordered by."""
        if not order_by:
            return super().visit_First(op, order_by=order_by, **more)
        return self._in_order(op, "min_by", order_by, **more)

    def visit_Last(self, op: ops.Last, *, order_by: Any, **more: Any) -> Any:
        if not order_by:
            return super().visit_Last(op, order_by=order_by, **more)
        return self._in_order(op, "max_by", order_by, **more)

    def _in_order(
        self, op: Any, pick: str, order_by: Any, *, arg: Any, where: Any, include_null: bool
    ) -> Any:
        places: list[Any] = []
        for key, ordered in zip(op.order_by, order_by, strict=True):
            place = ordered.this
            if key.descending:
                place = -(self._of_epoch(place, 1) if key.arg.dtype.is_timestamp() else sge.paren(place))
            # What has no place stands last.
            places += [ordered.this.is_(NULL), place]
        if not include_null:
            told = arg.is_(sg.not_(NULL))
            where = told if where is None else sg.and_(where, told)
        return self.agg[pick](arg, self.f.struct(*places), where=where)

    def visit_IntegerRange(self, op: ops.IntegerRange, *, start: Any, stop: Any, step: Any) -> Any:
        """A range ends before its stop, which Spark's holds; Ibis writes both bounds a dozen times."""
        if isinstance(op.step, ops.Literal) and op.step.value == 1:
            return self.if_(start < stop, self.f.sequence(start, sge.paren(stop) - 1), self.f.array())
        return super().visit_IntegerRange(op, start=start, stop=stop, step=step)

    def visit_ArrayStringJoin(self, op: ops.ArrayStringJoin, *, arg: Any, sep: Any) -> Any:
        """Words of an empty list are an empty text; Ibis asks for its length by a name of its own."""
        return self.if_(arg.is_(NULL), NULL, self.f.concat_ws(sep, arg))
