"""Splicing: whatever the window and whatever was known, what comes out tiles, and only the window changes."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import groupby, pairwise

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strips import LETTERS, MIDNIGHT

from truckkit.detection import rows
from truckkit.schema import CYCLE_STATES
from truckkit.splice import Window, spliced

START = MIDNIGHT.replace(tzinfo=None)
MINUTE = timedelta(minutes=1)
_WORDS = {word: letter for letter, word in LETTERS.items()}


def states(strip: str, first: float = 0, late: timedelta = timedelta(0)) -> pa.Table:
    """Detected states of T01, a letter a minute; ``late`` is how much later its inner bounds are."""
    told, at = [], START + first * MINUTE
    for letter, run in groupby(strip):
        stop = at + MINUTE * len(list(run))
        told.append(
            {"truck": "T01", "source": "detected", "start": at, "stop": stop, "state": LETTERS[letter]}
        )
        at = stop
    for one, other in pairwise(told):
        one["stop"] = other["start"] = one["stop"] + late
    shown = {"confidence": 1.0, "evidence": "motion", "detector": "1"}
    return pa.Table.from_pylist([{**row, **shown} for row in told], rows.nothing("states").schema)


def cycle(start: float, stop: float, late_start: float = 0, late_stop: float = 0) -> dict[str, object]:
    """A cycle in minutes, with its bounds some milliseconds late."""
    begins = START + timedelta(minutes=start, milliseconds=late_start)
    ends = START + timedelta(minutes=stop, milliseconds=late_stop)
    whole = (ends - begins) / MINUTE
    phases = {f"{word}_min": 0.0 for word in CYCLE_STATES}
    phases |= {"load_min": 3.0, "spot_load_min": 1.0, "haul_min": whole - 4.0, "delay_min": 0.0}
    base = {"truck": "T01", "source": "detected", "complete": True, "overlaps": False}
    return {**base, "start": begins, "stop": ends, **phases}


def cycles(*told: dict[str, object]) -> pa.Table:
    return pa.Table.from_pylist(list(told), rows.nothing("cycles").schema)


def window(start: float, stop: float) -> Window:
    low, high = START + start * MINUTE, START + stop * MINUTE
    return Window("T01", low, low, high, high)


def result(name: str, where: Window, held: pa.Table, found: pa.Table) -> list[dict]:
    gone, come = spliced(name, [where], held, found)
    left = [row for row in held.to_pylist() if row not in gone.to_pylist()]
    return sorted([*left, *come.to_pylist()], key=lambda row: row["start"])


def strip(told: list[dict]) -> str:
    letters, at = "", told[0]["start"] + MINUTE / 2
    for row in told:
        while row["start"] <= at < row["stop"]:
            letters, at = letters + _WORDS[row["state"]], at + MINUTE
    return letters


@pytest.mark.parametrize(
    ("known", "first", "new", "bounds", "after"),
    [
        ("RRRLLLHHHDDD", 3, "RRR", (3, 6), "RRRRRRHHHDDD"),  # in the middle; what is alike is one
        ("RRRLLL", 6, "HHH", (0, 20), "RRRLLLHHH"[6:]),  # a window that holds all replaces all
        ("RRRLLL", 6, "HHH", (6, 20), "RRRLLLHHH"),  # right after
        ("RRRLLL", 8, "HHH", (8, 20), "RRRLLL..HHH"),  # a hole is no_data
        ("HHHH", 2, "LL", (2, 4), "HHLL"),
        ("", 0, "RRLL", (0, 4), "RRLL"),
        ("RRLL", 9, "", (0, 4), "RRLL"),  # nothing found, nothing replaced
    ],
)
def test_a_window_is_replaced_and_the_rest_stays(known, first, new, bounds, after):
    assert strip(result("states", window(*bounds), states(known), states(new, first))) == after


@given(
    st.text("RLHD.", max_size=12),
    st.text("RLHD.", max_size=12),
    st.integers(0, 14),
    st.integers(0, 14),
    st.integers(1, 14),
    st.integers(-4000, 4000),
)
def test_states_tile_whatever_is_put_where(known, new, first, start, long, late):
    held = states(known)
    found = states(new, first, timedelta(milliseconds=late))
    told = result("states", window(start, start + long), held, found)
    assert all(one["stop"] == other["start"] for one, other in pairwise(told))
    assert all(row["start"] < row["stop"] for row in told)


@pytest.mark.parametrize("late", [-900, -1, 0, 1, 900])
def test_a_loading_that_begins_some_milliseconds_off_makes_no_cycle_twice_and_loses_none(late: int):
    held = cycles(*(cycle(20 * k, 20 * k + 20) for k in range(6)))
    found = cycles(*(cycle(20 * k, 20 * k + 20, late, late) for k in range(1, 5)))
    told = result("cycles", window(40, 80), held, found)
    assert len(told) == 6
    assert all(one["stop"] == other["start"] for one, other in pairwise(told))
    for row in told:
        spent = sum(row[f"{word}_min"] for word in CYCLE_STATES) + row["delay_min"]
        assert spent == pytest.approx((row["stop"] - row["start"]) / MINUTE, abs=1e-6)


def test_the_cycle_before_a_window_goes_on_to_the_first_loading_in_it():
    held = cycles(cycle(0, 20), cycle(20, 31))
    found = cycles(cycle(20, 40), cycle(40, 50))
    told = result("cycles", window(30, 90), held, found)
    assert [(row["start"], row["stop"]) for row in told] == [
        (START + a * MINUTE, START + b * MINUTE) for a, b in ((0, 20), (20, 40), (40, 50))
    ]


def test_other_trucks_are_not_touched():
    other = states("RRR")
    other = other.set_column(0, other.schema.field("truck"), pa.array(["T02"]))
    held = pa.concat_tables([states("LLL"), other])
    gone, come = spliced("states", [window(0, 3)], held, states("HHH"))
    assert {*gone["truck"].to_pylist(), *come["truck"].to_pylist()} == {"T01"}


def test_a_window_holds_what_starts_in_it():
    where = window(1, 2)
    at = [START + minute * MINUTE for minute in (0.9, 1, 1.9, 2)]
    assert [where.holds({"truck": "T01", "start": each}) for each in at] == [False, True, True, False]
    assert not where.holds({"truck": "T02", "start": datetime(2026, 11, 22, 0, 1)})  # noqa: DTZ001
