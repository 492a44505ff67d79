"""Answers that may be asked again, kept within a bound of memory.

>>> kept = Kept(most_bytes=100)
>>> for name in ("one", "two", "three"):
...     kept.put(name, Body(b"x" * 40, "text/plain", {}))
>>> kept.get("one") is None, len(kept.get("three").content)
(True, 40)
>>> kept.hits, kept.misses, kept.bytes
(1, 1, 80)
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from weakref import WeakValueDictionary

from cachetools import LRUCache

_PATIENCE_S = 5.0


@dataclass(frozen=True)
class Body:
    """An answer, encoded."""

    content: bytes
    media: str
    headers: Mapping[str, str]


class Kept:
    """The answers asked for last, by what names each of them in its generation.

    ``hits`` counts those that were found, ``misses`` those that were not.
    """

    def __init__(self, most_bytes: int) -> None:
        self._held: LRUCache[str, Body] = LRUCache(most_bytes, getsizeof=lambda body: len(body.content))
        self._lock = threading.Lock()
        self._making: WeakValueDictionary[str, threading.Lock] = WeakValueDictionary()
        self.hits = self.misses = 0

    def get(self, name: str) -> Body | None:
        """An answer, where it is still here."""
        with self._lock:
            found = self._held.get(name)
            if found is None:
                self.misses += 1
            else:
                self.hits += 1
            return found

    @property
    def bytes(self) -> int:
        """How much memory the answers take. [bytes]"""
        return int(self._held.currsize)

    @contextmanager
    def alone(self, name: str) -> Iterator[Body | None]:
        """Make an answer while nobody else makes the same; gives the one that was made in the meantime.

        When a generation is new, all ask the same at once: to make it once is to make it soon. Who has
        waited for long makes their own.
        """
        with self._lock:
            making = self._making.setdefault(name, threading.Lock())
        mine = making.acquire(timeout=_PATIENCE_S)
        try:
            with self._lock:
                found = self._held.get(name)
            yield found
        finally:
            if mine:
                making.release()

    def put(self, name: str, body: Body) -> None:
        """Keep an answer; one that is longer than half of the memory is not worth all others."""
        if 2 * len(body.content) <= self._held.maxsize:
            with self._lock:
                self._held[name] = body
