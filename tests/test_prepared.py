"""Questions that are put into SQL once and asked many times with values of their own."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import ibis
import pytest
from stores import write

import truckkit as tk
from truckkit.errors import BadRequest, BadTime
from truckkit.store import Facts

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
    own = ibis.memtable({"truck": ["T01"]})
    with pytest.raises(BadRequest, match="join rows of your own to its answer"):
        site.prepared(lambda site: site.positions.semi_join(own, "truck"), {})()
    with pytest.raises(BadTime):
        site.prepared(between, OVER_NIGHT)(start=datetime(2026, 11, 22), stop=MIDNIGHT)  # noqa: DTZ001
