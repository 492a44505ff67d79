"""Simulated stores: every row is accounted for, whatever the noise and however often it is published."""

from __future__ import annotations

from pathlib import Path

import pytest
from ibis import _
from typer.testing import CliRunner

import truckkit as tk
from truckkit import schema, simulated
from truckkit.cli import app
from truckkit.sources.simulator import Plan, simulate

PLAN = Plan(trucks=3, hours=6, seed=5, noise="harsh")


@pytest.fixture(scope="module")
def mine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A noisy mine."""
    store = tmp_path_factory.mktemp("simulated") / "mine"
    tk.simulate(store, PLAN)
    return store


def test_the_same_mine_again_adds_nothing_and_keeps_the_truth_once(tmp_path: Path):
    plan = Plan(trucks=1, hours=0.5)
    for _again in range(2):
        loads = tk.simulate(tmp_path / "mine", plan)
    assert all(load.known for load in loads)
    assert len(list((tmp_path / "mine" / "truth").iterdir())) == 4


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


def test_a_mine_is_the_same_however_often_it_is_published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    plan = Plan(trucks=2, hours=30, hz=0.05, noise="typical")
    tk.simulate(tmp_path / "once", plan)
    monkeypatch.setattr(simulated, "_MOST_STAGED", 500)
    monkeypatch.setattr(simulated, "_WORTH_PUBLISHING", 100)
    loads = tk.simulate(tmp_path / "often", plan)
    once, often = tk.open(tmp_path / "once"), tk.open(tmp_path / "often")
    assert once.generation == 1
    assert often.generation > 5
    assert {load.source for load in loads} > {"simulated positions, part 1", "simulated positions, part 3"}
    for name in ("positions", "telemetry", "states", "cycles"):
        told = [
            site.table(name).drop("load_id").order_by(*schema.TABLES[name].key).to_pyarrow()
            for site in (once, often)
        ]
        assert told[0].equals(told[1])
    assert all(load.rows_in == load.kept + load.rejected + load.duplicates for load in loads)


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
