"""What a mapping says, once it is read."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from pathlib import Path
from typing import Any

from truckkit import schema

MONDAY = date(2024, 1, 1)
"""A Monday, from which the turns of crews are counted where a roster has always been."""


@dataclass(frozen=True)
class Lookup:
    """A file beside the one being read that says what its codes stand for."""

    file: str
    key: str
    answer: str


@dataclass(frozen=True)
class Spec:
    """Where one column comes from."""

    source: str | None = None
    value: Any = None
    unit: str | None = None
    zone: str | None = None
    format: str | None = None
    epoch: str | None = None
    words: Dictionary[str, str] | None = None
    otherwise: str | None = None
    missing: tuple[Any, ...] = ()
    between: tuple[float, float] | None = None
    scale: float = 1.0
    plus: float = 0.0
    lookup: Lookup | None = None


@dataclass(frozen=True)
class Rows:
    """What the rows of a file become in one table."""

    into: schema.Table
    columns: Dictionary[str, Spec]
    prefer_equal: tuple[str, str] | None = None


@dataclass(frozen=True)
class Kind:
    """One kind of rows, and the tables that they become: those of a file, by its name, or of a section.

    A section is a measurement of InfluxDB or of line protocol, or what a format of its own sets apart.
    """

    match: str
    tables: tuple[Rows, ...]
    section: str = ""
    ignored: frozenset[str] = frozenset()
    """Fields that are known, and not wanted."""
    passed_over: bool = False
    """True for a section that is known, and not wanted."""

    @property
    def name(self) -> str:
        """What it goes by in sentences."""
        return self.section or self.match

    def may_be(self, path: Path, *, sections: bool) -> bool:
        """True where a file, by its name and by whether it has sections, can hold rows of this kind."""
        return bool(self.section) == sections and fnmatch.fnmatch(path.name, self.match)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it asks for."""
        wanted = [spec.source for rows in self.tables for spec in rows.columns.values() if spec.source]
        wanted += [each for rows in self.tables for each in rows.prefer_equal or ()]
        return tuple(dict.fromkeys(wanted))


@dataclass(frozen=True)
class Roster:
    """One shift of every day: its word, when it starts in site time, how long it is, who works it in turn."""

    word: str
    start: time
    hours: float
    crews: tuple[str, ...] = ()
    days_each: int = 1
    """Days that a crew works before the next in turn, counted from ``first``."""
    first: date | None = None
    """First local date on which it is worked; it always has been where there is none."""
    last: date | None = None
    """Last local date on which it starts; it still is where there is none."""

    def on(self, day: date) -> bool:
        """True where it is worked on a local date."""
        return (self.first is None or day >= self.first) and (self.last is None or day <= self.last)

    def crew(self, day: date) -> str | None:
        """Who works it on a local date; nobody says where there are no crews."""
        if not self.crews:
            return None
        turns = (day - (self.first or MONDAY)).days // self.days_each
        return self.crews[turns % len(self.crews)]


@dataclass(frozen=True)
class Mapping:
    """A whole mapping."""

    name: str
    time_zone: str
    kinds: tuple[Kind, ...]
    site_name: str | None = None
    crs: str | None = None
    simulated: bool = False
    add_unknown_trucks: bool = True
    shifts: tuple[Roster, ...] = field(default=())
    evolves: bool = False
    """True where fields that the mapping does not know are kept as channels, and text is read as a number."""
    lateness: timedelta = timedelta(minutes=15)
    """How long before a truck's newest point a source that grows is read again."""
    dbc: str = ""
    """The text of the DBC that says what the frames of a CAN log are; it is part of ``text``."""
    text: str = ""

    @property
    def trucks(self) -> Dictionary[str, str]:
        """For sections, the column that names the truck."""
        return {
            kind.section: source
            for kind in self.kinds
            if kind.section and kind.tables and "truck" in kind.tables[0].columns
            if (source := kind.tables[0].columns["truck"].source) is not None
        }

    def kind_of(self, path: Path, section: str = "") -> Kind | None:
        """The first kind that fits a file's name, and a section of it."""
        for kind in self.kinds:
            if kind.section == section and fnmatch.fnmatch(path.name, kind.match):
                return kind
        return None
