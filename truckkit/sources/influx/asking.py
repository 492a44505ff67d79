"""What is asked of a server, in whichever of its languages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

import pyarrow as pa

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

TIME = pa.timestamp("ms", "UTC")
"""The column ``time`` of every answer."""
TAG = pa.dictionary(pa.int32(), pa.string())


def instant(time: pa.Scalar) -> datetime:
    """A time of an answer; pyarrow's own way to one loads pandas first, which takes a second.

    >>> print(instant(pa.scalar(1500, TIME)))
    1970-01-01 00:00:01.500000+00:00
    """
    return EPOCH + timedelta(milliseconds=time.value)


@dataclass(frozen=True)
class Measurement:
    """What a measurement has."""

    name: str
    tags: tuple[str, ...]
    fields: Mapping[str, tuple[str, ...]]
    """For each field its types, of float, integer, boolean and string: more than one where they conflict."""

    def columns(self, wanted: tuple[str, ...]) -> dict[str, pa.DataType]:
        """The columns of an answer that asks for these tags and fields, those of conflicts among them."""
        columns: dict[str, pa.DataType] = {}
        for name in wanted:
            if name in self.tags:
                columns[name] = TAG
            for number, kind in enumerate(kinds(self.fields.get(name, ()))):
                columns[name if not number else f"{name}::{kind}"] = _TYPES[kind]
        return columns


_TYPES = {"float": pa.float64(), "integer": pa.int64(), "boolean": pa.bool_(), "string": pa.string()}


def kinds(types: tuple[str, ...]) -> list[str]:
    """The types of a field that differ in more than how a number is written; numbers come first.

    >>> kinds(("string", "integer", "float"))
    ['float', 'string']
    """
    numbers = {"float", "integer", "unsigned"} & set(types)
    number = ["float"] if numbers - {"integer"} else ["integer"] if numbers else []
    return number + [kind for kind in ("boolean", "string") if kind in types]


@dataclass(frozen=True)
class Question:
    """The points of one truck in a stretch of time, ``[start, stop)``; no ``stop`` is no end."""

    measurement: Measurement
    wanted: tuple[str, ...]
    tag: str | None
    """The tag that names the truck; nothing where none does, and all points are meant."""
    truck: str
    """Its value; empty for points that have no such tag."""
    start: datetime
    stop: datetime | None


class Server(Protocol):
    """A server, asked in its own language. Each answer is whole, or ``SourceFailed`` is raised."""

    @property
    def label(self) -> str:
        """Where it is, without what opens it."""

    def measurement(self, name: str) -> Measurement | None:
        """What a measurement has; nothing where the server has none of that name."""

    def trucks(self, measurement: Measurement, tag: str) -> list[str]:
        """The values of a tag, and the empty text for points without it."""

    def counts(
        self, measurement: Measurement, fields: list[str], start: datetime, stop: datetime
    ) -> dict[str, int]:
        """How many values fields have in ``[start, stop)``."""

    def first(self, measurement: Measurement) -> datetime | None:
        """The time of the earliest point."""

    def points(self, question: Question) -> pa.Table:
        """The points asked for, in the order of their time: ``time`` and the wanted columns."""
