"""Tonnes and loads against the plan."""

from __future__ import annotations

import random

import ibis
import pytest
from engines import examples
from hypothesis import given
from hypothesis import strategies as some
from strips import haul_cycle, mine_of, rows_of, shift

import truckkit as tk
from truckkit.errors import BadRequest, UnknownName
from truckkit.site import Site

SHIFTS = [shift("day", 0, 60), shift("night", 60, 120)]
PLANS = [
    {"shift": "day", "circuit": "all", "planned_t": 500.0, "planned_loads": 2.0},
    {"shift": "day", "circuit": "SH1", "planned_t": 300.0, "planned_loads": 1.0},
    {"shift": "day", "circuit": "SH2", "planned_t": 200.0, "planned_loads": 1.0},
    {"shift": "day", "circuit": "Face → Dump", "planned_t": 400.0, "planned_loads": 2.0},
]


def mine(cycles: list[dict[str, object]]) -> Site:
    return mine_of(cycles=cycles, shifts=SHIFTS, plans=PLANS)


def test_a_load_counts_in_the_shift_in_which_it_was_dumped():
    day, night = rows_of(mine([haul_cycle(at=0), haul_cycle(at=50), haul_cycle(at=80)]).summary(), "shift")
    assert (day["loads"], day["moved_t"], day["planned_t"], day["difference_t"]) == (1, 200, 500, -300)
    assert day["share_of_plan"] == 0.4
    assert (night["loads"], night["moved_t"]) == (2, 400)


def test_a_load_dumped_at_the_bound_of_two_windows_is_of_the_later():
    site = mine([haul_cycle(at=36)])
    windows = [("00:00", "01:00", 0), ("01:00", "02:00", 1)]
    for start, stop, loads in windows:
        (row,) = rows_of(site.between(f"2026-11-22 {start}", f"2026-11-22 {stop}").summary())
        assert row["loads"] == loads


def test_where_there_is_no_plan_nothing_is_compared():
    _day, night = rows_of(mine([haul_cycle(at=80)]).summary(), "shift")
    assert [night[name] for name in ("planned_t", "planned_loads", "difference_t", "share_of_plan")] == [
        None
    ] * 4
    compared = rows_of(mine([haul_cycle(at=0)]).summary(vs=None), "shift")
    assert {row["planned_t"] for row in compared} == {None}


def test_a_shift_in_which_nothing_was_moved_lacks_all_of_its_plan():
    day, _night = rows_of(mine([haul_cycle(at=80)]).summary(), "shift")
    assert (day["loads"], day["moved_t"], day["difference_t"], day["share_of_plan"]) == (0, 0, -500, 0)


def test_by_loader_the_plans_of_loaders_count():
    cycles = [haul_cycle(at=0), haul_cycle(at=30, payload_t=250.0)]
    site = mine_of(
        cycles=cycles,
        shifts=SHIFTS,
        plans=PLANS,
        places=[{"place": "x", "kind": "load", "given": True, "load_id": 0, "loader": "SH2"}],
    )
    found = {row["loader"]: row for row in rows_of(site.summary(by="shift,loader"))}
    assert set(found) == {"SH1", "SH2"}
    assert found["SH1"]["difference_t"] == 150
    assert found["SH2"]["difference_t"] == -200


def test_cycles_that_are_not_complete_and_loads_that_nobody_weighed_are_counted_beside():
    odd = haul_cycle(at=0, complete=False, payload_t=None)
    day, _night = rows_of(mine([odd, haul_cycle(at=30)]).summary(), "shift")
    assert (day["loads"], day["incomplete"], day["unweighed"], day["moved_t"]) == (2, 1, 1, 200)


def test_what_cannot_be_compared_with_or_split_by_is_refused():
    with pytest.raises(BadRequest, match='"budget"'):
        mine([]).summary(vs="budget")
    with pytest.raises(UnknownName, match='"operator"'):
        mine([]).summary(by="operator")


def test_a_shift_without_data_has_no_loads_and_no_coverage():
    site = mine([haul_cycle(at=0)]).between("2026-11-22 01:00", "2026-11-22 02:00")
    (night,) = rows_of(site.summary())
    assert (night["loads"], night["coverage"]) == (0, 0)


@examples(5)
@given(some.lists(some.integers(0, 100), max_size=8), some.integers(1, 119), some.randoms())
def test_windows_add_up_whatever_the_order_of_rows(starts, cut, chance: random.Random):
    cycles = [haul_cycle(f"T{number:02d}", at) for number, at in enumerate(starts)]
    site = mine(cycles)
    chance.shuffle(cycles)
    at = f"2026-11-22 {cut // 60:02d}:{cut % 60:02d}"
    halves = [
        mine(cycles).between("2026-11-21", at),
        site.between(at, "2026-11-23"),
    ]
    loads = [sum(row["loads"] for row in rows_of(half.summary(by=""))) for half in halves]
    assert sum(loads) == len(starts) == sum(row["loads"] for row in rows_of(site.summary()))


def test_the_sample_moved_what_pandas_counts():
    site = tk.sample().shift("2026-11-22 day")
    cycles = tk.sample().cycles.to_pandas()
    (row,) = rows_of(site.summary())
    tipped = cycles[cycles.dump_place.notna()]
    dumps = tk.sample().states.filter(ibis._.state == "dump").count().execute()
    assert row["loads"] == len(tipped) == dumps
    assert row["moved_t"] == pytest.approx(tipped.payload_t.sum())
    assert row["difference_t"] == pytest.approx(tipped.payload_t.sum() - 40_000)


def test_a_plan_for_all_trucks_is_no_plan_for_some():
    (row,) = rows_of(tk.sample().truck("T01").shift("2026-11-22 day").summary())
    assert row["planned_t"] is None
    assert row["share_of_plan"] is None
