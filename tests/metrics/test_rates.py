"""Tonnes that a minute of work moves."""

from __future__ import annotations

import ibis
import pytest
from strips import dumped, intervals

import truckkit as tk
from truckkit.metrics.rates import WORKING, truck_rates


def of(table: ibis.Table) -> dict[str, dict[str, object]]:
    return {row["truck"]: row for row in table.to_pyarrow().to_pylist()}


def rates(strips: dict[str, str], loads: dict[str, list[float | None]], least_min: float = 0.0):
    states = ibis.memtable(intervals(strips))
    trucks = ibis.memtable({"truck": list(strips)})
    return of(truck_rates(states, dumped(loads), trucks, least_min))


def test_a_truck_moves_its_tonnes_in_the_minutes_of_its_work_alone():
    found = rates({"T01": "QQSLLHHHsDRRww"}, {"T01": [200.0]})
    assert found["T01"]["working_min"] == 10
    assert found["T01"]["rate_tpm"] == 20
    assert found["T01"]["basis"] == "own"


def test_a_truck_that_did_not_work_has_the_rate_of_the_fleet():
    found = rates({"T01": "LHDR", "T02": "XXXX"}, {"T01": [100.0]})
    assert found["T02"]["rate_tpm"] == 25
    assert found["T02"]["basis"] == "fleet"


def test_a_truck_that_worked_for_minutes_only_has_the_rate_of_the_fleet():
    found = rates({"T01": "LHDR" * 20, "T02": "DXXX"}, {"T01": [79.0], "T02": [2.0]}, least_min=60)
    assert found["T02"]["rate_tpm"] == pytest.approx(81 / 81)


def test_a_load_of_unknown_tonnes_adds_none_and_a_fleet_that_moved_nothing_has_rate_0():
    found = rates({"T01": "LHDR", "T02": "pppp"}, {"T01": [None]})
    assert [row["rate_tpm"] for row in found.values()] == [0, 0]


def test_rates_of_the_sample_are_what_pandas_counts_with_its_own_hands():
    site = tk.sample()
    states, cycles = site.states.to_pandas(), site.dumped_cycles().to_pandas()
    long_min = (states.stop - states.start).dt.total_seconds() / 60
    working = long_min[states.state.isin(WORKING)].groupby(states.truck).sum()
    moved = cycles.payload_t.fillna(cycles.reported_t).groupby(cycles.truck).sum()
    for truck, row in of(site.truck_rates()).items():
        assert row["working_min"] == pytest.approx(working[truck])
        assert row["rate_tpm"] == pytest.approx(moved[truck] / working[truck])
