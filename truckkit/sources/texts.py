"""Rows whose values are text as they were written, gathered into a spool some thousand at a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from truckkit.errors import BadInput
from truckkit.sources.spool import Spool
from truckkit.sources.streams import LINE, Broken

_ROWS, _COLUMNS = 20_000, 4096
_SHOWN = 200


class Texts:
    """Takes rows in order and numbers them."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._rows: dict[str, list[dict[str, str | int]]] = {}
        self._waiting = 0
        self.row = 0
        """The number of the newest row."""

    def add(self, section: str, row: Mapping[str, str | None]) -> None:
        """Keep a row; a value that is nothing is left out."""
        self.row += 1
        told: dict[str, str | int] = {name: each for name, each in row.items() if each is not None}
        if len(told) > _COLUMNS:
            raise BadInput(
                f'"{self._spool.path}" has a row of more than {_COLUMNS:,} values; it is not meant.'
            )
        self._rows.setdefault(section, []).append({**told, LINE: self.row})
        self._waiting += 1
        if self._waiting >= _ROWS:
            self.flush()

    def refuse(self, section: str, reason: str, said: object) -> None:
        """Refuse a row."""
        self.row += 1
        self._spool.refuse(section, Broken(self.row, text=str(said)[:_SHOWN], why=reason))

    def end(self, lacks: str) -> None:
        """Give the spool all that waits; refuse a file without one row, which ``lacks`` says more of."""
        if not self.row:
            raise BadInput(
                f'"{self._spool.path}" has no row to read: {lacks}; bring one that has, or leave it out.'
            )
        self.flush()

    def flush(self) -> None:
        """Give the rows to the spool."""
        for section, rows in self._rows.items():
            names = dict.fromkeys(name for row in rows for name in row if name != LINE)
            columns = {name: pa.array([row.get(name) for row in rows], pa.string()) for name in names}
            columns[LINE] = pa.array([row[LINE] for row in rows], pa.int64())
            self._spool.add(section, pa.table(columns))
        self._rows.clear()
        self._waiting = 0


def as_text(value: Any) -> Any:
    """A value of JSON as text, nothing where it is nothing; half a letter becomes a question mark."""
    if value is None:
        return None
    if isinstance(value, bool):
        return str(value).lower()
    return str(value).encode("utf-8", "replace").decode()
