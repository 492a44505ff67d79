"""J1939: logs of a truck's CAN bus, each message of a DBC a section by its name, such as ``EEC1``.

A row is a frame: ``time``, ``file`` (the log's name without its end), ``source_address``, and the signals of
its message under the names and in the units of the DBC. Frames of no message there, and those of another kind
than J1939's, are refused in one row for each parameter group or kind, which says how many they are.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

from truckkit.errors import BadInput
from truckkit.sources import signals
from truckkit.sources.frames import Frame, NoFrame, frames
from truckkit.sources.spool import LATE, Spool
from truckkit.sources.streams import LINE, Broken

UNKNOWN = "unknown"
"""The section of what belongs to no message."""

_FRAMES = 200_000
_OURS = ("time", "file", "source_address", LINE, LATE)


def read(path: Path, spool: Spool, *, dbc: str, zone: str = "UTC") -> None:
    """Read all frames of a log, by the text of a DBC; ``zone`` is that of an ``.asc`` file's date."""
    if not dbc:
        raise BadInput(f'"{path}" is a CAN log, and the mapping names no DBC; write dbc = "…" at its top.')
    waiting = _Waiting(path, spool, dbc)
    for each in frames(path, zone):
        if isinstance(each, Frame):
            waiting.put(each)
        elif each.text:
            spool.refuse(UNKNOWN, Broken(each.line, text=each.text, why=each.why))
        else:
            waiting.count(each)
    waiting.end()


class _Waiting:
    """Frames that wait to be decoded, by their parameter group."""

    def __init__(self, path: Path, spool: Spool, dbc: str) -> None:
        self._path, self._spool = path, spool
        self._messages = signals.messages(dbc, path)
        self._frames: dict[int, list[Frame]] = {group: [] for group in self._messages}
        self._count = 0
        self._others: dict[str, tuple[int, int]] = {}
        """For each kind of frame that is not read, the first of them and how many they are."""

    def put(self, frame: Frame) -> None:
        """Take in a frame."""
        group = signals.pgn(frame.id)
        if (came := self._frames.get(group)) is None:
            self.count(NoFrame(frame.line, f"is of PGN {group}, which the DBC does not have"))
            return
        came.append(frame)
        self._count += 1
        if self._count >= _FRAMES:
            self._flush()

    def count(self, other: NoFrame) -> None:
        """Take note of a frame that is not read."""
        first, times = self._others.get(other.why, (other.line, 0))
        self._others[other.why] = (first, times + 1)

    def end(self) -> None:
        """Give the spool all that waits, and say what was not read."""
        self._flush()
        for why, (first, times) in self._others.items():
            said = (
                f"a frame that {why}" if times == 1 else f"the first of {times:,} frames, each of which {why}"
            )
            self._spool.refuse(UNKNOWN, Broken(first, why=said))

    def _flush(self) -> None:
        for group, came in self._frames.items():
            if came:
                self._spool.add(self._messages[group].name, self._rows(self._messages[group], came))
                came.clear()
        self._count = 0

    def _rows(self, message: signals.Message, came: list[Frame]) -> pa.Table:
        # What a short frame lacks reads as not available.
        content = b"".join(frame.data.ljust(8, b"\xff") for frame in came)
        words = np.frombuffer(content, "<u8")
        at = np.array([round(frame.at * 1e6) for frame in came], np.int64)
        names = pa.DictionaryArray.from_arrays(pa.array(np.zeros(len(came), np.int32)), [self._path.stem])
        columns = {
            "time": pa.array(at).cast(pa.timestamp("us", "UTC")),
            "file": names,
            "source_address": pa.array([frame.id & 0xFF for frame in came], pa.int64()),
        }
        for signal in message.signals:
            columns[f"{signal.name} again" if signal.name in _OURS else signal.name] = signal.values(words)
        columns[LINE] = pa.array([frame.line for frame in came], pa.int64())
        return pa.table(columns)
