"""Samples that cannot be: positions apart from both neighbours, frozen channels, speeds in other units."""

from __future__ import annotations

import random
from datetime import timedelta

import ibis
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strips import MIDNIGHT

from truckkit import doubted, schema

START = MIDNIGHT.replace(tzinfo=None)


def table(of: schema.Table, rows: list[dict[str, object]]) -> ibis.Table:
    full = [{name: row.get(name) for name in of.names} for row in rows]
    return ibis.memtable(pa.Table.from_pylist(full, schema=of.schema.to_pyarrow()), schema=of.schema)


def positions(*places: float | None, speed: float | None = None) -> ibis.Table:
    """A position a second, some metres along a road; nothing where there is none."""
    rows = [
        {
            "truck": "T1",
            "at": START + timedelta(seconds=second),
            "load_id": 1,
            "x_m": float(place),
            "y_m": 0.0,
            "speed_kmh": speed,
        }
        for second, place in enumerate(places)
        if place is not None
    ]
    return table(schema.POSITIONS, rows)


def kept(of: ibis.Table) -> list[float]:
    return doubted.believed(of).order_by("at").x_m.to_pyarrow().to_pylist()  # type: ignore[no-any-return]


def test_a_position_apart_from_both_of_its_neighbours_is_not_believed():
    assert kept(positions(0, 5, 900, 15, 20)) == [0, 5, 15, 20]


def test_a_move_that_is_kept_up_is_believed():
    assert kept(positions(0, 5, 900, 905, 910)) == [0, 5, 900, 905, 910]


def test_the_first_and_the_last_position_are_believed():
    assert kept(positions(900, 5, 10, 15, 900)) == [900, 5, 10, 15, 900]


def test_a_position_without_a_place_is_kept_for_its_time():
    rows = table(schema.POSITIONS, [{"truck": "T1", "at": START, "load_id": 1}])
    assert doubted.believed(rows).count().execute() == 1


@given(st.lists(st.floats(-20, 20), min_size=1, max_size=30))
def test_of_a_truck_that_drives_as_trucks_do_every_position_is_believed(steps):
    places = [sum(steps[: n + 1]) for n in range(len(steps))]
    assert kept(positions(*places)) == pytest.approx(places)


def hour(payload: list[float], moved_m: float = 5000.0) -> list[dict[str, object]]:
    readings = [
        {"truck": "T1", "at": START + timedelta(minutes=n), "payload_t": each, "load_id": 1}
        for n, each in enumerate(payload)
    ]
    rows = [
        {"truck": "T1", "at": START + timedelta(minutes=n), "x_m": moved_m * n / 59, "y_m": 0.0, "load_id": 1}
        for n in range(60)
    ]
    found = doubted.frozen(table(schema.TELEMETRY, readings), table(schema.POSITIONS, rows))
    return found.to_pyarrow().to_pylist()  # type: ignore[no-any-return]


def test_a_scale_that_stands_still_while_its_truck_drives_is_frozen():
    [row] = hour([217.0] * 60)
    assert (row["kind"], row["about"], row["measured"], row["samples"]) == (
        "frozen",
        "telemetry.payload_t",
        217.0,
        60,
    )


def test_a_scale_that_tells_of_loads_is_not_frozen():
    assert hour([217.0] * 30 + [0.0] * 30) == []


def test_a_scale_of_a_parked_truck_may_stand_still():
    assert hour([217.0] * 60, moved_m=10) == []


def test_of_a_few_readings_nothing_is_said():
    assert hour([217.0] * 5) == []


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (10.0, "m/s taken for km/h"),
        (22.37, "mph taken for km/h"),
        (129.6, "km/h taken for m/s"),
        (36.0, None),
        (30.0, None),
    ],
)
def test_a_speed_in_another_unit_is_told_by_the_positions(told, said):
    found = doubted.units(positions(*(10.0 * n for n in range(60)), speed=told)).to_pyarrow().to_pylist()
    assert [row["description"].partition(": ")[2] for row in found] == ([said] if said else [])


def test_a_receiver_that_strays_by_metres_hides_no_unit():
    stray = random.Random(7)
    places = (10.0 * n + stray.gauss(0, 3) for n in range(600))
    [row] = doubted.units(positions(*places, speed=10.0)).to_pyarrow().to_pylist()
    assert row["measured"] == pytest.approx(1 / 3.6, rel=0.01)
