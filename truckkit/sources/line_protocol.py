"""Line protocol, plain or compressed: points of measurements, each measurement a section.

A line that is no point is refused with its number and what is wrong with it. A line break within a quoted
text is part of it where the whole is a point; else the line is refused and the next is read by itself, so
that a quote that nothing closes costs one line. Comments and empty lines are no rows.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa

from truckkit.errors import BadInput
from truckkit.sources import decoded, scanned
from truckkit.sources.gathered import Gathered
from truckkit.sources.points import LONGEST, NOWHERE, NoPoint, point
from truckkit.sources.spool import Spool
from truckkit.sources.streams import Broken

_SHOWN = 200
_POWERS = np.array([float(f"1e{power}") for power in range(23)])


def read(path: Path, spool: Spool, *, compiled: bool = True) -> None:
    """Read all points of a file; the compiled way and the plain way give the same."""
    if path.stat().st_size == 0:
        raise BadInput(f'"{path}" is empty: there is no point in it.')
    lines = _Lines(spool, compiled)
    rest, is_first = b"", True
    for piece in decoded.pieces(path):
        if is_first:
            if piece.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                raise BadInput(f'"{path}" is not in UTF-8: it begins as UTF-16 does; save it as UTF-8.')
            piece, is_first = piece.removeprefix(codecs.BOM_UTF8), False
        rest = lines.read(rest + piece, is_last=False)
    lines.read(rest, is_last=True)
    lines.gathered.flush()


def hold_to_points(spool: Spool) -> None:
    """Refuse a file in which no line is a point: it is something else that was named so."""
    if spool.holds_rows:
        return
    instead = "it holds comments and empty lines alone"
    if first := spool.first_refused:
        instead = f"line {first.line:,} is none, for {first.reason}"
    raise BadInput(
        f'"{spool.path}" holds not one point of line protocol: {instead}; '
        "bring a file of the kind that its name says."
    )


def ready() -> None:
    """Have the compiled way compiled, or taken from where it was kept, before a file asks for it."""
    lines = _Lines(_Nowhere(Path(__file__), Path()), compiled=True)
    lines.read(b"m a=1 1\n", is_last=True)
    lines.gathered.flush()


class _Nowhere(Spool):
    def add(self, section: str, rows: pa.Table, fields: Iterable[str] = ()) -> None:
        """Nothing is wanted of it."""


class _Lines:
    def __init__(self, spool: Spool, compiled: bool) -> None:
        self._spool, self._compiled = spool, compiled
        self.gathered = Gathered(spool, spool.trucks)
        self._skips = False
        """True within a line that is refused and longer than what is in memory."""

    def read(self, data: bytes, *, is_last: bool) -> bytes:
        """Read the lines that can be told from here; give what must wait for more."""
        state, gathered = self.gathered.state, self.gathered
        state[scanned.AT] = self._skipped(data) if self._skips else 0
        limit = len(data) if is_last else len(data) - LONGEST
        array = np.frombuffer(data, np.uint8)
        while state[scanned.AT] < limit:
            why = scanned.ODD
            if self._compiled:
                why = scanned.scan(array, limit, is_last, state, gathered.known, gathered.filled, _POWERS)
            if why == scanned.FULL:
                # What one line needs always fits into empty arrays.
                gathered.flush()
            elif why == scanned.ODD:
                self._odd(data)
        return data[state[scanned.AT] :]

    def _odd(self, data: bytes) -> None:
        """Read one line the plain way."""
        state = self.gathered.state
        start = at = int(state[scanned.AT])
        while data[at : at + 1] in (b" ", b"\t"):
            at += 1
        stop = data.find(b"\n", at) + 1 or len(data)
        if data[at : at + 1] == b"#" or not data[at:stop].strip(b" \t\r\n"):
            self._next(data, start, stop)
            return
        try:
            told, end = point(data, at)
            self.gathered.put(told)
        except NoPoint as fault:
            end = fault.end or stop
            said = data[at : min(end, at + _SHOWN)].decode(errors="replace").rstrip("\r\n")
            line = int(state[scanned.LINE])
            self._spool.refuse(fault.section or NOWHERE, Broken(line, text=said, why=fault.reason))
        self._next(data, start, end)

    def _next(self, data: bytes, start: int, end: int) -> None:
        state = self.gathered.state
        self._skips = end == len(data) and data[end - 1 : end] != b"\n"
        state[scanned.LINE] += data.count(b"\n", start, end)
        state[scanned.AT] = end

    def _skipped(self, data: bytes) -> int:
        end = data.find(b"\n") + 1
        self._skips = not end
        self.gathered.state[scanned.LINE] += bool(end)
        return end or len(data)
