"""How much of the asked time was observed, and which answers that is too little for."""

from __future__ import annotations

from datetime import timedelta

import pytest
from engines import examples
from hypothesis import given
from hypothesis import strategies as st
from strips import LETTERS, MIDNIGHT, intervals, mine

import truckkit as tk

HOUR = timedelta(hours=1)


def coverage(site: tk.Site) -> dict[str, tuple[float, float]]:
    rows = site.coverage().to_pyarrow().to_pylist()
    return {row["truck"]: (row["asked_min"], row["observed_min"]) for row in rows}


def test_time_that_nobody_observed_is_not_covered():
    site = mine(intervals({"T01": "RRLLHHHD..", "T02": "RRLLHHHDRR"})).between(MIDNIGHT, MIDNIGHT + HOUR / 6)
    assert coverage(site) == {"T01": (10, 8), "T02": (10, 10)}


def test_time_of_which_nothing_is_stored_is_not_covered():
    site = mine(intervals({"T01": "RRLLH"})).between(MIDNIGHT, MIDNIGHT + HOUR / 6)
    assert coverage(site) == {"T01": (10, 5)}


def test_a_truck_that_was_never_heard_of_has_none():
    site = mine(intervals({"T01": "RRLLH"}), trucks=("T02",))
    assert coverage(site)["T02"] == (5, 0)


def test_a_window_without_data_answers_with_coverage_0():
    site = mine(intervals({"T01": "RRLLH"})).between(MIDNIGHT + 24 * HOUR, MIDNIGHT + 25 * HOUR)
    (row,) = site.coverage().to_pyarrow().to_pylist()
    assert (row["coverage"], row["silent_min"]) == (0, 60)
    assert row["doubt"] == "0 % of the time asked was observed, less than 95 %"


def test_the_longest_silence_is_told():
    site = mine(intervals({"T01": "R.L...H"}))
    assert site.coverage().to_pyarrow()["silent_min"].to_pylist() == [3]


def test_a_silence_at_the_bound_of_a_window_counts():
    site = mine(intervals({"T01": "RRLLH.."})).between(MIDNIGHT, MIDNIGHT + HOUR / 3)
    assert site.coverage().to_pyarrow()["silent_min"].to_pylist() == [15]


def test_an_answer_of_a_truck_is_doubted_where_that_truck_was_not_seen():
    site = mine(intervals({"T01": "RRLL......", "T02": "RRLLHHHDRR"}))
    rows = site.answered(site.trucks.select("truck")).to_pyarrow().to_pylist()
    assert {row["truck"]: row["doubt"] for row in rows} == {
        "T01": "40 % of the time asked was observed, less than 95 %",
        "T02": None,
    }


def test_an_answer_of_the_fleet_rests_on_all_trucks():
    site = mine(intervals({"T01": "RRLL......", "T02": "RRLLHHHDRR"}))
    (row,) = site.answered(site.states.aggregate(stretches=site.states.count())).to_pyarrow().to_pylist()
    assert row["coverage"] == pytest.approx(0.7)


strip = st.text(alphabet="".join(LETTERS), min_size=1, max_size=30)


@given(st.lists(strip, min_size=1, max_size=8), st.integers(1, 29))
@examples(20)
def test_coverage_of_two_halves_sums_to_that_of_the_whole(strips, cut):
    site = mine(intervals({f"T{number}": each for number, each in enumerate(strips)}))
    whole = coverage(site.between(MIDNIGHT, MIDNIGHT + HOUR / 2))
    middle = MIDNIGHT + timedelta(minutes=cut)
    halves = [coverage(site.between(MIDNIGHT, middle)), coverage(site.between(middle, MIDNIGHT + HOUR / 2))]
    for truck, sums in whole.items():
        assert sums == pytest.approx(tuple(map(sum, zip(*(half[truck] for half in halves), strict=True))))


def test_it_agrees_with_minutes_counted_one_by_one():
    strips = {"T01": "RR..LLH.HD", "T02": "..........", "T03": "DDDDDDDDDD"}
    found = coverage(mine(intervals(strips)))
    assert {truck: seen for truck, (_, seen) in found.items()} == {
        truck: sum(letter != "." for letter in letters) for truck, letters in strips.items()
    }


def hourly(site: tk.Site) -> dict[tuple[str, int], tuple[float, float]]:
    rows = site.hourly_coverage().to_pyarrow().to_pylist()
    return {(row["truck"], row["hour"].hour): (row["asked_min"], row["observed_min"]) for row in rows}


def test_each_hour_says_how_much_of_it_was_observed_those_without_data_too():
    strips = {"T01": "R" * 50 + "." * 20 + "L" * 50, "T02": "L" * 30}
    site = mine(intervals(strips)).between(MIDNIGHT, MIDNIGHT + 1.5 * HOUR)
    assert hourly(site) == {
        ("T01", 0): (60, 50),
        ("T01", 1): (30, 20),
        ("T02", 0): (60, 30),
        ("T02", 1): (30, 0),
    }


STRIPS = st.dictionaries(
    st.sampled_from(["T01", "T02"]), st.text([*LETTERS, " "], min_size=1, max_size=150), min_size=1
)


@given(STRIPS)
@examples(8)
def test_the_hours_of_a_truck_sum_to_its_coverage(strips):
    site = mine(intervals(strips), trucks=tuple(strips)).between(MIDNIGHT, MIDNIGHT + 2.5 * HOUR)
    found = hourly(site)
    for truck, (asked_min, observed_min) in coverage(site).items():
        each = [minutes for (name, _hour), minutes in found.items() if name == truck]
        assert sum(asked for asked, _ in each) == pytest.approx(asked_min)
        assert sum(observed for _, observed in each) == pytest.approx(observed_min)


def test_the_hours_of_the_sample_are_those_that_pandas_counts():
    site = tk.sample()
    states = site.states.to_pandas()
    found = site.hourly_coverage().to_pandas().set_index(["truck", "hour"]).observed_min
    for (truck, hour), observed_min in found.items():
        own = states[(states.truck == truck) & (states.state != "no_data")]
        within = own.stop.clip(upper=hour + HOUR) - own.start.clip(lower=hour)
        assert within.clip(lower=timedelta(0)).sum() / timedelta(minutes=1) == pytest.approx(observed_min)
