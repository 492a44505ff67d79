"""Grades of ways drawn as lines that climb."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from engines import examples
from hypothesis import given
from hypothesis import strategies as some
from strips import drive, table_of

import truckkit as tk
from truckkit import schema
from truckkit.errors import BadRequest
from truckkit.metrics.grades import asked, grades, minutes_of, with_grade

WAY = [(0.0, 0.0), (300.0, 0.0), (300.0, 500.0)]


def graded(rows: list[dict[str, object]]) -> list[float]:
    found = grades(table_of(schema.POSITIONS, rows)).order_by("part")
    return [round(each, 3) for each in found.grade_pct.to_pyarrow().to_pylist()]


def test_the_grade_is_the_rise_for_each_metre_driven_also_in_a_bend():
    assert set(graded(drive("T01", WAY, kmh=18, grade_pct=8))) == {8}
    assert set(graded(drive("T01", WAY, kmh=18, grade_pct=-5))) == {-5}


def test_samples_between_whole_seconds_count_at_their_instant():
    rows = drive("T01", WAY, kmh=18, grade_pct=8)
    for number, row in enumerate(rows):
        row |= {"at": rows[0]["at"] + timedelta(milliseconds=500) * number, "speed_kmh": 36.0}
    assert set(graded(rows)) == {8}


def test_a_truck_that_stands_has_no_grade():
    stands = [{**row, "speed_kmh": 0.0} for row in drive("T01", WAY, kmh=18)]
    creeps = [{**row, "speed_kmh": 3.0} for row in drive("T01", WAY, kmh=18)]
    assert graded(stands) == graded(creeps) == []


def test_heights_that_are_no_number_or_faulty_do_not_count():
    rows = drive("T01", WAY, kmh=18, grade_pct=8)
    for row in rows[::4]:
        row["elevation_m"] = float("nan")
    for row in rows[1::4]:
        row |= {"elevation_m": 900.0, "fault": "jump"}
    assert all(abs(each - 8) < 1e-3 for each in graded(rows))


@examples(10)
@given(some.floats(-15, 15), some.floats(8, 60), some.floats(0, 1))
def test_noise_of_heights_is_smoothed_without_bias(percent, kmh, noise):
    rows = drive("T01", [(0.0, 0.0), (3000.0, 0.0)], kmh=kmh, grade_pct=percent)
    draw = np.random.default_rng(1)
    for row in rows:
        row["elevation_m"] += noise * draw.standard_normal()
    found = graded(rows[: len(rows) // 15 * 15])
    one = 100 * noise * np.sqrt(12 / 15) / 15 / (kmh / 3.6) + 0.01  # of a fit to 15 heights
    assert abs(np.mean(found) - percent) <= 5 * one / np.sqrt(len(found)) + 0.05


def test_what_is_asked_reads_as_it_is_written():
    assert [asked(text)(8.0) for text in (">8%", ">=8", "< 8.5 %", "<=-5%")] == [False, True, True, False]
    for text in ("8%", "> steep", "", ">8%; drop"):
        with pytest.raises(BadRequest, match="is no comparison"):
            asked(text)


def test_of_the_sample_numpy_finds_the_same_grades():
    site = tk.sample().truck("T01")
    p = site.positions.order_by("at").to_pandas()
    p["part"] = p["at"].astype("int64") // (15 * 10**6 if p["at"].dt.unit == "us" else 15 * 10**9)
    found = grades(site.positions).to_pandas().set_index("part").grade_pct
    moving = p[p.speed_kmh > 0]
    checked = 0
    for part, rows in moving.groupby("part"):
        if part in found.index and checked < 300:
            seconds = (rows["at"] - rows["at"].iloc[0]).dt.total_seconds()
            slope = np.polyfit(seconds, rows.elevation_m.astype(float), 1)[0]
            assert abs(found[part] - 100 * slope / (rows.speed_kmh.mean() / 3.6)) < 1e-3
            checked += 1
    assert checked == 300


def test_readings_uphill_are_those_on_roads_that_climb():
    site = tk.sample()
    uphill = site.samples("coolant_c", during="haul", grade=">8%").to_pandas()
    assert set(uphill.state) == {"haul"}
    assert uphill.grade_pct.min() > 8
    every = site.samples("coolant_c", during="haul")
    by_hand = with_grade(every, grades(site.positions)).to_pandas()
    kept = by_hand[by_hand.grade_pct > 8]
    # Narrowing positions to minutes of hauling cuts none of the quarters that readings lie in.
    assert len(kept) == len(uphill)
    assert abs(kept.grade_pct.sum() - uphill.grade_pct.sum()) < 1e-3
    assert len(site.samples(grade=">80%").to_pandas()) == 0


def test_every_minute_that_an_interval_touches_is_told_once():
    site = tk.sample().truck("T01")
    states = site.states
    minutes = minutes_of(states).to_pandas()
    assert not minutes.duplicated().any()
    assert len(minutes) == 12 * 60 + 1
