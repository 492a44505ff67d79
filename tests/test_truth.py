"""Truth: kept beside a simulated store, or read from a file that somebody else wrote."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import ibis
import pyarrow as pa
import pytest
from ibis import _
from typer.testing import CliRunner

import truckkit as tk
from truckkit import schema, truth
from truckkit.cli import app
from truckkit.errors import BadInput, BadMapping, BadRequest, DamagedStore, NoStore, UnknownName
from truckkit.scoring import scored, states_of
from truckkit.sources.simulator import Plan, simulate
from truckkit.store import Draft, layout, publish

PLAN = Plan(trucks=3, hours=6, seed=5, noise="harsh")


@pytest.fixture(scope="module")
def mine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated mine in which everything was detected as it was told by source fms."""
    store = tmp_path_factory.mktemp("truth") / "mine"
    tk.simulate(store, PLAN)
    detect(store)
    return store


def detect(store: Path) -> None:
    """Store what source fms says as detected."""
    site = tk.open(store)
    with Draft() as draft:
        load = draft.load("a detector", "once", "test", "states")
        for table, rows in ((schema.STATE_INTERVALS, site.states), (schema.CYCLES, site.cycles)):
            arrow = rows.mutate(source=ibis.literal("detected")).drop("load_id").to_pyarrow()
            draft.stage(table, draft.read(f"detected_{table.name}", arrow), load)
        publish(store, draft)


# What the simulator keeps ------------------------------------------------------------------------


def test_the_truth_of_a_plan_is_kept_beside_its_store(mine: Path):
    made, kept = simulate(PLAN), truth.kept(mine)
    for name in made.truth.names:
        assert getattr(kept, name).equals(made.truth.table(name))
    gone = [(row["truck"], row["start"], row["stop"]) for row in kept.dropouts.to_pylist()]
    assert gone == [
        (truck, *(edge.replace(tzinfo=None) for edge in edges)) for truck, *edges in made.dropouts()
    ]
    assert gone
    assert not list((mine / "truth").glob("*.part"))


def test_publishing_and_sweeping_leave_the_truth_alone(tmp_path: Path):
    store = tmp_path / "mine"
    tk.simulate(store, trucks=1, hours=0.5)
    before = sorted(path.name for path in (store / "truth").iterdir())
    layout.clear(store)
    assert layout.sweep(store, [], grace_s=0) == ["day-2026-11-22-000001.duckdb"]
    assert sorted(path.name for path in (store / "truth").iterdir()) == before
    assert len(before) == 4


def test_the_same_mine_again_adds_nothing_and_keeps_the_truth_once(tmp_path: Path):
    plan = Plan(trucks=1, hours=0.5)
    for _again in range(2):
        loads = tk.simulate(tmp_path / "mine", plan)
    assert all(load.known for load in loads)
    assert len(list((tmp_path / "mine" / "truth").iterdir())) == 4


def test_mines_of_different_times_stand_side_by_side_in_one_store(tmp_path: Path):
    store, first = tmp_path / "mine", Plan(trucks=1, hours=0.5)
    tk.simulate(store, first)
    tk.simulate(store, first, start=first.start + timedelta(hours=3))
    states = truth.kept(store).states
    assert max(states["stop"].to_pylist()) - min(states["start"].to_pylist()) == timedelta(hours=3.5)


def test_two_mines_that_tell_of_one_truck_at_one_time_are_refused(tmp_path: Path):
    for seed in (1, 2):
        tk.simulate(tmp_path / "mine", trucks=1, hours=0.5, seed=seed)
    with pytest.raises(BadInput, match='both tell of truck "T01"'):
        truth.kept(tmp_path / "mine")


def test_a_truth_that_is_gone_or_broken_is_named(tmp_path: Path):
    store = tmp_path / "mine"
    tk.simulate(store, trucks=1, hours=0.5)
    (cycles,) = (store / "truth").glob("cycles-*")
    cycles.write_bytes(b"PAR1")
    with pytest.raises(DamagedStore, match=r"cycles-\w+\.parquet"):
        truth.kept(store)
    for path in (store / "truth").iterdir():
        path.unlink()
    with pytest.raises(BadRequest, match="keeps no truth"):
        truth.kept(store)


# What a noisy mine stores ------------------------------------------------------------------------


def test_every_row_of_a_noisy_mine_is_accounted_for(mine: Path):
    made = simulate(PLAN)
    loads = tk.open(mine).loads.filter(_.mapping == "simulator").to_pyarrow().to_pylist()
    for name in ("positions", "telemetry"):
        (load,) = (each for each in loads if each["source"].startswith(f"simulated {name}"))
        assert load["rows_in"] == made.observed.table(name).num_rows
        assert load["rows_in"] == load["kept"] + load["duplicates"]
        assert load["duplicates"] > 0


def test_a_reading_that_is_no_number_is_empty_and_the_row_says_so(mine: Path):
    site = tk.open(mine)
    for table in (site.positions, site.telemetry):
        numbers = [name for name, kind in table.schema().items() if kind.is_floating()]
        assert not any(
            table.aggregate(**{name: table[name].isnan().any() for name in numbers})
            .to_pyarrow()
            .to_pylist()[0]
            .values()
        )
        assert table.filter(_.fault.contains("is not a number")).count().execute() > 0
    assert site.positions.filter(_.fault.contains("speed_kmh"), _.speed_kmh.notnull()).count().execute() == 0


@pytest.mark.parametrize("hz", [5, 1, 0.2, 0.1, 1 / 30])
def test_telemetry_comes_every_five_seconds_at_most_and_no_oftener_than_positions(hz: float):
    at = simulate(Plan(trucks=1, hours=1, hz=hz)).observed.table("telemetry").to_pandas()["at"]
    apart = at.diff().dt.total_seconds()
    assert apart.median() == pytest.approx({5: 1, 1: 5, 0.2: 5, 0.1: 10}.get(hz, 30), abs=0.002)


# Truth from elsewhere ----------------------------------------------------------------------------


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str, name: str = "true.csv") -> Path:
        (tmp_path / name).write_text(text, encoding="utf-8")
        return tmp_path / name

    return write


def test_a_file_with_our_own_column_names_needs_no_mapping(written):
    file = written("truck,state,start,stop,more\nT1,load,2026-01-01T00:00:00Z,2026-01-01T00:03:00Z,x\n")
    assert states_of(file, None).to_pylist()[0]["stop"].isoformat() == "2026-01-01T00:03:00"


def test_columns_can_be_named_in_short(written):
    file = written("v,k,a,b\nT1,load,2026-01-01T00:00:00Z,2026-01-01T00:03:00Z\n")
    short = states_of(file, "truck=v, state=k, start=a, stop=b")
    assert short.column_names == ["truck", "state", "start", "stop"]
    assert short["truck"].to_pylist() == ["T1"]


def test_a_shipped_mapping_reads_the_truth_of_the_simulated_trucks(shared_data: Path):
    states = states_of(shared_data / "minez_gps" / "states_truth.csv", "minez-truth")
    assert states.num_rows == 420
    assert set(states["state"].to_pylist()) == {"load", "dump"}
    known = pa.parquet.read_table(shared_data / "minez_gps" / "positions.parquet", columns=["truck_id"])
    assert set(states["truck"].to_pylist()) == set(known["truck_id"].to_pylist())


@pytest.mark.parametrize(
    ("text", "mapping", "error", "said"),
    [
        ("", None, BadInput, "is empty"),
        ("truck,state,start,stop\n", None, BadInput, "holds no true state"),
        ("truck,state,start\nT1,load,2026-01-01T00:00:00Z\n", None, BadInput, 'no column "stop"'),
        ("truck,state,start,stop\nT1,Q,2026-01-01,2026-01-02\n", None, BadInput, '"Q" is no state'),
        ("truck,state,start,stop\nT1,load,noon,2026-01-02\n", None, BadInput, '"noon" is not a time'),
        ("truck,state,start,stop\nT1,load\n", None, BadInput, "2 values where 4"),
        ("v,k,a,b\n", "truck=v,state=k,start=a", BadMapping, 'does not say which column is "stop"'),
        ("v,k,a,b\n", "lorry=v", BadMapping, '"lorry=v" names none of'),
        ("v,k,a,b\n", "nowhere", BadMapping, 'no mapping "nowhere"'),
        ("v,k,a,b\n", "minez-gps", BadMapping, "into states"),
    ],
)  # fmt: skip
def test_what_cannot_be_the_truth_is_refused_with_a_reason(written, text, mapping, error, said):
    with pytest.raises(error, match=said):
        states_of(written(text), mapping)


# The score of a store ----------------------------------------------------------------------------

KEYS = {"macro_f1", "f1", "boundary_s", "cycles", "tonnes_error", "places"}


def test_a_store_is_scored_against_the_truth_that_it_keeps(mine: Path):
    found = scored(mine)
    assert set(found) >= KEYS
    # Where nothing was stored fms still tells what was done: that is what a detector may not guess.
    assert found["f1"]["no_data"] == 0
    assert found["f1"]["haul"] > 0.95
    assert found["boundary_s"]["p95"] == 0
    assert found["cycles"]["recall"] == found["cycles"]["precision"] == 1
    assert found["tonnes_error"] == 0
    # The office gave the places, so none had to be found.
    assert found["places"]["recall"] is None
    assert found["trucks"] == 3


def test_a_file_that_tells_of_all_time_is_scored_whole(mine: Path, tmp_path: Path):
    file = tmp_path / "states.parquet"
    pa.parquet.write_table(truth.kept(mine).states, file)
    found = scored(mine, file)
    assert found["macro_f1"] == found["cycles"]["recall"] == 1
    assert found["tonnes_error"] is None
    assert "stops" not in found


def test_a_file_that_tells_of_some_states_scores_these(mine: Path, tmp_path: Path):
    file = tmp_path / "stops.parquet"
    states = truth.kept(mine).states.to_pandas()
    states[states["state"].isin(["load", "dump"])].to_parquet(file)
    found = scored(mine, file)
    assert set(found) >= KEYS
    assert found["stops"]["recall"] == found["stops"]["precision"] == found["stops"]["kind_right"] == 1
    assert found["f1"]["haul"] is None
    assert found["boundary_s"]["p95"] == 0


def test_what_cannot_be_scored_is_refused_with_a_reason(mine: Path, tmp_path: Path, written):
    tk.simulate(tmp_path / "fresh", trucks=1, hours=0.5)
    with pytest.raises(BadRequest, match="nothing was detected"):
        scored(tmp_path / "fresh")
    with pytest.raises(NoStore):
        scored(tmp_path / "nowhere")
    head = "truck,state,start,stop\n"
    with pytest.raises(UnknownName, match='no truck "T77"'):
        scored(mine, written(head + "T77,load,2026-11-22T10:00:00Z,2026-11-22T10:03:00Z\n"))
    with pytest.raises(BadInput, match="none of its trucks has samples"):
        scored(mine, written(head + "T01,load,2025-11-22T10:00:00Z,2025-11-22T10:03:00Z\n"))
    with pytest.raises(BadRequest, match="--truth"):
        scored(mine, None, "minez-truth")


# The command line --------------------------------------------------------------------------------


def run(*words: object) -> tuple[int, str, str]:
    said = CliRunner().invoke(app, [str(word) for word in words])
    return said.exit_code, said.stdout, said.stderr


def test_simulate_takes_noise_and_channels_and_says_what_it_did(tmp_path: Path):
    words = "--trucks 2 --hours 1 --hz 0.2 --noise harsh --channels gps".split()
    code, out, _err = run("simulate", tmp_path / "mine", *words)
    assert code == 0
    assert "2 trucks over 1 h" in out
    site = tk.open(tmp_path / "mine")
    assert site.telemetry.count().execute() == 0
    assert site.positions.count().execute() < 1441
    again = run("simulate", tmp_path / "mine", *words)
    assert "simulated before" in again[1]


def test_simulate_refuses_what_it_does_not_know(tmp_path: Path):
    code, _out, err = run("simulate", tmp_path / "mine", "--noise", "loud")
    assert code == 2
    assert 'noise = "loud"' in err


def test_score_prints_a_table_or_numbers_for_programs(mine: Path):
    code, out, _err = run("score", mine)
    assert code == 0
    assert "macro_f1" in out
    code, out, _err = run("score", mine, "--json")
    assert code == 0
    assert json.loads(out) == scored(mine)


def test_score_ends_with_a_sentence_where_there_is_no_truth(mine: Path, written):
    code, _out, err = run("score", mine, "--truth", written(""))
    assert code == 2
    assert err.startswith("truckkit: ")
    assert len(err.strip().splitlines()) == 1
