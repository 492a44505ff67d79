"""Files that are sent whole: who asks for a part of one gets all of it, as RFC 9110 (14.2) allows.

The documents' files are small, and a range of what was packed on its way would be a range of nothing that
a client knows.
"""

from __future__ import annotations

from fastapi import FastAPI
from starlette.routing import Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class WholeFiles:
    """Answers a request for a part of a file, well made or not, as one for the file."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [header for header in message["headers"] if header[0] != b"accept-ranges"]
                message = {**message, "headers": headers}
            await send(message)

        asked = [header for header in scope["headers"] if header[0] not in (b"range", b"if-range")]
        await self.app({**scope, "headers": asked}, receive, answer)


def send_files_whole(app: FastAPI) -> None:
    """Let the files that are mounted in an app be sent whole."""
    for route in app.routes:
        if isinstance(route, Mount):
            route.app = WholeFiles(route.app)
