"""Pages of a table by keyset: each starts after the last key of the one before.

A cursor is opaque to who asks. It holds the generation it was made for, the question it belongs to
and the key to go on after. What comes back is checked as any other input: it may have been changed.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, Protocol

import ibis
import pyarrow as pa

from truckkit import schema
from truckkit.errors import BadRequest, StaleCursor

_EPOCH = dt.datetime(1970, 1, 1)  # noqa: DTZ001 - instants are naive UTC in a store
_MICROSECOND = dt.timedelta(microseconds=1)


@dataclass(frozen=True)
class Cursor:
    """Where a page starts: after this key, in this generation, of this question.

    >>> cursor = Cursor(42, "cycles of T01", ("T01", 1_669_000_000_000_250))
    >>> Cursor.read(cursor.text(), 42, "cycles of T01") == cursor
    True
    """

    generation: int | None
    question: str
    after: tuple[str | int, ...]

    def text(self) -> str:
        """The cursor as it stands in an address."""
        content = json.dumps([self.generation, self.question, *self.after], ensure_ascii=False)
        return base64.urlsafe_b64encode(content.encode()).rstrip(b"=").decode()

    @classmethod
    def read(cls, text: str, generation: int | None, question: str) -> Cursor:
        """The cursor that was handed out as this text, for the same question and generation."""
        try:
            padded = text.encode("ascii") + b"=" * (-len(text) % 4)
            content = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
            made_for, asked, *after = content
        except (ValueError, TypeError, RecursionError, binascii.Error):
            raise _unreadable() from None
        if asked != question:
            raise BadRequest(
                "the cursor belongs to another question: keep path and filters as they are in "
                '"next", or leave the cursor out to start anew.'
            )
        if made_for != generation:
            raise StaleCursor(
                f"the cursor is for generation {made_for!r:.20}, and the store is at generation "
                f"{generation}: leave the cursor out to start anew."
            )
        return cls(generation, question, tuple(after))


class Rows(Protocol):
    """Rows that can be asked for from any key on."""

    @property
    def table(self) -> schema.Table:
        """What a row is, and its key."""

    def first(self, after: tuple[Any, ...] | None, most: int) -> pa.Table:
        """The first rows after a key, in the order of their key, with their key."""


@dataclass(frozen=True)
class Page:
    """The rows of one page, and the cursor of the next where there is one."""

    rows: pa.Table
    next: Cursor | None


def page(
    rows: Rows,
    limit: int,
    cursor: str | None = None,
    generation: int | None = None,
    question: str = "",
) -> Page:
    """The first rows after a cursor, in the order of their key."""
    key = [rows.table[name] for name in rows.table.key]
    after = None
    if cursor is not None:
        after = _checked(key, Cursor.read(cursor, generation, question).after)
    # One row more than asked for tells whether there is another page.
    found = rows.first(after, limit + 1)
    if len(found) <= limit:
        return Page(found, None)
    found = found.slice(0, limit)
    last = [found[column.name].slice(limit - 1) for column in key]
    said = tuple((column.cast(pa.int64()) if _is_instant(column) else column)[0].as_py() for column in last)
    return Page(found, Cursor(generation, question, said))


def beyond(rows: ibis.Table, table: schema.Table, after: Sequence[Any]) -> ibis.ir.BooleanValue:
    """The test for rows after a key."""
    bounds = [
        (rows[name], ibis.literal(value, type=table[name].type))
        for name, value in zip(table.key, after, strict=True)
    ]
    (column, value), *_ = bounds
    further = reduce(
        lambda rest, bound: (bound[0] > bound[1]) | ((bound[0] == bound[1]) & rest),
        reversed(bounds[:-1]),
        bounds[-1][0] > bounds[-1][1],
    )
    # Says nothing new, but lets DuckDB skip the blocks before it.
    return further & (column >= value) if len(bounds) > 1 else further


def _checked(key: Sequence[schema.Column], after: Sequence[Any]) -> tuple[Any, ...]:
    if len(after) != len(key):
        raise _unreadable()
    return tuple(_value(column, value) for column, value in zip(key, after, strict=True))


def _value(column: schema.Column, value: Any) -> Any:
    """One value of a cursor, as the column's own type and as nothing else."""
    if column.type == schema.TEXT and isinstance(value, str) and sayable(value):
        return value
    if column.type == schema.COUNT and type(value) is int and abs(value) < 1 << 63:
        return value
    if column.type == schema.INSTANT and type(value) is int:
        try:
            return _EPOCH + value * _MICROSECOND
        except OverflowError:
            raise _unreadable() from None
    raise _unreadable()


def sayable(text: str) -> bool:
    """Whether DuckDB takes the text: it knows no NUL and no half of a surrogate pair.

    >>> sayable("T01"), sayable("T\\0")
    (True, False)
    """
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def _is_instant(column: pa.ChunkedArray) -> bool:
    return bool(pa.types.is_timestamp(column.type))


def _unreadable() -> BadRequest:
    return BadRequest(
        'the cursor cannot be read: take it as it is from "next", or leave it out to start anew.'
    )
