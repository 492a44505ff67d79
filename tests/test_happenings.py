"""What happened is told to the millisecond, once, and a kind of it wholly or not at all."""

from __future__ import annotations

import json
from datetime import timedelta

from driven import mine
from strips import MIDNIGHT, intervals

from truckkit.views.happenings import happenings

MINUTE = timedelta(minutes=1)
START = MIDNIGHT.replace(tzinfo=None)


def told(site, start=MIDNIGHT, stop=MIDNIGHT + 20 * MINUTE, **more):
    answer = json.loads(happenings(site, start, stop, **more))
    columns = zip(answer["at"], answer["truck"], answer["kind"], answer["words"], strict=True)
    return [
        (at, answer["trucks"][truck], answer["kinds"][kind], answer["texts"][words])
        for at, truck, kind, words in columns
    ], answer["left"]


def eventful():
    states = intervals({"T01": "LLHHDDRRwwXX"}) + intervals({"T01": "XXRR"}, start=MIDNIGHT + 12 * MINUTE)
    return mine(
        [],
        [{**row, "place": "Face" if row["state"] == "load" else None} for row in states],
        trucks=("T02",),
        events=[
            {"event": "E1", "truck": "T02", "at": START + timedelta(milliseconds=61_234), "kind": "alarm"}
        ],
        refuels=[
            {"truck": "T02", "start": START + 9 * MINUTE, "stop": START + 11 * MINUTE, "fuel_l": 2300.0}
        ],
        maintenance=[
            {
                "work_order": "W1",
                "truck": "T01",
                "start": START + 10.5 * MINUTE,
                "kind": "tyre",
                "component": "front left",
                "version": 1,
            }
        ],
        cycles=[
            {
                "truck": "T01",
                "source": "fms",
                "start": START + timedelta(milliseconds=7),
                "stop": START + 8 * MINUTE,
                "complete": True,
                "loader": "SH1",
            }
        ],
    )


def test_everything_that_happens_is_told_once_by_time_and_to_the_millisecond():
    marks, left = told(eventful())
    assert marks == [
        (0, "T01", "load", "loading starts, at Face"),
        (7, "T01", "cycle", "haul cycle starts, by SH1"),
        (61_234, "T02", "event", "alarm"),
        (240_000, "T01", "dump", "dumping starts"),
        (480_000, "T01", "delay", "delay starts"),
        (540_000, "T02", "refuel", "refuelling starts, 2300 l"),
        (600_000, "T01", "down", "down from here"),
        (630_000, "T01", "maintenance", "work order starts: tyre, front left"),
    ]
    assert left == ""


def test_what_went_on_when_the_window_began_did_not_start_in_it():
    marks, _left = told(eventful(), MIDNIGHT + 12 * MINUTE)
    assert marks == []
    marks, _left = told(eventful(), MIDNIGHT + 10 * MINUTE, MIDNIGHT + 10 * MINUTE + timedelta(seconds=30))
    assert [(at, kind) for at, _truck, kind, _words in marks] == [(0, "down")]


def test_where_too_much_happened_a_kind_is_left_out_whole_and_said_so():
    sited = mine([], intervals({"T01": "LDLDLDw"}))
    marks, left = told(sited, most=4)
    assert [kind for _at, _truck, kind, _words in marks] == ["load", "load", "load", "delay"]
    assert left.startswith("3 dumps are too many to mark here;")
