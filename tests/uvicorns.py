"""A real uvicorn on a free port of 127.0.0.1, in a thread, for tests of streams and of clients that leave."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

WAIT_S = 20


@contextmanager
def serving(app: Any) -> Iterator[int]:
    """Serve an app; gives its port."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(app, log_level="critical", lifespan="off", timeout_graceful_shutdown=1)
    )
    thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(WAIT_S)
        listening.close()
    assert not thread.is_alive()
