"""The bridge between Tornado and ASGI, through real sockets."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application

from truckkit.api import models
from truckkit.api.asgi import App, Bridge

WAIT = 20
"""Seconds after which a test gives up; none waits that long when all is well."""


class Served:
    """A bridge behind a real port, on a loop in its own thread."""

    def __init__(self, make: Callable[[], App], prefix: str, most_body: int) -> None:
        self.make, self.prefix, self.most_body = make, prefix, most_body
        self.ready = threading.Event()
        self.thread = threading.Thread(target=lambda: asyncio.run(self.run()), daemon=True)
        self.thread.start()
        assert self.ready.wait(WAIT)

    async def run(self) -> None:
        self.loop, self.ending = asyncio.get_running_loop(), asyncio.Event()
        self.bridge = Bridge(self.make, most_body=self.most_body)
        server = HTTPServer(Application([(self.prefix + r"(?P<path>/api(?:/.*)?)", self.bridge)]))
        sockets = bind_sockets(0, "127.0.0.1")
        self.port = sockets[0].getsockname()[1]
        server.add_sockets(sockets)
        self.ready.set()
        await self.ending.wait()
        server.stop()
        await self.bridge.stop()
        await server.close_all_connections()

    def stop(self) -> None:
        if self.thread.is_alive():
            self.loop.call_soon_threadsafe(self.ending.set)
            self.thread.join(WAIT)
        assert not self.thread.is_alive()

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=WAIT)

    def raw(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=WAIT)


@contextmanager
def served(
    app: App | None = None, *, make: Any = None, prefix: str = "", most_body: int = 1000
) -> Iterator[Served]:
    server = Served(make or (lambda: app), prefix, most_body)
    try:
        yield server
    finally:
        server.stop()


def ask(server: Served, method: str, path: str, **more: Any) -> tuple[http.client.HTTPResponse, bytes]:
    connection = server.connect()
    connection.request(method, path, **more)
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response, body


def simple(status: int = 200, headers: tuple[tuple[bytes, bytes], ...] = (), body: bytes = b"ok") -> App:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        await send({"type": "http.response.start", "status": status, "headers": list(headers)})
        await send({"type": "http.response.body", "body": body})

    return app


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Says what it was asked, as JSON."""
    assert scope["type"] == "http"
    message = await receive()
    said = {
        key: value.decode("latin-1") if isinstance(value, bytes) else value
        for key, value in scope.items()
        if key not in ("headers", "state")
    }
    said["headers"] = [[name.decode("latin-1"), value.decode("latin-1")] for name, value in scope["headers"]]
    said["body"] = message["body"].decode()
    body = json.dumps(said).encode()
    length = str(len(body)).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", length)]})
    await send({"type": "http.response.body", "body": body})


def test_what_was_asked_arrives_whole():
    with served(echo) as server:
        _, body = ask(server, "POST", "/api/a%2Fb%20%C3%A9?x=1&x=2%26", body=b"hello", headers={"X-A": "1"})
    said = json.loads(body)
    assert said["type"] == "http"
    assert said["method"] == "POST"
    assert said["path"] == "/api/a/b é"
    assert said["raw_path"] == "/api/a%2Fb%20%C3%A9"
    assert said["query_string"] == "x=1&x=2%26"
    assert said["root_path"] == ""
    assert said["http_version"] == "1.1"
    assert said["scheme"] == "http"
    assert said["body"] == "hello"
    assert ["x-a", "1"] in said["headers"]
    assert said["client"][0] == "127.0.0.1"
    assert said["server"] == ["127.0.0.1", server.port]


def test_the_prefix_of_the_server_is_the_root_path():
    with served(echo, prefix="/mine/api") as server:
        _, body = ask(server, "GET", "/mine/api/api/api/v1")
    said = json.loads(body)
    assert (said["root_path"], said["path"]) == ("/mine/api", "/mine/api/api/api/v1")


def test_a_connection_is_kept_alive_over_many_requests():
    with served(echo) as server:
        connection = server.connect()
        connection.connect()
        first = connection.sock
        for number in range(5):
            connection.request("POST" if number % 2 else "GET", f"/api/{number}", body=b"x" * number)
            response = connection.getresponse()
            assert json.loads(response.read())["path"] == f"/api/{number}"
            assert connection.sock is first
        connection.close()


def test_requests_sent_ahead_are_answered_in_order():
    with served(echo) as server, server.raw() as client:
        request = "GET /api/{} HTTP/1.1\r\nHost: h\r\n\r\n"
        last = "GET /api/last HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
        client.sendall((request.format(1) + request.format(2) + last).encode())
        heard = read_all(client)
    assert [heard.find(path) for path in (b'"/api/1"', b'"/api/2"', b'"/api/last"')] == sorted(
        heard.find(path) for path in (b'"/api/1"', b'"/api/2"', b'"/api/last"')
    )
    assert heard.count(b"HTTP/1.1 200 OK") == 3


def read_all(client: socket.socket) -> bytes:
    heard = b""
    while chunk := client.recv(65536):
        heard += chunk
    return heard


def test_head_has_the_headers_of_get_and_no_body():
    with served(simple(headers=((b"content-length", b"2"),))) as server:
        connection = server.connect()
        for method in ("HEAD", "GET", "HEAD"):
            connection.request(method, "/api/x")
            response = connection.getresponse()
            assert response.getheader("content-length") == "2"
            assert response.read() == (b"ok" if method == "GET" else b"")
        connection.close()


def test_any_method_reaches_the_app():
    with served(echo) as server:
        for method in ("OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "BREW"):
            _, body = ask(server, method, "/api/x")
            assert json.loads(body)["method"] == method


def test_an_answer_that_has_no_body_has_none():
    with served(simple(status=304, headers=((b"etag", b'"a"'),), body=b"")) as server:
        connection = server.connect()
        for _ in range(2):
            connection.request("GET", "/api/x")
            response = connection.getresponse()
            assert (response.status, response.getheader("etag"), response.read()) == (304, '"a"', b"")
        connection.close()


def test_headers_said_twice_are_sent_twice():
    with served(simple(headers=((b"link", b"<a>"), (b"link", b"<b>"), (b"content-length", b"2")))) as server:
        response, _ = ask(server, "GET", "/api/x")
    assert response.headers.get_all("Link") == ["<a>", "<b>"]
    assert response.headers["Date"]


def test_a_body_over_the_limit_is_answered_413():
    with served(echo) as server:
        response, body = ask(server, "POST", "/api/x", body=b"x" * 1001)
        assert response.status == 413
        assert response.getheader("content-type") == "application/problem+json"
        assert json.loads(body)["status"] == 413
        response, _ = ask(server, "POST", "/api/x", body=b"x" * 1000)
        assert response.status == 200


def test_a_body_over_the_limit_hears_so_in_a_sentence():
    with served(echo, most_body=1000) as server:
        response, body = ask(server, "POST", "/api/v1/x", body=b"x" * 1001)
    told = models.Problem.model_validate_json(body)
    assert (response.status, told.status, told.instance) == (413, 413, "/api/v1/x")
    assert "longer than 1,000 bytes" in told.detail


def test_a_large_body_over_the_limit_hears_413_before_the_line_goes_dead():
    with served(echo, most_body=200_000) as server:
        response, _ = ask(server, "POST", "/api/x", body=b"x" * 10_000_000)
    assert response.status == 413


def test_a_chunked_body_over_the_limit_is_answered_413():
    with served(echo) as server:
        response, _ = ask(server, "POST", "/api/x", body=iter([b"x" * 600] * 3), encode_chunked=True)
        assert response.status == 413
        response, body = ask(server, "POST", "/api/x", body=iter([b"x" * 400] * 2), encode_chunked=True)
        assert json.loads(body)["body"] == "x" * 800


def test_a_client_that_asks_first_is_told_413_and_nothing_else():
    with served(echo) as server, server.raw() as client:
        client.sendall(
            b"POST /api/x HTTP/1.1\r\nHost: h\r\nContent-Length: 5000\r\nExpect: 100-continue\r\n\r\n"
        )
        heard = read_all(client)
    assert heard.startswith(b"HTTP/1.1 413")
    assert b"100" not in heard.split(b"\r\n")[0]
    assert heard.count(b"HTTP/1.1") == 1


def test_an_endless_body_is_cut_off():
    with served(echo, most_body=1000) as server, server.raw() as client:
        client.sendall(b"POST /api/x HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999999999\r\n\r\n")
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            client.sendall(b"x" * 100_000_000)


@pytest.mark.parametrize("length", ["-1", "1e3", "²", "ten"])
def test_an_unreadable_length_is_a_bad_request(length):
    with served(echo) as server, server.raw() as client:
        client.sendall(
            f"POST /api/x HTTP/1.1\r\nHost: h\r\nContent-Length: {length}\r\n\r\n".encode("latin-1")
        )
        assert read_all(client).startswith(b"HTTP/1.1 400")


def test_a_stream_waits_for_its_reader():
    made = 0
    chunk = b"x" * 65536
    chunks = 2000

    async def app(scope: Any, receive: Any, send: Any) -> None:
        nonlocal made
        assert scope["type"] == "http"
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(chunks):
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
            made += 1
        await send({"type": "http.response.body", "body": b""})

    with served(app) as server:
        connection = server.connect()
        connection.request("GET", "/api/x")
        response = connection.getresponse()
        assert response.getheader("transfer-encoding") == "chunked"
        assert response.read(100_000) == b"x" * 100_000
        # What the sockets hold, and not the whole 131 MB, is made ahead of the reader.
        assert made < chunks / 2
        assert len(response.read()) == chunks * len(chunk) - 100_000
        assert made == chunks
        connection.close()


def test_a_stream_that_breaks_looks_broken():
    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})
        raise ValueError("the source failed")

    with served(app) as server:
        connection = server.connect()
        connection.request("GET", "/api/x")
        response = connection.getresponse()
        with pytest.raises(http.client.IncompleteRead):
            response.read()
        connection.close()


def test_an_app_that_fails_before_its_answer_gives_500():
    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise ValueError("secret")

    with served(app) as server:
        response, body = ask(server, "GET", "/api/x")
    assert response.status == 500
    assert b"secret" not in body


def test_an_app_that_fails_after_its_answer_leaves_the_answer_and_the_line_as_they_are():
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await simple()(scope, receive, send)
        raise ValueError("too late")

    with served(app) as server:
        connection = server.connect()
        connection.connect()
        first = connection.sock
        for _ in range(3):
            connection.request("GET", "/api/x")
            assert connection.getresponse().read() == b"ok"
            assert connection.sock is first
        connection.close()


def test_an_app_that_says_nothing_gives_500():
    async def app(scope: Any, receive: Any, send: Any) -> None:
        return None

    with served(app) as server:
        assert ask(server, "GET", "/api/x")[0].status == 500


def test_the_app_hears_that_its_client_left():
    heard = threading.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"x", "more_body": True})
        assert (await receive())["type"] == "http.disconnect"
        heard.set()

    with served(app) as server:
        with server.raw() as client:
            client.sendall(b"GET /api/x HTTP/1.1\r\nHost: h\r\n\r\n")
            assert client.recv(12) == b"HTTP/1.1 200"
        assert heard.wait(WAIT)


def test_a_stream_stuck_on_a_full_line_ends_when_the_client_leaves():
    ended = threading.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        try:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            gone = asyncio.ensure_future(leave(receive))
            while not gone.done():
                await send({"type": "http.response.body", "body": b"x" * 1_000_000, "more_body": True})
                await asyncio.sleep(0)
        finally:
            ended.set()

    async def leave(receive: Any) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    with served(app) as server:
        with server.raw() as client:
            client.sendall(b"GET /api/x HTTP/1.1\r\nHost: h\r\n\r\n")
            assert client.recv(1000)
        assert ended.wait(WAIT)


def test_the_app_starts_once_and_stops_with_the_server():
    said: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            said.append((await receive())["type"])
            scope["state"]["pool"] = 7
            await send({"type": "lifespan.startup.complete"})
            said.append((await receive())["type"])
            await send({"type": "lifespan.shutdown.complete"})
            return
        await simple(body=str(scope["state"]["pool"]).encode())(scope, receive, send)

    with served(app) as server:
        assert said == []
        assert [ask(server, "GET", "/api/x")[1] for _ in range(3)] == [b"7"] * 3
        assert said == ["lifespan.startup"]
    assert said == ["lifespan.startup", "lifespan.shutdown"]


def test_an_app_that_cannot_be_made_answers_503_and_is_tried_again():
    tries = iter([OSError("/secret/path"), simple()])

    def make() -> App:
        got = next(tries)
        if isinstance(got, Exception):
            raise got
        return got

    with served(make=make) as server:
        response, body = ask(server, "GET", "/api/x")
        assert response.status == 503
        assert b"secret" not in body
        assert ask(server, "GET", "/api/x")[0].status == 200


def test_an_app_that_fails_to_start_answers_503():
    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "lifespan"
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "no pool"})

    with served(app) as server:
        assert ask(server, "GET", "/api/x")[0].status == 503


def test_answers_that_run_when_the_server_stops_are_cut_off():
    begun, ended = threading.Event(), threading.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    with served(app) as server, server.raw() as client:
        client.sendall(b"GET /api/x HTTP/1.1\r\nHost: h\r\n\r\n")
        assert begun.wait(WAIT)
        server.stop()
        assert ended.is_set()


def test_forty_clients_at_once_each_hear_their_own_answer():
    heard: list[bool] = []

    def client(number: int) -> None:
        for turn in range(5):
            _, body = ask(server, "GET", f"/api/{number}/{turn}")
            heard.append(json.loads(body)["path"] == f"/api/{number}/{turn}")

    with served(echo) as server:
        threads = [threading.Thread(target=client, args=(number,)) for number in range(40)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(WAIT)
    assert heard == [True] * 200
