"""How long the phases of cycles take, now and before."""

from __future__ import annotations

from datetime import timedelta

import pytest
from engines import examples
from hypothesis import given
from hypothesis import strategies as some
from strips import haul_cycle, mine_of, rows_of, shift

import truckkit as tk
from truckkit.metrics.phases import PHASES
from truckkit.site import Site

DAY = 24 * 60


def split(site: Site, *args: object, **words: object) -> dict[tuple[object, object], dict[str, object]]:
    rows = rows_of(site.cycle_split(*args, **words))
    return {(next(iter(row.values())), row["phase"]): row for row in rows}


def today(cycles: list[dict[str, object]]) -> Site:
    return mine_of(cycles=cycles, shifts=[shift("d", 0, DAY, "A"), shift("b", -DAY, 0, "A")]).between(
        "2026-11-22", "2026-11-23"
    )


def test_a_route_is_compared_with_itself_before():
    before = [haul_cycle(at=-DAY, phases={"haul": 10}), haul_cycle(at=-DAY + 60, phases={"haul": 12})]
    other = haul_cycle("T02", at=-DAY, phases={"haul": 30}, dump_place="Crusher")
    found = split(today([haul_cycle(at=60, phases={"haul": 14}), *before, other]), vs="14d")
    haul = found["Face → Dump", "haul"]
    assert (haul["cycles"], haul["median_min"], haul["cycles_before"]) == (1, 14, 2)
    assert (haul["median_before_min"], haul["mean_before_min"], haul["difference_min"]) == (11, 11, 3)
    assert {key[1] for key in found} == set(PHASES)
    assert {key[0] for key in found} == {"Face → Dump"}


def test_cycles_of_which_a_phase_is_not_known_do_not_count():
    cycles = [haul_cycle(at=0), haul_cycle(at=60, phases={"haul": 99}, complete=False)]
    assert split(today(cycles), vs=None)["Face → Dump", "haul"]["cycles"] == 1


def test_an_hour_is_compared_with_all_of_the_time_before_and_a_crew_with_itself():
    cycles = [haul_cycle(at=60), haul_cycle(at=-DAY), haul_cycle(at=-DAY + 120)]
    by_hour = split(today(cycles), "hour")
    assert {row["cycles_before"] for row in by_hour.values()} == {2}
    assert split(today(cycles), "crew")["A", "load"]["cycles_before"] == 2


def test_a_group_of_an_unknown_name_has_a_baseline_too():
    cycles = [haul_cycle(at=60, operator=None), haul_cycle(at=-DAY, operator=None)]
    assert split(today(cycles), "operator")[None, "load"]["cycles_before"] == 1


def test_without_a_baseline_its_columns_are_empty():
    row = split(today([haul_cycle(at=0)]), vs=None)["Face → Dump", "load"]
    assert (row["cycles_before"], row["median_before_min"], row["difference_min"]) == (0, None, None)
    assert row["median_min"] == 3


def test_where_nothing_was_hauled_there_are_no_rows():
    assert rows_of(today([haul_cycle(at=-DAY)]).cycle_split()) == []


@examples(5)
@given(some.lists(some.tuples(*[some.integers(0, 30)] * 3), min_size=1, max_size=6))
def test_mean_phases_sum_to_the_mean_cycle(drawn):
    cycles = [
        haul_cycle(f"T{number}", 0, {"haul": haul, "queue_load": queue}, delay_min=float(delay))
        for number, (haul, queue, delay) in enumerate(drawn)
    ]
    found = split(mine_of(cycles=cycles), "", vs=None)
    long_min = [(row["stop"] - row["start"]) / timedelta(minutes=1) for row in cycles]
    assert sum(row["mean_min"] for row in found.values()) == pytest.approx(sum(long_min) / len(long_min))


def test_phases_of_the_sample_are_those_that_pandas_finds():
    site = tk.sample()
    cycles = site.cycles.to_pandas()
    whole = cycles[cycles.complete]
    for row in rows_of(site.cycle_split(by="loader,dump_place", vs=None)):
        mine = whole[(whole.loader == row["loader"]) & (whole.dump_place == row["dump_place"])]
        minutes = mine[f"{row['phase']}_min"]
        assert row["cycles"] == len(mine)
        assert row["median_min"] == pytest.approx(minutes.median())
        assert row["mean_min"] == pytest.approx(minutes.mean())
