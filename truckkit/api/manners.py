"""What every answer has, whoever serves it: a number, a line in the log, and a body only where one belongs.

It stands around the whole app as plain ASGI, so that streams pass through it chunk by chunk.
"""

from __future__ import annotations

import re
import secrets
import time
from typing import Any

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from truckkit.api import logs
from truckkit.api.addresses import as_asked
from truckkit.api.monitoring import Monitor
from truckkit.api.problems import problem
from truckkit.store.keys import struck_out

_NUMBER = re.compile(r"[A-Za-z0-9._-]{1,64}")
_SAFE = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-resource-policy", b"same-origin"),
]
_ANSWER = [*_SAFE, (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'; sandbox")]
# Swagger's page starts itself by a script within the page.
_PAGE = [
    *_SAFE,
    (
        b"content-security-policy",
        b"default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
        b"img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    ),
]


class _Enough(Exception):
    """A HEAD has its answer: what is still to come of the body is nobody's."""


class Manners:
    """Numbers a request, spells its path in one way, and answers HEAD as GET without the body.

    What nobody foresaw becomes a 500 that says nothing of the inside.
    """

    def __init__(self, app: ASGIApp, monitor: Monitor, pages: str) -> None:
        self.app = app
        self._monitor = monitor
        self._pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        number = _number(scope)
        method = scope["method"]
        head = method == "HEAD"
        scope = {
            **scope,
            **as_asked(scope),
            "state": {**scope.get("state", {}), "request_id": number},
            "method": "GET" if head else method,
        }
        page = scope["path"].removeprefix(scope.get("root_path", "")).startswith(self._pages)
        added = [(b"x-request-id", number.encode()), *(_PAGE if page else _ANSWER)]
        began = time.perf_counter()
        status, size = 0, 0

        async def answer(message: Message) -> None:
            nonlocal status, size
            if message["type"] == "http.response.start":
                status = message["status"]
                message = {**message, "headers": [*message.get("headers", ()), *added]}
            elif head:
                await send({"type": "http.response.body", "body": b""})
                if message.get("more_body", False):
                    raise _Enough
                return
            else:
                size += len(message.get("body", b""))
            await send(message)

        self._monitor.began()
        try:
            await self.app(scope, receive, answer)
        except _Enough:
            pass
        except Exception as fault:
            if isinstance(fault, ConnectionError) and status:
                logs.requests.warning("broken off", request_id=number, reason=str(fault))
                raise
            logs.requests.error("failed", request_id=number, exc_info=fault)
            if status:
                # Half an answer is out: only a broken line tells the client so.
                raise
            await _failed(scope)(scope, receive, answer)
        finally:
            spent_s = time.perf_counter() - began
            route = getattr(scope.get("route"), "path", None) or "none"
            self._monitor.ended(route, method, status, spent_s, size)
            logs.answered(scope, method, route, status, spent_s, size)


def _number(scope: Scope) -> str:
    """The request's number: the one that a proxy gave it, else a new one."""
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            text: Any = value.decode("latin-1")
            if _NUMBER.fullmatch(text) and struck_out(text) == text:
                return str(text)
    return secrets.token_hex(8)


def _failed(scope: Scope) -> ASGIApp:
    return problem(Request(scope), 500, "the server failed; its log says why, under this request's number.")
