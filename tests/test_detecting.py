"""Detection over a store: the same is found however samples come, and nothing else moves."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from ibis import _
from sent import sent
from strips import MIDNIGHT, intervals

import truckkit as tk
from truckkit import detecting, schema
from truckkit.detecting import _window
from truckkit.schema import CYCLE_STATES
from truckkit.sources.simulator import Plan, Simulated, simulate
from truckkit.store import Draft, Facts, publish

TELL = ("positions", "telemetry", "refuels", "maintenance")
Tables = dict[str, pa.Table]
EVENING = datetime(2026, 11, 22, 18, tzinfo=UTC)
numbers = itertools.count()


def bring(store: Path, tables: Tables) -> Path:
    """Store rows, and detect what they change."""
    with Draft() as draft:
        draft.site = Facts()
        for name, rows in tables.items():
            load = draft.load(name, str(next(numbers)), "test", name)
            load.rows_in = len(rows)
            lines = pa.array(range(len(rows)), pa.int64())
            read = draft.read(f"given_{name}", rows.append_column("_line", lines))
            draft.stage(schema.TABLES[name], read, load)
        publish(store, draft, detecting.changed)
    return store


def part(mine: Simulated, start: datetime, stop: datetime) -> Tables:
    """What trucks sent in ``[start, stop)``."""
    found = {}
    for name in TELL:
        rows = mine.observed.table(name)
        at = rows["at" if "at" in rows.column_names else "start"]
        low, high = (pa.scalar(edge.replace(tzinfo=None), at.type) for edge in (start, stop))
        found[name] = rows.filter(pc.and_(pc.greater_equal(at, low), pc.less(at, high)))
    return {name: rows for name, rows in found.items() if len(rows)}


def parts(mine: Simulated, hours: float) -> list[Tables]:
    step = timedelta(hours=hours)
    count = round(mine.plan.hours / hours)
    return [part(mine, mine.plan.start + k * step, mine.plan.start + (k + 1) * step) for k in range(count)]


def detected(store: Path, table: str = "states") -> pd.DataFrame:
    rows = tk.open(store).using("detected").table(table).drop("load_id")
    return rows.order_by("truck", "start").to_pyarrow().to_pandas()


def names(store: Path) -> dict[str, tuple[float, float]]:
    rows = tk.open(store).places.filter(_.x_m.notnull()).to_pyarrow().to_pylist()
    return {row["place"]: (row["x_m"], row["y_m"]) for row in rows}


def tile(states: pd.DataFrame) -> bool:
    one, other = states.iloc[:-1], states.iloc[1:]
    same = one["truck"].to_numpy() == other["truck"].to_numpy()
    meets = one["stop"].to_numpy() == other["start"].to_numpy()
    return bool((meets | ~same).all() and (states["stop"] > states["start"]).all())


def apart_s(one: pd.DataFrame, other: pd.DataFrame) -> float:
    """Truck-seconds in which two detections differ."""
    seconds = 0.0
    for truck in {*one["truck"], *other["truck"]}:
        both = [rows[rows["truck"] == truck] for rows in (one, other)]
        edges = np.unique(np.concatenate([rows[edge] for rows in both for edge in ("start", "stop")]))
        told = []
        for rows in both:
            at = np.searchsorted(rows["start"].to_numpy(), edges[:-1], "right") - 1
            inside = (at >= 0) & (edges[:-1] < rows["stop"].to_numpy()[at])
            told.append(np.where(inside, rows["state"].to_numpy()[at], ""))
        differ = told[0] != told[1]
        seconds += float((np.diff(edges)[differ] / np.timedelta64(1, "s")).sum())
    return seconds


def hold_cycles_together(store: Path) -> None:
    cycles, states = detected(store, "cycles"), detected(store)
    spent = cycles[[f"{word}_min" for word in CYCLE_STATES] + ["delay_min"]].sum(axis=1)
    assert np.allclose(spent, (cycles["stop"] - cycles["start"]).dt.total_seconds() / 60, atol=1e-6)
    loads = states[states["state"] == "load"]
    assert set(zip(cycles["truck"], cycles["start"], strict=True)) <= set(
        zip(loads["truck"], loads["start"], strict=True)
    )
    for _truck, own in cycles.groupby("truck"):
        assert (own["stop"].to_numpy()[:-1] == own["start"].to_numpy()[1:]).all()


# A mine in pieces --------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["none", "typical"])
def mine(request: pytest.FixtureRequest) -> Simulated:
    """Four trucks for eight hours, across midnight, in which loaders advance."""
    return simulate(Plan(trucks=4, hours=8, seed=41, hz=0.5, noise=request.param, start=EVENING))


@pytest.fixture(scope="module")
def whole(mine: Simulated, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All of it at once."""
    store = tmp_path_factory.mktemp("detecting") / "whole"
    bring(store, part(mine, mine.plan.start, mine.plan.stop))
    tk.detect(store)
    return store


def in_order(mine: Simulated) -> Iterable[Tables]:
    return parts(mine, 2)


def backwards(mine: Simulated) -> Iterable[Tables]:
    return parts(mine, 4)[::-1]


def two_hours_late(mine: Simulated) -> Iterable[Tables]:
    hours = parts(mine, 1)
    together = [*hours[:3], *hours[4:6], *hours[7:]]
    names = {name for hour in together for name in hour}
    return [
        {name: pa.concat_tables([hour[name] for hour in together if name in hour]) for name in names},
        hours[6],
        hours[3],
    ]


def day_by_day(mine: Simulated) -> Iterable[Tables]:
    midnight = mine.plan.start + timedelta(hours=6)
    return [part(mine, mine.plan.start, midnight), part(mine, midnight, mine.plan.stop)]


@pytest.mark.parametrize("way", [in_order, backwards, two_hours_late, day_by_day])
def test_a_mine_in_pieces_is_the_mine_at_once_and_places_keep_their_names(
    mine: Simulated, whole: Path, tmp_path: Path, way
):
    before: dict[str, tuple[float, float]] = {}
    for tables in way(mine):
        known = names(bring(tmp_path / "mine", tables))
        assert tile(detected(tmp_path / "mine"))
        assert known.keys() >= before.keys()
        for name, (x, y) in before.items():
            assert np.hypot(known[name][0] - x, known[name][1] - y) < 40
        before = known
    once, again = detected(whole), detected(tmp_path / "mine")
    assert apart_s(once, again) <= (0 if mine.plan.noise == "none" else 60)
    cycles = [detected(store, "cycles") for store in (whole, tmp_path / "mine")]
    assert len(cycles[0]) == len(cycles[1])
    assert ((cycles[0]["start"] - cycles[1]["start"]).abs() < timedelta(seconds=5)).all()
    assert cycles[0]["dump_place"].notna().equals(cycles[1]["dump_place"].notna())
    hold_cycles_together(tmp_path / "mine")
    assert len(set(names(tmp_path / "mine")) ^ set(names(whole))) <= 2


def test_the_same_rows_again_change_nothing(mine: Simulated, tmp_path: Path):
    store, rows = tmp_path / "mine", part(mine, mine.plan.start, mine.plan.start + timedelta(hours=1))
    bring(store, rows)
    states, cycles, places = detected(store), detected(store, "cycles"), names(store)
    bring(store, rows)
    assert detected(store).equals(states)
    assert detected(store, "cycles").equals(cycles)
    assert names(store) == places


def test_detecting_twice_changes_nothing_but_the_generation(whole: Path):
    before = {name: detected(whole, name) for name in ("states", "cycles")}
    places, generation = names(whole), tk.open(whole).generation
    tk.detect(whole)
    assert tk.open(whole).generation > generation
    assert all(detected(whole, name).equals(rows) for name, rows in before.items())
    assert names(whole) == places


# A drawn mine ------------------------------------------------------------------------------------

TRIP = "RRRRRRRRQQQSLLLLLHHHHHHHHHHqqsDD"


@pytest.fixture
def drawn_mine(tmp_path: Path) -> Path:
    day = sent({"T01": TRIP * 3, "T02": "RRR" + TRIP * 3}, reads=5.0)
    return bring(tmp_path / "drawn", {"positions": day.positions, "telemetry": day.telemetry})


def rows_of(table: str, rows: Sequence[dict]) -> pa.Table:
    fields = [field for field in schema.TABLES[table].schema.to_pyarrow() if field.name != "load_id"]
    kept = [{field.name: row.get(field.name) for field in fields} for row in rows]
    return pa.Table.from_pylist(kept, pa.schema(fields))


def test_records_of_the_fms_alone_change_no_detected_row_and_detection_none_of_theirs(drawn_mine: Path):
    before = {name: detected(drawn_mine, name) for name in ("states", "cycles")}
    told = rows_of("states", intervals({"T01": "RRRQQLLHHHD", "T02": "HHHHDDD"}))
    bring(drawn_mine, {"states": told})
    assert all(detected(drawn_mine, name).equals(rows) for name, rows in before.items())
    kept = tk.open(drawn_mine).using("fms").states.order_by("truck", "start").to_pyarrow()
    assert len(kept) == 7
    tk.detect(drawn_mine)
    day = sent({"T01": TRIP}, start=MIDNIGHT + timedelta(hours=4))
    bring(drawn_mine, {"positions": day.positions})
    assert tk.open(drawn_mine).using("fms").states.order_by("truck", "start").to_pyarrow().equals(kept)


def test_a_work_order_that_comes_later_makes_its_time_down(drawn_mine: Path):
    start = MIDNIGHT.replace(tzinfo=None) + timedelta(minutes=20)
    order = {"id": "1", "truck": "T01", "start": start, "stop": start + timedelta(minutes=5)}
    required = {
        column.name: 1 if column.type == "int64" else "x"
        for column in schema.TABLES["maintenance"]
        if column.required and column.name not in order
    }
    before = detected(drawn_mine)
    bring(drawn_mine, {"maintenance": rows_of("maintenance", [{**required, **order}])})
    after = detected(drawn_mine)
    down = after[after["state"] == "down"]
    assert [(row.truck, row.start, row.stop) for row in down.itertuples()] == [
        ("T01", order["start"], order["stop"])
    ]
    assert tile(after)
    other = [rows[rows["truck"] == "T02"].reset_index(drop=True) for rows in (before, after)]
    assert other[0].equals(other[1])


def test_trucks_that_send_no_positions_do_not_disturb(drawn_mine: Path):
    before = detected(drawn_mine)
    silent = sent({"T99": TRIP})
    bring(drawn_mine, {"telemetry": silent.telemetry})
    assert detected(drawn_mine).equals(before)
    tk.detect(drawn_mine)
    assert detected(drawn_mine).equals(before)


def test_a_store_without_samples_is_none_the_worse_for_a_detection(tmp_path: Path):
    told = rows_of("states", intervals({"T01": "RRRQQLLHHHD"}))
    store = bring(tmp_path / "mine", {"states": told})
    tk.detect(store)
    assert detected(store).empty
    assert len(tk.open(store).states.to_pyarrow()) == 5


def test_days_that_are_far_apart_are_joined_by_no_data(drawn_mine: Path):
    day = sent({"T01": TRIP * 2}, start=MIDNIGHT + timedelta(days=40))
    bring(drawn_mine, {"positions": day.positions, "telemetry": day.telemetry})
    states = detected(drawn_mine)
    assert tile(states)
    gap = states[(states["truck"] == "T01") & (states["stop"] - states["start"] > timedelta(days=30))]
    assert gap["state"].tolist() == ["no_data"]


# Windows -----------------------------------------------------------------------------------------


def test_what_is_decoded_again_begins_and_ends_with_loadings_near_the_new_samples():
    loadings = [MIDNIGHT + timedelta(minutes=25 * k) for k in range(200)]
    low, high = MIDNIGHT + timedelta(hours=30), MIDNIGHT + timedelta(hours=31)
    window = _window("T01", low, high, loadings)
    assert {window.first, window.start, window.stop, window.last} <= set(loadings)
    margin, trip = timedelta(hours=2), timedelta(minutes=25)
    assert low - margin - trip < window.start <= low - margin
    assert window.first == window.start - trip
    assert high + margin <= window.stop < high + margin + trip
    assert window.last == window.stop + trip


def test_where_no_loading_is_near_a_day_is_decoded_again():
    low, high = MIDNIGHT + timedelta(days=30), MIDNIGHT + timedelta(days=30, hours=1)
    for loadings in ([], [MIDNIGHT, MIDNIGHT + timedelta(hours=1)], [low, high]):
        window = _window("T01", low, high, loadings)
        assert window.first < window.start == low - timedelta(days=1)
        assert window.last > window.stop == high + timedelta(days=1)
