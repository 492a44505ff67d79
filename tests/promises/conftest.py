"""The promises of a store, each broken on purpose and counted.

``make test`` tries a few of each; ``make soak`` (``TRUCKKIT_SOAK=1``) tries as many as the promise says. A
seed is drawn for each run and printed with each failure; ``TRUCKKIT_SEED`` gives one again.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable

import pytest

SOAKS = os.environ.get("TRUCKKIT_SOAK", "") not in ("", "0")
SEED = int(os.environ.get("TRUCKKIT_SEED") or random.SystemRandom().randrange(1 << 32))


@pytest.fixture
def seed() -> int:
    """Where the test's chance begins; a failure prints it."""
    print(f"to see this again: TRUCKKIT_SEED={SEED}{' TRUCKKIT_SOAK=1' if SOAKS else ''}")
    return SEED


@pytest.fixture
def count() -> Callable[[int, int], int]:
    """How often to try: few times, or as often as the promise says."""
    return lambda few, promised: promised if SOAKS else few


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A soak takes as long as it takes."""
    if SOAKS:
        for item in items:
            if "promises" in item.path.parts:
                item.add_marker(pytest.mark.timeout(0))
