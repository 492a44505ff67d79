"""What every answer has, whoever serves it: a number, a line in the log, and a body only where one belongs.

It stands around the whole app as plain ASGI, so that streams pass through it chunk by chunk.
"""

from __future__ import annotations

import logging
import re
import time
import uuid
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from truckkit.api.problems import problem

log = logging.getLogger("truckkit.api")

_NUMBER = re.compile(r"[A-Za-z0-9._-]{1,64}")


class Manners:
    """Numbers a request, answers HEAD as GET without the body, and turns what nobody foresaw into 500."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        number = _number(scope)
        head = scope["method"] == "HEAD"
        scope = {
            **scope,
            "state": {**scope.get("state", {}), "request_id": number},
            "method": "GET" if head else scope["method"],
        }
        began = time.perf_counter()
        status = 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                added = [(b"x-request-id", number.encode()), (b"x-content-type-options", b"nosniff")]
                message = {**message, "headers": [*message.get("headers", ()), *added]}
            elif head:
                message = {**message, "body": b""}
            await send(message)

        try:
            await self.app(scope, receive, answer)
        except Exception as fault:
            log.error("request %s failed", number, exc_info=fault)
            if status:
                # Half an answer is out: only a broken line tells the client so.
                raise
            await _failed(scope)(scope, receive, answer)
        finally:
            spent_ms = (time.perf_counter() - began) * 1000
            # Quoted, so that no path can write a line of its own into the log.
            log.info("%s %s %s %s %.1f ms", number, scope["method"], quote(scope["path"]), status, spent_ms)


def _number(scope: Scope) -> str:
    """The request's number: the one that a proxy gave it, else a new one."""
    given: dict[bytes, Any] = dict(scope["headers"])
    text = given.get(b"x-request-id", b"").decode("latin-1")
    return text if _NUMBER.fullmatch(text) else uuid.uuid4().hex


def _failed(scope: Scope) -> ASGIApp:
    return problem(Request(scope), 500, "the server failed; its log says why, under this request's number.")
