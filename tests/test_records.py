"""Records that people keep: each change is a load of its own, once, by the version it goes out from."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from inputs import bring, holds, positions

from truckkit import schema
from truckkit.errors import AlreadyThere, BadRequest, BadTime, Outdated, UnknownName
from truckkit.site import open_site
from truckkit.store import check
from truckkit.store.records import Change, Recorded, record

NOON = datetime(2022, 11, 7, 12, tzinfo=UTC)
ORDER = {"work_order": "W-1", "truck": "T1", "start": NOON, "kind": "tyre"}


@pytest.fixture
def store(tmp_path: Path) -> Path:
    bring(tmp_path / "store", a_csv=positions("T1 abc", "T2 abc"))
    return tmp_path / "store"


def new(
    store: Path, values: Mapping[str, Any] = ORDER, request: str = "r1", by: str = "workshop"
) -> Recorded:
    return record(store, Change(schema.MAINTENANCE, values, by, request))


def change(store: Path, key: str, version: int, request: str, **values: Any) -> Recorded:
    return record(store, Change(schema.MAINTENANCE, values, "workshop", request, key, version))


def orders(store: Path) -> dict[str, dict[str, Any]]:
    return {row["work_order"]: row for row in open_site(store).maintenance.to_pyarrow().to_pylist()}


def test_a_new_record_stands_in_its_table_and_in_the_ledger_with_who_made_it(store):
    new(store)
    row = orders(store)["W-1"]
    assert (row["truck"], row["kind"], row["stop"], row["version"]) == ("T1", "tyre", None, 1)
    load = open_site(store).loads.to_pyarrow().to_pylist()[-1]
    assert (load["load_id"], load["source"], load["rows_in"], load["kept"]) == (
        row["load_id"], "REST: workshop", 1, 1,
    )  # fmt: skip
    assert check(store) == []


def test_a_change_leaves_what_it_does_not_name(store):
    new(store)
    change(store, "W-1", 1, "r2", component="rear left", stop=NOON + timedelta(hours=3))
    row = orders(store)["W-1"]
    assert (row["kind"], row["component"], row["version"]) == ("tyre", "rear left", 2)
    assert row["stop"] == NOON.replace(tzinfo=None) + timedelta(hours=3)
    assert open_site(store).loads.to_pyarrow().to_pylist()[-1]["corrected"] == 1


def test_the_same_request_again_changes_nothing_even_after_other_changes(store):
    new(store)
    change(store, "W-1", 1, "r2", kind="breakdown")
    before = holds(store)
    assert new(store) == Recorded("W-1", repeated=True)
    assert change(store, "W-1", 1, "r2", kind="breakdown").repeated
    assert holds(store) == before


def test_a_request_of_another_person_with_the_same_name_is_another(store):
    new(store)
    new(store, {**ORDER, "work_order": "W-2"}, by="dispatch")
    assert sorted(orders(store)) == ["W-1", "W-2"]


def test_a_request_is_refused_with_another_content(store):
    new(store)
    with pytest.raises(BadRequest, match="made before with another content"):
        new(store, {**ORDER, "kind": "inspection"})
    assert orders(store)["W-1"]["kind"] == "tyre"


def test_of_many_who_change_one_version_one_wins_and_the_others_are_told(store):
    new(store)

    def try_it(number: int) -> str:
        asked = Change(
            schema.MAINTENANCE, {"kind": f"k{number}"}, "workshop", f"c{number}", key="W-1", version=1
        )
        try:
            record(store, asked, wait_s=60)
        except Outdated as fault:
            return str(fault)
        return "won"

    with ThreadPoolExecutor(6) as pool:
        told = list(pool.map(try_it, range(6)))
    assert told.count("won") == 1
    assert sum("is at version 2, not 1" in each for each in told) == 5
    row = orders(store)["W-1"]
    assert (row["kind"], row["version"]) == (f"k{told.index('won')}", 2)


@pytest.mark.parametrize(
    ("values", "fault", "why"),
    [
        ({**ORDER, "truck": "T9"}, UnknownName, 'no truck "T9"'),
        ({**ORDER, "stop": NOON}, BadTime, "does not come after start"),
        ({**ORDER, "start": NOON.replace(tzinfo=None)}, BadTime, "zone"),
        ({**ORDER, "start": None}, BadRequest, "has no start"),
        ({**ORDER, "colour": "red"}, UnknownName, 'no column "colour"'),
        ({**ORDER, "version": 7}, UnknownName, 'no column "version"'),
    ],
)
def test_what_cannot_be_is_refused_and_leaves_the_store_as_it_was(store, values, fault, why):
    before = holds(store)
    with pytest.raises(fault, match=why):
        new(store, values)
    assert holds(store) == before


def test_a_new_record_does_not_write_over_another_and_a_change_needs_one(store):
    new(store)
    with pytest.raises(AlreadyThere, match='has a record "W-1" already'):
        new(store, {**ORDER, "kind": "other"}, request="r2")
    with pytest.raises(UnknownName, match='no record "W-9" in maintenance'):
        change(store, "W-9", 1, "r3", kind="x")


def test_a_remark_gets_a_name_and_an_author_of_its_own(store):
    values = {"start": NOON, "remark": '=HYPERLINK("x") <b>blast</b> \'); DROP TABLE trucks; --'}
    made = record(store, Change(schema.ANNOTATIONS, values, "dispatch", "r1"))
    closing = Change(
        schema.ANNOTATIONS, {"stop": NOON + timedelta(hours=1)}, "workshop", "r2", made.key, version=1
    )
    assert record(store, closing) == Recorded(made.key, repeated=False)
    [row] = open_site(store).annotations.to_pyarrow().to_pylist()
    assert (row["remark"], row["author"], row["truck"], row["version"]) == (
        values["remark"], "dispatch", None, 2,
    )  # fmt: skip


def test_records_stay_when_more_data_comes(store):
    new(store)
    bring(store, b_csv=positions("T3 abc"))
    assert orders(store)["W-1"]["kind"] == "tyre"
