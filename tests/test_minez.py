"""Mine Z, held to facts that were counted from its files by other means."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
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


# Answers, counted over every row of the file ---------------------------------------------------------


@pytest.fixture(scope="module")
def source(shared_data: Path) -> pd.DataFrame:
    """The cycles' file itself."""
    return pd.read_csv(shared_data / "minez_fms" / "StdShiftLoadsDumpsFuel.csv.gz", low_memory=False)


@pytest.fixture(scope="module")
def every_row(mine: Site) -> pd.DataFrame:
    """All rows of the cycles' file as the store holds them: those kept, and those that fell."""
    kept = mine.using("fms").cycles.to_pandas()
    fell = mine.rejects.filter(_.about == "cycles").content.to_pyarrow().to_pylist()
    rows = [
        {
            "start": pd.Timestamp(row["AssignTimestamp_x"]),
            "stop": pd.Timestamp(row["EmptyTimestamp"]),
            "shift": row["ShiftId_x"],
            "load_place": row["LoadLocation"],
            "dump_place": row["DumpLocation"],
            "reported_t": float(row["Tonnage_x"]),
            "fault": f"payload_t {row['Tons_x']} " if float(row["Tons_x"]) < 1 else None,
        }
        for row in map(json.loads, fell)
    ]
    return pd.concat([kept, pd.DataFrame(rows)], ignore_index=True)


def test_the_tonnes_of_every_row_are_those_of_the_file(
    every_row: pd.DataFrame, source: pd.DataFrame, expected: dict[str, Any]
) -> None:
    assert len(every_row) == len(source) == 10_285
    facts = expected["minez_fms"]["computed"]
    assert every_row.reported_t.sum() == source.Tonnage_x.sum() == facts["tonnage_sum_x"] == 3_146_216
    assert source.Tonnage_y.sum() == sum(facts["tonnage_by_dump_unit_y"].values()) == 3_146_222


def test_cycles_went_to_dumps_the_crusher_and_stockpiles_as_in_the_file(
    mine: Site, every_row: pd.DataFrame, expected: dict[str, Any]
) -> None:
    kinds = mine.places.to_pandas().set_index("place").kind
    # The file calls the one place that it has no record of a dump; the store says that nobody knows.
    told = every_row.dump_place.map(kinds).replace("unknown", "dump").value_counts()
    assert told.to_dict() == {"dump": 5752, "crusher": 3865, "stockpile": 668}
    assert sorted(told) == sorted(expected["minez_fms"]["computed"]["cycles_by_dump_unit"].values())


def test_every_row_lasts_as_long_as_in_the_file(every_row: pd.DataFrame) -> None:
    minutes = (every_row.stop - every_row.start).dt.total_seconds() / 60
    told = [minutes.median(), minutes.quantile(0.1), minutes.quantile(0.9)]
    assert told == pytest.approx([46.43, 29.57, 76.05], abs=0.005)


def test_loading_and_dumping_areas_of_shifts_are_those_that_were_published(
    every_row: pd.DataFrame, expected: dict[str, Any]
) -> None:
    areas = every_row.groupby("shift")[["load_place", "dump_place"]].nunique()
    published = expected["minez_fms"]["published"]["load_dump_areas_per_shift"]
    assert list(published.values()) == [[15, 11], [12, 9], [18, 15], [12, 9]]
    for shift, counts in published.items():
        assert areas.loc[shift].to_list() == counts


def test_faults_of_payloads_are_those_of_the_file(every_row: pd.DataFrame) -> None:
    read = every_row.fault.str.extract(r"payload_t (-?[\d.]+) ")[0].astype(float)
    assert (read == 65527).sum() == 1
    assert (read == 0).sum() == 1_076
    assert (read > 400).sum() == 3


def test_each_shift_moved_what_the_file_says(mine: Site, source: pd.DataFrame) -> None:
    once = source.drop_duplicates()
    stood = pd.to_timedelta(once.QueueTime_y + once.SpotTime_y + once.DumpingTime, unit="s")
    empty = pd.to_datetime(once.EmptyTimestamp)
    dumped = (pd.to_datetime(once.ArriveTimestamp_y) + stood).where(lambda at: at < empty, empty)
    start = (dumped - pd.Timedelta(hours=8)).dt.floor("12h")
    names = start.dt.strftime("%Y-%m-%d") + start.dt.hour.map({0: " day", 12: " night"})
    measured = once.Tons_x.where(once.Tons_x.between(1, 400))
    carried = measured.fillna(once.Tonnage_x.where(once.Tonnage_x.between(1, 400)))
    told = mine.using("fms").summary(vs=None).filter(_.loads > 0).to_pandas().set_index("shift")
    assert len(told) == 18
    assert told.loads.sum() == len(once) == 10_281
    assert told.loads.to_dict() == once.groupby(names).size().to_dict()
    assert told.moved_t.to_dict() == pytest.approx(carried.groupby(names).sum().to_dict())


def test_payloads_are_judged_as_the_file_would_be(mine: Site, source: pd.DataFrame) -> None:
    once = source.drop_duplicates()
    share = once.Tons_x[once.Tons_x.between(1, 400)] / 290
    (row,) = mine.using("fms").payload_policy(by="").to_pyarrow().to_pylist()
    assert (row["loads"], row["unmeasured"]) == (len(share), len(once) - len(share))
    over = [(share > most).sum() for most in (1, 1.1, 1.2)]
    assert [row[name] for name in ("above_target", "above_110", "above_120")] == over
    assert row["mean_t"] == pytest.approx(share.mean() * 290)
    assert not row["keeps_policy"]


def test_loads_of_loaders_are_those_of_the_file(mine: Site, source: pd.DataFrame) -> None:
    once = source.drop_duplicates()
    told = mine.using("fms").summary(vs=None, by="loader").to_pandas().set_index("loader")
    assert told.loads.to_dict() == once.groupby("Excav_x").size().to_dict()


def test_loading_takes_as_long_at_each_loader_as_in_the_file(mine: Site, source: pd.DataFrame) -> None:
    split = mine.using("fms").cycle_split(by="loader", vs=None).filter(_.phase == "load").to_pandas()
    told = split.set_index("loader").median_min
    seconds = source.drop_duplicates().groupby("Excav_x").LoadingTime.median()
    # The few cycles that are not complete are in the file's medians alone.
    assert told.to_dict() == pytest.approx((seconds / 60).to_dict(), abs=0.1)


def test_trucks_and_hang_tile_the_time_of_each_loader_from_its_first_truck_to_its_last(mine: Site) -> None:
    site = mine.using("fms")
    at_loaders = site.states.filter(_.loader.notnull()).to_pandas().groupby("loader")
    long_min = (at_loaders.stop.max() - at_loaders.start.min()).dt.total_seconds() / 60
    told = site.hang(by="loader").to_pandas().set_index("loader")
    assert told.observed_min.to_dict() == pytest.approx(long_min.to_dict())
    by_shift = site.hang(by="loader,shift").to_pandas()
    assert by_shift.hang_min.sum() == pytest.approx(told.hang_min.sum())
