"""The site's calendar of shifts, by its time zone and roster."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from truckkit import times
from truckkit.mapping import Roster


def calendar(
    roster: tuple[Roster, ...], zone: ZoneInfo, start: datetime, stop: datetime
) -> list[dict[str, Any]]:
    """The shifts that overlap a period, as rows of ``schema.SHIFTS``.

    A shift goes by the clock on the wall, so a night over a change of clocks is an hour shorter or
    longer; it ends at the latest where the next one of the roster starts. Its name is the local
    date on which it starts and the roster's word.
    """
    starts: list[tuple[datetime, str, float]] = []
    day = start.astimezone(zone).date() - timedelta(days=2)
    while day <= stop.astimezone(zone).date() + timedelta(days=1):
        for shift in roster:
            begins = datetime.combine(day, shift.start, zone)
            starts.append((begins, f"{day.isoformat()} {shift.word}", shift.hours))
        day += timedelta(days=1)
    starts.sort(key=lambda each: times.stored(each[0]))
    rows = []
    for (begins, name, hours), following in zip(starts, [*starts[1:], None], strict=True):
        ends = begins.replace(tzinfo=None) + timedelta(hours=hours)
        bounds = times.stored(begins), times.stored(ends.replace(tzinfo=zone))
        if following:
            bounds = bounds[0], min(bounds[1], times.stored(following[0]))
        if bounds[1] > times.stored(start) and bounds[0] < times.stored(stop):
            rows.append({"shift": name, "start": bounds[0], "stop": bounds[1], "crew": None})
    return rows
