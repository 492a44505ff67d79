"""Other processes for tests: forked from one that has imported truckkit, so that each costs little."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from multiprocessing.context import ForkServerContext
from typing import Any


def context() -> ForkServerContext:
    """Where processes and their queues, events and locks come from."""
    made = multiprocessing.get_context("forkserver")
    made.set_forkserver_preload(["truckkit.ingest", "truckkit.site"])
    return made


def run(target: Callable[..., object], *arguments: Any) -> int:
    """Call a function in a process of its own; give the exit code, below 0 where a signal ended it."""
    process = context().Process(target=target, args=arguments)
    process.start()
    process.join()
    assert process.exitcode is not None
    return process.exitcode
