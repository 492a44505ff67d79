"""What is wrong with the data, told as rows: drawn positions and cycles with one fault each, and Mine Z."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import ibis
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strips import MIDNIGHT

import truckkit as tk
from truckkit import quality, schema

START = MIDNIGHT.replace(tzinfo=None)


def positions(*strips: str, metres: float = 5.0) -> ibis.Table:
    """Positions of strips such as ``"T01 aab..c"``: a letter a second, some metres from one to the next."""
    rows = [
        {
            "truck": truck, "at": START + timedelta(seconds=second), "load_id": 1,
            "x_m": metres * (ord(place) - ord("a")), "y_m": 0.0,
        }
        for truck, places in (strip.split(maxsplit=1) for strip in strips)
        for second, place in enumerate(places)
        if place != "."
    ]  # fmt: skip
    return table(schema.POSITIONS, rows)


def table(of: schema.Table, rows: list[dict]) -> ibis.Table:
    full = [{name: row.get(name) for name in of.names} for row in rows]
    return ibis.memtable(pa.Table.from_pylist(full, schema=of.schema.to_pyarrow()), schema=of.schema)


def cycle(start: int, stop: int, **more: object) -> dict:
    at = {name: START + timedelta(minutes=minute) for name, minute in (("start", start), ("stop", stop))}
    return {"truck": "T01", "source": "fms", **at, "complete": True, "load_id": 1, **more}


def told(findings: ibis.Table) -> list[tuple[str, float | None]]:
    rows = findings.order_by("start", "kind").to_pyarrow().to_pylist()
    return [(row["kind"], row["measured"]) for row in rows]


def test_a_truck_that_was_heard_all_along_has_no_findings():
    assert told(quality.of_positions(positions("T01 abcdefghij"))) == []


def test_a_silence_of_a_minute_is_a_gap():
    assert told(quality.of_positions(positions("T01 abc" + "." * 60 + "def"))) == [("gap", 61.0)]


def test_a_silence_of_less_than_a_minute_is_none():
    assert told(quality.of_positions(positions("T01 abc" + "." * 50 + "def"))) == []


def test_a_truck_that_speaks_once_a_minute_has_no_gaps():
    assert told(quality.of_positions(positions("T01 " + ("a" + "." * 59) * 10))) == []


def test_a_step_that_no_truck_can_drive_is_a_jump_there_and_back():
    found = told(quality.of_positions(positions("T01 aabbz" + "ccdd")))
    assert [kind for kind, _ in found] == ["jump", "jump"]
    assert found[0][1] == pytest.approx((ord("z") - ord("b")) * 5 * 3.6)


def test_a_silence_of_another_truck_is_none_of_this_one():
    found = quality.of_positions(positions("T01 " + "a" * 90, "T02 a" + "." * 80 + "aaaaaaa"))
    assert found.to_pyarrow()["truck"].to_pylist() == ["T02"]


def test_a_clock_that_was_reset_is_told_once():
    early = [
        {"truck": "T01", "at": START.replace(year=1970) + timedelta(seconds=k), "load_id": 1}
        for k in range(3)
    ]
    (found,) = quality.of_positions(table(schema.POSITIONS, early)).to_pyarrow().to_pylist()
    assert (found["kind"], found["samples"]) == ("clock", 3)


def test_cycles_that_overlap_stand_apart_and_run_too_fast_are_told():
    cycles = table(
        schema.CYCLES,
        [
            cycle(0, 30),
            cycle(29, 60),
            cycle(70, 100, loaded_m=4000.0, haul_min=2.0),
            cycle(100, 130, full=START + timedelta(minutes=110), arrived_dump=START + timedelta(minutes=109)),
        ],
    )
    found = {(kind, measured) for kind, measured in told(quality.of_cycles(cycles))}
    assert found == {("overlap", 60.0), ("gap", 600.0), ("jump", 120.0), ("clock", 60.0)}


def test_a_value_that_was_emptied_is_told_with_what_it_was():
    rows = table(
        schema.CYCLES,
        [
            cycle(
                0,
                30,
                fault="payload_t 65527.0 is not within 1 to 400; return_min -2.0 is not within 0 to 1440",
            )
        ],
    )
    found = quality.flagged(rows, schema.CYCLES).order_by("about").to_pyarrow().to_pylist()
    assert [(row["kind"], row["about"], row["measured"]) for row in found] == [
        ("outside", "cycles.payload_t", 65527.0),
        ("clock", "cycles.return_min", -2.0),
    ]


def test_flagged_samples_are_counted_by_truck_day_and_column():
    rows = [
        {
            "truck": "T01",
            "at": START + timedelta(hours=hour),
            "load_id": 1,
            "fault": "speed_kmh 999 is not within 0 to 120",
        }
        for hour in (1, 2, 25)
    ]
    found = (
        quality.flagged(table(schema.POSITIONS, rows), schema.POSITIONS)
        .order_by("start")
        .to_pyarrow()
        .to_pylist()
    )
    assert [(row["about"], row["samples"]) for row in found] == [
        ("positions.speed_kmh", 2),
        ("positions.speed_kmh", 1),
    ]


@given(st.lists(st.integers(1, 400), min_size=2, max_size=40))
def test_gaps_last_as_long_as_the_silence_between_positions(steps):
    seconds = [sum(steps[:number]) for number in range(len(steps) + 1)]
    rows = [{"truck": "T", "at": START + timedelta(seconds=at), "load_id": 1} for at in seconds]
    usual = pd.Series(steps).median()
    expected = sorted(float(step) for step in steps if step >= 60 and step >= 5 * usual)
    found = quality.of_positions(table(schema.POSITIONS, rows)).to_pyarrow().to_pylist()
    assert sorted(row["measured"] for row in found if row["kind"] == "gap") == expected


# Mine Z ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def mine(shared_data, tmp_path_factory) -> tk.Site:
    store = tmp_path_factory.mktemp("minez") / "store"
    tk.ingest(store, shared_data / "minez_fms", "minez-fms", detection=False)
    return tk.open(store)


@pytest.fixture(scope="module")
def expected(shared_data: Path) -> dict:
    return json.loads((shared_data / "expected.json").read_text("utf-8"))["minez_fms"]["computed"]


@pytest.fixture(scope="module")
def counted(mine) -> dict[tuple[str, str], int]:
    rows = mine.quality_summary().to_pyarrow().to_pylist()
    return {(row["kind"], row["about"]): row["found"] for row in rows}


@pytest.fixture(scope="module")
def copies(mine) -> pd.DataFrame:
    """The rows of the source that say again what another said, as they were read."""
    rejects = mine.rejects.filter(lambda each: each.about == "cycles").to_pyarrow().to_pylist()
    return pd.DataFrame([json.loads(row["content"]) for row in rejects])


def test_implied_speeds_are_those_that_were_counted(counted, expected, mine):
    assert counted["jump", "cycles.haul_min"] == expected["implied_full_speed_over_60kmh"]
    worst = mine.quality().filter(lambda each: each.kind == "jump").measured.max().execute()
    assert worst == pytest.approx(expected["implied_full_speed_max_kmh"], abs=0.1)


def test_clocks_that_run_backwards_are_those_that_were_counted(counted, expected, copies):
    negative = int((copies["EmptyTravelDuration"].astype(float) < 0).sum())
    assert counted["clock", "cycles.return_min"] + negative == expected["negative_empty_travel"]
    early = int((pd.to_datetime(copies["ArriveTimestamp_y"]) < pd.to_datetime(copies["FullTimestamp"])).sum())
    assert counted["clock", "cycles.arrived_dump"] + early == expected["arrive_dump_before_full"]


def test_overlaps_are_those_that_were_counted(counted, expected, copies):
    assert counted["overlap", "cycles.start"] + len(copies) == expected["truck_cycle_overlaps"]


def test_gaps_of_more_than_an_hour_are_those_that_were_counted(mine, expected):
    gaps = mine.quality().filter(
        lambda each: (each.about == "cycles.start") & (each.kind == "gap") & (each.measured > 3600)
    )
    assert gaps.count().execute() == expected["gaps_over_1h"]


def test_payload_faults_are_those_that_were_counted(mine, expected, copies):
    found = (
        mine.quality().filter(lambda each: each.about == "cycles.payload_t").measured.to_pyarrow().to_pylist()
    )
    weighed = [*found, *copies["Tons_x"].astype(float)]
    assert sum(value == 0 for value in weighed) == expected["Tons_x_zero"]
    assert sum(value == 65527 for value in weighed) == expected["Tons_x_65527"]
    assert sum(value > 400 for value in weighed) == expected["Tons_x_over_400"]


def test_exact_copies_are_told_as_repeated(mine):
    rows = {row["about"]: row["rows"] for row in mine.repeated().to_pyarrow().to_pylist()}
    assert rows == {"cycles": 4, "refuels": 1}
