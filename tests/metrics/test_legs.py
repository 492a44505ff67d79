"""Working legs, and how long they usually take."""

from __future__ import annotations

import ibis
import pytest
from strips import intervals

import truckkit as tk
from truckkit.metrics.legs import legs, usual


def states(strips: dict[str, str]) -> ibis.Table:
    rows = intervals(strips)
    at = {"load": "Face", "spot_load": "Face", "spot_dump": "Crusher", "dump": "Crusher"}
    full = [{"loader": None, **row, "place": at.get(str(row["state"]))} for row in rows]
    schema = ibis.schema(dict.fromkeys(("truck", "state", "place", "loader"), "string"))
    return ibis.memtable([{name: row[name] for name in (*schema, "start", "stop")} for row in full]).cast(
        schema
    )


def rows(strip: str) -> list[tuple[object, ...]]:
    found = legs(states({"T01": strip})).order_by("leg").to_pyarrow().to_pylist()
    return [(row["state"], row["from_place"], row["to_place"], row["leg_min"]) for row in found]


def test_a_drive_leads_from_the_loading_before_it_to_the_dumping_after_it():
    assert rows("LLHHHsDRRRRSL") == [
        ("load", "Face", "Face", 2),
        ("haul", "Face", "Crusher", 3),
        ("spot_dump", "Crusher", "Crusher", 1),
        ("dump", "Crusher", "Crusher", 1),
        ("return", "Crusher", "Face", 4),
        ("spot_load", "Face", "Face", 1),
        ("load", "Face", "Face", 1),
    ]


def test_a_drive_with_a_delay_and_a_queue_is_one_leg_without_their_minutes():
    assert rows("LHHwwwHqqD")[1] == ("haul", "Face", "Crusher", 3)


def test_down_time_and_no_data_end_a_leg():
    assert [each[0] for each in rows("LHH.HHD")] == ["load", "haul", "haul", "dump"]
    assert [each[1:3] for each in rows("LHHXHHD")[1:3]] == [("Face", None), (None, "Crusher")]


def test_usual_is_the_median_of_drives_without_a_stop():
    trucks = ibis.memtable({"truck": ["T01"], "model": ["930E"]})
    told = states({"T01": "LHHDRLHHHDRLHHHHHHDRLHwwwwwwwHHHHHHHD"})
    found = usual(told, told.filter(told.state == "down"), trucks)
    (haul,) = found.filter(found.state == "haul").to_pyarrow().to_pylist()
    assert haul == {
        "model": "930E",
        "state": "haul",
        "from_place": "Face",
        "to_place": "Crusher",
        "usual_min": 3,
    }


def test_legs_of_the_sample_hold_every_working_minute_once():
    site = tk.sample()
    long = site.states.to_pandas()
    working = long[long.state.isin(["spot_load", "load", "haul", "spot_dump", "dump", "return"])]
    wanted = ((working.stop - working.start).dt.total_seconds() / 60).groupby(working.state).sum()
    found = legs(site.states).to_pandas().groupby("state").leg_min.sum()
    assert found.to_dict() == pytest.approx(wanted.to_dict())


def test_hauls_of_the_sample_lead_where_its_cycles_say_and_take_as_long():
    site = tk.sample()
    found = legs(site.states).to_pandas()
    hauls = found[(found.state == "haul") & found.from_place.notna() & found.to_place.notna()]
    cycles = site.cycles.to_pandas()
    cycles = cycles[cycles.complete]
    hauls = hauls[["truck", "start", "from_place", "to_place", "leg_min"]]
    hauls = hauls.rename(columns={"start": "full", "from_place": "origin", "to_place": "goal"})
    met = cycles.merge(hauls, on=["truck", "full"])
    assert len(met) > 100
    assert (met.load_place == met.origin).all()
    assert (met.dump_place == met.goal).all()
    assert met.haul_min.to_list() == pytest.approx(met.leg_min.to_list(), abs=1e-3)
