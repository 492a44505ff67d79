"""What all tests share: the data beside the checkout, and Hypothesis without a stopwatch."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import engines
import hypothesis
import pytest

ROOT = Path(__file__).parent.parent

# A slow machine is not a fault, so no example has a deadline. CI tries the same examples each time, so that a
# change is judged by what it changed; whoever works on it tries others, and finds what nobody has thought of.
hypothesis.settings.register_profile("truckkit", deadline=None, derandomize="CI" in os.environ)
hypothesis.settings.load_profile("truckkit")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--engine", choices=["duckdb", "spark"], default="duckdb", help="asked by sites of strips"
    )


def pytest_configure(config: pytest.Config) -> None:
    engines.chosen = config.getoption("--engine")
    if engines.chosen == "spark":
        hypothesis.settings.register_profile("spark", deadline=None, derandomize=True, max_examples=2)
        hypothesis.settings.load_profile("spark")
        # 2026-11-26: PySpark 4.0 leaves the socket open over which an answer came.
        config.addinivalue_line("filterwarnings", "ignore:unclosed <socket:ResourceWarning")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if engines.chosen == "duckdb":
        apart = [item for item in items if item.get_closest_marker("spark")]
        config.hook.pytest_deselected(items=apart)
        items[:] = [item for item in items if item not in apart]


@pytest.fixture(autouse=True, scope="session")
def the_engine_is_the_one_asked_for() -> None:
    """Starts Spark where it is; a machine without Java skips, or fails where system tests are required."""
    engines.started()


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The real and public data that lies beside the checkout; truckkit ships none of it."""
    folder = Path(os.environ.get("TRUCKKIT_SHARED", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(
            f"the data beside the checkout is not there: no folder {folder} (TRUCKKIT_SHARED names another)"
        )
    return folder


@pytest.fixture(autouse=True, scope="session")
def the_service_answers_test_clients() -> Iterator[None]:
    """Starlette's test client has no address, so it is of no machine; tests of access say what is open."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRUCKKIT_REST_OPEN", "1")
        yield


@pytest.fixture(autouse=True)
def nothing_is_dropped_without_a_row(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Holds every ingest of every test to its promise: rows in = kept + rejected + duplicates."""
    room = sys.modules.get("truckkit.ingest")
    publish = getattr(room, "publish", None)
    if room is None or publish is None:
        yield
        return

    def held(folder: Path, *arguments: Any, **more: Any) -> Any:
        loads = publish(folder, *arguments, **more)
        for load in (each for each in loads if not each.known):
            counts = (load.kept, load.rejected, load.duplicates, load.corrected)
            assert load.rows_in == sum(counts[:3]), counts
            assert min(counts) >= 0, counts
            assert load.corrected <= load.kept, counts
        return loads

    monkeypatch.setattr(room, "publish", held)
    yield
