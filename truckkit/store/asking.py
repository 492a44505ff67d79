"""Questions to a store as statements with bound values: answered whole, or as their rows come.

A statement is written once for each shape of question, and its values are bound: to build and compile
an expression takes longer than to read an hour of one truck.

>>> import truckkit as tk
>>> question = stated(tk.sample().trucks.select("truck"))
>>> whole(question, seconds=30).column_names
['truck']
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from typing import Any, Self, TypeAlias, TypeVar

import duckdb
import ibis
import ibis.expr.operations as ops
import pyarrow as pa

from truckkit.errors import DamagedStore, TooSlow
from truckkit.store import attached
from truckkit.store.deadlines import Deadlines
from truckkit.store.reader import Backend

_DEADLINES = Deadlines()

_Rows = TypeVar("_Rows", pa.Table, pa.RecordBatch)

_BATCH = 65_536
"""Rows that come at once: enough that what each batch costs is little, and few enough to hold many."""


@dataclass(frozen=True)
class Statement:
    """One question, compiled, with the values that are bound to it."""

    backend: Backend
    sql: str
    values: Sequence[Any] | Mapping[str, Any]
    """In their order, or by the names that the statement gives them."""
    schema: pa.Schema
    apart: Callable[[], duckdb.DuckDBPyConnection] | None = None
    """Opens the hub that a long answer is read from; without it, that of the generation."""


Question: TypeAlias = Statement | ibis.Table
"""A statement, or an expression that is none: one of another connection, or with rows of its own."""


def stated(rows: ibis.Table) -> Question:
    """The statement of an expression, where its store can run it on any cursor."""
    backend = rows.get_backend()
    # Rows that come along with an expression are known to the thread's own cursor alone.
    if not isinstance(backend, Backend) or backend.lent or rows.op().find(ops.InMemoryTable):
        return rows
    return Statement(backend, backend.compile(rows), (), rows.schema().to_pyarrow())


def _as_told(rows: _Rows, schema: pa.Schema) -> _Rows:
    """Rows in the types of a question; what Ibis calls never null can be so where there are no rows."""
    columns = [each.cast(field.type) for each, field in zip(rows.columns, schema, strict=True)]
    cast: _Rows = type(rows).from_arrays(columns, schema=schema)
    return cast


def whole(question: Question, seconds: float | None = None) -> pa.Table:
    """All rows of a question at once.

    Raises
    ------
    TooSlow
        It ran longer than the seconds given, and was stopped, or came too late.
    """
    if isinstance(question, Statement):
        backend = question.backend
        with attached.reading(backend.folder), _stopped_as_slow(seconds, backend.con):
            found = backend.con.execute(question.sql, question.values).to_arrow_table()
        return _as_told(found, question.schema)
    held = question.get_backend()
    with _stopped_as_slow(seconds, held.con if isinstance(held, Backend) else None):
        table: pa.Table = question.to_pyarrow()
    return table


class Reading:
    """Rows of questions, one after the other, as batches, on a cursor of their own.

    Parameters
    ----------
    questions
        The parts of the answer, all of one shape; each is asked when the one before is read.
    schema
        The columns of the batches.
    seconds
        How long DuckDB may take for the first batch of a part, or from one batch to the next. What the
        reader of the batches takes does not count.

    Examples
    --------
    >>> import truckkit as tk
    >>> states = tk.sample().states
    >>> with Reading([stated(states)], states.schema().to_pyarrow()) as reading:
    ...     sum(len(batch) for batch in reading) == states.count().execute()
    True
    """

    def __init__(
        self, questions: Iterable[Question], schema: pa.Schema, seconds: float | None = None
    ) -> None:
        self.schema = schema
        self._questions = iter(questions)
        self._seconds = seconds
        self._cursor: duckdb.DuckDBPyConnection | None = None
        self._backend: Backend | None = None
        self._apart: duckdb.DuckDBPyConnection | None = None
        self._batches: Iterator[pa.RecordBatch] = iter(())
        self._under_way: Statement | None = None
        self._passed = 0  # rows of the part under way
        self._lock = threading.Lock()
        self._stopped = False

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> pa.RecordBatch:
        while not self._stopped:
            batch = self._step()
            if batch is not None:
                if batch.num_rows:
                    return _as_told(batch, self.schema)
                continue
            question = next(self._questions, None)
            if question is None:
                self.close()
                break
            self._begin(question)
        raise StopIteration

    def _begin(self, question: Question) -> None:
        if not isinstance(question, Statement):
            # Only a store's own cursors give rows as they come; other connections give them all.
            self._batches = iter(whole(question, self._seconds).to_batches(_BATCH))
            return
        self._under_way, self._passed = question, 0
        apart = None
        if self._cursor is None and question.apart is not None:
            # Of a generation that was replaced, the hub that is open has the last files. It takes a while
            # to open one, and who stops a reading does not wait for the lock.
            with suppress(DamagedStore, duckdb.OutOfMemoryException):
                apart = question.apart()
        with self._lock:
            if self._cursor is None:
                self._backend = question.backend
                self._cursor, self._apart = question.backend.cursor(), apart
        with self._bounded():
            try:
                self._execute()
            except duckdb.OutOfMemoryException:
                if self._apart is None:
                    raise
                self._leave_apart()
                self._execute()

    def _step(self) -> pa.RecordBatch | None:
        if self._backend is None:
            return next(self._batches, None)
        with self._bounded():
            try:
                batch = next(self._batches, None)
            except Exception as fault:
                if self._apart is None or "Out of Memory" not in str(fault):
                    raise
                batch = self._with_more_memory()
        self._passed += batch.num_rows if batch is not None else 0
        return batch

    def _with_more_memory(self) -> pa.RecordBatch | None:
        """Go on where a hub apart cannot hold a part, in that of the generation."""
        self._leave_apart()
        self._execute()
        over = self._passed
        for batch in self._batches:
            # A part is sorted by its key, so that the same rows come first again.
            if batch.num_rows > over:
                return batch.slice(over)
            over -= batch.num_rows
        return None

    def _leave_apart(self) -> None:
        with self._lock:
            apart, self._apart = self._apart, None
        self._batches = iter(())
        if apart is not None:
            apart.close()

    def _execute(self) -> None:
        running, question = self._apart or self._cursor, self._under_way
        assert running is not None
        assert question is not None
        self._batches = iter(running.execute(question.sql, question.values).to_arrow_reader(_BATCH))

    @contextmanager
    def _bounded(self) -> Iterator[None]:
        """A step of the reading: it names a file that is broken, and is stopped when it takes too long."""
        assert self._backend is not None
        with (
            attached.reading(self._backend.folder),
            _stopped_as_slow(self._seconds, self._apart or self._cursor),
        ):
            yield

    def stop(self) -> None:
        """Stop what DuckDB is about, from any thread; the thread that waits for rows goes on at once."""
        self._stopped = True
        with self._lock:
            running = self._apart or self._cursor
            if running is not None:
                running.interrupt()

    def close(self) -> None:
        """Free the cursor; once no thread waits for rows."""
        self._stopped = True
        self._leave_apart()
        with self._lock:
            cursor, self._cursor = self._cursor, None
        if cursor is not None and self._backend is not None:
            cursor.close()
            self._backend.freed()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _stopped_as_slow:  # noqa: N801 - reads as what it does
    """Stops what takes longer than so many seconds on a cursor, and says so.

    What ended by itself before it could be stopped is refused as well: whether a question is too slow is a
    matter of its seconds, not of who was quicker.
    """

    def __init__(self, seconds: float | None, cursor: duckdb.DuckDBPyConnection | None) -> None:
        self._seconds = seconds if cursor is not None else None
        self._until = math.inf
        self._watched = _DEADLINES.within(self._seconds, cursor.interrupt) if cursor else nullcontext()

    def __enter__(self) -> None:
        if self._seconds is not None:
            # Before its deadline is set, so that whatever was told to stop is late here as well.
            self._until = time.monotonic() + self._seconds
        self._watched.__enter__()

    def __exit__(self, kind: Any, fault: BaseException | None, trace: Any) -> None:
        self._watched.__exit__(None, None, None)
        late = time.monotonic() >= self._until
        # Arrow's reader hands on DuckDB's words in an error of its own.
        if late and (fault is None or "nterrupt" in f"{kind.__name__} {fault}"):
            raise TooSlow(
                f"the question took longer than {self._seconds:g} s and was stopped; "
                "ask for fewer trucks or a shorter window."
            ) from None
