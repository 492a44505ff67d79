"""Where trucks stood, and what they drove between."""

from __future__ import annotations

from strips import furnished, haul_cycle, intervals, mine, minute

from truckkit.site import Site


def stood(site: Site, longer: str = "2min") -> list[tuple[float, float, str]]:
    rows = site.stops(longer).order_by("truck", "start").to_pyarrow().to_pylist()
    return [((row["start"] - minute(0)).total_seconds() / 60, row["stood_min"], row["state"]) for row in rows]


def test_states_in_which_a_truck_stands_and_that_follow_each_other_are_one_stop():
    assert stood(mine(intervals({"T01": "RRQQQwLLSLHH"}))) == [(2, 6, "queue_load")]


def test_time_that_nobody_observed_ends_a_stop():
    assert stood(mine(intervals({"T01": "ww.pppp"}))) == [(0, 2, "delay"), (3, 4, "standby")]


def test_a_window_leaves_the_stops_that_it_cuts_whole():
    site = mine(intervals({"T01": "wwwwRRRRpppp"})).between("2026-11-22 00:03", "2026-11-22 00:08")
    assert stood(site) == [(0, 4, "delay")]


def driven(site: Site) -> list[tuple[float, bool, float, float | None]]:
    rows = site.trips().order_by("start").to_pyarrow().to_pylist()
    return [
        ((row["start"] - minute(0)).total_seconds() / 60, row["loaded"], row["drove_min"], row["driven_m"])
        for row in rows
    ]


def test_a_trip_goes_on_after_a_delay_which_is_no_part_of_its_minutes():
    assert driven(mine(intervals({"T01": "LHHwwHDRR"}))) == [(1, True, 3, None), (7, False, 2, None)]


def test_the_metres_of_a_cycle_are_shared_by_the_minutes_of_its_trips():
    cycle = haul_cycle(phases={"return": 11}, loaded_m=3000.0, empty_m=1000.0)
    told = "RRpppRRRRRR" + "SLLLHHHHHHHHHHsD"
    site = furnished(intervals({"T01": told}), cycles=[cycle])
    assert driven(site) == [(0, False, 2, 250.0), (5, False, 6, 750.0), (15, True, 10, 3000.0)]
