"""Rosters: the shifts of a day, who works them in turn, and that no hour is left to nobody by oversight."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, time
from itertools import pairwise
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from truckkit.errors import listed

Name = Annotated[str, Field(min_length=1, max_length=200)]
ASKS = "asks"
"""The type of a fault that says what to write instead."""
_DAY_MIN = 24 * 60
_SLACK_MIN = 0.005  # so that 8.3333 h are 8 h 20 min
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d(:00)?(Z|[+-]\d\d:\d\d)?")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


def asks(what: str) -> PydanticCustomError:
    """The fault of a value in whose place something else is to be written."""
    return PydanticCustomError(ASKS, "{what}", {"what": what})


def _as_number(told: Any) -> Any:
    if isinstance(told, bool):
        raise asks("write a number")
    if isinstance(told, str) and "," in told:
        raise asks("write it without a thousands separator, and decimals after a point")
    return told


def _as_clock(told: Any) -> Any:
    is_time = isinstance(told, time) and not (told.second or told.microsecond)
    if not is_time and not (isinstance(told, str) and _CLOCK.fullmatch(told)):
        raise asks('write a time such as "06:00"')
    return told


def _as_date(told: Any) -> Any:
    is_date = isinstance(told, date) and not isinstance(told, datetime)
    if not is_date and not (isinstance(told, str) and _DATE.fullmatch(told)):
        raise asks("write a date such as 2026-11-23")
    return told


def _whole_minutes(hours: float) -> float:
    minutes = round(hours * 60)
    if abs(hours * 60 - minutes) > _SLACK_MIN:
        raise asks("write hours of whole minutes, such as 7.5")
    return minutes / 60


Number = Annotated[float, Field(allow_inf_nan=False), BeforeValidator(_as_number)]
Whole = Annotated[int, BeforeValidator(_as_number)]
Clock = Annotated[time, BeforeValidator(_as_clock)]
Day = Annotated[date, BeforeValidator(_as_date)]


class Said(BaseModel):
    """A part of a description: it says nothing that nobody knows."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Shift(Said):
    """One shift of every day of a roster."""

    word: Name
    start: Clock
    hours: Annotated[Number, Field(gt=0, le=24), AfterValidator(_whole_minutes)]
    crews: tuple[Name, ...] = ()
    days_each: Annotated[Whole, Field(ge=1, le=366)] = 1

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
    first: Day | None = None
    last: Day | None = None
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
        for text, stretch in zip(self.unmanned, free, strict=True):
            for word, shift in zip(words, manned, strict=True):
                if _minutes(stretch) & _minutes(shift):
                    raise ValueError(f'names "{text}" as unmanned, when its shift "{word}" is worked')
        if holes := _holes([*manned, *free]):
            raise ValueError(
                f"leaves {listed(holes)} to no shift; add a shift, or name it under unmanned, as in "
                f"unmanned = {holes}"
            )
        return self


def _minute(at: time) -> int:
    return at.hour * 60 + at.minute


def _minutes(stretch: tuple[int, int]) -> set[int]:
    """The minutes of the day that a stretch covers."""
    return {minute % _DAY_MIN for minute in range(*stretch)}


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
    manned = set().union(*map(_minutes, covered))
    free = [minute not in manned for minute in range(_DAY_MIN)]
    starts = [minute for minute in range(_DAY_MIN) if free[minute] and not free[minute - 1]]
    stops = [minute for minute in range(_DAY_MIN) if not free[minute] and free[minute - 1]]
    later = [
        min((stop for stop in stops if stop > start), default=stops[0] if stops else 0) for start in starts
    ]
    return [f"{_clock(start)}-{_clock(stop)}" for start, stop in zip(starts, later, strict=True)]


def _clock(minute: int) -> str:
    return f"{minute // 60 % 24:02}:{minute % 60:02}"
