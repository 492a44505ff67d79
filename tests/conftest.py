"""What all tests share: the data beside the checkout, and Hypothesis without a stopwatch."""

from __future__ import annotations

import os
from pathlib import Path

import hypothesis
import pytest

ROOT = Path(__file__).parent.parent

# A slow machine is not a fault, so no example has a deadline. CI tries the same examples each time, so that a
# change is judged by what it changed; whoever works on it tries others, and finds what nobody has thought of.
hypothesis.settings.register_profile("truckkit", deadline=None, derandomize="CI" in os.environ)
hypothesis.settings.load_profile("truckkit")


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
