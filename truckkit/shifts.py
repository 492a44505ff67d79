"""The site's calendar of shifts, by its time zone and rosters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from truckkit import times
from truckkit.mapping import Roster


def calendar(
    rosters: Sequence[Roster], zone: ZoneInfo, start: datetime, stop: datetime
) -> list[dict[str, Any]]:
    """The shifts that overlap a period, as rows of ``schema.SHIFTS``.

    A shift goes by the clock on the wall, so a night over a change of clocks is an hour shorter or
    longer; it ends at the latest where the next one starts. Its name is the local date on which it
    starts and the roster's word.

    >>> nights = [Roster("night", time(20), 12, crews=("A", "B"), days_each=7)]
    >>> santiago = ZoneInfo("America/Santiago")
    >>> first = datetime.fromisoformat("2026-09-06T01:00Z")  # the clocks go forward at midnight
    >>> [(row["shift"], row["stop"] - row["start"]) for row in calendar(nights, santiago, first, first)]
    [('2026-09-05 night', datetime.timedelta(seconds=39600))]
    """
    starts: list[tuple[datetime, date, Roster]] = []
    day = start.astimezone(zone).date() - timedelta(days=2)
    while day <= stop.astimezone(zone).date() + timedelta(days=1):
        starts += [(datetime.combine(day, each.start, zone), day, each) for each in rosters if each.on(day)]
        day += timedelta(days=1)
    starts.sort(key=lambda each: times.stored(each[0]))
    rows = []
    for (begins, day, worked), following in zip(starts, [*starts[1:], None], strict=True):
        ends = begins.replace(tzinfo=None) + timedelta(hours=worked.hours)
        bounds = times.stored(begins), times.stored(ends.replace(tzinfo=zone))
        if following:
            bounds = bounds[0], min(bounds[1], times.stored(following[0]))
        if bounds[1] > times.stored(start) and bounds[0] <= times.stored(stop):
            name = f"{day.isoformat()} {worked.word}"
            rows.append({"shift": name, "start": bounds[0], "stop": bounds[1], "crew": worked.crew(day)})
    return rows


def of_days(rosters: Sequence[Roster], zone: ZoneInfo, days: Iterable[date]) -> list[dict[str, Any]]:
    """The shifts that start on some local days, as rows of ``schema.SHIFTS``.

    >>> nights = [Roster("night", time(20), 12)]
    >>> [row["shift"] for row in of_days(nights, ZoneInfo("UTC"), [date(2026, 11, 22), date(2027, 1, 1)])]
    ['2026-11-22 night', '2027-01-01 night']
    """
    rows = []
    for day in days:
        midnight = datetime.combine(day, time(), zone)
        near = calendar(rosters, zone, midnight, midnight + timedelta(days=1))
        rows += [row for row in near if row["shift"].startswith(f"{day.isoformat()} ")]
    return rows


def day_of(shift: str) -> date | None:
    """The local date that a shift is named after, where it is named after one."""
    try:
        return date.fromisoformat(shift[:10])
    except ValueError:
        return None


def rosters(rows: Iterable[Mapping[str, Any]]) -> list[Roster]:
    """Rosters from rows of ``schema.ROSTERS``."""
    return [
        Roster(
            row["word"],
            time.fromisoformat(row["starts"]),
            row["lasts_h"],
            tuple(crew for crew in (row["crews"] or "").split(",") if crew),
            row["days_each"],
            date.fromisoformat(row["first"]) if row["first"] else None,
            date.fromisoformat(row["last"]) if row["last"] else None,
        )
        for row in rows
    ]
