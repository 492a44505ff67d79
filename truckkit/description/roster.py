"""Rosters: the shifts of a day, who works them in turn, and that no hour is left to nobody by oversight."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, time
from itertools import pairwise
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from truckkit.errors import listed

Name = Annotated[str, Field(min_length=1, max_length=200)]
_DAY_MIN = 24 * 60


class Said(BaseModel):
    """A part of a description: it says nothing that nobody knows."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Shift(Said):
    """One shift of every day of a roster."""

    word: Name
    start: time
    hours: Annotated[float, Field(gt=0, le=24)]
    crews: tuple[Name, ...] = ()
    days_each: Annotated[int, Field(ge=1)] = 1

    @field_validator("start")
    @classmethod
    def _local(cls, start: time) -> time:
        if start.tzinfo is not None:
            raise ValueError("goes by the site's clock; leave its offset out")
        return start

    @field_validator("crews")
    @classmethod
    def _without_commas(cls, crews: tuple[str, ...]) -> tuple[str, ...]:
        if any("," in crew for crew in crews):
            raise ValueError("must be a list of names without commas")
        return crews


class Roster(Said):
    """The shifts of a day, for as long as they are worked so."""

    name: Name
    first: date | None = None
    last: date | None = None
    shifts: Annotated[tuple[Shift, ...], Field(min_length=1)]
    unmanned: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _whole(self) -> Roster:
        words = [shift.word for shift in self.shifts]
        if twice := sorted({word for word in words if words.count(word) > 1}):
            raise ValueError(f"has more than one shift {listed(twice)}")
        if self.first and self.last and self.last < self.first:
            raise ValueError(f"ends on {self.last}, before it begins on {self.first}")
        manned = [
            (_minute(shift.start), _minute(shift.start) + round(shift.hours * 60)) for shift in self.shifts
        ]
        _hold_to_one_at_a_time(words, manned)
        free = [_stretch(each) for each in self.unmanned]
        if holes := _holes([*manned, *free]):
            raise ValueError(
                f"leaves {listed(holes)} to no shift; add a shift, or name it under unmanned, as in "
                f"unmanned = {holes}"
            )
        return self


def _minute(at: time) -> int:
    return at.hour * 60 + at.minute


def _stretch(text: str) -> tuple[int, int]:
    first, dash, last = text.partition("-")
    try:
        start, stop = _minute(time.fromisoformat(first)), _minute(time.fromisoformat(last))
    except ValueError:
        dash = ""
    if not dash:
        raise ValueError(f'names "{text}" as unmanned, which is no stretch such as "04:00-06:00"')
    return start, stop if stop > start else stop + _DAY_MIN


def _hold_to_one_at_a_time(words: Sequence[str], manned: Sequence[tuple[int, int]]) -> None:
    in_order = sorted(zip(manned, words, strict=True))
    (first, _), word = in_order[0]
    for ((_, stop), one), ((start, _), other) in pairwise([*in_order, ((first + _DAY_MIN, 0), word)]):
        if stop > start:
            raise ValueError(f'has its shifts "{one}" and "{other}" at once; shorten the first')


def _holes(covered: Sequence[tuple[int, int]]) -> list[str]:
    """The stretches of a day that nothing covers."""
    free = [True] * _DAY_MIN
    for start, stop in covered:
        for minute in range(start, stop):
            free[minute % _DAY_MIN] = False
    starts = [minute for minute in range(_DAY_MIN) if free[minute] and not free[minute - 1]]
    stops = [minute for minute in range(_DAY_MIN) if not free[minute] and free[minute - 1]]
    later = [
        min((stop for stop in stops if stop > start), default=stops[0] if stops else 0) for start in starts
    ]
    return [f"{_clock(start)}-{_clock(stop)}" for start, stop in zip(starts, later, strict=True)]


def _clock(minute: int) -> str:
    return f"{minute // 60 % 24:02}:{minute % 60:02}"
