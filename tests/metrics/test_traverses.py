"""Roads driven, drawn as ways between places."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import ibis
import numpy as np
from engines import examples
from hypothesis import given
from hypothesis import strategies as some
from strips import MIDNIGHT, drive, intervals, table_of

import truckkit as tk
from truckkit import schema
from truckkit.metrics.traverses import traverses

PLACES = table_of(
    schema.PLACES,
    [
        {"place": "A", "kind": "node", "x_m": 0.0, "y_m": 0.0, "elevation_m": 10.0, "given": True},
        {"place": "B", "kind": "node", "x_m": 600.0, "y_m": 0.0, "elevation_m": 40.0, "given": True},
        {"place": "C", "kind": "node", "x_m": 600.0, "y_m": 600.0, "given": True},
        {"place": "Face", "kind": "load", "x_m": 1000.0, "y_m": 0.0, "radius_m": 100.0, "given": True},
        {"place": "Nowhere", "kind": "node", "given": True},
    ],
)


def road(start: str, stop: str, length_m: float) -> dict[str, object]:
    return {"road": f"{start}-{stop}", "from_place": start, "to_place": stop, "length_m": length_m}


ROADS = table_of(
    schema.ROADS,
    [
        road("A", "B", 900.0),
        road("B", "A", 900.0),
        road("B", "C", 600.0),
        road("B", "Face", 400.0),
        road("Face", "B", 400.0),
        road("C", "Nowhere", 100.0),
    ],
)
NOBODY = table_of(schema.STATE_INTERVALS, [])
BENT = [(-100.0, 0.0), (0.0, 0.0), (300.0, 335.0), (600.0, 0.0)]


def driven(positions: list[dict[str, object]], states: ibis.Table = NOBODY) -> list[dict[str, object]]:
    found = traverses(table_of(schema.POSITIONS, positions), ROADS, PLACES, states)
    rows: list[dict[str, object]] = found.order_by("truck", "start").to_pyarrow().to_pylist()
    return rows


def named(positions: list[dict[str, object]]) -> list[object]:
    return [row["road"] for row in driven(positions)]


def test_a_road_may_curve_far_from_the_straight_line_between_its_ends():
    row = driven(drive("T01", [*BENT, (700.0, 0.0)]))[0]
    assert row["road"] == "A-B"
    assert abs(row["drive_min"] * 60 - 90) <= 2  # 899 m at 10 m/s
    assert abs(row["speed_kmh"] - 36) < 1
    assert row["climb_m"] == 30


def test_a_way_back_is_another_road():
    assert named(drive("T01", [*BENT, *BENT[::-1]])) == ["A-B", "B-A"]
    assert named(drive("T01", [*BENT, (600.0, 600.0), (600.0, 0.0), *BENT[::-1]])) == ["A-B", "B-C", "B-A"]


def test_no_road_is_driven_between_places_that_none_joins():
    assert named(drive("T01", [(600.0, 600.0), (0.0, 0.0)])) == []


def test_a_road_to_a_face_ends_at_its_edge_however_long_the_truck_stays():
    there = drive("T01", [(500.0, 0.0), (960.0, 0.0)])
    later = MIDNIGHT + timedelta(minutes=20)
    back = drive("T01", [(960.0, 0.0), (500.0, 0.0)], start=later)
    stands = [
        {**there[-1], "at": there[-1]["at"] + timedelta(seconds=s), "speed_kmh": 0.0} for s in (60, 120)
    ]
    rows = driven([*there, *stands, *back])
    assert [row["road"] for row in rows] == ["B-Face", "Face-B"]
    assert [round(row["drive_min"] * 60) for row in rows] == [30, 30]  # 300 m to the edge, 10 m/s
    assert [row["length_m"] for row in rows] == [300, 300]


def test_a_drive_is_loaded_as_the_state_at_its_half_says_and_a_delay_keeps_the_load():
    states = table_of(schema.STATE_INTERVALS, intervals({"T01": "Hww", "T02": "RRR", "T03": "H.."}))
    rows = driven(
        [row for truck in ("T01", "T02", "T03", "T04") for row in drive(truck, BENT, kmh=24)], states
    )
    assert [(row["truck"], row["loaded"]) for row in rows] == [
        ("T01", True), ("T02", False), ("T03", None), ("T04", None)
    ]  # fmt: skip


def test_positions_with_a_fault_or_without_a_number_pass_nothing():
    good = drive("T01", BENT)
    bad = [{**row, "fault": "jump"} for row in good]
    lost = [{**row, "x_m": float("nan")} for row in good]
    assert named(bad) == named(lost) == []


def test_more_than_an_hour_from_end_to_end_is_no_drive():
    halves = drive("T01", BENT)
    moved = [{**row, "at": row["at"] + timedelta(hours=1)} for row in halves[60:]]
    assert named(halves[:60] + moved) == []


@examples(8)
@given(some.lists(some.sampled_from("ABCF"), min_size=2, max_size=7), some.randoms())
def test_drives_do_not_overlap_and_the_order_of_rows_does_not_matter(places, random):
    points = {"A": (0.0, 0.0), "B": (600.0, 0.0), "C": (600.0, 600.0), "F": (1000.0, 0.0)}
    positions = drive("T01", [points[place] for place in places], kmh=54)
    found = driven(positions)
    assert all(one["stop"] <= other["start"] for one, other in pairwise(found))
    random.shuffle(positions)
    assert driven(positions) == found


def test_windows_add_up_to_the_whole():
    site = tk.sample()
    cut = "2026-11-22 12:00"
    halves = [site.between("2026-11-22 06:00", cut), site.between(cut, "2026-11-22 18:00")]
    columns = ["truck", "road", "start", "stop", "loaded"]
    parts = [half.traverses().select(columns).to_pandas() for half in halves]
    whole = site.traverses().select(columns).to_pandas()
    assert sorted(map(str, whole.to_numpy().tolist())) == sorted(
        str(row) for part in parts for row in part.to_numpy().tolist()
    )


def test_of_one_truck_a_walk_along_its_positions_finds_the_same_drives():
    site = tk.sample().truck("T02")
    p = site.positions.order_by("at").to_pandas()
    places = site.places.to_pandas().set_index("place")
    roads = site.roads.to_pandas()
    names = sorted({*roads.from_place, *roads.to_place})
    apart = np.stack([np.hypot(p.x_m - places.x_m[n], p.y_m - places.y_m[n]) for n in names], axis=1)
    reach = np.array([max(40.0, places.radius_m[n]) for n in names])
    near = np.where((apart <= reach).any(axis=1), (apart - reach).argmin(axis=1), -1)
    near[p.speed_kmh <= 2] = -1
    visited = near[near >= 0]
    order = [names[visited[0]], *(names[b] for a, b in pairwise(visited) if a != b)]
    joined = dict(zip(zip(roads.from_place, roads.to_place, strict=True), roads.road, strict=True))
    walked = [joined.get(pair) for pair in pairwise(order)]
    found = site.traverses().order_by("start").to_pandas()
    assert list(found.road) == [name for name in walked if name]
    # Length over time is what the truck's own speed says, by its mean over the drive.
    through = found[found.from_place.map(places.kind).eq("node") & found.to_place.map(places.kind).eq("node")]
    for row in through.head(40).itertuples():
        held = p[(p["at"] >= row.start) & (p["at"] <= row.stop)]
        assert abs(held.speed_kmh.mean() / row.speed_kmh - 1) < 0.06
