"""What a publish is about to store, for those who work out what follows from it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import duckdb
import ibis
import pyarrow as pa

from truckkit import schema
from truckkit.store import attached, catalog, ddl, merge
from truckkit.store.draft import Draft, Facts, Load
from truckkit.store.held import Held


class Pending:
    """The store as it will be once a publish is done; ``derive`` reads it and adds to it.

    Tables of days are read of a stretch of time where one is named: what is asked of all time looks
    into every file that the store has.
    """

    def __init__(self, draft: Draft, folder: Path, base: int, offset: int) -> None:
        self._draft = draft
        self._con = draft.connection
        self.folder = folder
        self.base = base
        self.offset = offset
        self.held = Held(self._con, folder, base)
        self._views: dict[tuple[str, str], str] = {}
        for table in schema.TABLES.values():
            merge.prepare(self._con, table)

    def stored(self, table: schema.Table, first: datetime | None = None, last: datetime | None = None) -> str:
        """The query over a table as it is in the generation that this one replaces.

        ``first`` and ``last`` leave out files that hold nothing of that time; what else they hold is there.
        """
        if table.kind == "catalog":
            return (attached.grown(self._con, "old", table) if self.base else "") or merge.nothing(table)
        return self.held.query(table, self.held.of(table, first, last)) or merge.nothing(table)

    def table(self, name: str, first: datetime | None = None, last: datetime | None = None) -> ibis.Table:
        """A table as it will be: all rows that touch the time from ``first`` to ``last``, and some others."""
        table = schema.TABLES[name]
        return self._view(name, self._after(table, self.stored(table, first, last)))

    def chunks(
        self,
        name: str,
        first: datetime | None = None,
        last: datetime | None = None,
        *,
        newest_first: bool = True,
        before: bool = False,
    ) -> Iterator[ibis.Table]:
        """The rows of a table of days as it will be, by the time of their start, few files at a time.

        For who looks for the nearest row of some kind, and can stop when it is found. ``first`` and
        ``last`` are as in ``table``; ``before`` gives the rows of the generation that this one replaces.
        """
        table = schema.TABLES[name]
        for files, low, high in self.held.chunks(table, first, last, newest_first=newest_first):
            if not files and (before or not merge.changes(self._con, table)):
                return
            held = self.held.query(table, files) or merge.nothing(table)
            rows = self._view(name, held if before else self._after(table, held))
            if low is not None:
                rows = rows.filter(rows[str(table.at)] >= low)
            if high is not None:
                rows = rows.filter(rows[str(table.at)] < high)
            yield rows

    def _after(self, table: schema.Table, stored: str) -> str:
        # What no row changes is in order, and quicker to read.
        return merge.after(table, stored) if merge.changes(self._con, table) else stored

    def _view(self, name: str, query: str) -> ibis.Table:
        """A query by a name of its own, so that an expression over it stays what it was."""
        view = self._views.get((name, query))
        if view is None:
            view = self._views[name, query] = f"seen_{len(self._views)}_{name}"
            self._con.execute(f"CREATE TEMP VIEW {ddl.name(view)} AS {query}")
        return self._draft.backend.table(view)

    @property
    def site(self) -> Facts:
        """What is known of the site."""
        return catalog.described(self._con, self._draft.site, self.stored)

    @property
    def loads(self) -> list[Load]:
        """The loads that bring something, numbered as the ledger will."""
        return [load for load in self._draft.loads if not load.known]

    def before(self, name: str, first: datetime | None = None, last: datetime | None = None) -> ibis.Table:
        """A table as it is in the generation that this one replaces; for the bounds see ``table``."""
        return self._view(name, self.stored(schema.TABLES[name], first, last))

    def new(self, name: str) -> ibis.Table:
        """The rows of a table that this publish adds or changes."""
        # Rows that were taken over as they were staged have their columns in the order of their mapping.
        return self._draft.backend.table("new_" + name).select(schema.TABLES[name].names)

    def tells(self, name: str) -> bool:
        """True where this publish adds or changes a row of a table; cheaper to ask than the table."""
        return bool(self._con.execute(f"SELECT 1 FROM {ddl.name('new_' + name)} LIMIT 1").fetchall())

    def replace(self, name: str, rows: ibis.Table | pa.Table) -> None:
        """Write rows in the place of whatever has their keys."""
        with self._query(rows) as query:
            merge.replace(self._con, schema.TABLES[name], query)

    def remove(self, name: str, rows: ibis.Table | pa.Table) -> None:
        """Take away the rows that have these rows' keys."""
        table = schema.TABLES[name]
        columns = dict.fromkeys((*table.key, *((table.at,) if table.at else ())))
        with self._query(rows) as query:
            merge.remove(self._con, table, f"SELECT {ddl.columns(columns)} FROM ({query})")

    def _query(self, rows: ibis.Table | pa.Table) -> _Registered:
        return _Registered(self._con, rows)


class _Registered:
    """Rows as a query of the draft's connection, for as long as the context lasts."""

    def __init__(self, con: duckdb.DuckDBPyConnection, rows: ibis.Table | pa.Table) -> None:
        self._con = con
        self._rows = rows

    def __enter__(self) -> str:
        if isinstance(self._rows, ibis.Table):
            return str(ibis.to_sql(self._rows, dialect="duckdb", pretty=False))
        self._con.register("handed_over", self._rows)
        return "SELECT * FROM handed_over"

    def __exit__(self, *_: object) -> None:
        if not isinstance(self._rows, ibis.Table):
            self._con.unregister("handed_over")
