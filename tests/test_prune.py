"""Retention: what happened before an instant goes, what is under way at it stays, and the ledger says so."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import stores
from inputs import HEADER, POSITIONS, bring, holds, refused, row, told
from typer.testing import CliRunner

from truckkit.cli import app
from truckkit.errors import BadRequest
from truckkit.site import open_site
from truckkit.store import Facts, check, prune, rollup

DAY_S = 86_400
NOON = datetime(2022, 11, 8, 12, tzinfo=UTC)
"""An hour after the first row of the second day."""


@pytest.fixture
def store(tmp_path: Path) -> Path:
    folder = tmp_path / "store"
    rows = [
        row(truck, day * DAY_S + hour * 3600)
        for truck in ("T1", "T2")
        for day in range(3)
        for hour in range(3)
    ]
    bring(folder, a_csv=HEADER + "".join(rows))
    return folder


def hours(store: Path) -> list[float]:
    return sorted({seconds / 3600 for _truck, seconds, *_ in told(store)})


def test_samples_before_go_and_those_at_and_after_stay(store):
    pruned = prune(store, NOON)
    assert pruned.rows["positions"] == 8
    assert hours(store) == [25, 26, 48, 49, 50]
    assert not list(store.glob("day-2022-11-07-000002*"))
    assert check(store) == []


def test_the_ledger_stays_and_says_what_went(store):
    prune(store, NOON)
    [load, pruned] = open_site(store).loads.order_by("load_id").to_pyarrow().to_pylist()
    assert (load["rows_in"], load["kept"]) == (18, 18)
    assert (pruned["source"], pruned["cursor"]) == ("truckkit prune", "2022-11-08T12:00:00+00:00")
    assert json.loads(pruned["made"])["positions"] == -8
    before = hours(store)
    files = store.parent / "files" / "a.csv"
    [again] = bring(store, a_csv=files.read_text())
    assert again.known
    assert hours(store) == before


def test_an_interval_that_is_under_way_stays_whole_and_one_that_stops_then_goes(tmp_path):
    start = datetime(2022, 11, 7)  # noqa: DTZ001 - as tables hold instants
    cuts = [start + timedelta(hours=hours) for hours in (0, 20, 36, 60)]
    states = [
        {"truck": "T1", "source": "fms", "state": word, "start": low, "stop": high}
        for word, low, high in zip(("haul", "down", "return"), cuts, cuts[1:], strict=False)
    ]
    for before, left in ((cuts[1], ["down", "return"]), (cuts[2] - timedelta(seconds=1), ["down", "return"])):
        store = stores.write(tmp_path / f"{before.hour}", Facts("Mine", "UTC"), states=states)
        prune(store, before.replace(tzinfo=UTC))
        assert open_site(store).states.order_by("start").to_pyarrow()["state"].to_pylist() == left
        assert check(store) == []


def test_to_prune_what_is_not_there_changes_nothing(store):
    before = holds(store)
    assert prune(store, datetime(2000, 1, 1, tzinfo=UTC)).rows == {}
    assert {**holds(store), "LOCK": ""} == {**before, "LOCK": ""}


def test_to_keep_nothing_has_to_be_said(store):
    before = holds(store)
    late = datetime(2023, 1, 1, tzinfo=UTC)
    with pytest.raises(BadRequest, match="name an earlier instant, or say --all"):
        prune(store, late)
    assert {**holds(store), "LOCK": ""} == {**before, "LOCK": ""}
    assert prune(store, late, everything=True).rows["positions"] == 18
    assert told(store) == []
    bring(store, b_csv=HEADER + row("T3", at="2023-06-01 08:00:00"))
    assert len(told(store)) == 1


def test_a_month_is_cut_too(store):
    bring(store, b_csv=HEADER + row("T1", 40 * DAY_S))
    assert len(rollup(store)) == 1
    prune(store, NOON)
    assert hours(store) == [25, 26, 48, 49, 50, 40 * 24]
    assert [path.name for path in store.glob("month-*-000004.duckdb")] == ["month-2022-11-000004.duckdb"]
    assert check(store) == []


def test_readers_in_flight_finish_on_what_was(store):
    site = open_site(store)
    prune(store, NOON)
    assert site.positions.count().execute() == 18
    assert site.session().positions.count().execute() == 10


def said(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, [str(each) for each in arguments])
    return result.exit_code, result.output.replace("\n", " ")


def test_the_verbs_say_what_they_did(store):
    code, words = said("prune", store, "--before", "2022-11-08T09:00-03:00")
    assert code == 0
    assert "positions: 8 rows went" in words
    assert "rows of before 2022-11-08 12:00:00 UTC went" in words
    assert "nothing happened before" in said("prune", store, "--before", "2022-11-08T12:00Z")[1]
    assert said("prune", store, "--before", "2030-01-01Z")[0] == 2
    code, words = said("prune", store, "--before", "2022-11-08 09:00")
    assert (code, "has no zone; add" in words) == (2, True)
    assert said("rollup", store) == (0, f"{store}: 0 months were rolled up. ")
    assert said("check", store) == (0, f"{store}: all is well. ")
    assert said("repair", store) == (0, f"{store}: the store is whole; there was nothing to repair. ")
    next(store.glob("day-*-000002*")).unlink()
    code, words = said("check", store)
    assert code == 1
    assert "is missing" in words
    assert said("repair", store)[0] == 0


def test_what_was_pruned_does_not_come_in_again_by_another_mapping(store):
    prune(store, NOON)
    kept = told(store)
    [load] = bring(
        store, POSITIONS + "# edited\n", late_csv=HEADER + row("T1", 0) + row("T1", 49 * 3600, x=7)
    )
    assert (load.kept, load.rejected) == (1, 1)
    assert refused(store) == [
        (1, "positions", "it is of before 2022-11-08 12:00:00 UTC, a time that truckkit prune took away")
    ]
    assert len(told(store)) == len(kept)
