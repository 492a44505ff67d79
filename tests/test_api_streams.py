"""Streams over real connections: whole, broken loudly, and freed when the client leaves."""

from __future__ import annotations

import asyncio
import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pyarrow as pa
import pytest
from fastapi import FastAPI
from serving import listening
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from tornado.netutil import bind_sockets
from tornado.web import Application

import truckkit as tk
from truckkit.api.app import create_app
from truckkit.api.asgi import Bridge
from truckkit.api.settings import Settings
from truckkit.store import asking


@contextmanager
def bridged(app: FastAPI) -> Iterator[int]:
    """The app inside Tornado, as ``panel serve`` carries it."""
    ready, ports, loops = threading.Event(), [], []

    def run() -> None:
        async def serve() -> None:
            bridge = Bridge(lambda: app)
            server = HTTPServer(Application([("(?P<path>/api(?:/.*)?)", bridge)]))
            sockets = bind_sockets(0, "127.0.0.1")
            server.add_sockets(sockets)
            ports.append(sockets[0].getsockname()[1])
            over = asyncio.Event()
            loops.append((IOLoop.current(), over))
            ready.set()
            await over.wait()
            server.stop()
            await bridge.stop()

        asyncio.run(serve())

    thread = threading.Thread(target=run)
    thread.start()
    try:
        assert ready.wait(20)
        yield ports[0]
    finally:
        loop, over = loops[0]
        loop.add_callback(over.set)
        thread.join(20)


def wait_until(true: Callable[[], bool], seconds: float = 20) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "it never came true"
        time.sleep(0.01)


SERVERS = pytest.mark.parametrize("carried", [listening, bridged])


def service(site: tk.Site) -> FastAPI:
    # Small pages, so that the sample is long enough to stream.
    return create_app(site, settings=Settings(page_rows=1000))


@SERVERS
def test_a_stream_is_whole_and_frees_its_cursor(carried) -> None:
    site = tk.sample()
    backend = site.opened.backend
    before = backend.own_cursors
    with carried(service(site)) as port:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request("GET", "/api/v1/positions?format=arrow")
        answer = connection.getresponse()
        assert answer.headers["transfer-encoding"] == "chunked"
        found = pa.ipc.open_stream(answer.read()).read_all()
        connection.close()
    assert len(found) == tk.sample().positions.count().execute()
    wait_until(lambda: backend.own_cursors == before, 2)


@SERVERS
def test_a_client_that_leaves_frees_the_cursor_within_two_seconds(carried) -> None:
    site = tk.sample()
    backend = site.opened.backend
    before = backend.own_cursors
    with carried(service(site)) as port, socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(b"GET /api/v1/positions?format=ndjson HTTP/1.1\r\nHost: mine\r\n\r\n")
        assert client.recv(1000)
        assert backend.own_cursors == before + 1
        client.close()
        wait_until(lambda: backend.own_cursors == before, 2)


@SERVERS
def test_a_reader_that_is_slow_is_waited_for(carried) -> None:
    site = tk.sample()
    backend = site.opened.backend
    with carried(service(site)) as port, socket.create_connection(("127.0.0.1", port)) as client:
        client.settimeout(30)
        client.sendall(
            b"GET /api/v1/positions?format=ndjson HTTP/1.1\r\nHost: mine\r\nConnection: close\r\n\r\n"
        )
        received = len(client.recv(100))
        # While nobody reads, the cursor waits with what is left; it is not read ahead into memory.
        assert backend.own_cursors >= 1
        while chunk := client.recv(1 << 20):
            received += len(chunk)
    assert received > 40_000_000


@SERVERS
def test_a_source_that_fails_in_the_middle_breaks_the_connection(carried, monkeypatch, caplog) -> None:
    step = asking.Reading._step
    batches = 0

    def failing(reading: asking.Reading) -> pa.RecordBatch | None:
        nonlocal batches
        batches += 1
        if batches > 4:
            raise RuntimeError("the disk is gone")
        return step(reading)

    site = tk.sample()
    backend = site.opened.backend
    before = backend.own_cursors
    monkeypatch.setattr(asking.Reading, "_step", failing)
    with carried(service(site)) as port:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request("GET", "/api/v1/positions?format=csv")
        answer = connection.getresponse()
        assert answer.status == 200
        with pytest.raises((http.client.IncompleteRead, ConnectionError)):
            answer.read()
        connection.close()
    wait_until(lambda: backend.own_cursors == before, 2)


def test_streams_at_once_do_not_share_a_cursor() -> None:
    with listening(service(tk.sample())) as port:
        found: list[int] = []

        def ask() -> None:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            connection.request("GET", "/api/v1/trucks/T01/positions?format=arrow&columns=at")
            found.append(len(pa.ipc.open_stream(connection.getresponse().read()).read_all()))
            connection.close()

        threads = [threading.Thread(target=ask) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    assert found == [tk.sample().truck("T01").positions.count().execute()] * 12
