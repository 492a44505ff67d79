"""Who answers the browser: worker threads off the event loop, and one bounded memory that sessions share.

An answer is made once: whoever asks for it while it is being made waits for the same one.

>>> answers = Answers(most_bytes=10)
>>> answers.get("greeting", lambda: b"hello"), answers.get("greeting", lambda: b"never asked for")
(b'hello', b'hello')
"""

from __future__ import annotations

import itertools
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

MOST_BYTES = 256 * 2**20
"""What the shared memory may hold [bytes]."""

# Positions and pictures have their own threads: nobody waits for a moment behind a slow backdrop.
QUICK = ThreadPoolExecutor(max_workers=4, thread_name_prefix="truckkit-quick")
SLOW = ThreadPoolExecutor(max_workers=2, thread_name_prefix="truckkit-slow")

Answer = TypeVar("Answer")

_serials: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()
_count = itertools.count()


def serial(thing: object) -> int:
    """A number that no other thing of this process has, now or later.

    A folder's path would not do for a store: it may be removed and another made in its place.
    """
    return _serials.setdefault(thing, next(_count))


class Answers:
    """A memory of answers, the least recently wanted of which go first."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self.most_bytes = most_bytes
        self._lock = threading.Lock()
        self._held: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._bytes = 0
        self._making: dict[Hashable, Future[Any]] = {}

    def get(self, key: Hashable, make: Callable[[], Answer], size: Callable[[Answer], int] = len) -> Answer:  # type: ignore[assignment]
        """The answer to ``key``: the one that is held, or the one that ``make`` gives now.

        Parameters
        ----------
        key
            All that the answer depends on.
        make
            Makes the answer. What it raises reaches everyone who waits, and nothing is held.
        size
            How much of the memory the answer takes [bytes].
        """
        with self._lock:
            if key in self._held:
                self._held.move_to_end(key)
                held: Answer = self._held[key][0]
                return held
            making = self._making.get(key)
            mine = making is None
            if making is None:
                making = self._making[key] = Future()
        if mine:
            try:
                answer = make()
            except BaseException as fault:
                with self._lock:
                    del self._making[key]
                making.set_exception(fault)
                raise
            with self._lock:
                del self._making[key]
                self._hold(key, answer, size(answer))
            making.set_result(answer)
        result: Answer = making.result()
        return result

    def _hold(self, key: Hashable, answer: Any, size: int) -> None:
        if size > self.most_bytes:
            return
        self._held[key] = (answer, size)
        self._bytes += size
        while self._bytes > self.most_bytes:
            _, (_, freed) = self._held.popitem(last=False)
            self._bytes -= freed

    def __len__(self) -> int:
        return len(self._held)

    @property
    def held_bytes(self) -> int:
        """What is held now [bytes]."""
        return self._bytes


SHARED = Answers()
"""The memory of this process."""
