"""The stretch of time that a map's ground tells of: the replay's own, a shift or a week before, or another.

>>> import truckkit as tk
>>> site = tk.sample()
>>> period(site, (*site.period, False), "last_shift").words
'last shift, 2026-11-22 day'
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ibis import _

from truckkit import times
from truckkit.errors import BadRequest
from truckkit.views.scene import Window

if TYPE_CHECKING:
    from truckkit.site import Site

WEEK = timedelta(days=7)

PERIODS = {
    "window": "this window",
    "last_shift": "last shift",
    "previous_shift": "previous shift",
    "last_week": "last week",
    "previous_week": "previous week",
}
"""The words for periods: shifts that were over, and weeks of seven days, when the replay's window ends."""


@dataclass(frozen=True)
class Period:
    """A stretch of time with what it is called, or in ``why`` the sentence that says why there is none."""

    start: datetime
    stop: datetime
    words: str
    why: str = ""


def period(site: Site, window: Window, said: str) -> Period:
    """The period that a word names, or ``start/stop`` by the rules of ``site.instant``.

    Raises
    ------
    BadRequest, BadTime
        The text is neither.
    """
    start, stop, _newest = window
    if said in ("", "window"):
        return Period(start, stop, PERIODS["window"])
    if said in ("last_week", "previous_week"):
        end = stop if said == "last_week" else stop - WEEK
        return Period(end - WEEK, end, PERIODS[said])
    if said in PERIODS:
        return _shift(site, stop, said)
    ends = said.split("/")
    if len(ends) != 2:
        raise BadRequest(
            f'the period "{said[:80]}" is none that the ground can tell of; write {", ".join(PERIODS)} or '
            "start/stop, such as 2026-11-22T18:00Z/2026-11-22T19:00Z."
        )
    first, last = times.window(ends[0], ends[1], site.zone)
    return Period(first, last, "another period")


def _shift(site: Site, stop: datetime, said: str) -> Period:
    """One of the last two shifts that were over when the window stops."""
    everything = site.between(datetime(1970, 1, 1, tzinfo=stop.tzinfo), stop).shifts
    over = everything.filter(_.stop <= times.stored(stop)).order_by(_.stop.desc()).limit(2)
    rows = over.to_pyarrow().to_pylist()
    number = ("last_shift", "previous_shift").index(said)
    if number < len(rows):
        row = rows[number]
        return Period(times.aware(row["start"]), times.aware(row["stop"]), f"{PERIODS[said]}, {row['shift']}")
    why = (
        "The calendar of this mine has no shift that was over before the window ends"
        if not rows
        else "The calendar of this mine has one shift alone that was over before the window ends"
    )
    return Period(stop, stop, PERIODS[said], f"{why}; choose another period.")
