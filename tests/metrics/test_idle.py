"""Standing with the engine on."""

from __future__ import annotations

import pytest
from engines import examples
from hypothesis import given
from hypothesis import strategies as st
from strips import furnished, intervals, minute

import truckkit as tk
from truckkit.site import Site


def stood(strip: str, engine: str, rate: float | None = 60.0) -> Site:
    """A truck with a reading of its engine each half minute: 1 on, 0 off, blank none."""
    letters = {"1": True, "0": False, "?": None}
    readings = [
        {"truck": "T01", "at": minute(number + half), "engine_on": letters[letter], "fuel_rate_lph": rate}
        for number, letter in enumerate(engine)
        if letter != " "
        for half in (0, 0.5)
    ]
    positions = [
        {"truck": "T01", "at": minute(number), "x_m": float(number), "y_m": 5.0}
        for number in range(len(strip))
    ]
    return furnished(intervals({"T01": strip}), telemetry=readings, positions=positions)


def found(site: Site, longer: str = "3min") -> list[tuple[float, ...]]:
    rows = site.idle(longer).order_by("start").to_pyarrow().to_pylist()
    return [(((row["start"] - minute(0)).total_seconds()) / 60, row["idle_min"]) for row in rows]


def test_standing_with_the_engine_on_is_idling_and_driving_is_not():
    assert found(stood("RRRwwwwRRRRR", "111111111111")) == [(3, 4)]


def test_a_queue_and_a_delay_that_follow_each_other_are_one_standing():
    assert found(stood("RRQQwwRR", "11111111")) == [(2, 4)]


def test_idling_ends_where_the_engine_is_turned_off():
    assert found(stood("wwwwwwwwww", "1111001111")) == [(0, 4), (6, 4)]


def test_a_gap_of_more_than_a_minute_is_no_idling():
    assert found(stood("wwwwwwwwwwww", "11111   1111")) == [(0, 5.5), (8, 4)]


def test_readings_that_do_not_tell_of_the_engine_do_not_count():
    assert found(stood("wwwwwwwwww", "??????????")) == []


def test_idling_says_where_it_was_and_what_it_burnt():
    (row,) = stood("RRwwwwRR", "11111111").idle("3min").to_pyarrow().to_pylist()
    assert (row["x_m"], row["y_m"]) == (3, 5)
    assert row["fuel_l"] == pytest.approx(60 * 4 / 60)
    (row,) = stood("RRwwwwRR", "11111111", rate=None).idle("3min").to_pyarrow().to_pylist()
    assert row["fuel_l"] is None


@examples(6)
@given(st.text("Rwp.", min_size=1, max_size=30), st.text("10? ", min_size=30, max_size=30))
def test_no_more_is_idled_than_was_stood(strip, engine):
    idled = sum(each[1] for each in found(stood(strip, engine), "1min"))
    assert idled <= sum(letter in "wp" for letter in strip)


def test_idling_of_the_sample_is_what_pandas_finds_with_its_own_hands():
    site = tk.sample()
    telemetry, states = site.telemetry.to_pandas(), site.states.to_pandas()
    long = (states.stop - states.start).dt.total_seconds() >= 20 * 60
    wanted = []
    for each in states[long & states.state.isin(["delay", "standby", "down"])].itertuples():
        mine = telemetry[(telemetry.truck == each.truck) & telemetry["at"].between(each.start, each.stop)]
        if len(mine) and mine.engine_on.all():
            wanted.append((each.truck, (each.stop - mine["at"].min()).total_seconds() / 60))
    rows = site.idle("20min").to_pyarrow().to_pylist()
    assert len(wanted) > 2
    assert sorted((row["truck"], row["idle_min"]) for row in rows) == [
        (truck, pytest.approx(minutes)) for truck, minutes in sorted(wanted)
    ]


def test_idling_that_a_bound_cuts_stays_whole_and_its_minutes_inside_add_up():
    site = stood("RRRwwwwRRRRR", "111111111111")
    bounds = [f"2026-11-22 00:{at:02}" for at in (0, 5, 12)]
    halves = [site.between(bounds[0], bounds[1]), site.between(bounds[1], bounds[2])]
    assert [found(half) for half in halves] == [[(3, 4)], [(3, 4)]]
    inside = [half.idle("3min").inside_min.sum().to_pyarrow().as_py() for half in halves]
    assert inside == [2, 2]
