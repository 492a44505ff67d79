"""What a process does at once: turns, waiting, rates and bodies, against a real uvicorn where it matters."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from serving import listening

import truckkit as tk
from truckkit.api.app import create_app
from truckkit.api.rates import Rates
from truckkit.api.settings import Settings

WAIT_S = 20


class Closing(StreamingResponse):
    """Closes what it reads from, as the streams of the service do."""

    async def __call__(self, *arguments: Any) -> None:
        try:
            await super().__call__(*arguments)
        finally:
            await self.body_iterator.aclose()  # type: ignore[attr-defined]


class Held:
    """The service, with a route that answers when it is let go, and one that streams until then."""

    def __init__(self, **settings: Any) -> None:
        self.app: FastAPI = create_app(tk.sample(), settings=Settings(**{"refuse_s": 0, **settings}))
        self.settings: Settings = self.app.state.settings
        self.begun = threading.Semaphore(0)
        self.let_go = threading.Event()
        self.ended = threading.Semaphore(0)
        self.served = 0

        @self.app.get("/api/v1/held")
        async def held() -> str:
            self.served += 1
            self.begun.release()
            await asyncio.to_thread(self.let_go.wait, WAIT_S)
            return "ok"

        @self.app.get("/api/v1/stream")
        async def stream() -> StreamingResponse:
            async def pieces() -> Any:
                try:
                    self.begun.release()
                    while not self.let_go.is_set():
                        yield b"x" * 65_536
                        await asyncio.sleep(0.001)
                finally:
                    self.ended.release()

            return Closing(pieces(), media_type="application/octet-stream")

        @self.app.post("/api/v1/length")
        async def length(request: Request) -> int:
            return len(await request.body())

    def gauge(self, name: str) -> float:
        lines = self.app.state.monitor.text().splitlines()
        return float(next(line.split()[1] for line in lines if line.startswith(name + " ")))


def ask(port: int, path: str, method: str = "GET", **more: Any) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=WAIT_S)
    connection.request(method, path, **more)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}, body


def raw(port: int, path: str) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", port), timeout=WAIT_S)
    client.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    return client


def until(holds: Callable[[], bool]) -> None:
    """Wait for something that another thread brings about; fail where it does not."""
    end = time.monotonic() + WAIT_S
    while not holds():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.005)


def in_thread(asked: list[Any], *arguments: Any) -> threading.Thread:
    thread = threading.Thread(target=lambda: asked.append(ask(*arguments)))
    thread.start()
    return thread


def test_beyond_its_turns_the_service_lets_some_wait_and_refuses_the_rest() -> None:
    held = Held(at_once=1, waiting=1)
    with listening(held.app) as port:
        asked: list[Any] = []
        threads = [in_thread(asked, port, "/api/v1/held")]
        assert held.begun.acquire(timeout=WAIT_S)
        threads.append(in_thread(asked, port, "/api/v1/held"))
        until(lambda: held.gauge("truckkit_requests_waiting") == 1)
        status, headers, body = ask(port, "/api/v1/trucks")
        assert (status, int(headers["retry-after"]) >= 1) == (503, True)
        assert json.loads(body)["status"] == 503
        for path in ("/api/health/live", "/api/health/ready", "/api/health", "/api/metrics"):
            assert ask(port, path)[0] == 200
        held.let_go.set()
        for thread in threads:
            thread.join(WAIT_S)
        assert [status for status, _, _ in asked] == [200, 200]
        assert ask(port, "/api/v1/trucks")[0] == 200
    assert held.gauge("truckkit_requests_waiting") == 0
    assert held.gauge("truckkit_requests_in_flight") == 0


def test_who_waits_too_long_is_refused() -> None:
    held = Held(at_once=1, waiting=5, wait_s=0.05)
    with listening(held.app) as port:
        thread = in_thread([], port, "/api/v1/held")
        assert held.begun.acquire(timeout=WAIT_S)
        assert ask(port, "/api/v1/held")[0] == 503
        held.let_go.set()
        thread.join(WAIT_S)
        assert ask(port, "/api/v1/trucks")[0] == 200
    assert held.served == 1


def test_a_client_that_leaves_while_it_waits_gives_its_place_back_and_is_never_answered() -> None:
    held = Held(at_once=1, waiting=1)
    with listening(held.app) as port:
        asked: list[Any] = []
        thread = in_thread(asked, port, "/api/v1/held")
        assert held.begun.acquire(timeout=WAIT_S)
        leaving = raw(port, "/api/v1/held")
        until(lambda: held.gauge("truckkit_requests_waiting") == 1)
        leaving.close()
        until(lambda: held.gauge("truckkit_requests_waiting") == 0)
        held.let_go.set()
        thread.join(WAIT_S)
        assert ask(port, "/api/v1/trucks")[0] == 200
    assert held.served == 1


def test_a_rush_is_refused_slowly_and_who_leaves_meanwhile_is_forgotten() -> None:
    held = Held(at_once=1, waiting=0, refuse_s=0.05)
    with listening(held.app) as port:
        asked: list[Any] = []
        thread = in_thread(asked, port, "/api/v1/held")
        assert held.begun.acquire(timeout=WAIT_S)
        assert ask(port, "/api/v1/trucks")[0] == 503
        held.settings.refuse_s = 1_000.0
        leaving = raw(port, "/api/v1/trucks")
        until(lambda: held.gauge("truckkit_requests_in_flight") == 2)
        assert ask(port, "/api/health/live")[0] == 200
        leaving.close()
        until(lambda: held.gauge("truckkit_requests_in_flight") == 1)
        held.let_go.set()
        thread.join(WAIT_S)
    assert 'truckkit_refused_total{reason="left while waiting"} 1.0' in held.app.state.monitor.text()


def test_a_stream_holds_its_turn_and_gives_it_back_when_its_client_leaves() -> None:
    held = Held(at_once=1, waiting=0)
    with listening(held.app) as port:
        client = raw(port, "/api/v1/stream")
        assert client.recv(100).startswith(b"HTTP/1.1 200")
        assert ask(port, "/api/v1/trucks")[0] == 503
        client.close()
        assert held.ended.acquire(timeout=WAIT_S)
        until(lambda: ask(port, "/api/v1/trucks")[0] == 200)


def test_a_client_that_takes_nothing_is_broken_off() -> None:
    held = Held(at_once=1, waiting=0, take_s=0.2)
    with listening(held.app) as port, raw(port, "/api/v1/stream"):
        assert held.begun.acquire(timeout=WAIT_S)
        assert held.ended.acquire(timeout=WAIT_S)
        until(lambda: ask(port, "/api/v1/trucks")[0] == 200)
    assert 'truckkit_refused_total{reason="took too long"} 1.0' in held.app.state.monitor.text()


def test_head_of_a_stream_ends_it_after_its_head() -> None:
    held = Held()
    with listening(held.app) as port:
        status, _, body = ask(port, "/api/v1/stream", "HEAD")
        assert (status, body) == (200, b"")
        assert held.ended.acquire(timeout=WAIT_S)


@pytest.mark.parametrize("path", ["/api/v1/length", "/api/v1/trucks"])
def test_a_body_that_says_that_it_is_too_long_is_refused_before_it_is_read(path: str) -> None:
    client = TestClient(Held(body_bytes=100).app)
    answer = client.post(path, content=b"x" * 101)
    assert (answer.status_code, answer.headers["content-type"]) == (413, "application/problem+json")
    assert client.post("/api/v1/length", content=b"x" * 100).json() == 100


@pytest.mark.parametrize("length", ["-1", "1e9", "9" * 16, "x"])
def test_a_length_that_is_none_is_refused(length: str) -> None:
    assert (
        TestClient(Held().app).post("/api/v1/length", headers={"Content-Length": length}).status_code == 413
    )


def test_a_body_in_chunks_is_refused_where_it_grows_too_long() -> None:
    held = Held(body_bytes=100)
    with listening(held.app) as port:
        for pieces, status in (([b"x" * 50] * 3, 413), ([b"x" * 50] * 2, 200)):
            assert ask(port, "/api/v1/length", "POST", body=iter(pieces))[0] == status


def test_a_body_that_came_while_its_client_waited_is_read_whole() -> None:
    held = Held(at_once=1, waiting=5, body_bytes=100)
    with listening(held.app) as port:
        asked: list[Any] = []
        threads = [in_thread(asked, port, "/api/v1/held")]
        assert held.begun.acquire(timeout=WAIT_S)
        posted: list[Any] = []
        for pieces in ([b"x" * 40] * 2, [b"x" * 60] * 2):
            thread = threading.Thread(
                target=lambda pieces=pieces: posted.append(
                    ask(port, "/api/v1/length", "POST", body=iter(pieces))
                )
            )
            thread.start()
            threads.append(thread)
        until(lambda: len(posted) == 1)
        assert posted[0][0] == 413
        held.let_go.set()
        for thread in threads:
            thread.join(WAIT_S)
    assert posted[1][0::2] == (200, b"80")


def test_many_clients_at_once_are_answered_or_refused_and_nothing_is_left_over() -> None:
    held = Held(at_once=2, waiting=4, wait_s=5)
    held.let_go.set()
    with listening(held.app) as port:
        asked: list[Any] = []
        threads = [in_thread(asked, port, "/api/v1/held") for _ in range(60)]
        for thread in threads:
            thread.join(WAIT_S)
        assert len(asked) == 60
        assert {status for status, _, _ in asked} <= {200, 503}
        assert held.served == sum(status == 200 for status, _, _ in asked)
        assert ask(port, "/api/v1/trucks")[0] == 200
    assert held.gauge("truckkit_requests_in_flight") == 0


# How often ----------------------------------------------------------------------------------------------


def test_who_asks_too_often_is_told_when_to_come_back() -> None:
    client = TestClient(Held(per_minute=3).app)
    answers = [client.get("/api/v1/trucks") for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200] * 3 + [429] * 2
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 20
    assert answers[-1].headers["content-type"] == "application/problem+json"
    other = TestClient(client.app, client=("10.0.0.8", 1))
    assert other.get("/api/v1/trucks").status_code == 200


def test_refused_logins_are_counted_too(caplog: pytest.LogCaptureFixture) -> None:
    client = TestClient(Held(per_minute=3, cookie_secret="a").app)
    statuses = [client.get("/api/v1/trucks").status_code for _ in range(5)]
    assert statuses == [401] * 3 + [429] * 2
    assert sum(record.name == "truckkit.audit" for record in caplog.records) == 3


def test_a_network_of_ipv6_is_one_client() -> None:
    rates = Rates(1, clock=lambda: 0.0)
    assert rates.wait_s({"client": ("2001:db8::1", 1)}) == 0
    assert rates.wait_s({"client": ("2001:db8::2%eth0", 1)}) > 0
    assert rates.wait_s({"client": ("2001:db8:0:1::1", 1)}) == 0
    assert rates.wait_s({"client": (":::", 1)}) == rates.wait_s({"client": None}) == 0


@given(st.integers(1, 50), st.lists(st.floats(0, 100), min_size=1, max_size=200))
def test_no_minute_holds_more_than_twice_what_is_allowed_and_who_comes_back_in_time_is_let_in(
    per_minute: int, apart: list[float]
) -> None:
    """A full bucket, and what fills it again within the minute."""
    now = [0.0]
    rates = Rates(per_minute, clock=lambda: now[0])
    let_in = []
    for gap in apart:
        now[0] += gap
        wait = rates.wait_s({"client": ("10.0.0.7", 1)})
        if wait:
            now[0] += wait
            assert rates.wait_s({"client": ("10.0.0.7", 1)}) == 0
        let_in.append(now[0])
    for first in let_in:
        assert sum(first <= at < first + 60 for at in let_in) <= 2 * per_minute + 1
