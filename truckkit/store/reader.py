"""Readers: one generation of a store, opened read-only and shut in.

An in-memory hub attaches the generation's files, makes one view a table and then locks itself: no
other file, no extension, no changed setting. Every thread works on its own cursor of the hub, for
a DuckDB connection that threads share gives wrong rows.
"""

from __future__ import annotations

import json
import threading
import weakref
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import ibis
import ibis.expr.datatypes as dt
import ibis.expr.operations as ops
import pyarrow as pa
from ibis.backends.duckdb import Backend as DuckDBBackend
from ibis.formats.pyarrow import PyArrowData

from truckkit import schema
from truckkit.store import attached, ddl, layout

SHUT: dict[str, str | bool | int | float | list[str]] = {
    "autoload_known_extensions": False,
    "autoinstall_known_extensions": False,
    "allow_community_extensions": False,
    "python_enable_replacements": False,
    # DuckDB guesses that few rows come of several joins, and then looks through all intervals for each row.
    "asof_loop_join_threshold": 0,
}


_FEW = 3
"""So many files are planned in less time than a view over a year of them."""

_MOST_COMPILED = 256
"""Expressions whose SQL a generation remembers."""


class _Arrow(PyArrowData):  # type: ignore[misc]
    """Arrow as Ibis has it; DuckDB tells numbers where a column is of nothing at all."""

    @classmethod
    def convert_scalar(cls, scalar: pa.Scalar, dtype: dt.DataType) -> pa.Scalar:
        return pa.scalar(None) if dtype.is_null() else super().convert_scalar(scalar, dtype)

    @classmethod
    def convert_column(cls, column: pa.ChunkedArray, dtype: dt.DataType) -> pa.ChunkedArray:
        return pa.nulls(len(column)) if dtype.is_null() else super().convert_column(column, dtype)


class Backend(DuckDBBackend):  # type: ignore[misc]
    """Ibis over one shut-in hub, with a cursor for each thread."""

    lent = False
    """Whether its tables come when they are asked for, so that the SQL of a question alone is no question."""

    def __init__(self, hub: duckdb.DuckDBPyConnection, folder: Path | None) -> None:
        self._hub = hub
        # Rows that came from a service lie in no folder.
        self.folder = folder or Path()
        self.own_cursors = 0
        self._threads = threading.local()
        self._lock = threading.Lock()
        self._compiled: dict[tuple[ops.Node, str | None, bool], str] = {}
        super().__init__()
        self._can_reconnect = False
        self._record_batch_readers_consumed: dict[str, bool] = {}

    @property
    def con(self) -> duckdb.DuckDBPyConnection:
        """The calling thread's cursor."""
        cursor: duckdb.DuckDBPyConnection | None = getattr(self._threads, "cursor", None)
        if cursor is None:
            cursor = self._threads.cursor = self._hub.cursor()
        return cursor

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A cursor that belongs to one answer, not to a thread; ``freed`` says that it is closed."""
        with self._lock:
            self.own_cursors += 1
        return self._hub.cursor()

    def freed(self) -> None:
        """One such cursor is closed; ``own_cursors`` counts those that are not."""
        with self._lock:
            self.own_cursors -= 1

    @property
    def _memtables(self) -> weakref.WeakSet[Any]:
        # Cursors do not see each other's temporary tables, so each thread registers its own.
        known: weakref.WeakSet[Any] | None = getattr(self._threads, "memtables", None)
        if known is None:
            known = self._threads.memtables = weakref.WeakSet()
        return known

    @_memtables.setter
    def _memtables(self, _: object) -> None:
        """Ibis sets one for all threads; each makes its own instead."""

    def compile(
        self,
        expr: ibis.Expr,
        /,
        *,
        limit: str | None = None,
        params: Mapping[ibis.Expr, Any] | None = None,
        pretty: bool = False,
    ) -> str:
        """The SQL of an expression: Ibis takes a tenth of a second and more to write a long one, once."""
        if params is not None or expr.op().find(ops.InMemoryTable):
            return str(super().compile(expr, limit=limit, params=params, pretty=pretty))
        key = (expr.op(), limit, pretty)
        with self._lock:
            known = self._compiled.get(key)
        if known is None:
            known = str(super().compile(expr, limit=limit, pretty=pretty))
            with self._lock:
                self._compiled[key] = known
                if len(self._compiled) > _MOST_COMPILED:
                    del self._compiled[next(iter(self._compiled))]
        return known

    def raw_sql(self, query: Any, **kwargs: Any) -> Any:
        """The statement's result; a broken file is named."""
        with attached.reading(self.folder):
            return super().raw_sql(query, **kwargs)

    def to_pyarrow(
        self,
        expr: ibis.Expr,
        /,
        *,
        params: Mapping[ibis.Expr, Any] | None = None,
        limit: int | str | None = None,
        **kwargs: Any,
    ) -> Any:
        """The rows of an expression; a broken file is named.

        Ibis would do the same and import pandas for it: a third of a second and 40 MB in a program that
        asks for Arrow.
        """
        with attached.reading(self.folder):
            found = self._to_duckdb_relation(expr, params=params, limit=limit, **kwargs).to_arrow_table()
        return expr.__pyarrow_result__(found, data_mapper=_Arrow)

    def execute(self, expr: ibis.Expr, /, **kwargs: Any) -> Any:
        """The rows of an expression, as pandas has them; a broken file is named."""
        with attached.reading(self.folder):
            return super().execute(expr, **kwargs)

    def to_pyarrow_batches(self, expr: ibis.Expr, /, **kwargs: Any) -> pa.RecordBatchReader:
        """The rows of an expression as they come; a broken file is named."""
        rows = super().to_pyarrow_batches(expr, **kwargs)

        def batches() -> Iterator[pa.RecordBatch]:
            with attached.reading(self.folder):
                yield from rows

        return pa.RecordBatchReader.from_batches(rows.schema, batches())

    def __reduce__(self) -> Any:
        raise TypeError("a store's connection stays in its process; open the store again there.")


class Generation:
    """One generation of a store, open for reading."""

    def __init__(self, folder: Path, number: int) -> None:
        self.folder = folder
        self.number = number
        self._rows: Counter[str] | None = None
        self._hub = duckdb.connect(":memory:", config=SHUT)
        try:
            self._hub.execute("SET GLOBAL TimeZone = 'UTC'")
            self._attach()
            self._hub.execute("SET enable_external_access = false")
            self._hub.execute("SET lock_configuration = true")
        except BaseException:
            self._hub.close()
            raise
        self.backend = Backend(self._hub, folder)
        self.tables = {table.name: self._table(table, "memory") for table in schema.TABLES.values()}

    def _table(self, table: schema.Table, within: str) -> ibis.Table:
        return ops.DatabaseTable(
            table.name,
            schema=table.schema,
            source=self.backend,
            namespace=ops.Namespace(catalog=within, database="main"),
        ).to_expr()

    def rows_of(self, names: Iterable[str]) -> int:
        """How many rows these tables hold together, as the catalog and its list of files tell."""
        if self._rows is None:
            told = self._hub.cursor().execute(
                "SELECT table_name, estimated_size FROM duckdb_tables() WHERE database_name = 'catalog'"
            )
            self._rows = self._made + Counter(dict(told.fetchall()))
        return sum(self._rows[name] for name in names)

    def covering(self, name: str, start: datetime, stop: datetime) -> ibis.Table:
        """A table of days, with all of its rows whose ``at`` (or ``start``) lies in ``[start, stop)``.

        Where few files hold them all, it is theirs: to plan a query over every day takes longer than to read
        an hour. The table may hold rows of other times too.
        """
        table = schema.TABLES[name]
        tables = [self._table(table, holder) for holder in self.holders(name, start, stop)]
        return ibis.union(*tables) if tables else self.tables[name]

    def holders(self, name: str, start: datetime, stop: datetime) -> tuple[str, ...]:
        """What DuckDB calls the few files that hold these rows; none: ask the hub, whose views hold all."""
        files = tuple(self.holding(name, (start, stop)))
        # A file of before a column was there has it in the view alone.
        return files if len(files) <= _FEW and all((file, name) in self._whole for file in files) else ()

    def reaching(self, start: datetime, stop: datetime) -> dict[str, tuple[str, ...]]:
        """By table of days the few files with all rows of ``[start, stop)``, also those that began before."""
        return {
            table.name: self.holders(table.name, start - self._longest if table.stop else start, stop)
            for table in schema.of_kind("day")
        }

    def holding(self, name: str, window: tuple[datetime, datetime] | None = None) -> dict[str, str]:
        """The files that hold rows of a table of days in a window, by what DuckDB calls each."""
        return {alias: self._files[alias] for *_, alias in self.stretches(name, window)}

    def stretches(
        self, name: str, window: tuple[datetime, datetime] | None = None
    ) -> list[tuple[datetime, datetime, str]]:
        """The same files, each after the first instant that it is for and the first after it."""
        return [
            (first, last, alias)
            for first, last, alias in self._stretches[name]
            if window is None or (first < window[1] and last > window[0])
        ]

    def _attach(self) -> None:
        catalog = layout.catalog_file(self.number)
        attached.attach(self._hub, self.folder, catalog, "catalog")
        holding: dict[str, list[str]] = {table.name: [] for table in schema.TABLES.values()}
        self._stretches: dict[str, list[tuple[datetime, datetime, str]]] = {name: [] for name in holding}
        self.files: dict[str, str] = {}
        """The files of the generation, and the name of each within DuckDB."""
        self._made: Counter[str] = Counter()
        broken = catalog
        try:
            files = self._hub.execute(
                "SELECT file, made, start, stop, longest_s FROM catalog.files ORDER BY kind, start, file"
            ).fetchall()
            self._longest = timedelta(seconds=max((longest or 0 for *_, longest in files), default=0))
            for number, (file, made, start, stop, _longest) in enumerate(files):
                broken, alias = file, f"file{number}"
                attached.attach(self._hub, self.folder, file, alias)
                self.files[file] = alias
                for table, rows in json.loads(made).items():
                    if rows and table in holding:
                        self._made[table] += rows
                        holding[table].append(alias)
                        self._stretches[table].append((start, stop, alias))
            broken = "a file"
            self._files = {alias: file for file, alias in self.files.items()}
            self.columns = columns = attached.all_columns(self._hub)
            self._whole = {key for key, held in columns.items() if held >= set(schema.TABLES[key[1]].names)}
            for table in schema.TABLES.values():
                within = ["catalog"] if table.kind == "catalog" else holding[table.name]
                held = {alias: columns.get((alias, table.name), set()) for alias in within}
                if lost := [alias for alias in held if alias != "catalog" and not held[alias]]:
                    broken = next(file for file, alias in self.files.items() if alias == lost[0])
                    raise attached.lacking(self.folder, broken, table.name)
                self._hub.execute(ddl.view(table, held))
        except duckdb.Error as fault:
            raise attached.broken(self.folder, broken, fault) from None


class Store:
    """A store's folder: hands out its newest generation.

    >>> import truckkit as tk
    >>> tk.sample().store.newest().number
    1
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder).expanduser().absolute()
        self._lock = threading.Lock()
        self._stamp: tuple[int, int, int] | None = None
        self._newest = self._open()

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.name

    @property
    def address(self) -> str:
        """Where it is: what tells it from other stores and services."""
        return str(self.folder)

    def newest(self) -> Generation:
        """The newest generation; readers of older ones finish on theirs."""
        # Looked at before the number is read: what changes in between is seen the next time.
        stamp = layout.stamp(self.folder)
        if stamp is not None and stamp == self._stamp:
            return self._newest
        if layout.current(self.folder) != self._newest.number:
            with self._lock:
                if layout.current(self.folder) != self._newest.number:
                    self._newest = self._open()
        self._stamp = stamp
        return self._newest

    def moved_here(self) -> bool:
        """Whether it was this process that published the generation that is the newest now."""
        return layout.current(self.folder) == layout.pointed_here(self.folder)

    def is_at(self, number: int) -> bool:
        """Whether a generation is open and the newest; where that has to be read, it is not told."""
        stamp = self._stamp
        return stamp is not None and stamp == layout.stamp(self.folder) and self._newest.number == number

    def _open(self) -> Generation:
        while True:
            number = layout.current(self.folder)
            try:
                return Generation(self.folder, number)
            except attached.MissingFile:
                # A publish may move CURRENT, and sweep, between our reading it and opening.
                if layout.current(self.folder) == number:
                    raise


def unbound(table: schema.Table) -> ibis.Table:
    """The table as an expression that belongs to no connection."""
    return ibis.table(table.schema, name=table.name)
