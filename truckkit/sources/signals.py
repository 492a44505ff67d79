"""The signals of J1939's frames, as a DBC describes them, decoded for many frames at once.

A value that J1939 keeps for "not available", "error" and the like is none: of two to seven bits the two
highest, of eight and more all whose first byte is 0xFB and above (SAE J1939-71, ranges of transmitted
values). Frames of less than eight bytes lack the signals that lie beyond their end.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from truckkit.errors import BadInput
from truckkit.sources.frames import needed

Words = np.ndarray[tuple[int], np.dtype[np.uint64]]
"""Of each frame its eight bytes, the first the lowest."""

_BITS = 64
_LEAST, _FIRST = 8, 0xFB


@dataclass(frozen=True)
class Signal:
    """Where a value lies in a frame, and what a step of it is."""

    name: str
    shift: int
    length: int
    big: bool
    signed: bool
    floating: bool
    scale: float
    offset: float

    def values(self, words: Words) -> pa.Array:
        """The value of each frame, empty where it has none."""
        raw = ((words.byteswap() if self.big else words) >> np.uint64(self.shift)) & _ones(self.length)
        if self.floating:
            width = np.dtype(f"u{self.length // 8}")
            told = raw.astype(width).view(f"f{self.length // 8}").astype(np.float64)
            return pa.array(told * self.scale + self.offset, mask=~np.isfinite(told))
        if self.signed:
            sign = np.uint64(1 << (self.length - 1))
            told = (((raw ^ sign) - sign).view(np.int64)).astype(np.float64)
            return pa.array(told * self.scale + self.offset)
        return pa.array(raw.astype(np.float64) * self.scale + self.offset, mask=raw >= self._end)

    @property
    def _end(self) -> np.uint64:
        """The first number that is no value."""
        if self.length >= _LEAST:
            return np.uint64(_FIRST << (self.length - _LEAST))
        return np.uint64((1 << self.length) - 2 if self.length > 1 else 2)


@dataclass(frozen=True)
class Message:
    """A group of parameters: its name, and its signals."""

    name: str
    signals: tuple[Signal, ...]


def pgn(number: int) -> int:
    """The parameter group of a 29-bit identifier; who a frame is for is no part of it (SAE J1939-21).

    >>> pgn(0x18FEF117), pgn(0x0CEA0017)
    (65265, 59904)
    """
    group = (number >> 8) & 0x3FFFF
    return group if (group >> 8) & 0xFF >= 240 else group & 0x3FF00


def messages(dbc: str, path: Path) -> Mapping[int, Message]:
    """The messages of a DBC, by their parameter group; multiplexed ones are left out.

    Raises ``BadInput`` for a text that is no DBC, and where two messages have one parameter group.
    """
    database = needed("cantools.database", path)
    try:
        told = database.load_string(dbc, "dbc", strict=False).messages
    except Exception as fault:  # its parsers raise many kinds
        said = " ".join(str(fault).split())[:200].rstrip(".")
        raise BadInput(f'the DBC for "{path}" cannot be read: {said}; mend it.') from None
    found: dict[int, Message] = {}
    for message in told:
        if not message.is_extended_frame or message.is_multiplexed():
            continue
        signals = tuple(each for each in map(_signal, message.signals) if each)
        group = pgn(message.frame_id)
        if group in found:
            raise BadInput(
                f'the DBC for "{path}" has two messages of PGN {group}, "{found[group].name}" and '
                f'"{message.name}"; leave one out.'
            )
        if signals:
            found[group] = Message(message.name, signals)
    if not found:
        raise BadInput(f'the DBC for "{path}" has no message of 29 bits with signals; name one of J1939.')
    return found


def _signal(told: Any) -> Signal | None:
    """A signal, where it lies within eight bytes."""
    big = told.byte_order == "big_endian"
    # A DBC counts from the lowest bit, or for big ones from the highest, each byte's bits from its lowest.
    shift = _BITS - (told.start // 8 * 8 + 7 - told.start % 8) - told.length if big else told.start
    if shift < 0 or shift + told.length > _BITS or (told.is_float and told.length not in (32, 64)):
        return None
    return Signal(
        told.name,
        shift,
        told.length,
        big,
        told.is_signed,
        told.is_float,
        float(told.scale),
        float(told.offset),
    )


def _ones(length: int) -> np.uint64:
    return np.uint64((1 << length) - 1)
