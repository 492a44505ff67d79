"""Many at once, and clients that behave badly: no wrong row, no cursor that stays, no memory that is held."""

from __future__ import annotations

import itertools
import json
import random
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from datetime import timedelta
from typing import Any

import pyarrow as pa
import pytest
from fastapi import FastAPI
from test_api_streams import SERVERS, service, wait_until

import truckkit as tk
from truckkit import schema, times
from truckkit.api.app import create_app
from truckkit.api.settings import Settings
from truckkit.store import asking, samples, stated, whole

HEAD = "Host: localhost\r\nConnection: close\r\n\r\n"


def questions(site: tk.Site, number: int) -> Iterator[tuple[str, Any, Any]]:
    """Trucks and windows, each another."""
    chance = random.Random(number)
    start, stop = site.start, site.stop
    assert start
    assert stop
    for _ in range(number):
        first = start + (stop - start) * chance.random()
        length = (stop - first) * chance.random() ** 4
        yield chance.choice(site.truck_names), first, first + max(length, timedelta(seconds=1))


def test_four_hundred_threads_with_a_question_each_get_no_wrong_row() -> None:
    site = tk.sample()
    generation = site.store.newest()
    every = site.positions.order_by("truck", "at").select("truck", "at", "x_m").to_pyarrow()
    held = {name: every.filter(pa.compute.equal(every["truck"], name)) for name in site.truck_names}
    start = threading.Barrier(400)

    def expected(truck: str, first: Any, last: Any) -> pa.Table:
        rows = held[truck]
        low, high = (pa.scalar(times.stored(each), rows["at"].type) for each in (first, last))
        at = rows["at"]
        return rows.filter(pa.compute.and_(pa.compute.greater_equal(at, low), pa.compute.less(at, high)))

    def ask(question: tuple[str, Any, Any], number: int) -> bool:
        truck, first, last = question
        window = (times.stored(first), times.stored(last))
        start.wait(120)
        for turn in range(3):
            if (number + turn) % 2:
                asked = samples(
                    generation, schema.POSITIONS, ["truck", "at", "x_m"], trucks=[truck], window=window
                )
            else:
                rows = site.truck(truck).between(first, last).positions
                asked = stated(rows.order_by("at").select("truck", "at", "x_m"))
            if not whole(asked).equals(expected(truck, first, last)):
                return False
        return True

    asked = list(questions(site, 400))
    with ThreadPoolExecutor(400) as threads:
        right = list(threads.map(ask, asked, itertools.count()))
    assert right == [True] * 400


@SERVERS
def test_clients_of_their_own_questions_get_no_row_of_others(carried: Callable[[FastAPI], Any]) -> None:
    site = tk.sample()
    app = create_app(site, settings=Settings(at_once=8, waiting=500, wait_s=120, cache_mb=1))
    asked = list(questions(site, 100))
    with carried(app) as port, ThreadPoolExecutor(100) as threads:
        answers = list(threads.map(lambda each: _rows(port, *each), asked))
    for (truck, first, last), rows in zip(asked, answers, strict=True):
        assert {row["truck"] for row in rows} <= {truck}
        held = site.truck(truck).between(times.aware(_ms(first)), times.aware(_ms(last))).positions
        assert len(rows) == min(1000, held.count().execute())


def _ms(at: Any) -> Any:
    at = times.stored(at)
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def _text(at: Any) -> str:
    return _ms(at).isoformat(timespec="milliseconds") + "Z"


def _rows(port: int, truck: str, first: Any, last: Any) -> list[dict[str, Any]]:
    path = f"/api/v1/positions?truck={truck}&start={_text(first)}&stop={_text(last)}"
    with closing(socket.create_connection(("127.0.0.1", port), timeout=120)) as client:
        client.sendall(f"GET {path} HTTP/1.1\r\n{HEAD}".encode())
        head, _, body = _until_it_ends(client).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200"), body[:300]
    found: list[dict[str, Any]] = json.loads(body)["rows"]
    return found


def _until_it_ends(client: socket.socket) -> bytes:
    return b"".join(iter(lambda: client.recv(1 << 16), b""))


@SERVERS
@pytest.mark.parametrize("format", ["ndjson", "csv", "arrow", "parquet"])
def test_a_client_that_leaves_in_the_middle_of_any_format_frees_its_cursor(
    carried: Callable[[FastAPI], Any], format: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "_BATCH", 1000)  # so that the middle is reached at all
    site = tk.sample()
    backend = site.opened.backend
    before = backend.own_cursors
    with carried(service(site)) as port:
        clients = [_reading(port, f"/api/v1/positions?format={format}") for _ in range(4)]
        for client in clients:
            assert client.recv(1)
        for client in clients:
            client.close()
        wait_until(lambda: backend.own_cursors == before, 2)


def _reading(port: int, path: str) -> socket.socket:
    """A client that has asked, and takes little at a time."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.settimeout(30)
    client.connect(("127.0.0.1", port))
    client.sendall(f"GET {path} HTTP/1.1\r\n{HEAD}".encode())
    return client


@SERVERS
def test_a_slow_reader_holds_neither_memory_nor_other_clients(
    carried: Callable[[FastAPI], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "_BATCH", 1000)
    read: list[int] = []
    step = asking.Reading._step

    def counted(reading: asking.Reading) -> pa.RecordBatch | None:
        batch = step(reading)
        read.append(batch.num_rows if batch is not None else 0)
        return batch

    site = tk.sample()
    backend = site.opened.backend
    before, rows = backend.own_cursors, site.positions.count().execute()
    with carried(service(site)) as port:
        monkeypatch.setattr(asking.Reading, "_step", counted)
        slow = _reading(port, "/api/v1/positions?format=ndjson")
        assert slow.recv(1)
        wait_until(lambda: _still(read))
        # What the store was asked for is what sockets hold, and not the rest: the client holds it back.
        assert sum(read) < rows / 2
        for _ in range(20):
            with closing(_reading(port, "/api/v1/trucks")) as quick:
                assert quick.recv(15) == b"HTTP/1.1 200 OK"
        assert backend.own_cursors == before + 1
        slow.close()
        wait_until(lambda: backend.own_cursors == before, 2)


def _still(seen: list[int]) -> bool:
    """Whether nothing more has been read for a while."""
    before = len(seen)
    return before > 0 and not _comes_true(lambda: len(seen) > before, 0.3)


def _comes_true(true: Callable[[], bool], seconds: float) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if true():
            return True
        time.sleep(0.01)
    return False


@SERVERS
def test_a_client_that_takes_nothing_is_hung_up_on(carried: Callable[[FastAPI], Any]) -> None:
    site = tk.sample()
    backend = site.opened.backend
    before = backend.own_cursors
    app = create_app(site, settings=Settings(page_rows=1000, take_s=0.3))
    with carried(app) as port, closing(_reading(port, "/api/v1/positions?format=ndjson")) as slow:
        assert slow.recv(1)
        wait_until(lambda: backend.own_cursors == before, 5)
        rest = b""
        with suppress(ConnectionError):  # which is as loud
            rest = _until_it_ends(slow)
        assert not rest.endswith(b"\r\n0\r\n\r\n")


@SERVERS
@pytest.mark.parametrize("format", ["ndjson", "csv", "arrow", "parquet"])
def test_a_stream_whose_source_fails_in_the_middle_has_no_last_chunk(
    carried: Callable[[FastAPI], Any], format: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "_BATCH", 1000)
    site = tk.sample()
    backend = site.opened.backend
    before = backend.own_cursors
    step, steps = asking.Reading._step, itertools.count()

    def fails(reading: asking.Reading) -> pa.RecordBatch | None:
        if next(steps) == 20:
            raise OSError("the disk of /secret/folder is gone")
        return step(reading)

    with carried(service(site)) as port:
        monkeypatch.setattr(asking.Reading, "_step", fails)
        with closing(_reading(port, f"/api/v1/positions?format={format}")) as client:
            answer = _until_it_ends(client)
    assert b"secret" not in answer
    assert answer.startswith((b"HTTP/1.1 200 OK", b"HTTP/1.1 500"))
    if answer.startswith(b"HTTP/1.1 200"):
        assert b"transfer-encoding: chunked" in answer.lower()
        assert not answer.endswith(b"\r\n0\r\n\r\n")
    wait_until(lambda: backend.own_cursors == before, 2)


@SERVERS
def test_a_flood_is_answered_or_refused_and_never_lost(carried: Callable[[FastAPI], Any]) -> None:
    app = create_app(tk.sample(), settings=Settings(at_once=2, waiting=4, wait_s=0.5, cache_mb=0))
    statuses: list[int] = []

    def ask(number: int) -> None:
        with closing(_reading(port, f"/api/v1/positions?truck=T01&limit={number + 1}")) as client:
            found = re.match(rb"HTTP/1.1 (\d+) ", client.recv(20))
            assert found
            statuses.append(int(found[1]))

    with carried(app) as port, ThreadPoolExecutor(100) as threads:
        list(threads.map(ask, range(200)))
        with closing(_reading(port, "/api/health")) as client:
            assert client.recv(15) == b"HTTP/1.1 200 OK"
    assert len(statuses) == 200
    assert set(statuses) <= {200, 503}
    assert 200 in statuses
