"""gzip and zstd, as the client accepts them: streams are packed piece by piece, in constant memory.

What is packed already, such as Parquet and Arrow with lz4, passes as it is. A packed answer is another
sequence of bytes that says the same, so its ETag is a weak one.

>>> chosen(b"gzip, zstd;q=0.5"), chosen(b"gzip, zstd"), chosen(b"identity"), chosen(b"*;q=0, br")
('gzip', 'zstd', None, None)
"""

from __future__ import annotations

import asyncio
import zlib
from functools import lru_cache
from typing import Any, Protocol

import zstandard
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_LEAST = 1_000
"""Shorter answers than this fit one packet as they are. [bytes]"""
_APART = 1 << 17
"""Longer pieces than this are packed in a thread, so that the server goes on meanwhile. [bytes]"""
_LIKED = ("zstd", "gzip")
_VARY = b"Accept-Encoding"


class _Packer(Protocol):
    def compress(self, data: bytes, /) -> bytes: ...
    def flush(self) -> bytes: ...


class Encoding:
    """Packs answers that are text, in the encoding that the client likes best."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        accepted = b",".join(value for name, value in scope["headers"] if name == b"accept-encoding")
        await self.app(scope, receive, _Answer(chosen(accepted) if accepted else None, send).send)


class _Answer:
    """One answer on its way out: its head waits for the first piece, which tells whether to pack it."""

    def __init__(self, encoding: str | None, send: Send) -> None:
        self._encoding = encoding
        self._send = send
        self._head: Message | None = None
        self._packer: _Packer | None = None

    async def send(self, message: Message) -> None:
        """Send one message of the app."""
        if message["type"] == "http.response.start":
            self._head = self._varied(message)
            if not self._encoding:
                await self._send(self._head)
                self._head = None
        elif self._head is not None:
            head, self._head = self._head, None
            await self._begin(head, message)
        elif self._packer is not None:
            await self._piece(message)
        else:
            await self._send(message)

    def _varied(self, head: Message) -> Message:
        kind, packable = _kind(head)
        if not packable:
            self._encoding = None
            if head["status"] != 304:
                return head
        if kind is None and head["status"] != 304:
            return head
        headers = head["headers"]
        vary = [value for name, value in headers if name == b"vary"]
        rest = [(name, value) for name, value in headers if name != b"vary"]
        return {**head, "headers": [*rest, (b"vary", b", ".join([*vary, _VARY]))]}

    async def _begin(self, head: Message, message: Message) -> None:
        body, more = message.get("body", b""), message.get("more_body", False)
        if not more and len(body) < _LEAST:
            await self._send(head)
            await self._send(message)
            return
        assert self._encoding is not None
        packer = _packer(self._encoding, None if more else len(body))
        headers = [
            (name, b"W/" + value if name == b"etag" and not value.startswith(b"W/") else value)
            for name, value in head["headers"]
            if name != b"content-length"
        ]
        headers.append((b"content-encoding", self._encoding.encode()))
        if more:
            self._packer = packer
            await self._send({**head, "headers": headers})
            await self._piece(message)
            return
        packed = await _packed(packer, body, last=True)
        headers.append((b"content-length", str(len(packed)).encode()))
        await self._send({**head, "headers": headers})
        await self._send({"type": "http.response.body", "body": packed})

    async def _piece(self, message: Message) -> None:
        assert self._packer is not None
        more = message.get("more_body", False)
        packed = await _packed(self._packer, message.get("body", b""), last=not more)
        # Even where nothing came out yet, the message goes on: in it the app hears that its client left.
        await self._send({"type": "http.response.body", "body": packed, "more_body": more})


@lru_cache(maxsize=256)
def chosen(accepted: bytes) -> str | None:
    """The encoding that an ``Accept-Encoding`` likes best of those that are spoken here."""
    likes: dict[str, float] = {}
    for part in accepted[:1000].decode("latin-1").lower().split(","):
        name, *parameters = (each.strip() for each in part.split(";"))
        quality = next((each[2:] for each in parameters if each.startswith("q=")), "1")
        try:
            likes[name] = float(quality)
        except ValueError:
            continue
    rest = likes.get("*", 0.0)
    liked = max(_LIKED, key=lambda name: likes.get(name, rest))
    # What is not worth more than to send it as it is, is sent as it is.
    return (
        liked if likes.get(liked, rest) > 0 and likes.get(liked, rest) >= likes.get("identity", 0) else None
    )


def _kind(head: Message) -> tuple[str | None, bool]:
    """The type of what is sent, where it is text, and whether it may be packed."""
    kind = None
    for name, value in head["headers"]:
        if name == b"content-encoding":
            return None, False
        if name == b"content-type":
            text = value.decode("latin-1").partition(";")[0].strip().lower()
            if text.startswith("text/") or text.endswith(("json", "xml", "javascript")):
                kind = text
    return kind, kind is not None and head["status"] not in (204, 206, 304)


def _packer(encoding: str, size: int | None) -> _Packer:
    if encoding == "gzip":
        return zlib.compressobj(wbits=31)
    compressor: Any = zstandard.ZstdCompressor()
    return compressor.compressobj(size=-1 if size is None else size)  # type: ignore[no-any-return]


async def _packed(packer: _Packer, piece: bytes, *, last: bool) -> bytes:
    def packed() -> bytes:
        return packer.compress(piece) + (packer.flush() if last else b"")

    return await asyncio.to_thread(packed) if len(piece) > _APART else packed()
