"""The sections of a file, read in a process of its own: their rows come mixed, and wait in a spool here."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa

from truckkit.sources import apart
from truckkit.sources.limits import Bound, Limits
from truckkit.sources.spool import Spool
from truckkit.sources.streams import Broken, Pouring, Put, unreadable

Reader = Callable[[Path, Spool], None]
"""Reads a file into a spool; a function of a module in ``truckkit.sources``."""

_SAID = pa.schema(
    {
        "section": pa.string(),
        "part": pa.large_binary(),
        "fields": pa.list_(pa.string()),
        "line": pa.int64(),
        "text": pa.string(),
        "why": pa.string(),
    }
)
"""What the reader's process says: a part of a section's rows, as an Arrow file, or a row that is none."""

_REFUSED = 10_000


@dataclass(frozen=True)
class Opener:
    """Opens a file in the reader's process."""

    reader: Reader
    trucks: dict[str, str] = field(default_factory=dict)
    prepare: Callable[[], None] | None = None

    def ready(self) -> None:
        """Done before the limits of the file hold: what is compiled is kept for the next process."""
        if self.prepare:
            self.prepare()

    def __call__(self, path: Path, bound: Bound) -> Pouring:
        def pour(put: Put) -> None:
            outgoing = _Outgoing(path, self.trucks, put)
            self.reader(path, outgoing)
            outgoing.flush()

        return Pouring(path, _SAID, pour)


def into(spool: Spool, opener: Opener, limits: Limits | None = None) -> None:
    """Read a file into a spool; raises ``BadInput`` also where the file ends its reader."""
    with apart.rows(opener, spool.path, limits).reading() as stream:
        for batch in stream:
            section, part, fields, *told = (batch[name] for name in _SAID.names)
            for row in range(batch.num_rows):
                name = section[row].as_py()
                if part[row].is_valid:
                    try:
                        spool.take(name, part[row].as_buffer(), fields[row].as_py())
                    except pa.ArrowException as fault:
                        raise unreadable(spool.path, fault) from None
                else:
                    line, text, why = (column[row].as_py() for column in told)
                    spool.refuse(name, Broken(line, text=text, why=why))


class _Outgoing(Spool):
    """Stands for the spool in the reader's process, and keeps nothing."""

    def __init__(self, path: Path, trucks: dict[str, str], put: Put) -> None:
        super().__init__(path, path.parent, trucks)
        self._put = put
        self._waiting: list[dict[str, object]] = []

    def add(self, section: str, rows: pa.Table, fields: Iterable[str] = ()) -> None:
        self.flush()
        sink = pa.BufferOutputStream()
        with pa.ipc.new_file(sink, rows.schema) as writer:
            writer.write_table(rows)
        self._say([{"section": section, "fields": list(fields)}], sink.getvalue())

    def refuse(self, section: str, broken: Broken) -> None:
        said = {"section": section, "line": broken.line, "text": broken.text, "why": broken.reason}
        self._waiting.append(said)
        if len(self._waiting) >= _REFUSED:
            self.flush()

    def flush(self) -> None:
        """Say what waits."""
        if self._waiting:
            self._say(self._waiting)
            self._waiting = []

    def _say(self, said: list[dict[str, object]], part: pa.Buffer | None = None) -> None:
        columns = {each.name: pa.array([row.get(each.name) for row in said], each.type) for each in _SAID}
        if part is not None:  # as it is: a copy would take its room again
            span = pa.py_buffer(np.array([0, part.size]))
            columns["part"] = pa.Array.from_buffers(pa.large_binary(), 1, [None, span, part])
        self._put(pa.record_batch(list(columns.values()), schema=_SAID))
