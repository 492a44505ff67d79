"""Answers that are known already, given before any route is looked for.

A dashboard asks the same again and again. What it is then answered was made by a route, for the same words
and on the same generation, so that nothing of it has to be looked at once more; who asks, how often and how
many at once are held outside of this. The answers themselves are kept by ``Kept``, in its memory.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

from cachetools import LRUCache
from starlette.types import ASGIApp, Receive, Scope, Send

from truckkit.api.kept import Kept
from truckkit.errors import TruckkitError
from truckkit.site import Site
from truckkit.store import Store

Words = tuple[Any, ...]

_MOST = 10_000
"""Questions that are remembered, none longer than this many bytes."""
_LONGEST = 2_000


@dataclass(frozen=True)
class _Answer:
    store: Store
    generation: int
    tag: str
    headers: list[tuple[bytes, bytes]]
    route: Any


class Recall:
    """What was answered to which words."""

    def __init__(self, kept: Kept) -> None:
        self.kept = kept
        self._answers: MutableMapping[Words, _Answer] = LRUCache(_MOST)
        self._lock = threading.Lock()  # routes remember in threads

    def remember(self, scope: Scope, site: Site, tag: str, headers: Mapping[str, str]) -> None:
        """That these words were answered under this tag, with these headers."""
        words = _words(scope)
        # Whether another service has moved on is not known without asking it.
        if words is None or not isinstance(site.store, Store) or site.generation is None:
            return
        raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        answer = _Answer(site.store, site.generation, tag, raw, scope.get("route"))
        with self._lock:
            self._answers[words] = answer

    def find(self, scope: Scope) -> _Answer | None:
        """What these words were answered; nothing where the store has moved on."""
        words = _words(scope)
        if words is None:
            return None
        with self._lock:
            answer = self._answers.get(words)
        return answer if answer is not None and answer.store.is_at(answer.generation) else None


class Recalling:
    """Gives the answer that is known, or lets the routes find one."""

    def __init__(self, app: ASGIApp, recall: Recall, site: Callable[[], Site]) -> None:
        self.app = app
        self._recall = recall
        self._site = site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        # Nobody is answered here whom Access has not seen.
        found = self._recall.find(scope) if scope["type"] == "http" and scope["state"].get("who") else None
        if found is None or not self._is_served(found):
            await self.app(scope, receive, send)
            return
        body = None
        if not _has(scope, found.tag):
            body = self._recall.kept.get(found.tag)
            if body is None:
                await self.app(scope, receive, send)
                return
        scope["route"] = found.route
        if body is None:
            await send({"type": "http.response.start", "status": 304, "headers": found.headers})
            await send({"type": "http.response.body", "body": b""})
            return
        headers = [
            *found.headers,
            *((name.lower().encode(), value.encode("latin-1")) for name, value in body.headers.items()),
            (b"content-type", body.media.encode()),
            (b"content-length", str(len(body.content)).encode()),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body.content})

    def _is_served(self, answer: _Answer) -> bool:
        """Whether the site is still that of the answer; nothing is opened, for the store has not moved."""
        try:
            return self._site().store is answer.store
        except TruckkitError:
            return False


def _words(scope: Scope) -> Words | None:
    """All that an answer depends on beside its store; nothing where that is not to be remembered."""
    if scope["method"] != "GET":
        return None
    accepted = tuple(value for name, value in scope["headers"] if name == b"accept")
    if len(scope["path"]) + len(scope["query_string"]) + sum(map(len, accepted)) > _LONGEST:
        return None
    return (scope.get("root_path", ""), scope["path"], scope["query_string"], *accepted)


def _has(scope: Scope, tag: str) -> bool:
    """Whether the client says that it has the answer of this tag."""
    said = [value.decode("latin-1") for name, value in scope["headers"] if name == b"if-none-match"]
    return bool(said) and any(names(each, tag) for each in said)


def names(said: str, tag: str) -> bool:
    """Whether an ``If-None-Match`` names a tag; a star names any.

    >>> names('"a", W/"b"', "b"), names('"a"', "b"), names("*", "b")
    (True, False, True)
    """
    return said.strip() == "*" or f'"{tag}"' in [each.strip().removeprefix("W/") for each in said.split(",")]
