"""Road condition, from struts that twist on one road and not on another."""

from __future__ import annotations

from datetime import datetime, timedelta

import ibis
import numpy as np
from engines import examples
from hypothesis import given
from hypothesis import strategies as some
from strips import MIDNIGHT, table_of

import truckkit as tk
from truckkit import schema
from truckkit.metrics.road_condition import road_condition

START = MIDNIGHT.replace(tzinfo=None)
STRUTS = [f"strut_{name}_kpa" for name in ("front_left", "front_right", "rear_left", "rear_right")]
SHAPE = ibis.schema(
    {
        "truck": "string",
        "start": "timestamp(6)",
        "stop": "timestamp(6)",
        "road": "string",
        "loaded": "boolean",
    }
)


def drives(*roads: str) -> ibis.Table:
    """A minute on each road."""
    rows = [
        {"truck": "T01", "start": START + timedelta(minutes=n), "stop": START + timedelta(minutes=n + 1),
         "road": road, "loaded": True}
        for n, road in enumerate(roads)
    ]  # fmt: skip
    return ibis.memtable(rows, schema=SHAPE)


def felt(*pressures: tuple[float, float, float, float], start: datetime = START, **more: object):
    return [
        {
            "truck": "T01",
            "at": start + timedelta(seconds=5 * n),
            **dict(zip(STRUTS, each, strict=True)),
            **more,
        }
        for n, each in enumerate(pressures)
    ]


def condition(readings: list[dict[str, object]], *roads: str) -> dict[str, dict[str, float]]:
    found = road_condition(table_of(schema.TELEMETRY, readings), drives(*roads)).to_pyarrow().to_pylist()
    return {row["road"]: row for row in found}


def test_a_road_on_which_trucks_twist_is_rougher_than_one_on_which_they_do_not():
    twists = felt((11, 9, 9, 11), (9, 11, 11, 9))
    level = felt((10, 10, 10, 10), (10, 10, 10, 10), start=START + timedelta(minutes=1))
    found = condition(twists + level, "rough", "even")
    assert (found["rough"]["rack_kpa"], found["rough"]["pitch_kpa"], found["rough"]["bias_kpa"]) == (4, 0, 0)
    assert found["rough"]["roughness"] == 0.1
    assert found["even"]["roughness"] == 0


def test_a_strut_that_is_badly_charged_makes_no_road_rough():
    askew = felt((20, 10, 10, 10), (20, 10, 10, 10))
    later = felt((10, 10, 10, 10), (10, 10, 10, 10), start=START + timedelta(minutes=1))
    assert condition(askew + later, "ramp", "ramp")["ramp"]["rack_kpa"] == 0


def test_where_no_struts_are_read_there_are_no_rows():
    nothing = [{"truck": "T01", "at": START, "payload_t": 3.0}]
    lost = felt((float("nan"), 1, 1, 1)) + felt((9, 1, 1, 1), fault="frozen")
    assert condition(nothing, "ramp") == condition(lost, "ramp") == {}


@examples(10)
@given(some.lists(some.tuples(*[some.floats(1, 9000)] * 4), min_size=1, max_size=12), some.floats(1.1, 4))
def test_roughness_does_not_change_with_the_weight_that_is_borne(pressures, times):
    light = condition(felt(*pressures), "ramp")["ramp"]
    heavy = condition(felt(*[tuple(each * times for each in four) for four in pressures]), "ramp")["ramp"]
    assert abs(light["roughness"] - heavy["roughness"]) < 1e-3
    assert light["readings"] == len(pressures)


def test_pandas_finds_the_same_on_one_road_of_the_sample():
    site = tk.sample()
    found = site.road_condition().to_pandas()
    drives_of = site.traverses().to_pandas()
    t = site.telemetry.to_pandas()
    road = "Junction 2 to Crusher"
    n, squares = 0, 0.0
    for row in drives_of[drives_of.road == road].itertuples():
        held = t[(t.truck == row.truck) & (t["at"] >= row.start) & (t["at"] < row.stop)]
        fl, fr, rl, rr = (held[name].astype(float) for name in STRUTS)
        rack = (fl + rr) - (fr + rl)
        n, squares = n + len(rack), squares + ((rack - rack.mean()) ** 2).sum()
    row = found[found.road == road].iloc[0]
    assert row.readings == n
    np.testing.assert_allclose(row.rack_kpa, np.sqrt(squares / n), rtol=1e-6)
