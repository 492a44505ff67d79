"""A service on a real port of this machine, for as long as a test needs it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn


class _Server(uvicorn.Server):
    """Says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()


@contextmanager
def listening(app: Any) -> Iterator[int]:
    """The port of an app of ASGI under uvicorn on 127.0.0.1."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = _Server(uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=5))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        assert server.listening.wait(30)
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(30)


@contextmanager
def serving(app: Any) -> Iterator[str]:
    """The address of an app, such as ``http://127.0.0.1:40123``."""
    with listening(app) as port:
        yield f"http://127.0.0.1:{port}"


class Counting:
    """An app that remembers what was asked, and how many bytes were sent."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.asked: list[str] = []
        self.sent = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def counted(message: Any) -> None:
            self.sent += len(message.get("body", b""))
            await send(message)

        if scope["type"] == "http":
            query = scope["query_string"].decode()
            self.asked.append(scope["path"] + (f"?{query}" if query else ""))
        await self.app(scope, receive, counted)

    def paths(self) -> list[str]:
        """The paths that were asked for, without what followed them; and forgets them."""
        asked, self.asked = self.asked, []
        return [each.partition("?")[0].removeprefix("/api") for each in asked]
