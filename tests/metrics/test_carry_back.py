"""What comes back in the body."""

from __future__ import annotations

from datetime import timedelta

import pytest
from engines import examples
from hypothesis import given
from hypothesis import strategies as some
from strips import MIDNIGHT, haul_cycle, intervals, mine_of, rows_of

import truckkit as tk
from truckkit.site import Site

START = MIDNIGHT.replace(tzinfo=None)


def mine(shown: dict[int, float | None], strip: str = "LHHDRRRRRL", **more: object) -> Site:
    """One load, dumped when four minutes are over, and what the scale shows at these seconds."""
    cycle = haul_cycle("T01", 0, {"return": 0, "spot_load": 0, "load": 1, "haul": 2, "spot_dump": 0}, **more)
    readings = [
        {"truck": "T01", "at": START + timedelta(seconds=at), "payload_t": tonnes, "load_id": 0}
        for at, tonnes in shown.items()
    ]
    return mine_of(states=intervals({"T01": strip}), cycles=[cycle], telemetry=readings)


def test_what_the_scale_shows_on_the_way_back_is_the_median():
    (row,) = rows_of(mine({200: 200.0, 300: 4.0, 360: 6.0, 420: 50.0, 560: 150.0}).carry_back())
    assert (row["truck"], row["loads"], row["readings"]) == ("T01", 1, 3)
    assert (row["carry_back_t"], row["carried_t"], row["carry_back_share"]) == (6, 200, 0.03)


def test_the_first_and_last_20_seconds_do_not_count():
    (row,) = rows_of(mine({241: 90.0, 259: 80.0, 260: 5.0, 519: 7.0, 520: 60.0, 539: 70.0}).carry_back())
    assert (row["readings"], row["carry_back_t"]) == (2, 6)


def test_a_drive_that_a_delay_broke_is_of_one_load():
    (row,) = rows_of(mine({270: 5.0, 330: 99.0, 400: 7.0}, strip="LHHDRwRRRL").carry_back("dump_place"))
    assert (row["dump_place"], row["loads"], row["readings"], row["carry_back_t"]) == ("Dump", 1, 2, 6)


def test_a_scale_that_says_nothing_or_no_number_does_not_count():
    (row,) = rows_of(mine({300: None, 310: float("nan"), 320: 3.0}).carry_back())
    assert (row["readings"], row["carry_back_t"]) == (1, 3)


def test_where_nothing_was_weighed_there_are_no_rows():
    assert rows_of(mine({}).carry_back()) == rows_of(mine({200: 1.0}).carry_back(by="")) == []


@examples(5)
@given(some.dictionaries(some.integers(260, 519), some.floats(-5, 50, width=32), min_size=1, max_size=9))
def test_what_comes_back_lies_between_the_least_and_the_most_that_the_scale_showed(shown):
    (row,) = rows_of(mine(shown).carry_back())
    assert min(shown.values()) <= row["carry_back_t"] <= max(shown.values())
    assert row["readings"] == len(shown)


def test_carry_back_of_the_sample_is_what_pandas_finds():
    site = tk.sample().truck("T01")
    states = site.states.to_pandas().sort_values("start")
    readings = site.telemetry.select("at", "payload_t").to_pandas().dropna().sort_values("at")
    trimmed = timedelta(seconds=20)
    load, medians = 0, {}
    for state in states.itertuples():
        load += state.state == "dump"
        if state.state == "return" and load:
            after, until = state.start + trimmed, state.stop - trimmed
            inside = readings[(readings["at"] >= after) & (readings["at"] < until)]
            medians.setdefault(load, []).extend(inside.payload_t)
    weighed = [sorted(values)[len(values) // 2] for values in medians.values() if values]
    (row,) = rows_of(site.carry_back())
    assert row["loads"] == len(weighed)
    assert row["readings"] == sum(len(values) for values in medians.values())
    assert row["carry_back_t"] == pytest.approx(sum(weighed) / len(weighed), abs=0.5)
