"""An exported folder, read by whichever engine an Ibis connection is of."""

from __future__ import annotations

import glob
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path

import ibis
from ibis import _

from truckkit import align, schema
from truckkit.errors import BadRequest, NoStore, told


class ExportedTables(Mapping[str, ibis.Table]):
    """The tables of a folder that ``truckkit export`` wrote, each opened once it is asked for.

    They have names of their own, so that one session can hold the exports of many sites. What Spark detected
    may lie in a folder beside it.
    """

    def __init__(
        self, connection: ibis.BaseBackend, folder: str | Path, detected: str | Path | None = None
    ) -> None:
        self._connection = connection
        self._open: dict[str, ibis.Table] = {}
        self._folder, self._detected = str(folder).rstrip("/"), detected and str(detected).rstrip("/")
        for named in (self._folder, self._detected):
            self._refuse_columns_in(named or "")
        self._told = self._tables_of(self._folder, '"truckkit export" wrote')
        self._found = (
            self._tables_of(self._detected, "detect_apart(…).write(…) made") if self._detected else set()
        )
        self._held = self._told | self._found

    def _refuse_columns_in(self, folder: str) -> None:
        """Spark takes columns from what lies in the folder alone, others from the whole of its path."""
        path = folder if "://" in folder else str(Path(folder).absolute())
        column = next((part for part in path.split("/") if "=" in part), None)
        if column and self._connection.name != "pyspark":
            raise BadRequest(
                f'the path of "{folder}" has a part {told(column)}, which {self._connection.name} takes for '
                "a column; move the export to where no folder has = in its name."
            )

    def _tables_of(self, folder: str, of_whom: str) -> set[str]:
        """The tables of days that have rows in a folder."""
        try:
            made = self._read(folder, "files").made.to_pyarrow().to_pylist()
        except Exception as fault:  # each engine has errors of its own
            said = (str(fault).splitlines() or [type(fault).__name__])[0].rstrip(".")
            raise NoStore(
                f'"{folder}" is no export that {self._connection.name} can read ({said}); '
                f"name the folder that {of_whom}."
            ) from None
        return {name for each in made for name, rows in json.loads(each).items() if rows}

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
            self._open[name] = self._beside(name) if self._detected else self._read(self._folder, name)
        return self._open[name]

    def _beside(self, name: str) -> ibis.Table:
        """A table of the export, with what was detected elsewhere in the place of what a store detected."""
        whole = schema.TABLES[name].kind == "catalog"
        rows = [self._read(self._folder, name)] if whole or name in self._told else []
        if name in _STAYS:
            rows = [each.filter(_STAYS[name](each)) for each in rows]
            if whole or name in self._found:
                anew = self._read(str(self._detected), name)
                if "source" in schema.TABLES[name].names:
                    anew = anew.filter(anew.source == "detected")
                rows = [each.anti_join(anew, schema.TABLES[name].key) if whole else each for each in rows]
                rows.append(anew)
        return align.stacked(*rows)

    def _read(self, folder: str, name: str) -> ibis.Table:
        within = f"{folder}/{name}"
        # Spark finds by itself how a folder is cut into days; others want to be told of the files.
        path = within if self._connection.name == "pyspark" else f"{glob.escape(within)}/**/*.parquet"
        return self._connection.read_parquet(path)


_STAYS: dict[str, Callable[[ibis.Table], ibis.Value]] = {
    "states": lambda rows: rows.source != "detected",
    "cycles": lambda rows: rows.source != "detected",
    "places": lambda rows: rows.given | rows.x_m.isnull(),
    "files": lambda rows: rows.file.notnull(),
}
"""What an export keeps of a table where it is detected anew, as ``tk.detect`` does in a store."""
