"""A store that a service reads: its tables come over Arrow when an answer needs them.

A table of a narrowing is an expression like any other. When an answer is asked for, the parts that it
reads and that are not here are fetched into a DuckDB in memory; the rest is done there.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb
import ibis
import ibis.expr.operations as ops
import pyarrow as pa

from truckkit import schema
from truckkit.errors import SourceFailed
from truckkit.store import ddl
from truckkit.store.client import Parameters, Service
from truckkit.store.reader import SHUT, Backend
from truckkit.version import VERSION

_MOST_BYTES = 2_000_000_000
"""What is kept of a service's answers, as Arrow counts; what was used longest ago goes first. [bytes]"""
_MOST_TRUCKS = 200
"""More names than this make an address too long; then all trucks come."""
_MOVES = 5
"""How often a question begins anew because the service has a newer generation."""

_TABLES: Mapping[str, schema.Table] = {**schema.TABLES, **schema.ABOUT}
_Window = tuple[datetime, datetime]


@dataclass(frozen=True)
class Part:
    """Rows of a table that one question to the service gives."""

    name: str
    trucks: tuple[str, ...] | None = None
    window: _Window | None = None
    source: str | None = None
    """The source of states that is asked for; nothing: as the service chooses."""
    whole: bool = False
    """Of all sources, one question for each."""

    def covers(self, other: Part) -> bool:
        """Whether every row of the other is among these, so that it need not be fetched."""
        return (
            (self.name, self.source, self.whole) == (other.name, other.source, other.whole)
            # Rows that are counted are counted of exactly what was asked.
            and (self.name != schema.ROWS.name or self == other)
            and (self.trucks is None or (other.trucks is not None and set(self.trucks) >= set(other.trucks)))
            and (
                self.window is None
                or (
                    other.window is not None
                    and self.window[0] <= other.window[0]
                    and self.window[1] >= other.window[1]
                )
            )
        )

    def questions(self) -> Iterator[Parameters]:
        """The parameters of each question that has to be asked."""
        said: list[tuple[str, str]] = []
        if self.trucks is not None and len(self.trucks) <= _MOST_TRUCKS:
            said += [("truck", truck) for truck in self.trucks]
        if self.window is not None:
            said += [
                (bound, at.isoformat()) for bound, at in zip(("start", "stop"), self.window, strict=True)
            ]
        if self.whole:
            yield from ([*said, ("source", source)] for source in schema.SOURCES)
        else:
            yield said if self.source is None else [*said, ("source", self.source)]


class _Moved(Exception):
    """The service has another generation."""

    def __init__(self, number: int) -> None:
        self.number = number


class _Held:
    """What is here of one generation."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.hub = duckdb.connect(":memory:", config=SHUT)
        self.hub.execute("SET GLOBAL TimeZone = 'UTC'")
        self.hub.execute("SET enable_external_access = false")
        self.hub.execute("SET lock_configuration = true")
        self.sizes: dict[Part, int] = {}
        """The parts that are here, the one used last at the end, with their bytes."""
        self.used: Counter[Part] = Counter()


class LentBackend(Backend):
    """Ibis over what has been fetched, which fetches what is missing."""

    lent = True

    def __init__(self, service: Service, number: int, most_bytes: int) -> None:
        self._service = service
        self._most_bytes = most_bytes
        self._fetching = threading.Lock()
        self._held = _Held(number)
        self._databases: dict[Part, str] = {}
        self._parts: dict[str, Part] = {}
        super().__init__(self._held.hub, None)

    @property
    def con(self) -> duckdb.DuckDBPyConnection:
        """The calling thread's cursor, on what its question reads."""
        held = getattr(self._threads, "held", None) or self._held
        if getattr(self._threads, "of", None) is not held:
            self._threads.of = held
            self._threads.cursor = held.hub.cursor()
            # Tables that came along with an expression were registered with the cursor before.
            self._threads.memtables = None
        cursor: duckdb.DuckDBPyConnection = self._threads.cursor
        return cursor

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """None: what is read on a cursor of its own could be let go of meanwhile."""
        raise TypeError("the tables of a service are read through Ibis alone.")

    def part(self, wanted: Part) -> ibis.Table:
        """The expression of a part; where a greater one is here, of that."""
        with self._lock:
            known = next((held for held in reversed(self._held.sizes) if held.covers(wanted)), wanted)
            if known not in self._databases:
                self._databases[known] = f"part{len(self._databases)}"
                self._parts[self._databases[known]] = known
            within = self._databases[known]
        table = _TABLES[known.name]
        return ops.DatabaseTable(
            table.name,
            schema=table.schema,
            source=self,
            namespace=ops.Namespace(catalog="memory", database=within),
        ).to_expr()

    # Answering ---------------------------------------------------------------------------------

    def execute(self, expr: ibis.Expr, /, **kwargs: Any) -> Any:
        """The rows of an expression, as pandas has them."""
        with self._reading(expr):
            return super().execute(expr, **kwargs)

    def to_pyarrow(self, expr: ibis.Expr, /, **kwargs: Any) -> Any:
        """The rows of an expression."""
        with self._reading(expr):
            return super().to_pyarrow(expr, **kwargs)

    def to_pyarrow_batches(
        self,
        expr: ibis.Expr,
        /,
        *,
        params: Mapping[ibis.Expr, Any] | None = None,
        limit: Any = None,
        chunk_size: int = 1_000_000,
        **_: Any,
    ) -> pa.RecordBatchReader:
        """The rows of an expression as they come."""
        rows = expr.as_table()
        shape = rows.schema().to_pyarrow()
        with self._reading(rows):
            self._run_pre_execute_hooks(rows)
            # Once it runs, DuckDB holds on to the tables that it reads.
            found = self.con.execute(self.compile(rows, limit=limit, params=params))
            reader = found.to_arrow_reader(chunk_size)
        return pa.RecordBatchReader.from_batches(shape, (batch.cast(shape) for batch in reader))

    def _run_pre_execute_hooks(self, expr: ibis.Expr) -> None:
        # What Ibis does by other ways, such as to keep an answer as a table, needs its rows too.
        if getattr(self._threads, "held", None) is None:
            with self._reading(expr):
                pass
        super()._run_pre_execute_hooks(expr)

    @contextmanager
    def _reading(self, expr: ibis.Expr) -> Iterator[None]:
        """Have what an expression reads, and keep it until it is read."""
        wanted = [
            self._parts[table.namespace.database]
            for table in expr.op().find(ops.DatabaseTable)
            if table.namespace.database in self._parts
        ]
        before = getattr(self._threads, "held", None)
        held = self._fetched(wanted)
        self._threads.held = held
        try:
            yield
        finally:
            self._threads.held = before
            with self._lock:
                held.used.subtract(wanted)
            self._let_go(held)

    # Fetching ----------------------------------------------------------------------------------

    def _fetched(self, wanted: Sequence[Part]) -> _Held:
        """All of these parts, of one generation, marked as used."""
        with self._fetching:
            for _ in range(_MOVES):
                held = self._held
                with self._lock:
                    held.used.update(wanted)
                try:
                    for part in wanted:
                        size = held.sizes.get(part)
                        fetched = self._fetch(held, part) if size is None else size
                        with self._lock:
                            held.sizes.pop(part, None)
                            held.sizes[part] = fetched
                    return held
                except BaseException as fault:
                    with self._lock:
                        held.used.subtract(wanted)
                    if not isinstance(fault, _Moved):
                        raise
                    # Questions that run finish on what they have; the old hub goes when they end.
                    self._held = _Held(fault.number)
        raise SourceFailed(
            f"{self._service.address} had a newer generation each of {_MOVES} times that it was asked; "
            "ask again, or for a shorter window."
        )

    def _fetch(self, held: _Held, part: Part) -> int:
        """Bring a part here; gives its bytes."""
        size = 0
        table = _TABLES[part.name]
        names = ", ".join(map(ddl.name, table.names))
        within = f"{ddl.name(self._databases[part])}.{ddl.name(part.name)}"
        cursor = held.hub.cursor()
        try:
            cursor.execute("BEGIN")
            cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {ddl.name(self._databases[part])}")
            for number, question in enumerate(part.questions()):
                with self._service.rows(part.name, question) as (generation, rows):
                    if generation != held.number:
                        raise _Moved(generation)
                    _fits(rows.schema, table, self._service)
                    incoming = _Incoming(rows)
                    cursor.register("incoming", incoming.reader)
                    into = f"INSERT INTO {within}" if number else f"CREATE TABLE {within} AS"
                    try:
                        cursor.execute(f"{into} SELECT {names} FROM incoming")
                    except duckdb.Error:
                        # DuckDB hands on what the rows raised in words of its own.
                        if incoming.fault is not None:
                            raise incoming.fault from None
                        raise
                    finally:
                        cursor.unregister("incoming")
                    size += incoming.size
            cursor.execute("COMMIT")
        finally:
            cursor.close()  # what has not been committed is gone with it
        return size

    def _let_go(self, held: _Held) -> None:
        """Drop what was used longest ago, until what is kept is within its bound."""
        if not self._fetching.acquire(blocking=False):
            return  # whoever fetches lets go afterwards
        try:
            with self._lock:
                for part in list(held.sizes):
                    if sum(held.sizes.values()) <= self._most_bytes:
                        return
                    if held.used[part] <= 0:
                        held.hub.cursor().execute(f"DROP SCHEMA {ddl.name(self._databases[part])} CASCADE")
                        del held.sizes[part]
        finally:
            self._fetching.release()


class _Incoming:
    """Rows on their way in: how many bytes they were, and why they ended early."""

    def __init__(self, rows: pa.RecordBatchReader) -> None:
        self.size = 0
        self.fault: Exception | None = None
        self._rows = rows
        self.reader = pa.RecordBatchReader.from_batches(rows.schema, self._batches())

    def _batches(self) -> Iterator[pa.RecordBatch]:
        try:
            for batch in self._rows:
                self.size += batch.nbytes
                yield batch
        except Exception as fault:
            self.fault = fault
            raise


def _fits(given: pa.Schema, table: schema.Table, service: Service) -> None:
    wanted = table.schema.to_pyarrow()
    types = {name: given.field(name).type for name in given.names}
    wrong = [field.name for field in wanted if types.get(field.name) != field.type]
    if wrong:
        raise SourceFailed(
            f"the {table.name} of {service.address} have no column {wrong[0]} as truckkit {VERSION} "
            f"knows it, so another truckkit answers there (it is {service.health()['version']!s:.20}); "
            "use the same one here."
        )


class Lent:
    """One generation of a store that a service reads."""

    def __init__(self, service: Service, number: int, most_bytes: int) -> None:
        self.number = number
        self.backend = LentBackend(service, number, most_bytes)
        self.tables = {
            name: self.backend.part(Part(name, whole=name in ("states", "cycles")))
            for name in _TABLES
            if name != schema.ROWS.name
        }

    def narrowed(
        self, name: str, trucks: tuple[str, ...] | None, window: _Window | None, source: str | None
    ) -> ibis.Table:
        """A table of days with all rows of a narrowing, and perhaps others; or ``rows``, of exactly that."""
        of_source = source if name in ("states", "cycles", schema.ROWS.name) else None
        return self.backend.part(Part(name, trucks, window, of_source))


class Remote:
    """A service: hands out its newest generation.

    Parameters
    ----------
    address
        Where it stands, such as ``https://mine.example/api``.
    key
        Its key; empty: none.
    most_bytes
        What is kept here of its answers.
    """

    def __init__(self, address: str, key: str = "", most_bytes: int = _MOST_BYTES) -> None:
        self._service = Service(address, key)
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._newest: Lent | None = None

    def __repr__(self) -> str:
        return f"Remote({self.address!r})"

    @property
    def address(self) -> str:
        """Where it is: what tells it from other stores and services."""
        return self._service.address

    @property
    def name(self) -> str:
        """Its address."""
        return self.address

    def newest(self) -> Lent:
        """The newest generation; raises ``NoStore`` and ``SourceFailed`` as ``Service.health`` does."""
        number = self._service.health()["generation"]
        if not isinstance(number, int):
            raise SourceFailed(
                f"{self.address} answers from no store of truckkit, so that its answers have no generation "
                "and cannot be put together; open a service over a store."
            )
        with self._lock:
            if self._newest is None or self._newest.number != number:
                self._newest = Lent(self._service, number, self._most_bytes)
            return self._newest
