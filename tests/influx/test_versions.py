"""InfluxDB 2 and 3 by their documented wire answers, from stand-ins; no such server was seen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from influxd import MAPPING
from inputs import holds, written
from standins import SQL, Flux, Point, serving

from truckkit.errors import BadRequest, SourceFailed
from truckkit.ingest import ingest
from truckkit.site import open_site

EIGHT = datetime(2024, 3, 1, 8, tzinfo=UTC)
POINTS = [
    *(
        Point("gps", truck, EIGHT + timedelta(seconds=second), {"x": float(second), "y": 2.0, "speed": 20.0})
        for truck in ("T1", 'T "2"\\ ${x}')
        for second in range(0, 2000, 10)
    ),
    Point("gps", "", EIGHT, {"x": 1.0, "y": 2.0, "speed": 3.0}),
    Point("engine", "T1", EIGHT, {"payload": 220.5, "fuel": 80.0}),
]


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INFLUX_TOKEN", "letmein")
    monkeypatch.setenv("INFLUX_ORG", "mine")


def check(store: Path) -> None:
    site = open_site(store)
    rows = site.positions.order_by("truck", "at").to_pyarrow().to_pylist()
    assert [(row["truck"], row["at"].replace(tzinfo=UTC), row["x_m"], row["speed_kmh"]) for row in rows] == [
        (p.truck, p.at, p.fields["x"], p.fields["speed"])
        for p in sorted(
            (p for p in POINTS if p.measurement == "gps" and p.truck), key=lambda p: (p.truck, p.at)
        )
    ]
    assert site.telemetry.to_pyarrow().to_pylist()[0]["payload_t"] == 220.5
    assert [row["reason"] for row in site.rejects.to_pyarrow().to_pylist()] == ["truck is empty"]


@pytest.mark.parametrize(("version", "standin"), [("v2.7.11", Flux), ("3.2.1", SQL)])
def test_every_point_arrives_once_and_reading_again_adds_nothing(
    tmp_path: Path, version: str, standin: type[Flux] | type[SQL]
) -> None:
    store, mapping = tmp_path / "store", written(tmp_path, MAPPING)
    with serving(version, standin(POINTS)) as port:
        loads = ingest(store, f"influx://127.0.0.1:{port}/fleet", mapping)
        again = ingest(store, f"influx://127.0.0.1:{port}/fleet", mapping)
    assert all(load.rows_in == load.kept + load.rejected + load.duplicates for load in loads + again)
    assert sum(load.kept for load in again if not load.known) == 0
    check(store)


@pytest.mark.parametrize(("version", "standin"), [("v2.7.11", Flux), ("3.2.1", SQL)])
def test_who_is_not_let_in_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, standin: type[Flux] | type[SQL]
) -> None:
    monkeypatch.setenv("INFLUX_TOKEN", "guess")
    with (
        serving(version, standin(POINTS)) as port,
        pytest.raises(SourceFailed, match="does not let us in") as no,
    ):
        ingest(tmp_path / "store", f"influx://127.0.0.1:{port}/fleet", written(tmp_path, MAPPING))
    assert "guess" not in str(no.value)


def test_an_answer_of_2_that_breaks_off_or_says_nothing_is_none(tmp_path: Path) -> None:
    store, mapping, flux = tmp_path / "store", written(tmp_path, MAPPING), Flux(POINTS[:50])
    with serving("v2.7.11", flux) as port:
        url = f"influx://127.0.0.1:{port}/fleet"
        ingest(store, url, mapping)
        before = holds(store)
        flux.points = POINTS
        flux.breaks_off = True
        with pytest.raises(SourceFailed, match="broke off: query terminated"):
            ingest(store, url, mapping)
        flux.breaks_off, flux.is_silent = False, True
        with pytest.raises(SourceFailed, match="not whole"):
            ingest(store, url, mapping)
        assert holds(store) == before


def test_an_answer_of_3_that_is_cut_off_is_none(tmp_path: Path) -> None:
    sql = SQL(POINTS)
    sql.is_cut = True
    with serving("3.2.1", sql) as port, pytest.raises(SourceFailed, match="not whole"):
        ingest(tmp_path / "store", f"influx://127.0.0.1:{port}/fleet", written(tmp_path, MAPPING))
    assert not (tmp_path / "store").exists()


def test_2_asks_for_an_organisation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("INFLUX_ORG")
    with serving("v2.7.11", Flux(POINTS)) as port:
        with pytest.raises(BadRequest, match=r"add \?org=NAME"):
            ingest(tmp_path / "store", f"influx://127.0.0.1:{port}/fleet", written(tmp_path, MAPPING))
        ingest(tmp_path / "store", f"influx://127.0.0.1:{port}/fleet?org=mine", written(tmp_path, MAPPING))


def test_what_is_no_influxdb_is_said_so(tmp_path: Path) -> None:
    with serving("7.1", Flux([])) as port, pytest.raises(SourceFailed, match="does not say which InfluxDB"):
        ingest(tmp_path / "store", f"influx://127.0.0.1:{port}/fleet", written(tmp_path, MAPPING))
