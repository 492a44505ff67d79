"""Tonne-kilometres per hour of trucks that drive cycle after cycle."""

from __future__ import annotations

from datetime import timedelta

import ibis
import numpy as np
import pytest
from engines import examples
from hypothesis import given
from hypothesis import strategies as some
from strips import MIDNIGHT, table_of

import truckkit as tk
from truckkit import cycles as haul
from truckkit import schema
from truckkit.errors import BadRequest
from truckkit.metrics.tyres import tkph

START = MIDNIGHT.replace(tzinfo=None)
TRUCKS = table_of(
    schema.TRUCKS,
    [
        {"truck": "T01", "model": "930E", "empty_mass_t": 200.0, "given": True},
        {"truck": "T02", "model": "No name", "empty_mass_t": 200.0, "given": True},
        {"truck": "T03", "given": True},
    ],
)
TYRES = table_of(
    schema.TYRES,
    [
        {
            "model": "930E",
            "position": "front",
            "rating_tkph": 500.0,
            "empty_share": 0.25,
            "loaded_share": 0.15,
        },
        {
            "model": "930E",
            "position": "rear",
            "rating_tkph": 900.0,
            "empty_share": 0.125,
            "loaded_share": 0.175,
        },
    ],
)


def driven(
    *half_hours: float, truck: str = "T01", payload_t: float | None = 200.0
) -> list[dict[str, object]]:
    """Cycles of half an hour each that drove so many kilometres, half of them empty."""
    return [
        {
            "truck": truck, "source": "fms", "complete": True, "overlaps": False, "payload_t": payload_t,
            "start": START + timedelta(minutes=30 * n), "stop": START + timedelta(minutes=30 * n + 30),
            "empty_m": 500 * km, "loaded_m": 500 * km,
        }
        for n, km in enumerate(half_hours)
    ]  # fmt: skip


def run(cycles: list[dict[str, object]], **more: object) -> list[dict[str, object]]:
    rows = haul.dumped(table_of(schema.CYCLES, cycles))
    found = tkph(rows, TRUCKS, TYRES, **more)
    return found.order_by("truck", "at", "position").to_pyarrow().to_pylist()


def test_tkph_is_half_of_empty_and_full_load_times_measured_speed():
    front, rear = run(driven(10))
    assert front["tyre_load_t"] == (200 * 0.25 + 400 * 0.15) / 2 == 55
    assert (front["distance_km"], front["hours"], front["speed_kmh"], front["tkph"]) == (10, 0.5, 20, 1100)
    assert (front["over"], front["share"]) == (True, 2.2)
    assert rear["tkph"] == (25 + 70) / 2 * 20


def test_speed_is_of_the_window_that_rolls_and_standing_counts():
    rows = [row for row in run(driven(10, 2, 2), window=timedelta(minutes=40)) if row["position"] == "front"]
    assert [row["distance_km"] for row in rows] == [10, 12, 4]
    hour = timedelta(hours=1)
    later = [{**row, "start": row["start"] + hour, "stop": row["stop"] + hour} for row in driven(10)]
    stood = driven(10) + later
    assert run(stood)[-1]["speed_kmh"] == 20 / 1.5


def test_what_is_not_known_says_why():
    why = [
        (row["truck"], row["rating_tkph"], row["why"])
        for row in run(driven(9, truck="T02") + driven(9, truck="T03"))
    ]
    assert why == [
        ("T02", None, "no tyre rating is stored for the model No name"),
        ("T03", None, "the truck's model is not known"),
    ]
    assert run(driven(9, payload_t=None))[0]["why"] == "no payload was measured in the window"


def test_ratings_lose_two_percent_a_degree_above_38_and_gain_one_below():
    assert [run(driven(9), ambient_c=c)[0]["rating_tkph"] for c in (38, 43, 28)] == [500, 450, 550]


@examples(10)
@given(some.lists(some.floats(0, 20), min_size=1, max_size=8), some.randoms())
def test_the_order_of_cycles_does_not_matter_and_a_long_window_sees_all(km, random):
    rows = driven(*km)
    shuffled = list(rows)
    random.shuffle(shuffled)
    found = run(rows, window=timedelta(hours=9))
    assert run(shuffled, window=timedelta(hours=9)) == found
    assert abs(found[-1]["distance_km"] - sum(km)) < 1e-9


def test_pandas_finds_the_same_on_the_sample():
    site = tk.sample()
    c = site.cycles.to_pandas()
    trucks = site.trucks.to_pandas().set_index("truck")
    found = site.tkph().to_pandas()
    front = found[found.position == "front"]
    assert len(front) == len(c)
    for row in front.head(60).itertuples():
        held = c[(c.truck == row.truck) & (c.stop <= row.at) & (c.stop >= row.at - np.timedelta64(4, "h"))]
        km = (held.empty_m.fillna(0) + held.loaded_m.fillna(0)).sum() / 1000
        hours = (row.at - held.start.min()).total_seconds() / 3600
        load = trucks.empty_mass_t[row.truck] * 0.25
        load += (trucks.empty_mass_t[row.truck] + held.payload_t.fillna(held.reported_t).mean()) * 0.1667
        np.testing.assert_allclose(row.tkph, load / 2 * km / hours)
    assert (site.tkph(over=True).to_pandas().share > 1).all()
    assert len(site.tkph(newest=True).to_pandas()) == 12


def test_a_window_looks_back_over_its_own_start():
    site = tk.sample()
    late = site.between("2026-11-22 15:00", "2026-11-22 18:00")
    key = ["truck", "at", "position", "tkph"]
    whole = site.tkph().select(key).to_pandas()
    kept = whole[whole["at"] >= START + timedelta(hours=18)].sort_values(key)
    part = late.tkph().select(key).to_pandas()
    part = part[part["at"] <= kept["at"].max()].sort_values(key)
    assert part.to_numpy().tolist() == kept[kept["at"] < START + timedelta(hours=21)].to_numpy().tolist()
    with pytest.raises(BadRequest, match="whole number of seconds"):
        site.tkph(window=timedelta(0))


def test_an_empty_answer_has_its_columns():
    assert run([]) == []
    assert isinstance(tkph(haul.dumped(schema.CYCLES.empty()), TRUCKS, TYRES), ibis.Table)
