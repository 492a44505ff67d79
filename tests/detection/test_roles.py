"""Roles: what bays are for is learnt from the stops of a fleet, where no channel tells."""

from __future__ import annotations

import numpy as np
import pytest

from truckkit.detection import stops as why
from truckkit.detection.roles import roles
from truckkit.detection.stops import STOP

LOAD_S, DUMP_S = 170, 55


def fleet(*bays: tuple[int, float, float, bool], trips: int = 12, hours_off: int = 0) -> np.ndarray:
    """Stops of trucks that go round and round: of each bay its number, seconds, metres there, backed into."""
    random = np.random.default_rng(4)
    rows, at = np.zeros(trips * len(bays), STOP), 0.0
    for i, row in enumerate(rows):
        number, seconds, metres, backed = bays[i % len(bays)]
        if i == len(rows) // 2:
            at += hours_off * 3_600_000
        row["start"] = at + metres / 6 * 1000
        row["stop"] = at = row["start"] + seconds * 1000 * random.lognormal(0, 0.15)
        row["rolled"] = metres / 6 * 1000
        row["metres"], row["site"], row["backed"] = metres, number, why.TURNED if backed else why.FORWARD
    for name, unknown in (("gain", np.nan), ("body", -1), ("beyond", np.nan), ("known", -1)):
        rows[name] = unknown
    return rows


def said(stops: np.ndarray, hints: np.ndarray | None = None) -> dict[int, set[int]]:
    """What the stops of each bay were said to be for."""
    none = np.full(len(stops), -1)
    found = roles(stops, np.zeros(len(stops), int), stops["site"], none if hints is None else hints)
    return {int(bay): set(found[stops["site"] == bay].tolist()) for bay in np.unique(stops["site"])}


def test_the_long_bay_is_for_loading_and_the_short_one_for_dumping():
    assert said(fleet((0, LOAD_S, 2500, True), (1, DUMP_S, 2500, True))) == {0: {why.LOAD}, 1: {why.DUMP}}


def test_queues_and_crossroads_are_neither():
    stops = fleet((0, 60, 2400, False), (1, LOAD_S, 60, True), (2, 25, 1200, False), (3, DUMP_S, 1200, True))
    assert said(stops) == {0: {-1}, 1: {why.LOAD}, 2: {-1}, 3: {why.DUMP}}


def test_what_is_known_of_some_stops_tells_of_the_others():
    stops = fleet((0, 100, 2500, True), (1, 100, 2500, True))
    stops["known"][:8:2] = why.DUMP
    assert said(stops) == {0: {why.DUMP}, 1: {why.LOAD}}


@pytest.mark.parametrize("first", [why.LOAD, why.DUMP])
def test_in_a_symmetric_mine_a_place_that_the_mine_names_decides(first: int):
    stops = fleet((0, 100, 2500, True), (1, 100, 2500, True))
    hints = np.where(stops["site"] == 0, first, -1)
    other = why.DUMP if first == why.LOAD else why.LOAD
    assert said(stops, hints) == {0: {first}, 1: {other}}


@pytest.mark.parametrize("first", ["up", "down"])
def test_loaded_trucks_are_the_slower_ones(first: str):
    stops = fleet((0, 100, 2500, True), (1, 100, 2500, True))
    stops["rolled"] *= np.where((stops["site"] == 1) == (first == "up"), 2.0, 0.8)
    load, dump = (0, 1) if first == "up" else (1, 0)
    assert said(stops) == {load: {why.LOAD}, dump: {why.DUMP}}


def test_a_stop_that_is_too_short_is_for_neither():
    assert said(fleet((0, 4, 2500, True), (1, 5, 2500, True), trips=5)) == {0: {-1}, 1: {-1}}


def test_a_stop_before_a_long_silence_is_no_loading_because_the_truck_dumps_after_it():
    stops = fleet((0, LOAD_S, 2500, True), (1, DUMP_S, 2500, True), hours_off=2)
    rest = np.zeros(1, STOP)
    rest[:] = stops[11]  # after the last dumping before the silence it came to rest elsewhere
    rest["start"], rest["site"] = stops[11]["stop"] + 60_000, 7
    rest["stop"], rest["metres"], rest["backed"] = rest["start"] + 91_000, 300, why.FORWARD
    rest["gain"] = 0.0
    stops = np.concatenate([stops[:12], rest, stops[13:]])  # and its next loading was not seen
    stops["metres"][13] = 0.0
    assert said(stops)[7] == {-1}


def test_no_stops_have_no_role():
    none = np.empty(0, int)
    assert len(roles(np.empty(0, STOP), none, none, none)) == 0
