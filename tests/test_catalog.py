"""A publish costs what it brings: it opens the days that it meets, and edits a copy of the catalog."""

from __future__ import annotations

import random
from pathlib import Path

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
READINGS = """
name = "readings"
[[file]]
match = "*"
[[file.table]]
into = "positions"
[file.table.columns]
truck = "truck"
at = "at"
x_m = "x"
y_m = "x"
[[file.table]]
into = "telemetry"
[file.table.columns]
truck = "truck"
at = "at"
payload_t = "payload"
fuel_pct = "fuel"
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


def reading(at: int, x: object = "", payload: object = "", fuel: object = "") -> str:
    return f"T1,2026-11-22T08:00:{at:02d}Z,{x},{payload},{fuel}\n"


def latest(store: Path) -> list[tuple[object, ...]]:
    rows = open_site(store).latest.to_pyarrow().to_pylist()
    seconds = [
        [each[name] and each[name].second for name in ("at", "payload_at", "fuel_at")] for each in rows
    ]
    return [
        (each["truck"], at, each["x_m"], payload, each["payload_t"], fuel, each["fuel_pct"])
        for each, (at, payload, fuel) in zip(rows, seconds, strict=True)
    ]


@pytest.mark.parametrize("seed", range(5))
def test_the_newest_known_of_a_truck_is_the_same_in_whatever_order_and_pieces_rows_come(tmp_path, seed):
    draw = random.Random(seed)
    lines = [
        reading(1, 11, 50, 91),
        reading(2, 12, 60),
        reading(3, "", 70, 93),
        reading(4, 14, "", 94),
        reading(5, 15),
        reading(6, 16),
    ]
    told_again = lines + draw.choices(lines, k=3)
    draw.shuffle(told_again)
    while told_again:
        count = draw.randrange(1, 4)
        piece, told_again = told_again[:count], told_again[count:]
        name = f"n{len(told_again)}_csv"
        bring(tmp_path / "store", READINGS, **{name: "truck,at,x,payload,fuel\n" + "".join(piece)})
    assert latest(tmp_path / "store") == [("T1", 6, 16, 3, 70, 4, 94)]


def test_a_value_that_is_corrected_at_its_instant_is_the_newest_known(tmp_path):
    for name, line in (("a_csv", reading(1, 11, 50, 91)), ("b_csv", reading(1, 11, 55))):
        bring(tmp_path / "store", READINGS, **{name: "truck,at,x,payload,fuel\n" + line})
    assert latest(tmp_path / "store") == [("T1", 1, 11, 1, 55, 1, 91)]
