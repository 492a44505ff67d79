"""The roster: a day shift from 06:00 and a night shift from 18:00 site time, four crews."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from truckkit.sources.simulator.plan import Plan

CREWS = ("A", "B", "C", "D")
DAYS_ON = 7
"""Days that a crew works before the other two take over."""


@dataclass(frozen=True)
class Shift:
    """One shift of the calendar [ms from the start of the plan; it may begin before it]."""

    name: str
    crew: str
    start: int
    stop: int


def shifts(plan: Plan) -> list[Shift]:
    """Every shift that overlaps the plan, in order; wall clocks decide, so a DST day has its own length."""
    zone = plan.site_zone
    day = plan.start.astimezone(zone).date() - timedelta(days=1)
    found: list[Shift] = []
    while True:
        for word, hour in (("day", 6), ("night", 18)):
            begins = datetime.combine(day, time(hour), zone)
            ends = datetime.combine(day + timedelta(days=hour // 18), time(24 - hour), zone)
            start, stop = (round(edge.timestamp() * 1000) - plan.epoch_ms for edge in (begins, ends))
            if start >= plan.length_ms:
                return found
            if stop > 0:
                pair = (day.toordinal() // DAYS_ON) % 2 * 2
                found.append(Shift(f"{day} {word}", CREWS[pair + (word == "night")], start, stop))
        day += timedelta(days=1)
