"""Fuel of trucks whose rate is read every few seconds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import ibis
import numpy as np
import pytest
from engines import examples
from hypothesis import given
from hypothesis import strategies as some
from strips import MIDNIGHT, intervals, mine, table_of

import truckkit as tk
from truckkit import cycles as haul
from truckkit import schema
from truckkit.errors import BadRequest
from truckkit.metrics.fuel import burned, cycle_fuel, fuel_range, per_tkm, refuelling

START = MIDNIGHT.replace(tzinfo=None)


def minutes(n: float) -> datetime:
    return START + timedelta(minutes=n)


def rates(*lph: float | None, every_s: int = 10) -> list[dict[str, object]]:
    """A minute of readings for each rate; nothing for None."""
    return [
        {"truck": "T01", "at": minutes(minute) + timedelta(seconds=second), "fuel_rate_lph": rate}
        for minute, rate in enumerate(lph)
        if rate is not None
        for second in range(0, 60, every_s)
    ]


def stretches(*bounds: tuple[float, float]) -> ibis.Table:
    rows = [{"truck": "T01", "start": minutes(a), "stop": minutes(b)} for a, b in bounds]
    return ibis.memtable(rows, schema={"truck": "string", "start": "timestamp(6)", "stop": "timestamp(6)"})


def seen(readings: list[dict[str, object]], *bounds: tuple[float, float]) -> list[tuple[float, float]]:
    found = burned(table_of(schema.TELEMETRY, readings), stretches(*bounds)).order_by("start")
    return [(round(row["litres"], 6), round(row["seen_min"], 6)) for row in found.to_pyarrow().to_pylist()]


def test_a_minute_is_shared_by_the_intervals_that_lie_in_it():
    assert seen(rates(60, 120, 60), (0, 1.5), (1.5, 3)) == [(2.0, 1.5), (2.0, 1.5)]


def test_a_hole_burns_nothing_that_was_seen_and_says_so():
    assert seen(rates(60, None, None, 60), (0, 4)) == [(2.0, 2.0)]


def test_rates_that_are_none_do_not_count():
    bad = rates(float("nan"), -5, 60)
    assert seen(bad, (0, 3)) == [(1.0, 1.0)]
    assert seen([{**row, "fault": "frozen"} for row in rates(60)], (0, 1)) == []


@examples(10)
@given(some.lists(some.floats(0, 400), min_size=2, max_size=9), some.floats(0.1, 0.9))
def test_litres_of_the_parts_sum_to_litres_of_the_whole(lph, share):
    whole, cut = len(lph), round(len(lph) * share, 3)
    parts = seen(rates(*lph), (0, cut), (cut, whole))
    ((litres, minute),) = seen(rates(*lph), (0, whole))
    assert abs(sum(each[0] for each in parts) - litres) < 1e-4
    assert abs(litres - sum(lph) / 60) < 1e-4
    assert abs(sum(each[1] for each in parts) - minute) < 1e-5


CYCLE = {"truck": "T01", "source": "fms", "complete": True, "overlaps": False, "payload_t": 100.0}
TRUCKS = table_of(schema.TRUCKS, [{"truck": "T01", "empty_mass_t": 50.0, "tank_l": 1000.0, "given": True}])


def test_a_metre_lifted_counts_as_fifty_driven_at_two_percent_rolling_resistance():
    cycle = {
        **CYCLE,
        "start": minutes(0),
        "stop": minutes(2),
        "loaded_m": 2000.0,
        "empty_m": 1000.0,
        "lift_m": 20.0,
    }
    rows = haul.dumped(table_of(schema.CYCLES, [cycle]))
    fuelled = cycle_fuel(rows, table_of(schema.TELEMETRY, rates(60, 60)), TRUCKS)
    row = fuelled.to_pyarrow().to_pylist()[0]
    assert (row["litres"], row["tkm"]) == (2, 200)
    assert row["effective_tkm"] == (150 * (2000 + 20 / 0.02) + 50 * 1000) / 1000
    answer = per_tkm(fuelled, ["truck"], norm=True).to_pyarrow().to_pylist()[0]
    assert (answer["l_per_tkm"], answer["excess_l"]) == (0.01, 0)


def test_a_cycle_of_which_little_fuel_was_read_does_not_count():
    cycle = {**CYCLE, "start": minutes(0), "stop": minutes(4), "loaded_m": 2000.0, "empty_m": 1000.0}
    rows = haul.dumped(table_of(schema.CYCLES, [cycle]))
    fuelled = cycle_fuel(rows, table_of(schema.TELEMETRY, rates(60, 60)), TRUCKS)
    answer = per_tkm(fuelled, ["truck"]).to_pyarrow().to_pylist()[0]
    assert (answer["cycles"], answer["cycles_counted"], answer["litres"], answer["l_per_tkm"]) == (
        1,
        0,
        0,
        None,
    )


def test_litres_expected_sum_to_litres_burned_however_it_is_split():
    site = tk.sample()
    answers = [site.fuel_per_tkm(by=by).to_pandas() for by in ("truck", "route,hour", "shift")]
    for answer in answers:
        np.testing.assert_allclose(answer.litres.sum(), answers[0].litres.sum())
        np.testing.assert_allclose(answer.expected_l.sum(), answer.litres.sum())
    assert "expected_l" not in site.fuel_per_tkm(norm=None).columns
    with pytest.raises(BadRequest, match="norm"):
        site.fuel_per_tkm(norm="weight")


def test_what_rates_say_was_burned_is_what_the_tank_lost():
    site = tk.sample()
    t = site.telemetry.to_pandas()
    for truck in ("T02", "T06"):  # these two were not refuelled
        mine = t[t.truck == truck].sort_values("at")
        first, last = mine["at"].iloc[0], mine["at"].iloc[-1]
        whole = ibis.memtable(
            [{"truck": truck, "start": first.to_pydatetime(), "stop": last.to_pydatetime()}]
        )
        litres = burned(site.telemetry, whole).litres.sum().to_pyarrow().as_py()
        lost = (mine.fuel_pct.iloc[0] - mine.fuel_pct.iloc[-1]) / 100 * 4542.0
        # The simulated rate is that of the engine's load as planned, the tank's that of the drive as paced.
        np.testing.assert_allclose(litres, lost, rtol=0.04)
        held = mine["at"].diff().dt.total_seconds().shift(-1).fillna(0).clip(upper=60)
        np.testing.assert_allclose(litres, (mine.fuel_rate_lph.astype(float) * held).sum() / 3600, rtol=0.005)


def levels(*each: tuple[float, float | None], **more: object) -> list[dict[str, object]]:
    return [{"truck": "T01", "at": minutes(at), "fuel_pct": level, **more} for at, level in each]


def ranged(readings, refuels=(), until=60.0):
    found = fuel_range(
        table_of(schema.TELEMETRY, readings), TRUCKS, table_of(schema.REFUELS, refuels),
        minutes(until).replace(tzinfo=UTC),
    )  # fmt: skip
    return found.to_pyarrow().to_pylist()[0]


def test_a_truck_runs_out_when_only_the_reserve_is_left():
    row = ranged(levels((0, 60.0)) + rates(200), until=151)
    assert (row["fuel_l"], row["usable_l"], row["burn_lph"], row["remaining_h"]) == (600, 500, 200, 2.5)
    assert (row["runs_out"], row["before_until"]) == (minutes(150), True)
    assert not ranged(levels((0, 60.0)) + rates(200), until=149)["before_until"]


def test_without_rates_the_fall_of_the_level_tells_the_burn_and_refuels_are_added():
    filled = [{"truck": "T01", "start": minutes(20), "stop": minutes(25), "fuel_l": 300.0}]
    row = ranged(levels((0, 50.0), (30, 70.0)), filled)
    assert row["burn_lph"] == pytest.approx((500 + 300 - 700) / 0.5)
    later = [{"truck": "T01", "start": minutes(31), "stop": minutes(35), "fuel_l": 200.0}]
    assert ranged(levels((0, 50.0), (30, 30.0)), later)["fuel_l"] == pytest.approx(500)
    assert ranged(levels((0, 50.0), (30, 30.0)), [{**later[0], "fuel_l": 5000.0}])["fuel_l"] == 1000


def test_of_a_truck_without_readings_nothing_is_guessed():
    row = ranged([])
    assert (row["fuel_l"], row["runs_out"], row["before_until"], row["why"]) == (
        None, None, None, "no fuel level was read"
    )  # fmt: skip
    assert ranged(levels((0, float("nan"))))["why"] == "no fuel level was read"
    assert ranged(levels((0, 50.0)))["why"] == "it burned nothing that was read"


def test_every_truck_has_its_range_and_the_shift_that_goes_on_is_its_end():
    site = tk.sample().between("2026-11-22 06:00", "2026-11-22 15:00")
    found = site.fuel_range().to_pandas()
    assert len(found) == 6
    at_six = site.fuel_range(until="2026-11-22 18:00").to_pandas()
    assert (
        found.sort_values("truck").before_until.tolist() == at_six.sort_values("truck").before_until.tolist()
    )
    with pytest.raises(BadRequest, match="no shift"):
        mine(intervals({"T01": "H"})).fuel_range()
    with pytest.raises(BadRequest, match="reserve"):
        site.fuel_range(reserve=2)


def test_a_refuelling_is_divided_by_the_hours_since_the_one_before():
    rows = [
        {"truck": "T01", "start": minutes(0), "stop": minutes(10), "fuel_l": 900.0},
        {"truck": "T01", "start": minutes(310), "stop": minutes(315), "fuel_l": 1000.0},
        {"truck": "T02", "start": minutes(20), "stop": minutes(30), "fuel_l": 800.0},
    ]
    found = refuelling(table_of(schema.REFUELS, rows)).order_by("truck", "start").to_pyarrow().to_pylist()
    assert [(row["since_last_h"], row["burn_lph"], row["refuel_min"]) for row in found] == [
        (None, None, 10), (5, 200, 5), (None, None, 10)
    ]  # fmt: skip
    assert tk.sample().refuelling().count().to_pyarrow().as_py() == 4
