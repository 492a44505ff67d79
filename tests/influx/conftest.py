"""One InfluxDB for all tests of a file; each test has databases of its own."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from influxd import Influxd, running

_numbers = itertools.count()


@pytest.fixture(scope="module")
def influxd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Influxd]:
    """A server that asks nobody who they are."""
    with running(tmp_path_factory.mktemp("influxd")) as server:
        yield server


@pytest.fixture
def database() -> str:
    """The name of a database that no other test uses."""
    return f"fleet{next(_numbers)}"
