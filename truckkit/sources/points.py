"""One point of line protocol, read as InfluxDB reads it: the plain way, and the measure for the fast one.

The grammar is that of https://docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol/: a
measurement, tags, a space, fields, a space, a time in nanoseconds. A backslash stands before a comma, an
equals sign or a space that is meant; in a quoted text before a quote or a backslash. Any other is itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

LONGEST = 1 << 20
"""Bytes that a point may be long; so far the reader looks ahead for the quote that closes a text."""

NUMBER, TEXT, FLAG = range(3)
"""The kinds of values; a field's values of one kind are one column."""

NOWHERE = "no measurement"
"""The section of lines that do not even name a measurement."""

RESERVED = ("time", "_line", "_late")

Value: TypeAlias = "int | float | str | bool"

_INT64 = 1 << 63
_MEASUREMENT = re.compile(rb"(?:[^, \n\\]|\\[, ]|\\)++")
_KEY = re.compile(rb"(?:[^,= \n\\]|\\[,= ]|\\)++")
_STRING = re.compile(rb'"((?:[^"\\]|\\.)*+)"', re.DOTALL)
_BARE = re.compile(rb'[^, \n\r"]++')
_FLOAT = re.compile(rb"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_INTEGER = re.compile(rb"([+-]?\d{1,30})i")
_UNSIGNED = re.compile(rb"(\+?\d{1,30})u")
_SPACES = re.compile(rb" ++")
_TIME = re.compile(rb"-?\d++")
_END = re.compile(rb" *+(?:\r?\n|\r?\Z)")
_FLAGS = {
    **dict.fromkeys((b"t", b"T", b"true", b"True", b"TRUE"), True),
    **dict.fromkeys((b"f", b"F", b"false", b"False", b"FALSE"), False),
}


@dataclass(frozen=True)
class Point:
    """What a measurement says of one series at one time."""

    measurement: str
    tags: Mapping[str, str]
    fields: Mapping[str, Value]
    at: int
    """Nanoseconds since 1970, UTC."""
    prefix: bytes
    """Measurement and tags as they were written."""
    keys: Mapping[str, bytes]
    """The names of the fields as they were written."""


class NoPoint(Exception):
    """A line is no point; ``end`` is where it ends if it is one but for its values."""

    def __init__(self, reason: str, section: str = NOWHERE, end: int | None = None) -> None:
        super().__init__(reason)
        self.reason, self.section, self.end = reason, section, end


def point(data: bytes, at: int = 0) -> tuple[Point, int]:
    r"""The point that starts at a byte, and where the next line starts; raises ``NoPoint``.

    >>> told, _ = point(rb'haul\ road,truck=T\,1 load=1.5,passes=4i,full=t,said="a \"b\"" 1709272800')
    >>> told.measurement, told.tags, told.fields
    ('haul road', {'truck': 'T,1'}, {'load': 1.5, 'passes': 4, 'full': True, 'said': 'a "b"'})
    """
    reading = _Reading(data, at)
    told = reading.point()
    return told, reading.at


def kind(value: Value) -> int:
    """Which kind a value is of."""
    return FLAG if isinstance(value, bool) else TEXT if isinstance(value, str) else NUMBER


class _Reading:
    def __init__(self, data: bytes, at: int) -> None:
        self.data, self.start, self.at = data, at, at
        self.stop = min(len(data), at + LONGEST)
        self.section = NOWHERE
        self.fault = ""

    def point(self) -> Point:
        raw = self._take(_MEASUREMENT, "it names no measurement")
        self.section = self._text(re.sub(rb"\\([, ])", rb"\1", raw), "the measurement's name") or NOWHERE
        tags = self._tags()
        prefix = self.data[self.start : self.at]
        if self._next() != b" ":
            raise self._no("it has no fields")
        self._take(_SPACES, "")
        fields, keys = self._fields()
        if not _END.match(self.data, self.at, self.stop):
            at = self._time()
        else:
            at, self.fault = 0, self.fault or "it has no time"
        end = _END.match(self.data, self.at, self.stop)
        assert end
        self.at = end.end()
        if self.at == self.stop < len(self.data) and self.data[self.at - 1 : self.at] != b"\n":
            raise self._no(f"it is longer than {LONGEST:,} bytes")
        if self.fault:
            raise NoPoint(self.fault, self.section, self.at)
        return Point(self.section, tags, fields, at, prefix, keys)

    def _tags(self) -> dict[str, str]:
        tags: dict[str, str] = {}
        while self._next() == b",":
            self.at += 1
            key = self._name("a tag has no name")
            if self._next() != b"=":
                raise self._no(f'the tag "{key[:60]}" has no value')
            self.at += 1
            raw = self._take(_KEY, f'the tag "{key[:60]}" has no value')
            if self._next() == b"=":
                raise self._no(f'the value of the tag "{key[:60]}" holds an equals sign without a backslash')
            if key in tags:
                self.fault = self.fault or f'it has the tag "{key[:60]}" twice'
            tags[key] = self._text(_unescaped(raw), f'the tag "{key[:60]}"')
        return tags

    def _fields(self) -> tuple[dict[str, Value], dict[str, bytes]]:
        fields: dict[str, Value] = {}
        keys: dict[str, bytes] = {}
        while True:
            begun = self.at
            key = self._name("a field has no name")
            raw = self.data[begun : self.at]
            if self._next() != b"=":
                raise self._no(f'the field "{key[:60]}" has no value')
            self.at += 1
            fields[key], keys[key] = self._value(key), raw
            if self._next() != b",":
                return fields, keys
            self.at += 1

    def _name(self, missing: str) -> str:
        name = self._text(_unescaped(self._take(_KEY, missing)), "a name")
        if name in RESERVED:
            self.fault = self.fault or f'a tag or field is called "{name}", which is taken'
        return name

    def _value(self, key: str) -> Value:
        if self._next() == b'"':
            found = _STRING.match(self.data, self.at, self.stop)
            if not found:
                raise self._no(f'the text of the field "{key[:60]}" has no closing quote')
            self.at = found.end()
            return self._text(re.sub(rb'\\(["\\])', rb"\1", found[1]), f'the field "{key[:60]}"')
        raw = self._take(_BARE, f'the field "{key[:60]}" has no value')
        if raw in _FLAGS:
            return _FLAGS[raw]
        if _FLOAT.fullmatch(raw):
            number = float(raw)
            if abs(number) == float("inf"):
                self.fault = self.fault or f'the field "{key[:60]}" is too large a number'
            return number
        if (whole := _INTEGER.fullmatch(raw)) and -_INT64 <= (number := int(whole[1])) < _INT64:
            return number
        if (unsigned := _UNSIGNED.fullmatch(raw)) and (number := int(unsigned[1])) < 2 * _INT64:
            return number if number < _INT64 else float(number)
        said = raw[:60].decode(errors="replace")
        raise self._no(f'the field "{key[:60]}" is "{said}", which is no number, text or truth value')

    def _time(self) -> int:
        self._take(_SPACES, "after the fields comes neither a comma nor a time")
        raw = self._take(_TIME, "its time is no whole number of nanoseconds")
        if not _END.match(self.data, self.at, self.stop):
            raise self._no("after its time comes something else, or its time is no whole number")
        at = int(raw) if len(raw) <= 20 else _INT64
        if not -_INT64 <= at < _INT64:
            self.fault = self.fault or "its time is too large a number"
        return at

    def _take(self, wanted: re.Pattern[bytes], missing: str) -> bytes:
        found = wanted.match(self.data, self.at, self.stop)
        if not found:
            raise self._no(missing)
        self.at = found.end()
        return found[0]

    def _next(self) -> bytes:
        return self.data[self.at : min(self.at + 1, self.stop)]

    def _text(self, raw: bytes, what: str) -> str:
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            self.fault = self.fault or f"{what} is not in UTF-8"
            return raw.decode(errors="replace")
        if "\0" in text:
            self.fault = self.fault or f"{what} holds a zero byte"
        return text

    def _no(self, reason: str) -> NoPoint:
        return NoPoint(reason, self.section)


def _unescaped(raw: bytes) -> bytes:
    return re.sub(rb"\\([,= ])", rb"\1", raw) if b"\\" in raw else raw
