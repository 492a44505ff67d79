"""Speeds of roads, in one period and against another."""

from __future__ import annotations

from datetime import timedelta

import ibis
import numpy as np
from engines import examples
from hypothesis import given
from hypothesis import strategies as some
from strips import MIDNIGHT

import truckkit as tk
from truckkit.metrics.segments import segment_speeds, slower

SHAPE = ibis.schema(
    {
        "truck": "string", "road": "string", "start": "timestamp(6)", "stop": "timestamp(6)",
        "from_place": "string", "to_place": "string", "loaded": "boolean", "operator": "string",
        "drive_min": "float64", "length_m": "float64", "speed_kmh": "float64", "climb_m": "float64",
    }
)  # fmt: skip


def drives(minutes: dict[str, list[float]], loaded: bool | None = True) -> ibis.Table:
    """Drives over roads of 1 km, by the minutes that each took."""
    at = MIDNIGHT.replace(tzinfo=None)
    rows = [
        {
            "truck": "T01", "road": road, "start": at, "stop": at + timedelta(minutes=each),
            "from_place": "A", "to_place": "B", "loaded": loaded, "operator": None,
            "drive_min": each, "length_m": 1000.0, "speed_kmh": 60 / each, "climb_m": None,
        }
        for road, taken in minutes.items()
        for each in taken
    ]  # fmt: skip
    return ibis.memtable(rows, schema=SHAPE)


def test_a_road_that_got_slower_lost_its_drives_times_what_the_median_takes_longer():
    now, before = drives({"ramp": [4, 4, 9], "flat": [2, 2]}), drives({"ramp": [3], "flat": [2], "old": [1]})
    speeds = segment_speeds(now, before).to_pandas().set_index("road")
    assert speeds.median_kmh["ramp"] == 15
    assert speeds.before_kmh["ramp"] == 20
    assert speeds.change["ramp"] == -0.25
    assert speeds.drives["old"] == 0
    lost = slower(segment_speeds(now, before)).to_pandas()
    assert lost[["road", "lost_min"]].to_numpy().tolist() == [["ramp", 3.0]]


def test_those_that_lost_most_come_first():
    now, before = drives({"a": [2], "b": [5], "c": [3, 3, 3]}), drives({"a": [1], "b": [1], "c": [1]})
    assert slower(segment_speeds(now, before)).road.to_pyarrow().to_pylist() == ["c", "b", "a"]


def test_drives_whose_load_nobody_knows_are_a_group_of_their_own():
    both = drives({"ramp": [4]}).union(drives({"ramp": [2]}, loaded=None))
    assert sorted(segment_speeds(both).median_kmh.to_pyarrow().to_pylist()) == [15, 30]


@examples(10)
@given(
    some.lists(some.floats(0.5, 30), min_size=1, max_size=12), some.lists(some.floats(0.5, 30), max_size=9)
)
def test_every_drive_is_counted_in_its_period_and_percentiles_are_in_order(now, before):
    row = segment_speeds(drives({"ramp": now}), drives({"ramp": before})).to_pyarrow().to_pylist()[0]
    assert (row["drives"], row["before_drives"]) == (len(now), len(before))
    assert row["p10_kmh"] <= row["median_kmh"] <= row["p90_kmh"]
    assert (row["change"] is None) == (not before)


def test_pandas_finds_the_same_medians_of_the_sample():
    site = tk.sample().between("2026-11-22 12:00", "2026-11-22 18:00")
    now, before = site.traverses().to_pandas(), site.before("6h").traverses().to_pandas()
    found = site.segment_speeds(vs="6h").to_pandas()
    for row in found.itertuples():
        mine, theirs = (rows[(rows.road == row.road) & (rows.loaded == row.loaded)] for rows in (now, before))
        assert row.drives == len(mine)
        assert row.before_drives == len(theirs)
        np.testing.assert_allclose(row.median_kmh, mine.speed_kmh.median())
        np.testing.assert_allclose(row.p10_kmh, mine.speed_kmh.quantile(0.1))
        np.testing.assert_allclose(row.before_kmh, theirs.speed_kmh.median())
    lost = site.slower_segments(vs="6h", loaded=True).to_pandas()
    assert lost.lost_min.is_monotonic_decreasing
    assert set(lost.loaded) <= {True}
