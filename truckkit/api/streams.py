"""Answers that are sent as their rows come, and stop when the client leaves.

What the source cannot finish is never ended: the connection closes without the last chunk, and the
client knows that it has not all.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from truckkit.store import Reading

_AGAIN_S = 0.1


class Streamed(Response):
    """Pieces of an answer, each sent when the client has taken the one before.

    Parameters
    ----------
    pieces
        What is sent. It runs in threads, one piece at a time.
    reading
        What the pieces are read from: stopped when the client leaves, closed at the end.
    """

    def __init__(
        self, pieces: Iterator[bytes], reading: Reading, media_type: str, headers: Mapping[str, str]
    ) -> None:
        super().__init__(media_type=media_type, headers=dict(headers))
        del self.headers["content-length"]
        self._pieces = pieces
        self._reading = reading

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer."""
        left = asyncio.ensure_future(_left(receive))
        left.add_done_callback(lambda _: self._reading.stop())
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            while (piece := await self._next(left)) is not None:
                if left.done():
                    return
                if piece:
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
            if not left.done():
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        except Exception:
            # To be stopped because nobody listens is no failure.
            if not left.done():
                raise
        finally:
            left.cancel()
            self._reading.stop()
            await asyncio.shield(asyncio.ensure_future(asyncio.to_thread(self.close)))

    async def _next(self, left: asyncio.Future[None]) -> bytes | None:
        step = asyncio.ensure_future(asyncio.to_thread(next, self._pieces, None))
        either: set[asyncio.Future[Any]] = {step, left}
        try:
            while not step.done():
                if left.done():
                    # DuckDB forgets to stop what has not yet begun, so it is told until the thread is back.
                    self._reading.stop()
                    await asyncio.wait([step], timeout=_AGAIN_S)
                else:
                    await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            # The cursor may not be closed beneath the thread.
            while not step.done():
                self._reading.stop()
                await asyncio.wait([step], timeout=_AGAIN_S)
            with contextlib.suppress(Exception):
                step.result()
            raise
        return step.result()

    def close(self) -> None:
        """Free what the pieces are read from; for an answer that is not sent, too."""
        with contextlib.suppress(Exception):
            self._pieces.close()  # type: ignore[attr-defined]
        self._reading.close()


async def _left(receive: Receive) -> None:
    """Wait until the client is gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
