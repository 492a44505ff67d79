"""Haul cycles: from loading to loading, and those that are not whole say why."""

from __future__ import annotations

from itertools import groupby

import numpy as np
import pytest
from strips import LETTERS

from truckkit.detection.hauls import haul_cycles
from truckkit.detection.scale import NO_SCALE, Scale
from truckkit.detection.segments import SEGMENT, STATE
from truckkit.schema import CYCLE_STATES

MINUTE = 60_000.0


def segments(strip: str, share: float = 0.9) -> np.ndarray:
    """Segments of a strip, a letter a minute; loading is at site 0, dumping at site 1."""
    runs = [(letter, len(list(run))) for letter, run in groupby(strip)]
    out = np.zeros(len(runs), SEGMENT)
    at = 0.0
    for row, (letter, minutes) in zip(out, runs, strict=True):
        row["state"] = STATE.index(LETTERS[letter])
        row["start"], row["stop"] = at, (at := at + minutes * MINUTE)
        row["site"] = {"L": 0, "D": 1}.get(letter, -1)
        row["metres"] = 500.0 * minutes if letter in "HR" else 0.0
        row["share"] = share if letter in "HqsD" else 0.0
        row["elevation_m"] = {"L": 100.0, "D": 160.0}.get(letter, np.nan)
    return out


def told(strip: str, scale: Scale = NO_SCALE, share: float = 0.9) -> list[dict]:
    return list(haul_cycles(segments(strip, share), scale, ["Face", "Crusher"], ["Shovel", None]))


def test_a_cycle_runs_from_one_loading_to_the_next():
    cycles = told("RRQSLLHHHqsDDRRRQSLLHHH")
    assert [(row["start"] / MINUTE, row["stop"] / MINUTE) for row in cycles] == [(4, 18), (18, 23)]
    first = cycles[0]
    assert (first["load_min"], first["haul_min"], first["queue_dump_min"], first["dump_min"]) == (2, 3, 1, 2)
    assert (first["return_min"], first["queue_load_min"], first["delay_min"]) == (3, 1, 0)
    assert (first["load_place"], first["dump_place"], first["loader"]) == ("Face", "Crusher", "Shovel")
    assert (first["loaded_m"], first["empty_m"], first["lift_m"]) == (1500, 1500, 60)
    assert (first["arrived_load"], first["full"], first["arrived_dump"]) == (
        2 * MINUTE,
        6 * MINUTE,
        9 * MINUTE,
    )
    assert (first["complete"], first["why"], first["from_place"]) == (True, None, None)
    assert cycles[1]["from_place"] == "Crusher"


@pytest.mark.parametrize(
    ("strip", "why"),
    [
        ("LLHHH", "the record ends before the next loading; no dumping was seen"),
        ("LLHHHDDRR", "the record ends before the next loading"),
        ("LLHHRRLL", "no dumping was seen"),
        ("LLHHDDRRDDRRLL", "dumped 2 times"),
        ("LLHH..HHDDRRLL", "not observed for 120 s"),
        ("LLH..RLL", "no dumping was seen; not observed for 120 s"),
        ("LLHHDDRRLL", None),
        ("LLHwwHDDRXXRLL", None),
    ],
)
def test_a_cycle_that_is_not_whole_says_why(strip: str, why: str | None):
    first = told(strip)[0]
    assert (first["complete"], first["why"]) == (why is None, why)


def test_delay_standby_and_down_are_delay():
    first = told("LLHwwHDDRppRXXXRLL")[0]
    assert first["delay_min"] == 7
    assert sum(first[f"{word}_min"] for word in CYCLE_STATES) + 7 == 16


@pytest.mark.parametrize("strip", ["LL.LLHHDDRRLL", "LLwwLLHHDDRRLL"])
def test_loading_that_goes_on_after_a_gap_or_a_delay_is_one(strip: str):
    assert len(told(strip)) == 2


def test_two_loadings_with_a_drive_between_are_two_cycles():
    assert len(told("LLRRLLHHDD")) == 2


def test_payload_is_what_the_scale_showed_while_the_truck_hauled_less_what_it_shows_empty():
    scale = Scale(empty_t=5.0, full_t=305.0, noise_t=1.0)
    assert told("LLHHDDRRLL", scale)[0]["payload_t"] == pytest.approx(270)
    assert told("LLHHDDRRLL")[0]["payload_t"] is None
    assert told("LLHHDDRRLL", scale, share=0.05)[0]["payload_t"] is None


def test_without_a_loading_there_is_no_cycle():
    assert told("RRRHHHDDRR") == []
    assert list(haul_cycles(np.empty(0, SEGMENT), NO_SCALE, [], [])) == []
