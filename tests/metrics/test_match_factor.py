"""Whether trucks and loaders fit each other."""

from __future__ import annotations

import ibis
import pytest
from engines import examples
from hypothesis import given
from hypothesis import strategies as some
from strips import haul_cycle, mine_of, rows_of

import truckkit as tk
from truckkit.errors import UnknownName
from truckkit.metrics.match_factor import match_factor


def factor(
    cycles: list[dict[str, object]], visits: list[tuple[str, str, float]], by: tuple[str, ...] = ()
) -> list[dict[str, object]]:
    loaded = [
        {"truck": truck, "loader": loader, "spot_min": 1.0, "load_min": long - 1.0, "loaded": True}
        for truck, loader, long in visits
    ]
    told = mine_of(cycles=cycles).cycles.to_pyarrow()
    return rows_of(match_factor(ibis.memtable(told), ibis.memtable(loaded), by), *by)


def test_where_all_loaders_are_alike_it_is_trucks_by_service_over_loaders_by_cycle():
    trucks = [f"T{number}" for number in range(8)]
    cycles = [haul_cycle(truck) for truck in trucks]
    (row,) = factor(cycles, [(truck, f"SH{n % 2}", 4.0) for n, truck in enumerate(trucks)])
    assert row["cycle_min"] == 24
    assert row["match_factor"] == pytest.approx(8 * 4 / (2 * 24))


def test_loaders_that_differ_have_their_rates_summed():
    (row,) = factor([haul_cycle()], [("T01", "SH1", 3.0), ("T02", "SH2", 6.0)])
    assert row["load_service_min"] == pytest.approx(2 / (1 / 3 + 1 / 6))
    assert row["match_factor"] == pytest.approx(2 / ((1 / 3 + 1 / 6) * 24))


def test_queues_and_delays_are_no_part_of_the_cycle():
    waits = haul_cycle("T01", phases={"queue_load": 20, "queue_dump": 5}, delay_min=40.0)
    (row,) = factor([waits], [("T01", "SH1", 4.0)])
    assert row["cycle_min"] == 24


def test_a_truck_that_is_loaded_at_two_loaders_counts_at_each_by_its_share():
    visits = [("T01", "SH1", 4.0)] * 3 + [("T01", "SH2", 4.0)]
    first, second = factor([haul_cycle()], visits, ("loader",))
    assert (first["trucks"], second["trucks"]) == (0.75, 0.25)
    assert (first["loads"], second["loads"]) == (3, 1)


def test_where_no_cycle_is_complete_the_factor_is_empty():
    first = factor([haul_cycle(complete=False)], [("T01", "SH1", 4.0)])
    assert [(row["match_factor"], row["trucks"]) for row in first] == [(None, 1)]


def test_a_word_that_says_nothing_of_a_loader_is_refused():
    with pytest.raises(UnknownName, match='"truck"'):
        tk.sample().match_factor(by="truck")


def test_a_window_without_loads_has_no_rows():
    assert rows_of(tk.sample().between("2026-11-20", "2026-11-21").match_factor()) == []


@examples(5)
@given(some.lists(some.tuples(some.sampled_from("ABC"), some.sampled_from("XY")), min_size=1), some.randoms())
def test_trucks_of_loaders_sum_to_all_trucks_whatever_the_order(pairs, chance):
    visits = [(truck, loader, 4.0) for truck, loader in pairs]
    chance.shuffle(visits)
    parts = [row for row in factor([haul_cycle()], visits, ("loader",)) if row["loads"]]
    assert sum(row["trucks"] for row in parts) == pytest.approx(len({truck for truck, _loader in pairs}))


def test_the_factor_of_the_sample_is_what_pandas_counts():
    site = tk.sample()
    states, cycles = site.states.to_pandas(), site.cycles.to_pandas()
    states["long"] = (states.stop - states.start).dt.total_seconds() / 60
    served = states[states.state.isin(["spot_load", "load"])].groupby("loader").long.sum()
    service = served / states[states.state == "load"].groupby("loader").size()
    whole = cycles[cycles.complete]
    waits = whole.queue_load_min + whole.queue_dump_min + whole.delay_min
    cycle_min = ((whole.stop - whole.start).dt.total_seconds() / 60 - waits).mean()
    (row,) = rows_of(site.match_factor(by=""))
    assert row["match_factor"] == pytest.approx(6 / ((1 / service).sum() * cycle_min), rel=1e-4)
