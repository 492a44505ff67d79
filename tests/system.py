"""Parts of the system that tests need, and that a machine may lack."""

from __future__ import annotations

import os
import shutil
import socket

import pytest


def missing(what: str) -> None:
    """Skips, with the reason; where system tests are required, fails instead."""
    if os.environ.get("TRUCKKIT_SYSTEM_TESTS") == "required":
        pytest.fail(f"{what} is not here, and TRUCKKIT_SYSTEM_TESTS=required asks for it")
    pytest.skip(f"{what} is not here")


def program(name: str, package: str) -> str:
    """The path of a program of a Debian package."""
    path = shutil.which(name)
    if path is None:
        missing(f"{name} (apt-get install {package})")
    assert path is not None
    return path


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
