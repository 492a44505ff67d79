"""The score of a store: which truth is taken, and what is refused as one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import ibis
import pyarrow as pa
import pytest
from typer.testing import CliRunner

import truckkit as tk
from truckkit import schema, truth
from truckkit.cli import app
from truckkit.errors import BadInput, BadMapping, BadRequest, NoStore, UnknownName
from truckkit.scoring import scored, states_of
from truckkit.store import Draft, publish


@pytest.fixture(scope="module")
def mine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated mine in which everything was detected as it was told by source fms."""
    store = tmp_path_factory.mktemp("scoring") / "mine"
    tk.simulate(store, trucks=3, hours=6, seed=5, noise="harsh", detection=False)
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
    tk.simulate(tmp_path / "fresh", trucks=1, hours=0.5, detection=False)
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


def run(*words: object) -> tuple[int, str, str]:
    said = CliRunner().invoke(app, [str(word) for word in words])
    return said.exit_code, said.stdout, said.stderr


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


def test_stops_of_simulated_trucks_on_real_roads_are_scored_against_their_truth(
    shared_data: Path, tmp_path: Path
):
    store, stops = tmp_path / "minez", shared_data / "minez_gps" / "states_truth.csv"
    tk.ingest(store, shared_data / "minez_gps" / "positions.parquet", "minez-gps")
    code, out, err = run("score", store, "--truth", stops, "--mapping", "minez-truth", "--json")
    assert code == 0, err
    found = json.loads(out)
    assert min(found["stops"][name] for name in ("recall", "precision", "kind_right")) >= 0.98
    assert {each["true"] for each in found["stops"]["states"].values()} == {210}
    assert found["boundary_s"]["p50"] <= 5
    assert found["f1"]["haul"] is found["tonnes_error"] is None
