"""Geography: what the mine says of its places wins over what was found."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from sent import ROAD_M, drawn, sent

from truckkit.detection import Observed, detect, geography
from truckkit.detection import stops as why
from truckkit.detection.sites import Site
from truckkit.detection.stops import STOP

TRIP = "RRRRRRRRQQQSLLLLLHHHHHHHHHHqqsDD"


def places(*rows: dict) -> pa.Table:
    empty = {"elevation_m": None, "radius_m": None, "start": None, "stop": None, "loader": None}
    shape = geography.rows([], []).schema
    return pa.Table.from_pylist([{**empty, "given": True, **row} for row in rows], shape)


def given(place: str, kind: str, x: float, y: float = 20.0, **more: object) -> dict:
    return {"place": place, "kind": kind, "x_m": x, "y_m": y, "radius_m": 40.0, **more}


def detected(*rows: dict, channels: tuple[str, ...] = ("payload_t", "reverse", "body_up", "engine_on")):
    day = sent({"T01": TRIP * 3, "T02": "RRR" + TRIP * 3}, channels=channels)
    return detect(Observed(day.positions, day.telemetry, places=places(*rows)))


def test_cycles_and_states_bear_the_names_that_the_mine_gave():
    told = detected(given("South face", "load", 12), given("Crusher", "crusher", ROAD_M - 12))
    cycles = told.cycles.to_pylist()
    assert {row["load_place"] for row in cycles} == {"South face"}
    assert {row["dump_place"] for row in cycles} == {"Crusher"}
    assert {row["place"] for row in told.states.to_pylist()} == {"South face", "Crusher", None}


@pytest.mark.parametrize("swapped", [False, True])
def test_where_no_channel_tells_the_mines_word_helps_to_tell_loading_from_dumping(swapped: bool):
    strip = TRIP.replace("LLLLL", "LLL").replace("DD", "DDD") * 4  # both ends of the road look alike
    day = sent({"T01": strip, "T02": "RRR" + strip})
    kinds = ("dump", "load") if swapped else ("load", "dump")
    rows = [given("A", kinds[0], 12), given("B", kinds[1], ROAD_M - 12)]
    told = drawn(detect(Observed(day.positions, places=places(*rows))).states)
    if not swapped:
        assert told == strip
    else:
        assert told[strip.index("D") + 1] == "L"


def test_a_found_name_never_clashes_with_a_given_one():
    told = detected(given("Load 1", "dump", 9000.0), given("Dump 1", "load", 9500.0))
    names = told.places["place"].to_pylist()
    assert len(names) == len(set(names))
    assert not {"Load 1", "Dump 1"} & set(names)
    # and states speak of them by the names under which they are stored
    assert {row["place"] for row in told.states.to_pylist()} - {None} <= set(names)


def test_places_of_other_kinds_and_without_a_position_are_passed_over():
    known = geography.known(
        places(given("X", "unknown", 0.0), {**given("Y", "load", 0.0), "x_m": None}, given("Z", "fuel", 1.0))
    )
    assert [place.site.name for place in known.given] == ["Z"]
    assert geography.known(None) == geography.Known([], [])


def test_found_places_come_back_as_they_were():
    told = detected()
    assert not any(told.places["given"].to_pylist())
    again = geography.known(told.places)
    assert geography.rows(again.found, []).equals(told.places)


def test_a_stop_is_at_the_nearest_site_and_queues_are_at_no_given_one():
    stops = np.zeros(3, STOP)
    stops["x_m"] = [0, 100, 5000]
    stops["stop"] = 1000.0
    near, far = (Site(why.LOAD, name, x, 0, 0, 200) for name, x in (("near", 20.0), ("far", 120.0)))
    assert geography.sites_of(stops, [near, far], []).tolist() == [0, 1, -1]
    work = geography.Given(Site(why.LOAD, "face", 0, 0, 0, 200), "load")
    rest = geography.Given(Site(why.FUEL, "fuel", 0, 0, 0, 200), "fuel")
    assert geography.sites_of(stops, [], [work]).tolist() == [-1, -1, -1]
    assert geography.sites_of(stops, [], [work, rest]).tolist() == [1, 1, -1]


def test_instants_keep_their_milliseconds():
    at = datetime(2026, 11, 22, 1, 2, 3, 4000)  # noqa: DTZ001
    assert geography.ms(at + timedelta(milliseconds=1), 0) - geography.ms(at, 0) == 1
    assert geography.ms(None, np.inf) == np.inf


def test_a_stand_found_within_a_stockpile_is_still_one_to_load_at_when_it_is_read_again():
    found = [Site(why.LOAD, "Load 1", 10.0, 0.0, 0.0, 12.0, loader="Loader 1")]
    pile = geography.known(places(given("Stockpile", "stockpile", 10.0, 0.0))).given
    stored = geography.rows(found, pile)
    assert stored["kind"].to_pylist() == ["stockpile"]
    assert [site.kind for site in geography.known(stored).found] == [why.LOAD]
