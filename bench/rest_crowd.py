"""A thousand clients at once, for as long as one likes, each with questions of its own.

A client keeps its connection, asks, reads the whole answer and asks again; a refusal it takes as told, and
comes back a little later. What is counted: answers by status, answers that were lost, and meanwhile how long
``/health`` takes.
"""

from __future__ import annotations

import asyncio
import random
import resource
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from rest_client import got


@dataclass
class Crowd:
    """What came of it."""

    statuses: Counter[int] = field(default_factory=Counter)
    lost: int = 0
    health_s: list[float] = field(default_factory=list)


def crowd(port: int, path: Callable[[random.Random], str], clients: int, seconds: float) -> Crowd:
    """Let so many clients ask for so many seconds."""
    wanted = clients + 200
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    found = Crowd()
    over = threading.Event()
    # From a thread of its own: the loop of a thousand clients is slow itself.
    watcher = threading.Thread(target=_health, args=(found, port, over))
    watcher.start()
    try:
        asyncio.run(_all(found, port, path, clients, seconds))
    finally:
        over.set()
        watcher.join()
    return found


async def _all(
    found: Crowd, port: int, path: Callable[[random.Random], str], clients: int, seconds: float
) -> None:
    until = time.monotonic() + seconds
    asking = [_client(found, port, path, random.Random(number), until) for number in range(clients)]
    await asyncio.gather(*asking)


async def _client(
    found: Crowd, port: int, path: Callable[[random.Random], str], chance: random.Random, until: float
) -> None:
    line: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
    # Nobody comes on the same instant as all others.
    await asyncio.sleep(chance.random())
    while time.monotonic() < until:
        try:
            line = line or await asyncio.open_connection("127.0.0.1", port)
            status = await _asked(line, path(chance))
        except (OSError, EOFError, ValueError, TimeoutError):
            found.lost += 1
            if line:
                line[1].close()
            line = None
            continue
        found.statuses[status] += 1
        if status in (429, 503):
            await asyncio.sleep(0.5 + chance.random())
    if line:
        line[1].close()


async def _asked(line: tuple[asyncio.StreamReader, asyncio.StreamWriter], path: str) -> int:
    """The status of one answer, once it is read to its end."""
    reader, writer = line
    writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    async with asyncio.timeout(60):
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        if b"\r\ncontent-length:" not in head:
            raise ValueError("an answer without its length")
        await reader.readexactly(int(head.partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0]))
    return int(head.split(None, 2)[1])


def _health(found: Crowd, port: int, over: threading.Event) -> None:
    while not over.wait(0.2):
        began = time.perf_counter()
        got(port, "/api/health")
        found.health_s.append(time.perf_counter() - began)
