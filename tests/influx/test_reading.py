"""A real InfluxDB 1.6, read into a store."""

from __future__ import annotations

import os
import signal
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import processes
import pytest
from influxd import EIGHT, MAPPING, Influxd, gps, running
from inputs import written

from truckkit.errors import BadRequest, SourceFailed
from truckkit.ingest import Polling, ingest, of_influx
from truckkit.site import open_site


def told(store: Path) -> list[tuple[str, float, float, float]]:
    rows = open_site(store).positions.order_by("truck", "at").to_pyarrow().to_pylist()
    return [
        (row["truck"], row["at"].replace(tzinfo=UTC).timestamp() - EIGHT, row["x_m"], row["speed_kmh"])
        for row in rows
    ]


def bring(store: Path, url: str, mapping: str = MAPPING, **more: object):
    loads = ingest(store, url, written(store.parent, mapping), **more)  # type: ignore[arg-type]
    assert all(load.rows_in == load.kept + load.rejected + load.duplicates for load in loads)
    return loads


def marks(store: Path) -> dict[tuple[str, str], datetime]:
    rows = open_site(store).table("watermarks").to_pyarrow().to_pylist()
    return {(row["measurement"], row["truck"]): row["at"].replace(tzinfo=UTC) for row in rows}


def test_every_point_arrives_once(tmp_path: Path, influxd: Influxd, database: str) -> None:
    influxd.write(database, gps("T1", *((second, second, 20) for second in range(500))))
    influxd.write(database, gps("T2", (0, 5, 30)) + "engine,truck=T1 payload=220.5,fuel=80 1709280000\n")
    store = tmp_path / "store"
    gps_load, engine_load = bring(store, influxd.url(database))
    assert (gps_load.rows_in, gps_load.kept, engine_load.kept) == (501, 501, 1)
    assert told(store) == [*(("T1", s, float(s), 20.0) for s in range(500)), ("T2", 0, 5.0, 30.0)]
    assert open_site(store).telemetry.to_pyarrow().to_pylist()[0]["payload_t"] == 220.5


def test_reading_again_adds_nothing(tmp_path: Path, influxd: Influxd, database: str) -> None:
    influxd.write(database, gps("T1", (0, 1, 20), (1, 2, 20)))
    store = tmp_path / "store"
    bring(store, influxd.url(database))
    before = told(store)
    for _again in range(2):
        assert sum(load.kept for load in bring(store, influxd.url(database)) if not load.known) == 0
    generation = open_site(store).generation
    bring(store, influxd.url(database))
    assert open_site(store).generation == generation
    assert told(store) == before


def test_what_comes_late_is_found_and_counted(tmp_path: Path, influxd: Influxd, database: str) -> None:
    store = tmp_path / "store"
    influxd.write(database, gps("T1", (0, 0, 20), (50, 50, 20)))
    bring(store, influxd.url(database))
    influxd.write(database, gps("T1", (30, 30, 20), (60, 60, 20)))
    [load] = bring(store, influxd.url(database))
    assert [second for _truck, second, *_ in told(store)] == [0, 30, 50, 60]
    assert (load.kept, load.duplicates, load.late) == (2, 2, 1)


def test_a_truck_that_was_silent_for_days_is_read_on_from_where_it_stood(
    tmp_path: Path, influxd: Influxd, database: str
) -> None:
    store = tmp_path / "store"
    influxd.write(database, gps("T1", (0, 0, 20)) + gps("T2", (0, 0, 20), (900_000, 1, 20)))
    bring(store, influxd.url(database))
    influxd.write(database, gps("T1", (100, 100, 20), (5000, 7, 20)))
    bring(store, influxd.url(database))
    assert [second for truck, second, *_ in told(store) if truck == "T1"] == [0, 100, 5000]


def test_since_reads_again_and_corrections_win(tmp_path: Path, influxd: Influxd, database: str) -> None:
    store = tmp_path / "store"
    influxd.write(database, gps("T1", (0, 0, 20), (1000, 1, 20)))
    bring(store, influxd.url(database))
    influxd.write(database, gps("T1", (0, 9, 30)))
    assert bring(store, influxd.url(database))[0].kept == 0
    [load] = bring(store, influxd.url(database), since="2024-03-01T08:00Z")
    assert (load.kept, load.corrected, load.duplicates) == (1, 1, 1)
    assert told(store)[0] == ("T1", 0, 9.0, 30.0)


def test_until_reads_no_further(tmp_path: Path, influxd: Influxd, database: str) -> None:
    store = tmp_path / "store"
    influxd.write(database, gps("T1", (0, 0, 20), (1000, 1, 20)))
    bring(store, influxd.url(database), until="2024-03-01T08:10Z")
    assert len(told(store)) == 1
    bring(store, influxd.url(database))
    assert len(told(store)) == 2


HOSTILE = [
    "T 1,=2", "it's", 'say "hi"', "'; DROP DATABASE fleet; --", "back\\slash", "é😀", "<script>a(1)</script>",
    "x" * 10_000, "${r}", "{{7*7}}",
]  # fmt: skip


def test_hostile_names_are_names(tmp_path: Path, influxd: Influxd, database: str) -> None:
    for number, name in enumerate(HOSTILE):
        influxd.write(database, gps(name, (number, number, 20)))
    store = tmp_path / "store"
    bring(store, influxd.url(database))
    assert {truck: second for truck, second, *_ in told(store)} == dict(zip(HOSTILE, range(20), strict=False))


def test_a_measurement_of_a_hostile_name_is_read(tmp_path: Path, influxd: Influxd, database: str) -> None:
    influxd.write(database, "g\"p's;--,truck=T1 x=1,y=2,speed=3 1709280000\n")
    mapping = MAPPING.replace('name = "gps"', "name = '''g\"p's;--'''")
    store = tmp_path / "store"
    bring(store, influxd.url(database), mapping)
    assert told(store) == [("T1", 0, 1.0, 3.0)]


def test_points_without_the_truck_are_refused_with_their_reason(
    tmp_path: Path, influxd: Influxd, database: str
) -> None:
    influxd.write(database, gps("", (0, 1, 20)) + gps("T1", (0, 1, 20)))
    store = tmp_path / "store"
    [load] = bring(store, influxd.url(database))
    assert (load.kept, load.rejected) == (1, 1)
    [row] = open_site(store).rejects.to_pyarrow().to_pylist()
    assert row["reason"] == "truck is empty"


# Three shards, so that InfluxDB lets a field have another type in each.
CONFLICT = (
    "engine,truck=T1 payload=200,fuel=50 1609280000\n"
    'engine,truck=T1 payload="full",fuel=51 1659280000\n'
    'engine,truck=T1 payload="180.5",fuel=52 1709280000\n'
)


def test_under_quarantine_a_field_that_changes_its_type_is_refused(
    tmp_path: Path, influxd: Influxd, database: str
) -> None:
    influxd.write(database, CONFLICT)
    store = tmp_path / "store"
    [load] = bring(store, influxd.url(database))
    assert (load.rows_in, load.kept, load.rejected) == (3, 1, 2)
    reasons = [row["reason"] for row in open_site(store).rejects.order_by("line").to_pyarrow().to_pylist()]
    assert reasons[0] == 'payload is text here, and a number elsewhere: "full"'


def test_under_evolve_text_is_read_as_a_number_where_it_is_one(
    tmp_path: Path, influxd: Influxd, database: str
) -> None:
    influxd.write(database, CONFLICT)
    store = tmp_path / "store"
    bring(store, influxd.url(database), MAPPING.replace("quarantine", "evolve"))
    rows = open_site(store).telemetry.order_by("at").to_pyarrow().to_pylist()
    assert [(row["payload_t"], row["fuel_pct"], row["fault"]) for row in rows] == [
        (200.0, 50.0, None),
        (None, 51.0, 'payload "full" is not a number'),
        (180.5, 52.0, None),
    ]


NEW = 'engine,truck=T1 payload=200,door=true,gear=3i,mood="calm",firmware="v1" 1709280000\n'


def test_under_quarantine_a_new_field_is_set_aside_with_its_count(
    tmp_path: Path, influxd: Influxd, database: str
) -> None:
    influxd.write(database, NEW)
    store = tmp_path / "store"
    bring(store, influxd.url(database))
    rows = open_site(store).rejects.to_pyarrow().to_pylist()
    assert {row["verdict"] for row in rows} == {"set aside"}
    assert sorted(row["reason"] for row in rows) == [
        f'the mapping "fleet" does not know the field "{name}", which has 1 values'
        for name in ("door", "gear", "mood")
    ]


def test_under_evolve_a_new_field_is_a_channel(tmp_path: Path, influxd: Influxd, database: str) -> None:
    influxd.write(database, NEW)
    store = tmp_path / "store"
    bring(store, influxd.url(database), MAPPING.replace("quarantine", "evolve"))
    rows = open_site(store).table("channels").order_by("channel").to_pyarrow().to_pylist()
    assert [(row["channel"], row["number"], row["said"]) for row in rows] == [
        ("door", 1.0, None),
        ("gear", 3.0, None),
        ("mood", None, "calm"),
    ]


def test_a_clock_that_is_ahead_is_refused_and_holds_nobody_back(
    tmp_path: Path, influxd: Influxd, database: str
) -> None:
    ahead = int(datetime(2031, 1, 1, tzinfo=UTC).timestamp())
    influxd.write(database, gps("T1", (0, 0, 20)) + gps("T1", (0, 1, 20), at=ahead))
    store = tmp_path / "store"
    [load] = bring(store, influxd.url(database))
    assert (load.kept, load.rejected) == (1, 1)
    assert marks(store)["gps", "T1"] == datetime.fromtimestamp(EIGHT, UTC)
    influxd.write(database, gps("T1", (10, 10, 20)))
    bring(store, influxd.url(database))
    assert [second for _truck, second, *_ in told(store)] == [0, 10]


def test_a_clock_that_is_hours_ahead_moves_the_mark_to_now_at_most(
    tmp_path: Path, influxd: Influxd, database: str
) -> None:
    soon = datetime.now(UTC) + timedelta(hours=5)
    influxd.write(database, gps("T1", (0, 0, 20), at=int(soon.timestamp())))
    bring(tmp_path / "store", influxd.url(database))
    assert marks(tmp_path / "store")["gps", "T1"] <= datetime.now(UTC)


def test_an_answer_that_an_administrator_cuts_short_is_asked_for_on(tmp_path: Path) -> None:
    with running(tmp_path / "influxd", rows=1000) as limited:
        limited.write("fleet", gps("T1", *((second, second, 20) for second in range(3700))))
        bring(tmp_path / "store", limited.url("fleet"))
    assert [second for _truck, second, *_ in told(tmp_path / "store")] == list(range(3700))


def test_a_server_that_asks_who_is_there_is_answered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with running(tmp_path / "influxd", auth=True) as closed:
        closed.say("CREATE USER root WITH PASSWORD 'p@ss:w/d' WITH ALL PRIVILEGES")
        closed.open_with("root", "p@ss:w/d")
        closed.write("fleet", gps("T1", (0, 0, 20)))
        for opening in ("", "root:wrong@"):
            with pytest.raises(SourceFailed, match="does not let us in") as refused:
                bring(tmp_path / "store", closed.url("fleet", opening))
            assert "wrong" not in str(refused.value)
        bring(tmp_path / "store", closed.url("fleet", "root:p%40ss%3Aw%2Fd@"))
    assert len(told(tmp_path / "store")) == 1
    ledger = open_site(tmp_path / "store").loads.to_pyarrow().to_pylist()
    assert "p%40ss" not in repr(ledger)
    assert "root" not in repr(ledger)


def test_much_is_published_in_parts_and_each_part_moves_the_marks(
    tmp_path: Path, influxd: Influxd, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(of_influx, "MOST_ROWS", 150)
    for day in range(5):
        influxd.write(database, gps("T1", *((s, s, 20) for s in range(100)), at=EIGHT + day * 86400))
    loads = bring(tmp_path / "store", influxd.url(database))
    assert len(loads) > 1
    assert len(told(tmp_path / "store")) == 500


def _die_while_reading(store: Path, url: str, mapping: str, after: int) -> None:
    """Ingest, and be killed once so many windows were answered."""
    of_influx.MOST_ROWS = 150
    answered = 0
    counted = of_influx.Reading._counted

    def count(self: of_influx.Reading, *answer: object) -> object:
        nonlocal answered
        answered += 1
        if answered > after:
            os.kill(os.getpid(), signal.SIGKILL)
        return counted(self, *answer)  # type: ignore[arg-type]

    of_influx.Reading._counted = count  # type: ignore[method-assign, assignment]
    ingest(store, url, mapping)


@pytest.mark.parametrize("after", [0, 1, 3, 4])
def test_a_reading_that_is_killed_is_made_good_by_the_next(
    tmp_path: Path, influxd: Influxd, database: str, after: int
) -> None:
    for day in range(6):
        influxd.write(database, gps("T1", *((s, s, 20) for s in range(100)), at=EIGHT + day * 86400))
    store, mapping = tmp_path / "store", written(tmp_path, MAPPING)
    assert processes.run(_die_while_reading, store, influxd.url(database), mapping, after) == -signal.SIGKILL
    bring(store, influxd.url(database))
    assert len(told(store)) == 600


def test_following_survives_restarts_of_the_server(tmp_path: Path) -> None:
    store, said = tmp_path / "store", []
    with running(tmp_path / "influxd") as server:
        server.write("fleet", gps("T1", (0, 0, 20)))
        polling = Polling(store, server.url("fleet"), written(tmp_path, MAPPING), remark=said.append)
        stop, loaded = threading.Event(), threading.Semaphore(0)
        follower = threading.Thread(
            target=polling.follow, args=(timedelta(seconds=0.2), stop, lambda _: loaded.release())
        )
        follower.start()
        try:
            assert loaded.acquire(timeout=60)
            server.stop()
            until = time.monotonic() + 60
            while not any("does not answer" in line for line in said) and time.monotonic() < until:
                time.sleep(0.05)
            server.start()
            server.write("fleet", gps("T1", (10, 10, 20)))
            assert loaded.acquire(timeout=60)
        finally:
            stop.set()
            follower.join(60)
    assert [second for _truck, second, *_ in told(store)] == [0, 10]


def test_what_is_no_address_is_said_so(tmp_path: Path) -> None:
    mapping = written(tmp_path, MAPPING)
    ports = ("influx://host:port/db", "influx://host:99999999/db")
    for url in ("influx://", "influx://host", "influx://[::1/fleet", *ports):
        with pytest.raises(BadRequest, match="is no address of an InfluxDB"):
            ingest(tmp_path / "store", url, mapping)
    with pytest.raises(BadRequest, match='says "token"'):
        ingest(tmp_path / "store", "influx://host/db?token=abc", mapping)
    with pytest.raises(SourceFailed, match="does not answer"):
        ingest(tmp_path / "store", "influx://127.0.0.1:1/db", mapping)
