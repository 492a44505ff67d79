"""Drafts: rows on their way into a store, staged in an in-memory DuckDB that spills to the disk.

No lock is needed to fill one. Staged rows are those of ``schema`` plus ``_line`` (their row in the
source), ``_rank`` (0 is the better of two rows that tell of the same), ``_reason`` (why the row is
refused, empty where it is not) and ``_content`` (what a refused row held).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any

import duckdb
import ibis
import pyarrow as pa
from duckdb.func import ARROW, SPECIAL

from truckkit import schema
from truckkit.errors import CannotWrite
from truckkit.store import attached, ddl
from truckkit.store.scratch import Scratch

STAGING = {"_line": "int64", "_rank": "int64", "_reason": "string", "_content": "string"}
"""The columns that staged rows have beside those of their table."""

_ALWAYS = ("_line", "_reason", "_content")
"""The columns that every staged table has, beside its key and its load."""

_STAGED = {
    table.name: {**{column.name: column.type for column in table}, "load_id": schema.COUNT, **STAGING}
    for table in schema.TABLES.values()
}
"""For each table, the columns that may be staged, with their types."""


@dataclass
class Load:
    """One source of a draft, and what becomes of its rows."""

    number: int
    """Within the draft; the ledger's ``load_id`` once published."""
    source: str
    identity: str
    mapping: str
    into: str
    """The table whose rows are counted: a row of the source is kept where its row here is kept."""
    adds_trucks: bool = True
    """False where rows of trucks that the store does not know are refused."""
    rows_in: int = 0
    rejected: int = 0
    duplicates: int = 0
    corrected: int = 0
    known: bool = False
    """True where the ledger has this content already; nothing of it is stored again."""
    cursor: str | None = None
    late: int | None = None
    lacking: int | None = None
    made: dict[str, int] | None = None
    start: datetime | None = None
    stop: datetime | None = None

    @property
    def kept(self) -> int:
        """Rows that are in tables afterwards."""
        return self.rows_in - self.rejected - self.duplicates


@dataclass
class Aside:
    """A field that the mapping of a load does not know, and that is in no table."""

    load: Load
    field: str
    line: int
    """The first row that has it."""
    content: str
    """What it says there."""
    values: int = 0


@dataclass
class Facts:
    """What a draft says of the site itself."""

    name: str = "mine"
    time_zone: str = "UTC"
    crs: str | None = None
    simulated: bool = False
    least_coverage: float | None = None
    own: bool = False
    """True where the site says so itself, so that it wins over what sources said of it."""


class Draft:
    """Rows on their way into a store; use it as a context, so that its scratch space goes away.

    What does not fit into ``memory`` goes to the scratch space; the process takes some 500 MB beside it.
    """

    def __init__(self, memory: str = "450MB", scratch: Path | None = None) -> None:
        self._held = Scratch(scratch)
        self.scratch = self._held.folder
        self.connection = duckdb.connect(
            ":memory:",
            config={
                **attached.QUIET,
                "memory_limit": memory,
                "temp_directory": str(self.scratch),
                # Staged rows know their line; to keep them in its order takes an eighth of the time.
                "preserve_insertion_order": False,
            },
        )
        self._draw_no_bar()
        self.backend = ibis.duckdb.from_connection(self.connection)
        self.loads: list[Load] = []
        self.asides: dict[tuple[int, str], Aside] = {}
        self.site: Facts | None = None
        self._staged: set[str] = set()
        self._streams: set[str] = set()

    def _draw_no_bar(self) -> None:
        """Ingest tells its own progress."""
        asked = "SELECT current_setting('enable_progress_bar')"
        # In a notebook it is off already, and DuckDB refuses the very statement without ipywidgets.
        if self.connection.execute(asked).fetchall()[0][0]:
            self.connection.execute("SET enable_progress_bar = false")

    def __enter__(self) -> Draft:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Forget the rows."""
        self.connection.close()
        self._held.close()

    def load(self, source: str, identity: str, mapping: str, into: str) -> Load:
        """Begin one source."""
        self.loads.append(Load(len(self.loads) + 1, source, identity, mapping, into))
        return self.loads[-1]

    def set_aside(self, load: Load, field: str, values: int, line: int, content: str) -> None:
        """Say, once a load, that a field was not kept, and how many values it had."""
        aside = self.asides.setdefault((id(load), field), Aside(load, field, line, content))
        aside.values += values

    def teach(self, name: str, function: Callable[..., pa.Array], takes: Sequence[str], gives: str) -> None:
        """Give expressions a function of Arrow arrays, by a name that Ibis declares as a builtin."""
        types: list[Any] = [self.connection.type(kind) for kind in takes]
        self.connection.create_function(
            name, function, types, self.connection.type(gives), type=ARROW, null_handling=SPECIAL
        )

    def read(self, name: str, rows: pa.RecordBatchReader | pa.Table, *, once: bool = False) -> ibis.Table:
        """Rows of a source, as a table for a mapping to work on.

        ``once`` reads a stream as it comes, for a mapping that asks for the rows a single time.
        """
        if once:
            self.connection.register(name, rows)
            self._streams.add(name)
        else:
            self.connection.register("incoming", rows)
            with self._room():
                self.connection.execute(
                    f"CREATE OR REPLACE TEMP TABLE {ddl.name(name)} AS SELECT * FROM incoming"
                )
            self.connection.unregister("incoming")
        return self.backend.table(name)

    def forget(self, name: str) -> None:
        """Give back the space of rows that were read and are staged."""
        if name in self._streams:
            self._streams.remove(name)
            self.connection.unregister(name)
        else:
            self.connection.execute(f"DROP TABLE IF EXISTS {ddl.name(name)}")

    def stage(self, table: schema.Table, rows: ibis.Table, load: Load) -> None:
        """Add rows to a table; columns that they do not have are empty."""
        shaped = self._shaped(table, rows, load)
        target = ddl.name(f"staged_{table.name}")
        columns = {name: _STAGED[table.name][name] for name in shaped}
        if table.name not in self._staged:
            self.connection.execute(ddl.temporary(target, columns))
            self._staged.add(table.name)
        for statement in ddl.widened(target, columns):
            self.connection.execute(statement)
        staged = ibis.to_sql(rows.select(shaped), dialect="duckdb", pretty=False)
        with self._room():
            self.connection.execute(f"INSERT INTO {target} BY NAME {staged}")

    @contextmanager
    def _room(self) -> Iterator[None]:
        """Say so where the scratch space is full."""
        try:
            yield
        except (duckdb.OutOfMemoryException, duckdb.IOException) as fault:
            said = str(fault).splitlines()[0].rstrip(".")
            raise CannotWrite(
                f'"{self.scratch}" has no room for what is being loaded ({said}); make room there, or name '
                "another folder in TMPDIR."
            ) from None

    def refused(self, table: schema.Table, load: Load) -> ibis.Table | None:
        """The ``_line`` of each row of a load that is staged to be refused; nothing where none is."""
        staged = self.backend.table(f"staged_{table.name}")
        lines = staged.filter(staged.load_id == load.number, staged["_reason"].notnull()).select("_line")
        return lines if lines.count().execute() else None

    def refused_before(self, table: schema.Table, load: Load, before: pa.Table) -> None:
        """Take away the refused rows of a load that were refused before, with the same words; they repeat.

        ``before`` has the ``reason`` and the ``content`` of what was refused.
        """
        staged = ddl.name(f"staged_{table.name}")
        self.connection.register("before", before)
        gone = self.connection.execute(
            f"DELETE FROM {staged} WHERE load_id = ? AND _reason IS NOT NULL AND "
            "(_reason, coalesce(_content, '')) IN (SELECT (reason, content) FROM before)",
            [load.number],
        ).fetchall()[0][0]
        self.connection.unregister("before")
        load.duplicates += gone

    def _shaped(self, table: schema.Table, rows: ibis.Table, load: Load) -> dict[str, ibis.Value]:
        """The columns to stage: those that the rows have, for what is empty costs as much as what is not."""
        shaped: dict[str, ibis.Value] = {}
        for name, kind in _STAGED[table.name].items():
            if name in rows.columns:
                value = rows[name]
                shaped[name] = (
                    value if value.type().copy(nullable=True) == ibis.dtype(kind) else value.cast(kind)
                )
            elif name == "load_id":
                shaped[name] = ibis.literal(load.number, kind)
            elif name in _ALWAYS or name in table.key:
                shaped[name] = ibis.null(kind)
        return shaped

    @property
    def staged(self) -> tuple[schema.Table, ...]:
        """The tables that have rows staged."""
        return tuple(table for table in schema.TABLES.values() if table.name in self._staged)
