"""What one process may be asked to do at once: requests, those that wait for their turn, and bytes of a body.

A request holds its turn until its answer has ended, so a stream holds it for as long as it runs; a client
that leaves gives it back, as does one that no longer takes what is sent. Who comes when all turns are
taken waits; when the line is full, or moves too slowly, the answer is 503.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque

from fastapi import Request, Response
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from truckkit.api.monitoring import Monitor
from truckkit.api.problems import problem
from truckkit.api.rates import Rates, too_often
from truckkit.api.settings import Settings

AT_ONCE = ("/health", "/health/live", "/health/ready", "/metrics")
"""What waits for no turn: who watches the service has to hear how it is when it is busy."""

_MOST_SLOWED = 4096
"""So many are refused slowly at once; each costs a connection and nothing more."""


class _Busy(Exception):
    """Too many are being answered, and too many wait."""


class _Left(Exception):
    """The client left while it waited."""


class _TooLong(HTTPException):
    """More of a body came than is read; a route that reads it lets this pass, and so it is answered."""


class Limits:
    """Holds requests to the limits of ``Settings``."""

    def __init__(self, app: ASGIApp, settings: Settings, rates: Rates, monitor: Monitor, prefix: str) -> None:
        self.app = app
        self._settings = settings
        self._rates = rates
        self._monitor = monitor
        self._unhindered = frozenset(prefix + path for path in AT_ONCE)
        self._waiting = 0
        self._slow = 0
        self._turns = asyncio.Semaphore(settings.at_once)
        self._loop: asyncio.AbstractEventLoop | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        wait_s = self._rates.wait_s(scope)
        if wait_s:
            self._monitor.refused("too often")
            await too_often(Request(scope), wait_s)(scope, receive, send)
            return
        length = _length(scope)
        if length is None or length > self._settings.body_bytes:
            self._monitor.refused("body too long")
            await _too_long(Request(scope), self._settings.body_bytes)(scope, receive, send)
            return
        if length:
            receive = self._counted(receive)
        if scope["path"].removeprefix(scope.get("root_path", "")) in self._unhindered:
            await self.app(scope, receive, send)
            return
        try:
            turns, receive = await self._turn(receive)
            try:
                await self.app(scope, receive, self._taken(send))
            finally:
                turns.release()
        except _Busy:
            self._monitor.refused("too many at once")
            after = max(1, math.ceil(self._settings.wait_s / 4))
            answer = problem(
                Request(scope),
                503,
                f"the server is answering as many requests as it can; ask again in {after} s.",
                headers={"Retry-After": str(after)},
            )
            await answer(scope, receive, send)
        except _Left:
            self._monitor.refused("left while waiting")
        except _TooLong:
            self._monitor.refused("body too long")
            await _too_long(Request(scope), self._settings.body_bytes)(scope, receive, send)

    async def _turn(self, receive: Receive) -> tuple[asyncio.Semaphore, Receive]:
        """Take a turn, at once or after waiting for it; who took it releases it."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            # A test client brings a loop for each request; no waiter of one can be woken in another.
            self._loop, self._turns = loop, asyncio.Semaphore(self._settings.at_once)
        turns = self._turns
        if turns.locked():
            return turns, await self._wait(turns, receive)
        await turns.acquire()
        return turns, receive

    async def _wait(self, turns: asyncio.Semaphore, receive: Receive) -> Receive:
        """Wait for a turn, listening whether the client is still there; gives what it said meanwhile."""
        if self._waiting >= self._settings.waiting:
            await self._slowed(receive)
            raise _Busy
        self._waiting += 1
        self._monitor.waiting.inc()
        heard: deque[Message] = deque()
        turn = asyncio.ensure_future(turns.acquire())
        leaving = asyncio.ensure_future(_leaving(receive, heard))
        try:
            await asyncio.wait(
                {turn, leaving}, timeout=self._settings.wait_s, return_when=asyncio.FIRST_COMPLETED
            )
            if turn.done():
                return _said_again(heard, receive)
            if leaving.done():
                leaving.result()  # raises where the body was too long
                raise _Left
            raise _Busy
        except BaseException:
            if not turn.cancel() and not turn.cancelled():
                turns.release()  # it came at the moment of giving up
            raise
        finally:
            leaving.cancel()
            await asyncio.wait({leaving})
            self._waiting -= 1
            self._monitor.waiting.dec()

    async def _slowed(self, receive: Receive) -> None:
        """Refuse slowly: a thousand clients that ask again at once would leave no time for anything else."""
        if not self._settings.refuse_s or self._slow >= _MOST_SLOWED:
            return
        self._slow += 1
        leaving = asyncio.ensure_future(_leaving(receive, deque()))
        try:
            await asyncio.wait({leaving}, timeout=self._settings.refuse_s)
            if leaving.done():
                leaving.result()
                raise _Left
        finally:
            leaving.cancel()
            self._slow -= 1

    def _taken(self, send: Send) -> Send:
        """Sends the pieces of a stream, and breaks it off where the client takes none for too long."""
        streams = False

        async def taken(message: Message) -> None:
            nonlocal streams
            streams = streams or message.get("more_body", False)
            if not streams:
                await send(message)
                return
            try:
                async with asyncio.timeout(self._settings.take_s):
                    await send(message)
            except TimeoutError:
                self._monitor.refused("took too long")
                raise ConnectionAbortedError("the client took nothing of its answer for too long") from None

        return taken

    def _counted(self, receive: Receive) -> Receive:
        """Receives a body, up to its limit: a body that comes in chunks does not say how long it is."""
        read = 0

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > self._settings.body_bytes:
                raise _TooLong(413, _sentence(self._settings.body_bytes))
            return message

        return counted


def _length(scope: Scope) -> int | None:
    """How long the body says that it is, 1 where it comes in chunks; nothing where it is no number."""
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value) if value.isdigit() and len(value) <= 15 else None
        if name == b"transfer-encoding":
            return 1
    return 0


def _too_long(request: Request, most: int) -> Response:
    return problem(request, 413, _sentence(most))


def _sentence(most: int) -> str:
    return f"the body of the request is longer than {most:,} bytes, the most that is read here; send less."


async def _leaving(receive: Receive, heard: deque[Message]) -> None:
    """Ends when the client leaves; keeps what it says before, which is no longer than a body may be."""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        heard.append(message)


def _said_again(heard: deque[Message], receive: Receive) -> Receive:
    async def said() -> Message:
        return heard.popleft() if heard else await receive()

    return said
