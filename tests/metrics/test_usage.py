"""Every minute of the calendar lands in a category of a model."""

from __future__ import annotations

import itertools
import math
from datetime import timedelta

import pytest
from engines import examples
from hypothesis import given
from hypothesis import strategies as st
from strips import LETTERS, MIDNIGHT, furnished, intervals, minute

import truckkit as tk
from truckkit import schema
from truckkit.errors import UnknownName
from truckkit.metrics import usage, usage_models

STRIPS = st.dictionaries(
    st.sampled_from(["T01", "T02", "T 3,&"]), st.text([*LETTERS, " "], max_size=90), min_size=1
)


def spent(site, **asked) -> dict[tuple[object, ...], float]:
    rows = site.time_usage(**asked).to_pyarrow().to_pylist()
    words = asked.get("by", "truck").split(",")
    return {(*(row[word] for word in words), row["category"]): row["spent_min"] for row in rows}


def test_minutes_go_where_the_model_says_and_time_that_is_not_stored_is_no_data():
    site = furnished(intervals({"T01": "QSLLHHHqsD  RRww"})).between(
        MIDNIGHT, MIDNIGHT + timedelta(minutes=20)
    )
    assert spent(site, model="gmg") == {
        ("T01", "productive"): 6,
        ("T01", "working without moving material"): 4,
        ("T01", "queue"): 2,
        ("T01", "operating delay"): 2,
        ("T01", "no data"): 6,
    }


def test_down_goes_by_the_work_order_that_covers_it_and_a_delay_by_its_place():
    states = intervals({"T01": "XXXRXXXXwwH"})
    states[3]["place"] = "Bay"
    orders = [
        {"work_order": "1", "truck": "T01", "start": minute(-30), "stop": minute(3), "kind": "scheduled"},
        {"work_order": "2", "truck": "T01", "start": minute(4), "kind": "breakdown"},
    ]
    site = furnished(states, maintenance=orders, places=[{"place": "Bay", "kind": "fuel"}])
    assert spent(site) == {
        ("T01", "scheduled maintenance"): 3,
        ("T01", "working without moving material"): 1,
        ("T01", "unscheduled maintenance"): 4,
        ("T01", "refuelling"): 2,
        ("T01", "productive"): 1,
    }


def test_intervals_are_cut_at_the_bounds_of_shifts_and_time_outside_of_them_has_no_shift():
    shifts = [
        {"shift": "a", "start": minute(2), "stop": minute(5), "crew": "A"},
        {"shift": "b", "start": minute(5), "stop": minute(8), "crew": "B"},
    ]
    site = furnished(intervals({"T01": "HHHHHHHHHH"}), shifts=shifts)
    assert spent(site, by="shift") == {
        (None, "productive"): 4,
        ("a", "productive"): 3,
        ("b", "productive"): 3,
    }
    assert spent(site, by="crew")[("B", "productive")] == 3


def test_intervals_are_cut_at_full_hours_of_the_site():
    site = furnished(intervals({"T01": "H" * 100}), zone="Australia/Adelaide")
    hours = site.time_usage(by="hour").order_by("hour").spent_min.to_pyarrow().to_pylist()
    assert hours == [30, 60, 10]


@examples(6)
@given(STRIPS, st.integers(-20, 40), st.integers(1, 90), st.sampled_from(usage_models.shipped()))
def test_the_minutes_of_all_categories_sum_to_the_window_of_every_truck(strips, start, long, model):
    site = furnished(intervals(strips), trucks=[{"truck": truck} for truck in strips])
    begins = MIDNIGHT + timedelta(minutes=start)
    rows = site.between(begins, begins + timedelta(minutes=long)).time_usage(model).to_pyarrow().to_pylist()
    for truck in strips:
        of_truck = [row for row in rows if row["truck"] == truck]
        assert math.isclose(sum(row["spent_min"] for row in of_truck), long)
        assert {row["calendar_min"] for row in of_truck} == {long}
        assert math.isclose(sum(row["share"] for row in of_truck), 1)


@examples(6)
@given(STRIPS, st.integers(1, 59))
def test_splitting_the_window_and_adding_up_loses_nothing(strips, at):
    site = furnished(intervals(strips), trucks=[{"truck": truck} for truck in strips])
    start, middle, stop = (MIDNIGHT + timedelta(minutes=each) for each in (0, at, 60))
    whole = spent(site.between(start, stop))
    parts = [spent(site.between(*window)) for window in ((start, middle), (middle, stop))]
    added = {key: sum(part.get(key, 0) for part in parts) for key in {*parts[0], *parts[1]}}
    assert added == pytest.approx(whole)


def test_a_ratio_divides_a_level_with_all_below_it_by_another():
    site = furnished(intervals({"T01": "HHHHwwpXXX"}))
    rows = {row["ratio"]: row for row in site.kpis(by="truck").to_pyarrow().to_pylist()}
    assert rows["physical availability"]["share"] == 7 / 10
    assert rows["use of availability"]["numerator_min"] == 6
    assert rows["use of availability"]["denominator_min"] == 7
    assert rows["operating utilisation"]["share"] == 6 / 10
    assert rows["operating utilisation"]["numerator"] == "operating"


def test_a_ratio_of_nothing_is_empty():
    site = furnished(intervals({"T01": "...."}))
    rows = {row["ratio"]: row for row in site.kpis(by="truck").to_pyarrow().to_pylist()}
    assert rows["physical availability"]["share"] is None
    assert rows["physical availability"]["denominator_min"] == 0
    assert rows["effective utilisation"]["share"] == 0


def test_operating_utilisation_of_gmg_is_availability_times_its_use():
    rows = (
        tk.sample().kpis("gmg", by="truck").to_pandas().pivot(index="truck", columns="ratio", values="share")
    )
    product = rows["physical availability"] * rows["use of availability"]
    assert product.to_list() == pytest.approx(rows["operating utilisation"].to_list())


def test_kpis_of_the_sample_are_what_pandas_counts_with_its_own_hands():
    site = tk.sample()
    states = site.states.to_pandas()
    long_min = (states.stop - states.start).dt.total_seconds() / 60
    minutes = long_min.groupby(states.state).sum()
    every = 6 * 720
    available = every - minutes["down"] - minutes.get("no_data", 0)
    parked = long_min[(states.state == "delay") & (states.place == "Park up")].sum()
    operating = available - minutes["standby"] - parked
    shares = {row["ratio"]: row["share"] for row in site.kpis("gmg").to_pyarrow().to_pylist()}
    assert shares["physical availability"] == pytest.approx(available / every)
    assert shares["use of availability"] == pytest.approx(operating / available)
    shares = {row["ratio"]: row["share"] for row in site.kpis("calendar").to_pyarrow().to_pylist()}
    assert shares["physical availability"] == pytest.approx(1 - minutes["down"] / every)


def test_a_model_of_the_sites_own_is_asked_by_its_name():
    states = "\n".join(f'{state} = {{ level = "all", category = "any" }}' for state in schema.STATES)
    own = {"model": "ours", "definition": f'levels = ["all"]\n[states]\n{states}'}
    site = furnished(intervals({"T01": "HH"}), usage_models=[own])
    assert spent(site, model="ours") == {("T01", "any"): 2}
    with pytest.raises(UnknownName, match='"ours"'):
        site.time_usage("theirs")
    assert site.kpis("ours").count().to_pyarrow().as_py() == 0


def test_time_is_not_split_by_what_a_minute_does_not_have():
    with pytest.raises(UnknownName, match='no grouping "loader"'):
        tk.sample().time_usage(by="loader")


def test_a_site_of_nothing_answers_with_no_rows():
    assert furnished([]).time_usage().count().to_pyarrow().as_py() == 0


def test_a_split_by_nothing_is_of_the_fleet():
    site = tk.sample()
    assert set(site.time_usage(by="").calendar_min.to_pyarrow().to_pylist()) == {6 * 720}
    (row,) = site.reliability(by="").to_pyarrow().to_pylist()
    assert row["shutdowns"] == 2
    (row,) = site.maintenance_pareto(by="").to_pyarrow().to_pylist()
    assert row["orders"] == 2


@given(STRIPS)
@examples(8)
def test_the_stretches_behind_a_category_sum_to_it_and_those_of_a_truck_tile_the_time(strips):
    site = furnished(intervals(strips), trucks=[{"truck": truck} for truck in strips])
    site = site.between(MIDNIGHT + timedelta(minutes=5), MIDNIGHT + timedelta(minutes=80))
    found: dict[tuple[object, ...], float] = {}
    by_truck: dict[str, list[tuple[object, object]]] = {}
    for row in site.usage_intervals().order_by("truck", "start").to_pyarrow().to_pylist():
        key = (row["truck"], row["category"])
        found[key] = found.get(key, 0.0) + row["spent_min"]
        by_truck.setdefault(row["truck"], []).append((row["start"], row["stop"]))
    assert found == pytest.approx(spent(site))
    for each in by_truck.values():
        assert (each[0][0], each[-1][1]) == (minute(5), minute(80))
        assert all(one[1] == other[0] for one, other in itertools.pairwise(each))


def test_a_stretch_says_its_state_its_place_and_its_level():
    states = intervals({"T01": "LLwwH"})
    states[1]["place"] = "Bay"
    site = furnished(states, places=[{"place": "Bay", "kind": "fuel"}])
    rows = site.usage_intervals("gmg").order_by("start").to_pyarrow().to_pylist()
    assert [(row["state"], row["place"], row["category"], row["level"]) for row in rows] == [
        ("load", None, "productive", "productive"),
        ("delay", "Bay", "refuelling", "operating"),
        ("haul", None, "productive", "productive"),
    ]


def test_the_order_that_covers_the_downtime_counts_whatever_ended_before_it():
    orders = [
        {"work_order": "W1", "truck": "T01", "kind": "breakdown", "start": minute(0), "stop": minute(60)},
        {"work_order": "W2", "truck": "T01", "kind": "inspection", "start": minute(10), "stop": minute(20)},
    ]
    site = furnished(intervals({"T01": "R" * 30 + "X" * 30}), maintenance=orders)
    rows = site.time_usage("gmg").to_pyarrow().to_pylist()
    assert {row["category"]: row["spent_min"] for row in rows if "maintenance" in row["category"]} == {
        "unscheduled maintenance": 30
    }
    found = usage.with_orders(site.states.filter(site.states.state == "down"), site.maintenance)
    assert found.to_pyarrow()["work_order"].to_pylist() == ["W1"]
