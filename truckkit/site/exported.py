"""An exported folder, read by whichever engine an Ibis connection is of."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

import ibis
from ibis import _

from truckkit import schema
from truckkit.errors import NoStore


class ExportedTables(Mapping[str, ibis.Table]):
    """The tables of a folder that ``truckkit export`` wrote, each opened once it is asked for.

    They have names of their own, so that one session can hold the exports of many sites.
    """

    def __init__(self, connection: ibis.BaseBackend, folder: str) -> None:
        self._connection, self._folder = connection, folder.rstrip("/")
        self._open: dict[str, ibis.Table] = {}
        try:
            made = self["files"].made.to_pyarrow().to_pylist()
        except Exception as fault:  # each engine has errors of its own
            said = (str(fault).splitlines() or [type(fault).__name__])[0].rstrip(".")
            raise NoStore(
                f'"{folder}" is no export that {connection.name} can read ({said}); '
                'name the folder that "truckkit export" wrote.'
            ) from None
        self._held = {name for each in made for name, rows in json.loads(each).items() if rows}

    def __getitem__(self, name: str) -> ibis.Table:
        table = schema.TABLES[name]
        if table.kind == "day":
            return self._opened(name).select(table.names) if name in self._held else table.empty()
        return self._opened(name)

    def __iter__(self) -> Iterator[str]:
        return iter(schema.TABLES)

    def __len__(self) -> int:
        return len(schema.TABLES)

    def covering(self, name: str, start: datetime, stop: datetime) -> ibis.Table:
        """A table of days, with all of its rows whose ``at`` (or ``start``) lies in ``[start, stop)``.

        Days outside are not read. The table may hold rows of other times too.
        """
        if name not in self._held:
            return self[name]
        last = stop - timedelta(microseconds=1)
        days = _.day.between(ibis.literal(start.date()), ibis.literal(last.date()))
        return self._opened(name).filter(days).select(schema.TABLES[name].names)

    def _opened(self, name: str) -> ibis.Table:
        if name not in self._open:
            within = f"{self._folder}/{name}"
            # Spark finds by itself how a folder is cut into days; others want to be told of the files.
            path = within if self._connection.name == "pyspark" else f"{within}/**/*.parquet"
            self._open[name] = self._connection.read_parquet(path)
        return self._open[name]
