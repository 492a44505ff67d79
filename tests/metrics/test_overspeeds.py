"""Overspeeds, drawn as speeds second by second."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import ibis
import pytest
from engines import examples
from hypothesis import given
from hypothesis import strategies as some
from strips import MIDNIGHT, intervals, mine, table_of

import truckkit as tk
from truckkit import schema
from truckkit.errors import BadRequest, UnknownName
from truckkit.metrics.overspeeds import limits_that_hold, overspeeds

NOBODY = table_of(schema.STATE_INTERVALS, [])
TRUCKS = table_of(schema.TRUCKS, [{"truck": "T01", "model": "930E", "given": True}])
ROADS = table_of(schema.ROADS, [{"road": "ramp", "from_place": "A", "to_place": "B"}])
NO_DRIVES = ibis.memtable(
    [], schema={"truck": "string", "start": "timestamp(6)", "stop": "timestamp(6)", "road": "string"}
)


def limit(most: float, **more: object) -> dict[str, object]:
    return {"limit_name": f"{most} {more}", "kind": "speed", "most": most, "unit": "km/h", **more}


def holding(*limits: dict[str, object]) -> ibis.Table:
    return limits_that_hold(table_of(schema.LIMITS, limits), TRUCKS, ROADS)


def speeds(*each: float | None, fault: str | None = None) -> ibis.Table:
    """A second for each speed; nothing for None."""
    at = MIDNIGHT.replace(tzinfo=None)
    rows = [
        {"truck": "T01", "at": at + timedelta(seconds=second), "speed_kmh": kmh, "fault": fault}
        for second, kmh in enumerate(each)
        if kmh is not None
    ]
    return table_of(schema.POSITIONS, rows)


def events(positions: ibis.Table, *limits: dict[str, object], states: ibis.Table = NOBODY, **more: float):
    found = overspeeds(positions, holding(*(limits or (limit(50),))), states, NO_DRIVES, **more)
    return found.order_by("start").to_pyarrow().to_pylist()


def drawn(positions: ibis.Table, *limits: dict[str, object], **more) -> list[tuple[int, float, int]]:
    """Each event: its first second, how long it lasted, how many readings."""
    start = MIDNIGHT.replace(tzinfo=None)
    found = events(positions, *limits, **more)
    return [((row["start"] - start).seconds, row["lasted_s"], row["readings"]) for row in found]


def test_an_event_lasts_from_the_first_to_the_last_reading_above_the_limit():
    row = events(speeds(50, 51, 58, 53, 50))[0]
    assert (row["lasted_s"], row["readings"]) == (2, 3)
    assert (row["top_kmh"], row["over_kmh"], row["limit_kmh"]) == (58, 8, 50)


def test_what_is_shorter_than_asked_is_no_event():
    assert drawn(speeds(51, 51, 40)) == []
    assert drawn(speeds(51, 51, 40), longer_s=1) == [(0, 1, 2)]


def test_a_dip_or_hole_of_five_seconds_does_not_end_an_event_and_a_longer_one_does():
    over = [60.0] * 3
    assert drawn(speeds(*over, 40, 40, 40, 40, *over)) == [(0, 9, 6)]
    assert drawn(speeds(*over, None, None, None, None, *over)) == [(0, 9, 6)]
    assert drawn(speeds(*over, None, None, None, None, None, *over)) == [(0, 2, 3), (8, 2, 3)]


def test_what_is_no_speed_makes_no_event():
    assert drawn(speeds(*[float("nan")] * 5)) == drawn(speeds(*[999.0] * 5)) == []
    assert drawn(speeds(*[60.0] * 5, fault="jump")) == []


def test_the_most_particular_limit_holds():
    def for_ramp(*limits: dict[str, object]) -> dict[int, float]:
        held = holding(*limits).to_pyarrow().to_pylist()
        return {row["_load"]: row["limit_kmh"] for row in held if row["_road"] == "ramp"}

    site, loaded, model = limit(50), limit(42, loaded=True), limit(55, model="930E")
    ramp, other = limit(30, road="ramp"), limit(10, model="797F")
    assert for_ramp(site, loaded) == {1: 42, 0: 50, -1: 50}
    assert for_ramp(site, loaded, model) == {1: 55, 0: 55, -1: 55}
    assert for_ramp(site, loaded, model, ramp, other) == {1: 30, 0: 30, -1: 30}
    assert for_ramp(site, limit(45)) == {1: 45, 0: 45, -1: 45}
    assert for_ramp(loaded) == {1: 42}


def test_loaded_trucks_have_a_limit_of_their_own():
    states = table_of(schema.STATE_INTERVALS, intervals({"T01": "HR"}))
    both = speeds(*[45.0] * 120)
    found = events(both, limit(50), limit(42, loaded=True), states=states)
    assert [(row["loaded"], row["readings"]) for row in found] == [(True, 60)]


def test_a_limit_of_a_road_holds_on_it_alone():
    at = MIDNIGHT.replace(tzinfo=None)
    on = [
        {
            "truck": "T01",
            "road": "ramp",
            "start": at + timedelta(seconds=10),
            "stop": at + timedelta(seconds=20),
        }
    ]
    drives = ibis.memtable(on, schema=NO_DRIVES.schema())
    held = holding(limit(50), limit(30, road="ramp"))
    row = overspeeds(speeds(*[40.0] * 40), held, NOBODY, drives).to_pyarrow().to_pylist()
    assert [(each["road"], each["readings"], each["lasted_s"]) for each in row] == [("ramp", 10, 9)]


@examples(10)
@given(
    some.lists(some.sampled_from([40.0, 49.0, 51.0, 60.0, None, float("nan")]), max_size=60),
    some.integers(1, 8),
)
def test_events_hold_every_reading_above_the_limit_and_stand_apart(kmh, hole):
    found = events(speeds(*kmh), longer_s=0, hole_s=hole)
    assert sum(row["readings"] for row in found) == sum(1 for each in kmh if each and each > 50)
    for one, other in pairwise(found):
        assert (other["start"] - one["stop"]).total_seconds() > hole


def test_of_the_sample_a_walk_along_one_trucks_positions_finds_the_same_events():
    site = tk.sample().truck("T04")
    p = site.positions.order_by("at").to_pandas()
    s = site.states.order_by("start").to_pandas()
    s = s[
        s.state.isin(["haul", "queue_dump", "spot_dump", "dump", "return", "queue_load", "spot_load", "load"])
    ]
    last = s.start.searchsorted(p["at"], side="right") - 1
    full = [i >= 0 and s.state.iloc[i] in ("haul", "queue_dump", "spot_dump", "dump") for i in last]
    walked, since = [], None
    for at, kmh, loaded in zip(p["at"], p.speed_kmh, full, strict=True):
        if kmh > (42 if loaded else 50):
            same = since is not None and (at - walked[-1][1]).total_seconds() <= 5 and walked[-1][2] == loaded
            if same:
                walked[-1][1] = at
            else:
                walked.append([at, at, loaded])
            since = at
    kept = [row for row in walked if (row[1] - row[0]).total_seconds() >= 2]
    found = site.overspeed().order_by("start").to_pandas()
    assert len(kept) > 3
    assert found[["start", "stop", "loaded"]].to_numpy().tolist() == kept


def test_the_summary_counts_every_event_and_every_drive_once():
    site = tk.sample()
    found = site.overspeed_summary(by="road,loaded").to_pandas()
    assert found.events.sum() == site.overspeed().count().to_pyarrow().as_py()
    assert found.drives.sum() == site.traverses().count().to_pyarrow().as_py()
    by_shift = site.overspeed_summary(by="shift,model").to_pandas()
    assert by_shift.events.sum() == found.events.sum()
    assert abs(by_shift.driven_km.sum() - found.driven_km.sum()) < 1e-6


def test_without_a_speed_limit_the_question_says_where_limits_come_from():
    with pytest.raises(BadRequest, match=r"site\.toml"):
        mine(intervals({"T01": "H"})).overspeed()
    with pytest.raises(UnknownName, match="grouping"):
        tk.sample().overspeed_summary(by="colour")
