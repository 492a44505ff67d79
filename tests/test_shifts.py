"""The calendar: shifts by the clock on the wall, whoever works them and whatever that clock does."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truckkit.mapping import Roster
from truckkit.shifts import calendar, rosters

TWELVE = (Roster("day", time(6), 12), Roster("night", time(18), 12))
EIGHT = (Roster("early", time(6), 8), Roster("late", time(14), 8), Roster("night", time(22), 8))
TWICE_TEN = (Roster("day", time(6), 10), Roster("night", time(18), 10))
SANTIAGO = ZoneInfo("America/Santiago")

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def worked(roster, zone: ZoneInfo, first: date, days: int = 1) -> list[dict]:
    """The shifts that start within so many local days."""
    start = datetime.combine(first, time(), zone).astimezone(UTC)
    stop = datetime.combine(first + days * DAY, time(), zone).astimezone(UTC)
    rows = calendar(roster, zone, start, stop)
    return [row for row in rows if first.isoformat() <= row["shift"][:10] < (first + days * DAY).isoformat()]


def lengths(rows: list[dict]) -> dict[str, float]:
    return {row["shift"]: (row["stop"] - row["start"]) / HOUR for row in rows}


def test_a_day_of_twelve_hour_shifts_has_two():
    assert lengths(worked(TWELVE, SANTIAGO, date(2026, 11, 22))) == {
        "2026-11-22 day": 12,
        "2026-11-22 night": 12,
    }


def test_the_night_in_which_clocks_go_forward_is_an_hour_shorter():
    assert lengths(worked(TWELVE, SANTIAGO, date(2026, 9, 5)))["2026-09-05 night"] == 11


def test_the_night_in_which_clocks_go_back_is_an_hour_longer():
    assert lengths(worked(TWELVE, SANTIAGO, date(2026, 4, 4)))["2026-04-04 night"] == 13


def test_a_leap_day_has_shifts_of_its_own():
    names = list(lengths(worked(EIGHT, SANTIAGO, date(2028, 2, 28), 3)))
    assert names[3:6] == ["2028-02-29 early", "2028-02-29 late", "2028-02-29 night"]
    assert names[6] == "2028-03-01 early"


def test_twice_ten_hours_leave_four_of_the_day_to_nobody():
    first, second, third = worked(TWICE_TEN, SANTIAGO, date(2026, 11, 22), 2)[:3]
    assert [second["start"] - first["stop"], third["start"] - second["stop"]] == [2 * HOUR, 2 * HOUR]


def test_crews_take_turns_week_by_week():
    day = Roster("day", time(6), 12, crews=("A", "B"), days_each=7, first=date(2026, 11, 2))
    crews = [row["crew"] for row in worked([day], SANTIAGO, date(2026, 11, 2), 21)]
    assert "".join(crews) == "A" * 7 + "B" * 7 + "A" * 7


def test_a_roster_gives_way_to_the_next_on_its_day():
    before = [Roster(each.word, each.start, each.hours, last=date(2026, 6, 30)) for each in TWELVE]
    after = [Roster(each.word, each.start, each.hours, first=date(2026, 7, 1)) for each in EIGHT]
    names = [row["shift"] for row in worked(before + after, SANTIAGO, date(2026, 6, 30), 2)]
    assert names == [
        "2026-06-30 day",
        "2026-06-30 night",
        *(f"2026-07-01 {word}" for word in ("early", "late", "night")),
    ]


def test_rosters_come_back_from_the_catalog_as_they_went():
    row = {
        "roster": "12 h", "word": "day", "starts": "06:30", "lasts_h": 12.0, "crews": "A,B", "days_each": 7,
        "first": "2026-11-02", "last": None,
    }  # fmt: skip
    assert rosters([row]) == [Roster("day", time(6, 30), 12, ("A", "B"), 7, date(2026, 11, 2))]


zones = st.sampled_from(
    [
        "America/Santiago",
        "Australia/Lord_Howe",
        "Africa/Johannesburg",
        "America/St_Johns",
        "Europe/Helsinki",
        "UTC",
    ]
).map(ZoneInfo)


@given(
    zone=zones,
    first=st.dates(date(2015, 1, 1), date(2035, 12, 31)),
    days=st.integers(1, 40),
    roster=st.sampled_from([TWELVE, EIGHT]),
)
def test_shifts_that_cover_the_day_tile_time_over_every_change_of_clocks(zone, first, days, roster):
    rows = worked(roster, zone, first, days)
    assert len(rows) == days * len(roster)
    assert all(before["stop"] == after["start"] for before, after in pairwise(rows))
    whole = datetime.combine(first + days * DAY, roster[0].start, zone).astimezone(UTC) - datetime.combine(
        first, roster[0].start, zone
    ).astimezone(UTC)
    assert sum((row["stop"] - row["start"] for row in rows), timedelta()) == whole


@given(zone=zones, first=st.dates(date(2015, 1, 1), date(2035, 12, 31)))
def test_a_shift_starts_when_the_clock_on_the_wall_says_so(zone, first):
    for row in worked(TWELVE, zone, first, 3):
        local = row["start"].replace(tzinfo=UTC).astimezone(zone)
        assert f"{local:%Y-%m-%d %H:%M}" == row["shift"].replace("day", "06:00").replace("night", "18:00")


@pytest.mark.parametrize("roster", [TWELVE, EIGHT, TWICE_TEN])
def test_asking_in_pieces_names_the_same_shifts(roster):
    start = datetime(2026, 9, 1, tzinfo=UTC)
    whole = calendar(roster, SANTIAGO, start, start + 10 * DAY)
    pieces = [
        row
        for day in range(10)
        for row in calendar(roster, SANTIAGO, start + day * DAY, start + (day + 1) * DAY)
    ]
    assert {row["shift"]: row for row in pieces} == {row["shift"]: row for row in whole}
