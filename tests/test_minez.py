"""Mine Z, held to facts that were counted from its files by other means."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ibis import _

from truckkit import overview
from truckkit.ingest import ingest
from truckkit.site import Site, open_site


@pytest.fixture(scope="module")
def expected(shared_data: Path) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads((shared_data / "expected.json").read_text())
    return facts


@pytest.fixture(scope="module")
def mine(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Site:
    store = tmp_path_factory.mktemp("minez") / "store"
    ingest(store, [shared_data / "minez_fms"], "minez-fms")
    ingest(store, [shared_data / "minez_gps" / "positions.parquet"], "minez-gps")
    return open_site(store)


def test_every_row_of_every_file_is_accounted_for(mine: Site, expected: dict[str, Any]) -> None:
    loads = {Path(load["source"]).name: load for load in overview.overview(mine)["loads"]}
    for load in loads.values():
        assert load["rows_in"] == load["kept"] + load["rejected"] + load["duplicates"]
    fms = expected["minez_fms"]
    assert loads["StdShiftLoadsDumpsFuel.csv.gz"]["rows_in"] == fms["computed"]["rows"] == 10_285
    assert loads["SfdShiftFueltrucksAllUpdatedFin.csv.gz"]["rows_in"] == fms["published"]["refuelings"] == 662
    assert loads["PITTravel.csv.gz"]["kept"] == fms["computed"]["road_segments"] == 390
    assert loads["positions.parquet"]["kept"] == expected["minez_gps"]["positions"] == 323_259


def test_trucks_and_places_are_those_of_the_files(mine: Site, expected: dict[str, Any]) -> None:
    assert (
        len(mine.truck_names)
        == expected["minez_fms"]["published"]["trucks"] + expected["minez_gps"]["trucks"]
    )
    assert overview.overview(mine)["tables"]["places"] == 276
    named = mine.places.filter(~_.given, _.kind == "unknown")
    assert sorted(named.place.to_pyarrow().to_pylist()) == ["BOT_BGAR_CORRUGAD", "IS5-3310-301"]
    assert named.x_m.count().execute() == 0


def test_exact_copies_fall_and_each_leaves_a_row_that_says_why(mine: Site) -> None:
    assert mine.using("fms").cycles.count().execute() == 10_285 - 4
    assert overview.overview(mine)["tables"]["cycles"] == 10_285 - 4
    duplicates = mine.rejects.filter(_.verdict == "duplicate").to_pyarrow().to_pylist()
    assert sorted(row["about"] for row in duplicates) == ["cycles"] * 4 + ["refuels"]
    assert all("tells of the same" in row["reason"] and json.loads(row["content"]) for row in duplicates)


def test_payloads_that_cannot_be_true_are_empty_and_the_row_says_so(
    mine: Site, expected: dict[str, Any]
) -> None:
    faulty = mine.cycles.filter(_.fault.contains("payload_t"))
    assert faulty.payload_t.count().execute() == 0
    assert mine.cycles.payload_t.max().execute() <= 400
    assert mine.cycles.filter(_.fault.contains("payload_t 65527")).count().execute() == 1
    zeros = mine.cycles.filter(_.fault.contains("payload_t 0.0 ")).count().execute()
    assert abs(zeros - expected["minez_fms"]["computed"]["Tons_x_zero"]) <= 4


def test_cycles_last_as_long_as_in_the_files(mine: Site, expected: dict[str, Any]) -> None:
    cycles = mine.using("fms").cycles
    minutes = cycles.mutate(long=_.stop.delta(_.start, unit="second") / 60).long.to_pyarrow().to_pandas()
    facts = expected["minez_fms"]["computed"]
    assert minutes.median() == pytest.approx(facts["median_cycle_min"], abs=0.02)
    assert minutes.quantile(0.1) == pytest.approx(facts["p10_min"], abs=0.05)
    assert minutes.quantile(0.9) == pytest.approx(facts["p90_min"], abs=0.05)


def test_cycles_that_overlap_stay_and_are_marked(mine: Site) -> None:
    assert mine.cycles.filter(_.overlaps).count().execute() >= 48
    assert mine.cycles.filter(_.overlaps & _.fault.contains("halves")).count().execute() > 0


def test_states_tile_the_time_of_each_truck(mine: Site) -> None:
    states = mine.states.order_by("truck", "start").to_pandas()
    following = states.groupby("truck").start.shift(-1)
    assert (states.stop == following)[following.notna()].all()
    assert (states.stop > states.start).all()
    told = states.groupby("source").truck.nunique()
    assert dict(told) == {"fms": 57, "detected": 15}  # no FMS tells of the trucks that send positions


def test_times_of_the_records_are_those_of_the_mine(mine: Site) -> None:
    first = mine.cycles.start.min().execute()
    assert str(first) == "2022-11-07 11:22:49"  # 08:22:49 in Santiago, three hours behind UTC
    assert mine.shift("2022-11-07 day").cycles.start.min().execute() == first


def test_the_same_files_again_change_nothing(mine: Site, shared_data: Path) -> None:
    assert mine.store is not None
    before = sorted(path.name for path in mine.store.folder.iterdir())
    loads = ingest(mine.store.folder, [shared_data / "minez_fms"], "minez-fms")
    assert all(load.known for load in loads)
    assert sorted(path.name for path in mine.store.folder.iterdir()) == before
