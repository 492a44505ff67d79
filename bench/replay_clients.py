"""Clients that play a replay without a browser: each loads the page, opens its session over the websocket
and asks what the page asks, in Bokeh's own messages.

At first the scene, then positions and states of the moment, happenings and the picture behind the map; while
it plays the next chunks of positions as the page needs them, and every five seconds whether there is newer
data.
All run in a process of their own, so that the server's CPU is the server's.
"""

from __future__ import annotations

import asyncio
import json
import math
import multiprocessing
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any, TypeVar
from urllib.parse import urlsplit

from tornado.httpclient import AsyncHTTPClient
from tornado.websocket import WebSocketClientConnection, websocket_connect

SPEED = 60
FRESH_EVERY_S = 5.0
AHEAD_MS = 3000 * SPEED
"""How much the page holds ready ahead of its clock."""
RUN = 12
"""How many chunks the page tells the server that it will want."""

PATIENCE_S = 60.0

Answer = TypeVar("Answer")


@dataclass
class Client:
    """One session, and how long its answers took [s]."""

    url: str
    number: int
    waited: list[float] = field(default_factory=list)
    _asked: int = 0
    _waiting: dict[str, asyncio.Future[Any]] = field(default_factory=dict)

    async def enter(self) -> None:
        """Load the page, open its session, and ask for the scene."""
        page = await AsyncHTTPClient().fetch(self.url, request_timeout=PATIENCE_S)
        token = re.search(r'"token":"([^"]+)"', page.body.decode())
        assert token, "the page bears no session"
        parts = urlsplit(self.url)
        address = f"ws://{parts.netloc}{parts.path}/ws?{parts.query}"
        self.line: WebSocketClientConnection = await websocket_connect(
            address, subprotocols=["bokeh", token[1]], max_message_size=2**30
        )
        await self._message()
        self._send("PULL-DOC-REQ", {})
        content, _ = await self._message()
        (self.canvas,) = _ids(content, "ReplayCanvas")
        self._reading = asyncio.create_task(self._read())
        self.scene = await self.ask("scene")

    async def open(self) -> None:
        """Enter, and ask what else is asked before the first picture."""
        await self.enter()
        # Nobody looks at the same moment as another.
        self.chunk = (7 * self.number) % max(1, self.chunks - 8)
        await self.ask("positions", number=self.chunk)
        page = self.chunk * self.scene["chunk"] // self.scene["page"]
        await self.ask("states", number=page, source="")
        await self.ask("loads", number=page, source="")
        await self.ask("happenings", source="")
        west, south, east, north = self.scene["bounds"]
        await self.ask("backdrop", west=west, south=south, east=east, north=north, width=800, height=600)

    @property
    def chunks(self) -> int:
        return math.ceil(self.scene["length"] / self.scene["chunk"])

    async def play(self, seconds: float) -> None:
        """Ask what a page asks that plays for so long."""
        chunk = self.scene["chunk"]
        began = time.monotonic()
        # Their pages were opened at different moments.
        fresh = held = 0
        first = FRESH_EVERY_S * self.number / 8
        while (played := time.monotonic() - began) < seconds:
            if played >= first + fresh * FRESH_EVERY_S:
                fresh += 1
                await self._timed("fresh")
            at = (self.chunk + self.number / 8) * chunk + played * 1000 * SPEED
            needed = min(self.chunks - 1, int((at + max(AHEAD_MS, chunk / 2)) / chunk))
            if self.chunk + held < needed:
                held += 1
                await self._timed("positions", number=self.chunk + held, run=RUN)
            await asyncio.sleep(0.02)

    async def close(self) -> None:
        self._reading.cancel()
        self.line.close()

    async def ask(self, question: str, **more: Any) -> Any:
        """One question of the map, and its answer."""
        self._asked += 1
        id = f"{self.number}-{self._asked}"
        self._waiting[id] = asyncio.get_running_loop().create_future()
        data = _entries({**more, "ask": question, "id": id})
        event = {
            "type": "event",
            "name": "data_event",
            "values": _entries({"model": {"id": self.canvas}, "data": data}),
        }
        sent = {"kind": "MessageSent", "msg_type": "bokeh_event", "msg_data": event}
        self._send("PATCH-DOC", {"events": [sent]})
        told = await asyncio.wait_for(self._waiting[id], PATIENCE_S)
        assert "failed" not in told, told
        return told.get("body")

    async def _timed(self, question: str, **more: Any) -> None:
        began = time.perf_counter()
        await self.ask(question, **more)
        self.waited.append(time.perf_counter() - began)

    def _send(self, kind: str, content: Any) -> None:
        header = {"msgid": f"{self.number}-{time.monotonic_ns()}", "msgtype": kind}
        for part in (header, {}, content):
            self.line.write_message(json.dumps(part))

    async def _message(self) -> tuple[Any, int]:
        """The content of the next message, and how many bytes were sent beside it."""
        header, _, content = [json.loads(await self._part()) for _ in range(3)]
        beside = 0
        for _ in range(header.get("num_buffers", 0)):
            await self._part()
            beside += len(await self._part())
        return content, beside

    async def _part(self) -> str | bytes:
        part = await self.line.read_message()
        assert part is not None, "the server has ended the session"
        return part

    async def _read(self) -> None:
        while True:
            content, _ = await self._message()
            for event in content.get("events", []) if isinstance(content, dict) else []:
                if event["kind"] == "MessageSent" and event["msg_data"]["name"] == "esm_event":
                    told = _plain(event["msg_data"]["values"])["data"]
                    if told.get("id") in self._waiting:
                        self._waiting.pop(told["id"]).set_result(told)


def _entries(told: dict[str, Any]) -> dict[str, Any]:
    # Bokeh reads a bare object that has an id as a reference.
    return {"type": "map", "entries": list(told.items())}


def _plain(told: Any) -> Any:
    """A message as plain values; bytes stay what they are named by."""
    if isinstance(told, list):
        return [_plain(each) for each in told]
    if isinstance(told, dict) and told.get("type") == "map":
        return {key: _plain(each) for key, each in told.get("entries", [])}
    return told


def _ids(told: Any, kind: str) -> list[str]:
    """The models of a document that are of one kind."""
    if isinstance(told, list):
        return [found for each in told for found in _ids(each, kind)]
    if not isinstance(told, dict):
        return []
    mine = [told["id"]] if told.get("attributes", {}).get("class_name") == kind else []
    return mine + [found for each in told.values() for found in _ids(each, kind)]


def answered(url: str, ask: Callable[..., Awaitable[Answer]], *more: object) -> Answer:
    """What one client is answered, which has opened its session and asked for the scene alone."""

    async def asked() -> Answer:
        client = Client(url, 0)
        await client.enter()
        try:
            return await ask(client, *more)
        finally:
            await client.close()

    return asyncio.run(asked())


class Crowd:
    """So many clients, in a process of their own."""

    def __init__(self, url: str, clients: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._line, theirs = context.Pipe()
        self._process = context.Process(target=_run, args=(url, clients, theirs), daemon=True)

    def __enter__(self) -> Crowd:
        """Start them, and wait until each has opened its session."""
        self._process.start()
        assert self._line.poll(2 * PATIENCE_S), "the clients did not come up"
        self._line.recv()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.join(10)
        if self._process.is_alive():
            self._process.terminate()

    def play(self, seconds: float) -> None:
        """Let them play from now on."""
        self._line.send(seconds)

    def waited(self) -> list[float]:
        """How long each answer took, once all have played [s]."""
        return list(self._line.recv())


def _run(url: str, clients: int, line: Connection) -> None:
    asyncio.run(_all(url, clients, line))


async def _all(url: str, clients: int, line: Connection) -> None:
    all_of_them = [Client(url, number) for number in range(clients)]
    await asyncio.gather(*(client.open() for client in all_of_them))
    line.send("ready")
    seconds = await asyncio.to_thread(line.recv)
    await asyncio.gather(*(client.play(seconds) for client in all_of_them))
    line.send([each for client in all_of_them for each in client.waited])
    await asyncio.gather(*(client.close() for client in all_of_them))
