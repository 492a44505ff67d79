"""Truth: what lies beside the store of a simulated mine."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

import truckkit as tk
from truckkit import truth
from truckkit.errors import BadInput, BadRequest, DamagedStore
from truckkit.sources.simulator import Plan, simulate
from truckkit.store import layout

PLAN = Plan(trucks=3, hours=6, seed=5, noise="harsh")


@pytest.fixture(scope="module")
def mine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated mine."""
    store = tmp_path_factory.mktemp("truth") / "mine"
    tk.simulate(store, PLAN)
    return store


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
