"""When an ASGI app starts and stops: its lifespan, as one task.

An app that knows no lifespan is started and stopped all the same.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]
App = Callable[
    [Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]
]

# Before 2.4 an app hears from receive() that its client left, as under uvicorn.
ASGI = {"version": "3.0", "spec_version": "2.3"}

log = logging.getLogger("truckkit.api")


class Life:
    """The lifespan of an app: one task from its start to its stop, as ASGI asks."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.state: dict[str, Any] = {}
        self._events = iter(("lifespan.startup", "lifespan.shutdown"))
        self._started: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._stopping = asyncio.Event()
        self._task = asyncio.ensure_future(self._run())

    async def start(self) -> None:
        """Wait until the app is ready; what keeps it from starting is raised here."""
        await self._started

    async def stop(self) -> None:
        """Tell the app that it ends, and wait for it."""
        self._stopping.set()
        await self._task

    async def _run(self) -> None:
        try:
            await self.app({"type": "lifespan", "asgi": ASGI, "state": self.state}, self._receive, self._send)
        except Exception:
            # An app that knows no lifespan raises; ASGI says to carry on without.
            log.debug("the app's lifespan ended with an error", exc_info=True)
        if not self._started.done():
            self._started.set_result(None)

    async def _receive(self) -> Message:
        event = next(self._events)
        if event == "lifespan.shutdown":
            await self._stopping.wait()
        return {"type": event}

    async def _send(self, message: Message) -> None:
        if message["type"] == "lifespan.startup.complete":
            self._started.set_result(None)
        elif message["type"] == "lifespan.startup.failed":
            self._started.set_exception(RuntimeError(message.get("message") or "the app did not start"))
        elif message["type"] == "lifespan.shutdown.failed":
            log.error("the app did not stop cleanly: %s", message.get("message", ""))
