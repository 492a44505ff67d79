"""Site time in the browser: the zone's offsets over a window, so that no browser has to know the zone.

>>> from zoneinfo import ZoneInfo
>>> from datetime import UTC, datetime, timedelta
>>> day = datetime(2026, 11, 22, tzinfo=UTC)
>>> lima = site_clock(ZoneInfo("America/Lima"), day, day + timedelta(days=1))
>>> lima["zone"], [offset for _, offset in lima["offsets"]]
('America/Lima', [-18000000])
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from importlib.resources import files
from typing import TypedDict

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


class Clock(TypedDict):
    """The zone's name, and from which instant [ms since 1970] which offset from UTC [ms] holds."""

    zone: str
    offsets: list[tuple[int, int]]


def milliseconds(at: datetime) -> int:
    """An aware instant as whole milliseconds since 1970, UTC; what is finer is cut off.

    >>> milliseconds(datetime(1970, 1, 1, 0, 0, 1, 250_999, tzinfo=UTC))
    1250
    """
    return (at - EPOCH) // MILLISECOND


def instant(ms: float) -> datetime:
    """The aware UTC instant of milliseconds since 1970.

    >>> instant(1250).isoformat()
    '1970-01-01T00:00:01.250000+00:00'
    """
    return EPOCH + timedelta(milliseconds=round(ms))


def site_clock(zone: tzinfo, start: datetime, stop: datetime) -> Clock:
    """Which offset from UTC holds when, from two days before ``start`` to two days after ``stop``."""
    margin = timedelta(days=2)
    first, last = _whole_hour(start - margin), stop + margin
    offsets = [(milliseconds(first), _offset(zone, first))]
    day = first
    while day < last:
        following = day + timedelta(days=1)
        # A zone may leave and come back within a day, so a changed day is walked by the quarter hour.
        if _offset(zone, following) != offsets[-1][1]:
            for quarter in range(1, 97):
                at = day + timedelta(minutes=15 * quarter)
                if _offset(zone, at) != offsets[-1][1]:
                    offsets.append((milliseconds(at), _offset(zone, at)))
        day = following
    return {"zone": str(getattr(zone, "key", None) or zone), "offsets": offsets}


def javascript() -> str:
    """The browser's half: ``siteClock`` and the words for durations."""
    return files("truckkit.views").joinpath("clock.js").read_text("utf-8")


def _offset(zone: tzinfo, at: datetime) -> int:
    offset = at.astimezone(zone).utcoffset() or timedelta()
    return offset // MILLISECOND


def _whole_hour(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
