"""Carries an ASGI app inside Tornado, so that ``panel serve`` answers REST in its own process.

Tornado reads a request and routes it to the ``Bridge``; an ``Exchange`` holds that request and its
answer. Bodies are read whole, up to a limit; answers stream, each chunk waiting until the client
took the one before. Panel's next release brings a server of its own for FastAPI: then this goes.
"""

from __future__ import annotations

import asyncio
import atexit
import json
import logging
import secrets
import sys
import time
from collections.abc import Awaitable, Callable
from http.client import responses
from typing import Any
from urllib.parse import quote, unquote

from tornado.http1connection import HTTP1Connection
from tornado.httputil import (
    HTTPHeaders,
    HTTPMessageDelegate,
    HTTPServerRequest,
    ResponseStartLine,
    format_timestamp,
)
from tornado.iostream import StreamClosedError
from tornado.routing import Router

from truckkit.api.lifespan import ASGI, App, Life, Message

log = logging.getLogger("truckkit.api")


class Bridge(Router):
    """Hands the requests of a Tornado route to an ASGI app.

    The app is made at the first request, for ``panel serve --num-procs`` forks after the routes are
    named, and neither a database nor an event loop outlives a fork. If it cannot be made, the answer
    is 503 and the next request tries again.

    Parameters
    ----------
    make
        Makes the app, in a thread.
    most_body
        Longest request body [bytes]; longer ones are answered 413.
    """

    def __init__(self, make: Callable[[], App], most_body: int = 1 << 20) -> None:
        self.most_body = most_body
        self._make = make
        self._life: asyncio.Task[Life] | None = None
        self._running: set[asyncio.Task[None]] = set()

    def find_handler(self, request: HTTPServerRequest, **matched: Any) -> Exchange:
        """One exchange for one request; what the pattern names ``path`` is the app's own path."""
        return Exchange(self, request, matched.get("path_kwargs", {}).get("path"))

    async def life(self) -> Life:
        """The started app."""
        if self._life is None:
            self._life = asyncio.ensure_future(self._begin())
        return await asyncio.shield(self._life)

    async def stop(self) -> None:
        """Cut off what is still being answered, then run the app's shutdown."""
        atexit.unregister(self._at_exit)
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        if self._life is not None:
            life, self._life = await self._life, None
            await life.stop()

    def spawn(self, answer: Awaitable[None]) -> None:
        """Run one answer; asyncio alone would forget a task that nobody holds."""
        task = asyncio.ensure_future(answer)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _begin(self) -> Life:
        try:
            life = Life(await asyncio.to_thread(self._make))
            await life.start()
        except BaseException:
            self._life = None
            raise
        # Panel stops its loop and leaves: nothing else tells the app that the process ends.
        self._loop = asyncio.get_running_loop()
        atexit.register(self._at_exit)
        return life

    def _at_exit(self) -> None:
        if not self._loop.is_closed() and not self._loop.is_running():
            self._loop.run_until_complete(asyncio.wait_for(self.stop(), timeout=5))


class Exchange(HTTPMessageDelegate):
    """One request and its answer."""

    def __init__(self, bridge: Bridge, request: HTTPServerRequest, matched: bytes | None) -> None:
        assert isinstance(request.connection, HTTP1Connection)
        self._bridge = bridge
        self._request = request
        self._connection = request.connection
        self._matched = matched
        self._body = bytearray()
        self._refused = False
        self._ignored = 0
        self._told = False
        self._head: Message | None = None
        self._begun = False
        self._finished = False
        self._over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    # What Tornado reads ------------------------------------------------------------------------

    def headers_received(self, start_line: Any, headers: HTTPHeaders) -> None:
        """Refuse a body that says that it is too long."""
        # Tornado hangs up on bodies over its own limit; we count for ourselves and say so.
        self._connection.set_max_body_size(sys.maxsize)
        length = headers.get("Content-Length", "")
        if length.isdecimal() and (len(length) > 15 or int(length) > self._bridge.most_body):
            self._refuse(at_once=headers.get("Expect", "").lower() == "100-continue")

    def data_received(self, chunk: bytes) -> None:
        """Keep the body, or, once it is refused, read on until the client has heard so."""
        if self._refused:
            self._ignored += len(chunk)
            if self._ignored > 64 * self._bridge.most_body:
                self._connection.close()
        elif len(self._body) + len(chunk) > self._bridge.most_body:
            self._refuse(at_once=False)
        else:
            self._body += chunk

    def finish(self) -> None:
        """Answer, now that the request is read: Tornado hangs up where an answer ends before that."""
        if self._refused:
            self._connection.finish()
        else:
            self._connection.set_close_callback(self._leave)
            self._bridge.spawn(self._answer())

    def on_connection_close(self) -> None:
        """The client left before its request was whole."""
        self._leave()

    # What the app says -------------------------------------------------------------------------

    async def _answer(self) -> None:
        try:
            try:
                life = await self._bridge.life()
            except Exception:
                log.exception("the API could not be started")
                self._problem(503)
                return
            await life.app(self._scope(life), self._receive, self._send)
            if not self._over.done():
                raise RuntimeError("the app left its answer unfinished")
        except StreamClosedError:
            log.debug("the client left during its answer")
        except BaseException as error:
            # A stream that breaks must look broken: without its last chunk the client knows.
            if self._begun and not self._over.done():
                self._connection.close()
            elif not self._begun and not self._over.done():
                self._problem(500)
            if not isinstance(error, Exception):
                raise
            log.exception("an answer failed")
        finally:
            self._leave()

    def _scope(self, life: Life) -> Message:
        request, context = self._request, self._connection.context
        path = unquote(request.path, errors="replace")
        # Panel's --prefix stands before what the pattern matched.
        own = path if self._matched is None else self._matched.decode("utf-8", errors="replace")
        host, _, port = (request.host or "").rpartition(":")
        return {
            "type": "http",
            "asgi": ASGI,
            "http_version": request.version.removeprefix("HTTP/"),
            "method": request.method,
            "scheme": request.protocol,
            "path": path,
            "raw_path": request.path.encode("latin-1"),
            "query_string": request.query.encode("latin-1"),
            "root_path": path.removesuffix(own),
            "headers": [
                (name.lower().encode("latin-1"), value.encode("latin-1"))
                for name, value in request.headers.get_all()
            ],
            "client": (request.remote_ip, (getattr(context, "address", None) or ("", 0))[1]),
            "server": (host, int(port)) if port.isdecimal() else (request.host, None),
            "state": dict(life.state),
        }

    async def _receive(self) -> Message:
        if not self._told:
            self._told = True
            return {"type": "http.request", "body": bytes(self._body), "more_body": False}
        # asyncio.wait leaves the future alone when the app stops listening.
        await asyncio.wait({self._over})
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        if self._over.done():
            return
        if message["type"] == "http.response.start":
            self._head = message
            return
        chunk = b"" if self._request.method == "HEAD" else bytes(message.get("body", b""))
        written = self._write(chunk)
        if not message.get("more_body", False):
            self._connection.finish()
            self._leave()
        elif not written.done():
            # The next chunk waits for this one; a client that left would keep it waiting for ever.
            await asyncio.wait({written, self._over}, return_when=asyncio.FIRST_COMPLETED)

    def _write(self, chunk: bytes) -> asyncio.Future[None]:
        if self._begun:
            return self._connection.write(chunk)
        if self._head is None:
            raise RuntimeError("the app sent a body before its status")
        headers = HTTPHeaders()
        for name, value in self._head.get("headers", ()):
            headers.add(bytes(name).decode("latin-1"), bytes(value).decode("latin-1"))
        return self._open(int(self._head["status"]), headers, chunk)

    def _open(self, status: int, headers: HTTPHeaders, chunk: bytes) -> asyncio.Future[None]:
        self._begun = True
        headers.setdefault("Date", format_timestamp(time.time()))
        line = ResponseStartLine("HTTP/1.1", status, responses.get(status, "Unknown"))
        return self._connection.write_headers(line, headers, chunk)

    def _problem(self, status: int, finish: bool = True) -> None:
        title = responses.get(status, "Unknown")
        number = secrets.token_hex(8)
        log.warning("%s answered before the app saw the request %s", status, number)
        said = {
            "type": "about:blank",
            "title": title,
            "status": status,
            "detail": self._detail(status),
            "instance": quote(self._request.path, safe="/:%"),
            "request_id": number,
        }
        body = json.dumps(said).encode()
        headers = HTTPHeaders({"Content-Type": "application/problem+json", "Content-Length": str(len(body))})
        if self._refused:
            headers["Connection"] = "close"
        self._open(status, headers, b"" if self._request.method == "HEAD" else body)
        if finish:
            self._connection.finish()

    def _detail(self, status: int) -> str:
        if status == 413:
            return (
                f"the body of the request is longer than {self._bridge.most_body:,} bytes, "
                "the most that is read here; send less."
            )
        return "the service cannot answer now; the server's log says why."

    def _refuse(self, at_once: bool) -> None:
        self._refused = True
        self._problem(413, finish=at_once)

    def _leave(self) -> None:
        if not self._over.done():
            self._over.set_result(None)
