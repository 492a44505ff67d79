"""Tonnes moved by hour: what counts where, and that windows add up."""

from __future__ import annotations

import pytest
from engines import examples
from hypothesis import given
from hypothesis import strategies as some
from strips import haul_cycle, mine_of, rows_of

import truckkit as tk


def moved(site: tk.Site, every: str = "1h") -> dict[tuple[object, object], float]:
    return {
        (row["truck"], f"{row['start']:%H:%M}"): row["moved_t"] for row in rows_of(site.productivity(every))
    }


def test_a_load_counts_in_the_hour_in_which_it_was_dumped():
    site = mine_of(cycles=[haul_cycle("T01", 0), haul_cycle("T01", 50)])
    assert moved(site) == {("T01", "00:00"): 200, ("T01", "01:00"): 200}


def test_a_load_dumped_after_the_window_counts_in_none_of_its_hours():
    site = mine_of(cycles=[haul_cycle("T01", 0), haul_cycle("T01", 50)])
    assert moved(site.between("2026-11-22 00:00", "2026-11-22 01:00")) == {("T01", "00:00"): 200}


def test_periods_are_counted_from_the_midnight_before_the_window():
    site = mine_of(cycles=[haul_cycle("T01", 10 * 60)])
    day = site.between("2026-11-22 09:00", "2026-11-22 12:00")
    assert moved(day, "7h") == {("T01", "07:00"): 200}


@examples(6)
@given(some.lists(some.integers(0, 300), min_size=1, max_size=8, unique=True), some.integers(1, 299))
def test_two_windows_sum_to_both(starts, cut):
    site = mine_of(cycles=[haul_cycle(f"T{number}", start) for number, start in enumerate(starts)])
    bounds = [f"2026-11-22 {at // 60:02}:{at % 60:02}" for at in (0, cut, 400)]
    halves = [site.between(bounds[0], bounds[1]), site.between(bounds[1], bounds[2])]
    whole = sum(moved(site.between(bounds[0], bounds[2])).values())
    assert sum(sum(moved(half).values()) for half in halves) == pytest.approx(whole)


def test_the_hours_of_the_sample_sum_to_its_summary():
    day = tk.sample().shift("2026-11-22 day")
    (row,) = rows_of(day.summary())
    assert sum(moved(day).values()) == pytest.approx(row["moved_t"])
