"""Shutdowns, and what trucks are down for."""

from __future__ import annotations

from datetime import timedelta

import pytest
from engines import examples
from hypothesis import given
from hypothesis import strategies as st
from strips import MIDNIGHT, furnished, interval, intervals, minute

import truckkit as tk


def of(table, key: str = "truck") -> dict[object, dict[str, object]]:
    return {row[key]: row for row in table.to_pyarrow().to_pylist()}


def test_a_stretch_of_down_is_one_shutdown_however_many_intervals_it_is_made_of():
    states = intervals({"T01": "HHHXXX", "T02": "XXHXHw"})
    states.append(interval("T01", "down", minute(6), minute(9)))
    found = of(furnished(states).reliability())
    assert [found[truck]["shutdowns"] for truck in ("T01", "T02")] == [1, 2]
    assert found["T01"]["mttr_h"] == pytest.approx(6 / 60)
    assert found["T02"]["mtbs_h"] == pytest.approx((2 + 1) / 60 / 2)
    assert found["T02"]["availability_index"] == pytest.approx(0.5)


def test_a_stretch_that_was_going_on_before_the_window_adds_hours_and_no_shutdown():
    states = [
        interval("T01", "down", minute(0), minute(5)),
        interval("T01", "down", minute(5), minute(8)),
        interval("T01", "haul", minute(8), minute(10)),
    ]
    found = of(
        furnished(states)
        .between(MIDNIGHT + timedelta(minutes=5), MIDNIGHT + timedelta(minutes=10))
        .reliability()
    )
    assert found["T01"]["shutdowns"] == 0
    assert found["T01"]["down_h"] == pytest.approx(3 / 60)
    assert found["T01"]["mtbs_h"] is None
    assert found["T01"]["availability_index"] is None


@examples(5)
@given(st.text("HXw ", min_size=1, max_size=40), st.integers(1, 39))
def test_shutdowns_and_hours_of_two_halves_add_up_to_those_of_the_whole(strip, at):
    site = furnished(intervals({"T01": strip}), trucks=[{"truck": "T01"}])
    start, middle, stop = (MIDNIGHT + timedelta(minutes=each) for each in (0, at, 40))
    whole, first, second = (
        of(site.between(*window).reliability())["T01"]
        for window in ((start, stop), (start, middle), (middle, stop))
    )
    for column in ("shutdowns", "operating_h", "delay_h", "down_h"):
        assert first[column] + second[column] == pytest.approx(whole[column])


def test_reliability_of_the_sample_is_what_pandas_counts_with_its_own_hands():
    site = tk.sample()
    states = site.states.to_pandas()
    long_h = (states.stop - states.start).dt.total_seconds() / 3600
    (row,) = of(site.reliability("fleet"), "fleet").values()
    down = long_h[states.state == "down"]
    ran_h = long_h[~states.state.isin(["down", "standby", "no_data"])].sum()
    assert row["shutdowns"] == len(down)
    assert row["mtbs_h"] == pytest.approx(ran_h / len(down))
    assert row["mttr_h"] == pytest.approx(down.mean())


def orders(*rows: tuple[object, ...]) -> list[dict[str, object]]:
    names = ("truck", "component", "start", "stop")
    return [
        {"work_order": str(number), **dict(zip(names, row, strict=True))} for number, row in enumerate(rows)
    ]


def test_an_open_order_goes_on_until_the_windows_end_and_others_are_cut_at_it():
    work = orders(
        ("T01", "engine", minute(-30), minute(30)),
        ("T02", "tyres", minute(50), None),
        ("T02", "engine", minute(70), minute(80)),
    )
    site = furnished(intervals({"T01": "H" * 60, "T02": "H" * 60}), maintenance=work)
    rows = site.maintenance_pareto().to_pyarrow().to_pylist()
    assert [row["component"] for row in rows] == ["engine", "tyres"]
    assert [row["down_h"] for row in rows] == [pytest.approx(30 / 60), pytest.approx(10 / 60)]
    assert [row["cumulative_share"] for row in rows] == [pytest.approx(0.75), pytest.approx(1)]


@examples(5)
@given(
    st.lists(st.tuples(st.sampled_from(["a", "b", "c", None]), st.integers(0, 50), st.integers(1, 30))),
    st.randoms(),
)
def test_shares_sum_to_one_and_the_order_of_rows_does_not_matter(work, shuffled):
    rows = orders(*(("T01", name, minute(start), minute(start + long)) for name, start, long in work))
    answers = []
    for _each in range(2):
        site = furnished(intervals({"T01": "H" * 100}), maintenance=rows)
        found = site.maintenance_pareto().to_pyarrow().to_pylist()
        answers.append({row["component"]: row["down_h"] for row in found})
        if found:
            assert sum(row["share"] for row in found) == pytest.approx(1)
            assert found[-1]["cumulative_share"] == pytest.approx(1)
            assert sorted((row["down_h"] for row in found), reverse=True) == [row["down_h"] for row in found]
        shuffled.shuffle(rows)
    assert answers[0] == pytest.approx(answers[1])


def test_the_pareto_of_the_sample_is_what_pandas_counts_with_its_own_hands():
    site = tk.sample()
    work = site.maintenance.to_pandas()
    hours = (work.stop - work.start).dt.total_seconds() / 3600
    wanted = hours.groupby(work.truck).sum()
    found = of(site.maintenance_pareto("truck"))
    assert {truck: row["down_h"] for truck, row in found.items()} == pytest.approx(wanted.to_dict())
