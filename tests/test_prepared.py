"""Questions that are put into SQL once and asked many times with values of their own."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import ibis
import pytest
from stores import write

import truckkit as tk
from truckkit.errors import BadRequest, BadTime
from truckkit.site import prepared
from truckkit.store import Facts, Resident, Store, layout, slot, whole

HOSTILE = """T01' OR 1=1; -- "$fleet" %s"""
MIDNIGHT = datetime(2026, 11, 23, tzinfo=UTC)
HOUR = timedelta(hours=1)
OVER_NIGHT = {"start": "timestamp", "stop": "timestamp"}


def mine(folder: Path, speed: float = 10.0, identity: str = "", days: int = 4) -> Path:
    """Two trucks, one of a hostile name, at each hour of some days from before midnight on."""
    hours = [MIDNIGHT + (hour - 12) * HOUR for hour in range(24 * days)]
    rows = [
        {"truck": truck, "at": at, "speed_kmh": speed + number}
        for number, truck in enumerate(("T01", HOSTILE))
        for at in hours
    ]
    return write(folder, Facts("mine", "UTC", None, False), identity, positions=rows)


def of_truck(site: tk.Site, truck: ibis.Scalar) -> ibis.Table:
    rows = site.positions.filter(site.positions.truck == truck)
    return rows.aggregate(samples=rows.count(), speed_kmh=rows.speed_kmh.mean())


def between(site: tk.Site, start: ibis.Scalar, stop: ibis.Scalar) -> ibis.Table:
    rows = site.positions.filter(site.positions.at >= start, site.positions.at < stop)
    return rows.group_by("truck").aggregate(samples=rows.count()).order_by("truck")


def test_values_are_bound_and_no_name_is_taken_for_sql(tmp_path: Path):
    asked = tk.open(mine(tmp_path / "mine")).prepared(of_truck, {"truck": "string"})
    assert asked(truck=HOSTILE)["speed_kmh"].to_pylist() == [11.0]
    assert asked(truck="T01")["speed_kmh"].to_pylist() == [10.0]
    assert asked(truck="' OR true --")["samples"].to_pylist() == [0]
    assert "T01" not in asked.asked(truck=HOSTILE).sql


def test_sql_is_written_once_for_all_values(tmp_path: Path):
    written = []

    def question(site: tk.Site, truck: ibis.Scalar) -> ibis.Table:
        written.append(truck)
        return of_truck(site, truck)

    asked = tk.open(mine(tmp_path / "mine")).prepared(question, {"truck": "string"})
    for truck in ("T01", HOSTILE, "T02"):
        asked(truck=truck)
    assert len(written) == 1


def test_an_answer_is_of_the_newest_generation(tmp_path: Path):
    asked = tk.open(mine(tmp_path / "mine")).prepared(of_truck, {"truck": "string"})
    assert asked(truck="T01")["speed_kmh"].to_pylist() == [10.0]
    mine(tmp_path / "mine", speed=30.0, identity="corrected")
    assert asked(truck="T01")["speed_kmh"].to_pylist() == [30.0]


@pytest.mark.parametrize(
    ("first", "last", "read"),
    [(1, 2, ['"file1"']), (-1, 1, ['"file0"', '"file1"']), (-12, 80, ['"memory"'])],
    ids=["a day", "over midnight", "all days"],
)
def test_a_window_is_read_from_the_files_of_its_days(tmp_path: Path, first: int, last: int, read: list[str]):
    site = tk.open(mine(tmp_path / "mine"))
    window = {"start": MIDNIGHT + first * HOUR, "stop": MIDNIGHT + last * HOUR}
    narrow, wide = (site.prepared(between, OVER_NIGHT, bounds) for bounds in (("start", "stop"), None))
    assert narrow(**window) == wide(**window)
    assert re.findall(r'(\S+)\."main"\."positions"', narrow.asked(**window).sql) == read


def test_threads_ask_at_once_each_with_its_own_values(tmp_path: Path):
    asked = tk.open(mine(tmp_path / "mine")).prepared(of_truck, {"truck": "string"})
    wanted = {"T01": 10.0, HOSTILE: 11.0}
    with ThreadPoolExecutor(8) as clients:
        trucks = [*wanted] * 50
        found = list(clients.map(lambda truck: asked(truck=truck)["speed_kmh"].to_pylist(), trucks))
    assert found == [[wanted[truck]] for truck in trucks]


def test_other_connections_answer_the_same(tmp_path: Path):
    site = tk.open(mine(tmp_path / "mine"))
    other = ibis.duckdb.connect()
    other.create_table("positions", site.positions.to_pyarrow())
    for each in (site, tk.Site(other)):
        asked = each.prepared(between, OVER_NIGHT, ("start", "stop"))
        answer = asked(start="2026-11-22 23:00", stop="2026-11-23 01:00")
        assert answer["samples"].to_pylist() == [2, 2]


def test_what_cannot_be_asked_is_said(tmp_path: Path):
    site = tk.open(mine(tmp_path / "mine"))
    with pytest.raises(BadRequest, match='"truck" is "text", and can be one of "string"'):
        site.prepared(of_truck, {"truck": "text"})
    with pytest.raises(BadRequest, match='the question has "truck"'):
        site.prepared(of_truck, {"truck": "string"}, ("start", "stop"))
    with pytest.raises(BadRequest, match="named by a word such as fleet"):
        site.prepared(of_truck, {"truck'; --": "string"})
    asked = site.prepared(of_truck, {"truck": "string"})
    with pytest.raises(BadRequest, match='takes "truck"; it was given "lorry"'):
        asked(lorry="T01")
    with pytest.raises(BadRequest, match='"truck" is 5, which is no string'):
        asked(truck=5)
    faster = site.prepared(
        lambda site, than: site.positions.filter(site.positions.speed_kmh > than), {"than": "float64"}
    )
    with pytest.raises(BadRequest, match='"than" is True, which is no float64'):
        faster(than=True)
    with pytest.raises(BadRequest, match='no two may be "truck", "Truck"'):
        site.prepared(of_truck, {"truck": "string", "Truck": "string"})
    with pytest.raises(BadRequest, match="gives a table of its site, and this one gave None"):
        site.prepared(lambda site: None, {})()  # type: ignore[arg-type,return-value]
    own = ibis.memtable({"truck": ["T01"]})
    with pytest.raises(BadRequest, match="join rows of your own to its answer"):
        site.prepared(lambda site: site.positions.semi_join(own, "truck"), {})()
    with pytest.raises(BadTime):
        site.prepared(between, OVER_NIGHT)(start=datetime(2026, 11, 22), stop=MIDNIGHT)  # noqa: DTZ001


@pytest.mark.parametrize(
    ("kind", "value"),
    [("string", "T\ud800"), ("int64", 2**63), ("int64", -(2**200)), ("float64", 10**400), ("boolean", 1)],
)
def test_a_value_that_no_column_can_hold_is_refused(tmp_path: Path, kind: str, value: object):
    site = tk.open(mine(tmp_path / "mine"))
    asked = site.prepared(lambda site, given: site.trucks.mutate(given=given), {"given": kind})
    with pytest.raises(BadRequest, match=f"is no {kind}"):
        asked(given=value)


def test_what_is_counted_of_no_rows_is_null_as_ibis_says(tmp_path: Path):
    site = tk.open(mine(tmp_path / "mine"))
    newest = site.prepared(
        lambda site, truck: site.positions.filter(site.positions.truck == truck).aggregate(
            at=ibis._["at"].max()
        ),
        {"truck": "string"},
    )
    assert newest(truck="nobody").to_pylist() == [{"at": None}]


OF_FLEETS = (("east", "T01"), (HOSTILE, HOSTILE))


def fleets(folder: Path) -> tk.Site:
    """Three trucks of two fleets, and where two of them are."""
    rows = [{"truck": truck, "at": MIDNIGHT, "speed_kmh": 10.0} for truck in ("T01", HOSTILE)]
    trucks = [{"truck": truck, "fleet": fleet, "given": True} for fleet, truck in (*OF_FLEETS, (None, "T03"))]
    return tk.open(write(folder, Facts("mine", "UTC", None, False), "", positions=rows, trucks=trucks))


def newest_of(site: tk.Site, fleet: ibis.Scalar) -> ibis.Table:
    fast = site.latest.filter(site.latest.speed_kmh > 5)
    of = site.trucks.filter(site.trucks.fleet == fleet).select("truck", home="fleet")
    return fast.join(of, "truck").select("truck", "home", tenth=fast.speed_kmh / 10).order_by("truck")


def of_both(site: tk.Site, fleet: ibis.Scalar, truck: ibis.Scalar) -> ibis.Table:
    rows = newest_of(site, fleet)
    return rows.filter(truck == rows.truck, rows.tenth < 2).select("truck")


def test_few_rows_are_answered_from_memory_and_by_sql_alike(tmp_path: Path):
    site = fleets(tmp_path / "mine")
    newest = site.prepared(newest_of, {"fleet": "string"})
    both = site.prepared(of_both, {"fleet": "string", "truck": "string"})
    found = []
    for fleet in ("east", HOSTILE, "no such fleet"):
        found.append(newest(fleet=fleet))
        assert found[-1] == whole(newest.asked(fleet=fleet))
        for truck in ("T01", HOSTILE):
            answer = both(fleet=fleet, truck=truck)
            assert answer == whole(both.asked(fleet=fleet, truck=truck))
            assert answer["truck"].to_pylist() == [truck] * ((fleet, truck) in OF_FLEETS)
    assert [table["truck"].to_pylist() for table in found] == [["T01"], [HOSTILE], []]
    places = {name: slot(name, "string") for name in ("fleet", "truck")}
    assert site.opened
    for rows in (newest_of(site, places["fleet"]), of_both(site, **places)):
        assert Resident.of(rows, site.opened)


def left(site: tk.Site, truck: ibis.Scalar) -> ibis.Table:
    one = site.latest.filter(site.latest.truck == truck).select("truck", "speed_kmh")
    return site.trucks.left_join(one, "truck").select("truck", "speed_kmh")


def numbered(site: tk.Site, truck: ibis.Scalar) -> ibis.Table:
    rows = site.trucks.filter(site.trucks.truck == truck)
    return rows.mutate(number=ibis.row_number().over(order_by="truck"))


@pytest.mark.parametrize(
    "question",
    [
        left,
        numbered,
        lambda site, truck: site.trucks.filter(site.trucks.truck == truck).aggregate(n=ibis._.count()),
        lambda site, truck: site.trucks.filter(site.trucks.truck > truck),
        lambda site, truck: site.trucks.mutate(same=site.trucks.truck == truck),
        lambda site, truck: site.latest.filter(site.latest.truck == truck).mutate(age=ibis.now()),
        lambda site, truck: site.trucks.filter(site.trucks.truck == truck).limit(1),
        lambda site, truck: site.latest.sql("SELECT truck, now() FROM latest").filter(ibis._.truck == truck),
    ],
)
def test_what_has_another_answer_to_all_values_is_not_held_in_memory(
    tmp_path: Path, question: Callable[..., ibis.Table]
):
    site = fleets(tmp_path / "mine")
    assert site.opened
    assert Resident.of(question(site, slot("truck", "string")), site.opened) is None


def published_elsewhere(folder: Path, monkeypatch: pytest.MonkeyPatch) -> prepared.Prepared:
    """A question that was asked once before a faster T01 was published, as if by another process."""
    asked = tk.open(mine(folder)).prepared(of_truck, {"truck": "string"})
    assert asked(truck="T01")["speed_kmh"].to_pylist() == [10.0]
    mine(folder, speed=30.0, identity="corrected")
    monkeypatch.setattr(layout, "_POINTED", {})
    return asked


def test_what_another_process_publishes_is_opened_behind_those_who_ask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    asked = published_elsewhere(tmp_path / "mine", monkeypatch)
    monkeypatch.setattr(prepared, "_PATIENCE_S", 600.0)
    may_open, opening = threading.Event(), Store._open
    monkeypatch.setattr(Store, "_open", lambda store: opening(store) if may_open.wait(60) else None)
    assert asked(truck="T01")["speed_kmh"].to_pylist() == [10.0]
    may_open.set()
    for thread in threading.enumerate():
        if thread.name == "truckkit-prepared":
            thread.join()
    assert asked(truck="T01")["speed_kmh"].to_pylist() == [30.0]


def test_who_asks_again_after_a_while_waits_for_what_another_process_has_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    asked = published_elsewhere(tmp_path / "mine", monkeypatch)
    monkeypatch.setattr(prepared, "_PATIENCE_S", 0.0)
    assert asked(truck="T01")["speed_kmh"].to_pylist() == [30.0]
