"""A publish costs what it brings: it opens the days that it meets, and edits a copy of the catalog."""

from __future__ import annotations

import random

import pytest
from inputs import HEADER, POSITIONS, bring, positions, refused, row, tables, told, written

from truckkit import schema
from truckkit.ingest import ingest
from truckkit.site import open_site
from truckkit.store import Store, attached, catalog, check

DAY_S = 86_400
FLEET = """
name = "fleet"
[[file]]
match = "*"
[[file.table]]
into = "trucks"
[file.table.columns]
truck = "truck"
model = "model"
given = { value = true }
"""


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that were attached to be read."""
    names: list[str] = []
    attach = attached.attach

    def noted(con, folder, file, alias):
        names.append(file)
        attach(con, folder, file, alias)

    monkeypatch.setattr(attached, "attach", noted)
    return names


def test_a_publish_opens_the_days_near_what_it_brings_and_no_others(tmp_path, opened):
    store = tmp_path / "store"
    bring(store, a_csv=HEADER + "".join(row("T1", day * DAY_S) for day in range(60)))
    opened.clear()
    bring(store, b_csv=HEADER + row("T1", 59 * DAY_S + 1))
    days = {name for name in opened if name.startswith("day")}
    assert f"day-2023-01-05-{1:06d}.duckdb" in days
    assert len(days) <= 6  # detection looks a few days back for loadings
    opened.clear()
    bring(store, c_csv=HEADER + row("T1", 59 * DAY_S + 1, x=7) + row("T1", 5 * DAY_S, x=7))
    assert [each[2] for each in told(store)].count(7) == 2


def test_a_clock_that_is_years_wrong_does_not_open_the_years_between(tmp_path, opened):
    store = tmp_path / "store"
    bring(store, a_csv=HEADER + "".join(row("T1", day * DAY_S) for day in range(60)))
    opened.clear()
    (tmp_path / "b.csv").write_text(HEADER + row("T1", 59 * DAY_S + 1) + row("T1", -3_000 * DAY_S))
    ingest(store, tmp_path / "b.csv", written(tmp_path, POSITIONS), detection=False)
    assert len({name for name in opened if name.startswith("day")}) <= 6
    assert len(told(store)) == 62


def test_rows_that_loads_refuse_are_kept_together_in_few_files(tmp_path):
    store = tmp_path / "store"
    for number in range(4):
        bring(store, **{f"n{number}_csv": HEADER + row(second=number) + f"T1,never {number},1,2,3\n"})
    assert [name for name in Store(store).newest().files if name.startswith("rejects")] == [
        "rejects-000004.duckdb"
    ]
    assert len(refused(store)) == 4
    assert check(store) == []


@pytest.mark.parametrize("seed", range(3))
def test_an_edited_catalog_is_what_one_written_anew_would_be(tmp_path, monkeypatch, seed):
    draw = random.Random(seed)
    contents = [
        positions(*(f"T{draw.randrange(4)} {''.join(draw.choices('abc.', k=12))}" for _ in range(2)))
        for _ in range(4)
    ]
    edited, anew = tmp_path / "edited" / "store", tmp_path / "anew" / "store"
    for store, shape in ((edited, catalog._has_our_shape), (anew, lambda _: False)):
        store.parent.mkdir()
        monkeypatch.setattr(catalog, "_has_our_shape", shape)
        for number, content in enumerate(contents):
            bring(store, **{f"n{number}_csv": content})
    names = [table.name for table in schema.of_kind("catalog") if table.name in schema.ASKED]
    told_in = [
        tables(store, *names, without=("load_id", "at", "source", "identity")) for store in (edited, anew)
    ]
    assert told_in[0] == told_in[1]
    assert open_site(edited).loads.count().execute() == 4
    assert check(edited) == check(anew) == []


def test_a_row_that_others_name_is_changed_in_the_copy(tmp_path):
    store = tmp_path / "store"
    bring(store, a_csv=positions("T1 abc"))  # positions name the truck, and so does the table of the latest
    bring(store, FLEET, b_csv="truck,model\nT1,930E\nT2,797F\n")
    trucks = open_site(store).trucks.order_by("truck").select("truck", "model", "given").to_pyarrow()
    assert [tuple(each.values()) for each in trucks.to_pylist()] == [
        ("T1", "930E", True),
        ("T2", "797F", True),
    ]
    assert check(store) == []
