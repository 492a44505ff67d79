"""The worst cycles and why."""

from __future__ import annotations

from datetime import timedelta

import pytest
from engines import examples
from hypothesis import given
from hypothesis import strategies as some
from strips import MIDNIGHT, haul_cycle, intervals, mine_of, rows_of

import truckkit as tk
from truckkit.errors import BadRequest

DAY = 24 * 60


def test_the_worst_cycle_is_told_with_the_phase_that_made_it_so():
    before = [haul_cycle(at=-DAY + 60 * number, phases={"queue_load": 2.1}) for number in range(3)]
    bad = haul_cycle(at=60, phases={"queue_load": 16.3, "haul": 9})
    site = mine_of(cycles=[*before, bad, haul_cycle(at=120)]).between("2026-11-22", "2026-11-23")
    worst, better = rows_of(site.worst_cycles(10, vs="14d"))
    assert worst["start"] == bad["start"]
    assert worst["phase"] == "queue_load"
    assert worst["excess_min"] == pytest.approx(13.2)
    assert worst["phase_excess_min"] == pytest.approx(14.2)
    assert worst["explanation"] == "queue_load took 14.2 min longer than the 2.1 min usual on Face → Dump"
    assert (worst["usual_from"], worst["cycles_before"]) == ("baseline", 3)
    assert better["excess_min"] == pytest.approx(-2.1)


def test_on_a_route_that_the_baseline_does_not_know_the_window_tells_the_usual():
    cycles = [haul_cycle(at=60 * number, phases={"haul": 10 + number}) for number in range(3)]
    site = mine_of(cycles=[*cycles, haul_cycle(at=-DAY, dump_place="Crusher")])
    worst, *_rest = rows_of(site.between("2026-11-22", "2026-11-23").worst_cycles())
    assert (worst["usual_from"], worst["phase"], worst["excess_min"]) == ("window", "haul", 1)


def test_time_in_none_of_the_states_explains_too():
    cycles = [haul_cycle(at=100 * number, delay_min=30.0 * (number == 2)) for number in range(3)]
    worst, *_rest = rows_of(mine_of(cycles=cycles).worst_cycles(vs=None))
    assert (worst["phase"], worst["phase_excess_min"]) == ("delay", 30)


def test_a_delay_is_told_with_what_the_longest_of_it_was():
    cycles = [haul_cycle(at=100 * number, delay_min=30.0 * (number == 1)) for number in range(3)]
    strip = "w" * 10 + "X" * 20 + "R" * 8
    states = intervals({"T01": strip}, MIDNIGHT + timedelta(minutes=70))
    worst, *rest = rows_of(mine_of(cycles=cycles, states=states).worst_cycles(vs=None))
    assert worst["explanation"].endswith("usual on Face → Dump, most of it down, 20.0 min")
    assert not any("most of it" in row["explanation"] for row in rest)


def test_fewer_than_one_are_refused():
    with pytest.raises(BadRequest, match="whole number from 1"):
        tk.sample().worst_cycles(0)


@examples(5)
@given(some.lists(some.integers(0, 60), min_size=1, max_size=8), some.randoms())
def test_no_cycle_left_out_is_worse_and_the_order_of_rows_does_not_matter(queues, chance):
    cycles = [haul_cycle(f"T{n}", 0, {"queue_load": queue}) for n, queue in enumerate(queues)]
    chance.shuffle(cycles)
    found = [row["excess_min"] for row in rows_of(mine_of(cycles=cycles).worst_cycles(3, vs=None))]
    median = sorted(queues)[len(queues) // 2] / 2 + sorted(queues)[(len(queues) - 1) // 2] / 2
    assert found == pytest.approx(sorted((queue - median for queue in queues), reverse=True)[:3])


def test_the_worst_of_the_sample_are_those_that_pandas_finds():
    site = tk.sample()
    cycles = site.cycles.to_pandas()
    whole = cycles[cycles.complete].copy()
    whole["long"] = (whole.stop - whole.start).dt.total_seconds() / 60
    usual = whole.groupby(["load_place", "dump_place"]).long.transform("median")
    expected = (whole.long - usual).nlargest(10)
    found = rows_of(site.worst_cycles(10))
    assert [row["excess_min"] for row in found] == pytest.approx(expected.to_list())
    assert [row["truck"] for row in found] == whole.loc[expected.index].truck.to_list()
