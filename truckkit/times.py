"""Instants and windows as people write them: text in site time, or with an offset.

Inside truckkit an instant is UTC without a zone, in microseconds; local time exists at the edges.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from truckkit.errors import BadRequest, BadTime, told

When = str | datetime
"""An instant as an analyst gives it."""

EARLIEST, LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
"""The instants that may be asked for: far from the ends of the calendar, so that one can look around them."""

LONGEST = timedelta(days=36525)
"""The longest length of time that may be asked for: a hundred years."""

_LENGTH = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(ms|s|min|m|h|d)\s*")
_UNITS = {"ms": 0.001, "s": 1.0, "min": 60.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def zone(name: str) -> ZoneInfo:
    """A time zone by its IANA name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadTime(f'no time zone "{name}"; use an IANA name such as "America/Santiago".') from None


def instant(when: When, local: ZoneInfo | None) -> datetime:
    """An aware UTC instant.

    Text without an offset is time in the zone ``local``; where that is ``None``, and for datetime
    objects, an instant without a zone is refused, for guessing would move a shift by hours.

    >>> print(instant("2026-11-22 18:00:00.250", ZoneInfo("America/Santiago")))
    2026-11-22 21:00:00.250000+00:00
    >>> print(instant("2026-11-22T18:00Z", None))
    2026-11-22 18:00:00+00:00
    """
    try:
        read = _read(when, local).astimezone(UTC)
    except OverflowError:
        read = None
    if read is None or not EARLIEST <= read <= LATEST:
        raise BadTime(
            f'"{_said(when)}" is outside of the years {EARLIEST.year} to {LATEST.year}; give a time within.'
        )
    return read


def _read(when: When, local: ZoneInfo | None) -> datetime:
    """An aware instant in whichever zone."""
    if isinstance(when, datetime):
        if when.tzinfo is None:
            raise BadTime(
                f'the time "{_said(when)}" has no zone; give it one, such as datetime(…, tzinfo=UTC), '
                "or write it as text to mean site time."
            )
        return when
    if not isinstance(when, str):
        raise BadTime(f'{told(when)} is not a time; write one such as "2026-11-22 18:00".')
    try:
        read = datetime.fromisoformat(when.strip())
    except ValueError:
        example = "2026-11-22 18:00:00.250" if local else "2026-11-22T18:00:00.250Z"
        raise BadTime(f'"{when[:60]}" is not a time; write one such as "{example}".') from None
    if read.tzinfo is None:
        if local is None:
            raise BadTime(f'the time "{when}" has no zone; add "Z" for UTC or an offset such as "-03:00".')
        read = _local(read, local, when)
    return read


def _local(read: datetime, local: ZoneInfo, when: str) -> datetime:
    aware = read.replace(tzinfo=local)
    if aware.astimezone(UTC).astimezone(local).replace(tzinfo=None) != read:
        raise BadTime(f'"{when}" does not exist in {local.key}: clocks were put forward over it.')
    return aware


def _said(when: object) -> str:
    """An instant as it was given: text as it is, else RFC 3339."""
    return rfc3339(when) if isinstance(when, datetime) else str(when)[:60]


def rfc3339(when: datetime) -> str:
    """An instant as RFC 3339 has it, to the millisecond, or finer where it is.

    >>> rfc3339(datetime(2026, 11, 22, 21, tzinfo=UTC))
    '2026-11-22T21:00:00.000Z'
    """
    fine = "microseconds" if when.microsecond % 1000 else "milliseconds"
    return when.isoformat(timespec=fine).replace("+00:00", "Z")


def window(start: When, stop: When, local: ZoneInfo | None) -> tuple[datetime, datetime]:
    """The window ``[start, stop)``; a reversed or empty one is refused."""
    first, last = instant(start, local), instant(stop, local)
    if last <= first:
        begins, ends = _said(start), _said(stop)
        if last == first:
            raise BadTime(f'the window from "{begins}" to "{ends}" holds nothing; let it stop later.')
        raise BadTime(f'the window runs backwards: it starts at "{begins}" and stops at "{ends}"; swap them.')
    return first, last


def length(text: str | timedelta) -> timedelta:
    """A length of time, up to a hundred years.

    >>> length("1h30min")
    datetime.timedelta(seconds=5400)
    """
    if isinstance(text, timedelta):
        seconds = text.total_seconds()
    else:
        parts = list(_LENGTH.finditer(text)) if isinstance(text, str) else []
        if not parts or "".join(part[0] for part in parts) != text:
            raise BadTime(
                f'{told(text)} is not a length of time; write one such as "5min", "1h30min" or "250ms".'
            )
        seconds = sum(float(part[1]) * _UNITS[part[2]] for part in parts)
    if not 0 <= seconds <= LONGEST.total_seconds():
        raise BadTime(
            f'the length of time "{str(text)[:60]}" is not between 0 and 100 years; give one such as "14d".'
        )
    return text if isinstance(text, timedelta) else timedelta(seconds=seconds)


def whole_seconds(name: str, text: str | timedelta) -> int:
    """The seconds of a length of time that has to be a whole number of them, and one at least.

    >>> whole_seconds("every", "250ms")
    Traceback (most recent call last):
    ...
    truckkit.errors.BadRequest: every is "250ms", not a whole number of seconds from 1; give one such as "1h".
    """
    seconds = length(text).total_seconds()
    if seconds < 1 or seconds % 1:
        raise BadRequest(f'{name} is "{text}", not a whole number of seconds from 1; give one such as "1h".')
    return int(seconds)


def stored(when: datetime) -> datetime:
    """An aware instant as tables hold it: UTC, without a zone."""
    return when.astimezone(UTC).replace(tzinfo=None)


def aware(when: datetime) -> datetime:
    """An instant from a table, with its zone."""
    return when.replace(tzinfo=UTC)
