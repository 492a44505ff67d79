"""How numbers and times stand on a page: with their unit, in site time, as people of a pit say them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from urllib.parse import urlencode

NOTHING = "–"
"""What stands where nothing is known."""


def tonnes(number: float | None) -> str:
    """A mass.

    >>> tonnes(36881.71), tonnes(-58.4), tonnes(None)
    ('36,882 t', '−58 t', '–')
    """
    return NOTHING if number is None else f"{_whole(number)} t"


def percent(share: float | None, digits: int = 0) -> str:
    """A share.

    >>> percent(0.922), percent(0.98765, 1)
    ('92 %', '98.8 %')
    """
    return NOTHING if share is None else f"{share * 100:.{digits}f} %".replace("-", "−")


def duration(minutes: float | None) -> str:
    """A length of time, to the second where it is short.

    >>> duration(6.2), duration(251.4), duration(0), duration(-1.5)
    ('6 min 12 s', '4 h 11 min', '0 min', '−1 min 30 s')
    """
    if minutes is None:
        return NOTHING
    sign = "−" if minutes < 0 else ""
    seconds = round(abs(minutes) * 60)
    if seconds >= 3600:
        whole = round(seconds / 60)
        return f"{sign}{whole // 60:,} h {whole % 60} min" if whole % 60 else f"{sign}{whole // 60:,} h"
    if seconds == 0:
        return "0 min"
    parts = [f"{seconds // 60} min"] if seconds >= 60 else []
    parts += [f"{seconds % 60} s"] if seconds % 60 else []
    return sign + " ".join(parts)


def counted(number: int, one: str, many: str = "") -> str:
    """So many of something.

    >>> counted(1, "load"), counted(1200, "load"), counted(2, "finding of it", "findings of it")
    ('1 load', '1,200 loads', '2 findings of it')
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def clock(at: datetime, zone: tzinfo, around: datetime | None = None) -> str:
    """A stored instant on the site's clock; without its day in the shift that ``around`` starts.

    >>> clock(datetime(2026, 11, 22, 14, 5, 9), UTC)
    '2026-11-22 14:05:09'
    >>> clock(datetime(2026, 11, 22, 1, 5, 9), UTC, datetime(2026, 11, 21, 18, tzinfo=UTC))
    '01:05:09'
    """
    local = aware(at).astimezone(zone)
    # No clock shows one time twice within 20 h, those of an autumn day included.
    same = around is not None and timedelta(hours=-3) < local - around < timedelta(hours=17)
    return f"{local:%H:%M:%S}" if same else f"{local:%Y-%m-%d %H:%M:%S}"


def aware(at: datetime) -> datetime:
    """An instant as tables hold it, with its zone: UTC."""
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def iso(at: datetime) -> str:
    """An instant for an address.

    >>> iso(datetime(2026, 11, 22, 14, 5, 9, 250000))
    '2026-11-22T14:05:09.250Z'
    """
    return aware(at).astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def replay(truck: str | None, start: datetime, stop: datetime, source: str | None = None) -> str:
    """The address of a replay of an interval, with a minute before and after it.

    >>> replay("T 1&", datetime(2026, 11, 22, 14), datetime(2026, 11, 22, 14, 10)).split("&")[2:]
    ['at=2026-11-22T14%3A00%3A00.000Z', 'truck=T+1%26']
    """
    margin = timedelta(minutes=1)
    asked = {"start": iso(start - margin), "stop": iso(stop + margin), "at": iso(start)}
    if truck is not None:
        asked["truck"] = truck
    if source:
        asked["source"] = source
    return f"replay?{urlencode(asked)}"


def _whole(number: float) -> str:
    whole = round(number)
    return f"{'−' if whole < 0 else ''}{abs(whole):,}"
