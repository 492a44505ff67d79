"""How shifts begin, pause and end."""

from __future__ import annotations

from datetime import timedelta

import pytest
from engines import examples
from hypothesis import given
from hypothesis import strategies as st
from strips import LETTERS, MIDNIGHT, furnished, interval, intervals, minute

import truckkit as tk
from truckkit.site import Site

SHIFTS = [
    {"shift": "a", "start": minute(0), "stop": minute(20), "crew": "A"},
    {"shift": "b", "start": minute(20), "stop": minute(40), "crew": "B"},
]


def of(site: Site) -> dict[tuple[str, str], dict[str, object]]:
    return {(row["truck"], row["shift"]): row for row in site.shift_change().to_pyarrow().to_pylist()}


def test_a_truck_starts_when_it_first_works_and_finishes_when_it_last_does():
    found = of(furnished(intervals({"T01": "wwwRRQLLHHwwHHDRRppp"}), shifts=SHIFTS))
    row = found["T01", "a"]
    assert (row["late_start_min"], row["early_finish_min"]) == (3, 3)
    assert (row["longest_break_min"], row["longest_break"]) == (2, minute(10))
    assert row["crew"] == "A"


def test_a_truck_that_works_over_the_bound_finishes_and_starts_there():
    found = of(furnished(intervals({"T01": "R" * 40}), shifts=SHIFTS))
    assert found["T01", "a"]["early_finish_min"] == 0
    assert found["T01", "b"]["late_start_min"] == 0
    assert found["T01", "b"]["longest_break_min"] == 0


def test_a_break_of_several_intervals_is_one():
    states = intervals({"T01": "RRRwwppRR"})
    states.append(interval("T01", "delay", minute(9), minute(11)))
    states.append(interval("T01", "haul", minute(11), minute(12)))
    assert of(furnished(states, shifts=SHIFTS))["T01", "a"]["longest_break_min"] == 4


def test_a_truck_that_did_not_work_has_empty_answers():
    site = furnished(intervals({"T01": "p" * 40}), shifts=SHIFTS, trucks=[{"truck": "T02"}])
    for row in of(site).values():
        assert row["first_worked"] is None
        assert row["late_start_min"] is None
        assert row["longest_break_min"] is None
    assert len(of(site)) == 4


@examples(6)
@given(st.text([*LETTERS, " "], max_size=40))
def test_start_finish_and_break_fit_into_the_shift(strip):
    for row in of(furnished(intervals({"T01": strip}), shifts=SHIFTS, trucks=[{"truck": "T01"}])).values():
        if row["first_worked"] is not None:
            taken = row["late_start_min"] + row["early_finish_min"] + row["longest_break_min"]
            assert 0 <= taken < 20


def test_shift_changes_of_the_sample_are_what_pandas_finds_with_its_own_hands():
    site = tk.sample()
    states = site.states.to_pandas()
    working = states[states.state.isin(["spot_load", "load", "haul", "spot_dump", "dump", "return"])]
    start, stop = (site.shifts.to_pandas()[bound].iloc[0] for bound in ("start", "stop"))
    for (truck, _shift), row in of(site).items():
        mine = working[working.truck == truck]
        assert row["late_start_min"] == pytest.approx((mine.start.min() - start).total_seconds() / 60)
        assert row["early_finish_min"] == pytest.approx((stop - mine.stop.max()).total_seconds() / 60)


def test_a_shift_that_the_window_cuts_counts_for_its_part_within():
    site = furnished(intervals({"T01": "R" * 10 + "p" * 30}), shifts=SHIFTS)
    found = of(site.between(MIDNIGHT + timedelta(minutes=5), MIDNIGHT + timedelta(minutes=15)))
    assert found["T01", "a"]["early_finish_min"] == 5
    assert list(found) == [("T01", "a")]
