"""Loaders that hang, as strips of the trucks at them."""

from __future__ import annotations

import pandas as pd
import pytest
from engines import examples
from hypothesis import given
from hypothesis import strategies as some
from strips import MIDNIGHT, intervals, mine_of, rows_of, shift

import truckkit as tk
from truckkit.errors import UnknownName
from truckkit.metrics import loadings
from truckkit.site import Site

AT_LOADER = ("queue_load", "spot_load", "load")


def mine(strips: dict[str, str], **tables: list[dict[str, object]]) -> Site:
    """A mine of one loader, at which all trucks load."""
    states = intervals(strips)
    for row in states:
        if row["state"] in AT_LOADER:
            row |= {"loader": "SH1", "place": "Face"}
    return mine_of(states=states, **tables)


def drawn(site: Site) -> list[str]:
    """Each hang as "3-6 T02": minutes after midnight and who ended it; away ones in brackets."""
    midnight = MIDNIGHT.replace(tzinfo=None)
    found = []
    for row in rows_of(site.hangs(), "loader", "start"):
        first, last = (int((row[bound] - midnight).total_seconds() // 60) for bound in ("start", "stop"))
        text = f"{first}-{last} {row['next_truck']}"
        found.append(f"({text})" if row["away"] else text)
    return found


def test_a_loader_hangs_from_the_end_of_a_loading_until_the_next_truck_is_there():
    strips = {
        "T01": "LLHHHDRRRLL",
        "T02": "RRRRRQSLLHH",
    }
    assert drawn(mine(strips)) == ["2-5 T02"]


def test_while_another_truck_queues_the_loader_does_not_hang():
    assert drawn(mine({"T01": "LLLHH", "T02": "RQQQL"})) == []
    assert drawn(mine({"T01": "LLLHHHHH", "T02": "QQQQQSLL", "T03": "RRRRRRRRRRL"})) == ["8-10 T03"]


def test_before_the_first_truck_and_after_the_last_nothing_is_known():
    assert drawn(mine({"T01": "RRRRLLHHHH"})) == []


def test_a_loader_to_which_no_truck_came_for_long_may_have_been_elsewhere():
    site = mine({"T01": "L" + "H" * 61 + "LHHL"})
    assert drawn(site) == ["(1-62 T01)", "63-65 T01"]
    (row,) = rows_of(site.hang(by="loader"))
    assert (row["hang_min"], row["away_min"], row["truck_min"], row["observed_min"]) == (2, 61, 3, 66)


def test_a_hang_over_the_bound_of_a_window_is_known_and_cut():
    site = mine({"T01": "LLHHHHHHLL"}).between("2026-11-22 00:04", "2026-11-22 00:06")
    assert drawn(site) == ["2-8 T01"]
    (row,) = rows_of(site.hang(by="loader"))
    assert (row["hang_min"], row["loads"], row["hang_min_per_load"]) == (2, 0, None)


def test_hang_is_cut_at_hours_and_shifts():
    strips = {"T01": "L" * 50 + "H" * 30 + "L" * 10}
    site = mine(strips, shifts=[shift("first", 0, 65, "A"), shift("second", 65, 120, "B")])
    assert [row["hang_min"] for row in rows_of(site.hang(), "hour")] == [10, 20]
    by_shift = {row["shift"]: row for row in rows_of(site.hang(by="shift"))}
    assert {name: row["hang_min"] for name, row in by_shift.items()} == {"first": 15, "second": 15}
    assert {name: row["loads"] for name, row in by_shift.items()} == {"first": 1, "second": 1}
    assert {row["crew"] for row in rows_of(site.hang(by="crew"))} == {"A", "B"}


def test_time_outside_of_any_shift_is_in_a_group_of_its_own():
    site = mine({"T01": "LLHHHHLL"}, shifts=[shift("only", 3, 5)])
    assert {row["shift"]: row["hang_min"] for row in rows_of(site.hang(by="shift"))} == {None: 2, "only": 2}
    assert [row["hang_min"] for row in rows_of(mine({"T01": "LLHHLL"}).hang(by="shift"))] == [2]


def test_hang_is_of_all_trucks_whichever_the_site_is_narrowed_to():
    site = mine({"T01": "LLHHHDRRRLL", "T02": "RRRRRQSLLHH"}).truck("T01")
    assert drawn(site) == ["2-5 T02"]


def test_a_visit_lasts_through_a_delay_and_ends_with_the_drive():
    visits = rows_of(loadings.visits(mine({"T01": "RQQwSLLHHDRQR"}).states), "arrived")
    assert [(row["queue_min"], row["spot_min"], row["load_min"], row["loaded"]) for row in visits] == [
        (2, 1, 2, True),
        (1, 0, 0, False),
    ]


def test_a_word_that_says_nothing_of_a_loader_is_refused():
    with pytest.raises(UnknownName, match='"operator"'):
        tk.sample().hang(by="operator")


def test_where_nothing_is_known_there_are_no_rows():
    site = mine({"T01": "HHHH"})
    assert rows_of(site.hangs()) == rows_of(site.hang()) == rows_of(site.hang(by="")) == []


STRIPS = some.dictionaries(
    some.sampled_from(["T01", "T02", "T03"]), some.text(alphabet="QLHR ", max_size=30), max_size=3
)


@examples(5)
@given(STRIPS, some.integers(1, 29), some.randoms())
def test_windows_and_hours_add_up_and_hang_and_trucks_tile_the_time_of_the_loader(strips, cut, chance):
    site = mine(strips)
    at = f"2026-11-22 00:{cut:02d}"
    halves = [site.between("2026-11-21", at), site.between(at, "2026-11-23")]
    parts = [row for half in halves for row in rows_of(half.hang(by="loader"))]
    names = ("hang_min", "truck_min", "observed_min", "loads")
    whole = rows_of(site.hang(by=""))
    minutes = [number for strip in strips.values() for number, letter in enumerate(strip) if letter in "QL"]
    expected = (max(minutes) + 1 - min(minutes), len(set(minutes))) if minutes else (0, 0)
    assert (sum(row["observed_min"] for row in whole), sum(row["truck_min"] for row in whole)) == expected
    for name in names:
        assert sum(row[name] for row in parts) == pytest.approx(sum(row[name] for row in whole))


def test_hang_of_the_sample_is_what_a_clock_of_seconds_counts():
    states = tk.sample().states.to_pandas()
    there = states[states.state.isin(AT_LOADER)]
    for row in rows_of(tk.sample().hang(by="loader"), "loader"):
        mine_ = there[there.loader == row["loader"]]
        clock = pd.date_range(mine_.start.min(), mine_.stop.max(), freq="s")
        busy = pd.Series(False, index=clock)
        for each in mine_.itertuples():
            busy[each.start : each.stop] = True
        assert row["hang_min"] + row["away_min"] == pytest.approx((~busy).sum() / 60, abs=2)
        assert row["observed_min"] == pytest.approx(len(clock) / 60, abs=0.1)
        assert row["loads"] == (mine_.state == "load").sum()


def test_hang_of_all_trucks_rests_on_all_trucks():
    site = mine_of(states=intervals({"T01": "SLLHHRRSLLHH", "T02": "............"}))
    whole = rows_of(site.hang(by="loader"))
    assert rows_of(site.truck("T01").hang(by="loader")) == whole
