"""Parts of the system that some promises need; what lacks them skips with a reason."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def missing(what: str) -> None:
    """Skip, with the reason; where system tests are required, fail instead."""
    if os.environ.get("TRUCKKIT_SYSTEM_TESTS") == "required":
        pytest.fail(f"{what}, and TRUCKKIT_SYSTEM_TESTS=required asks for it")
    pytest.skip(what)


def ran(*command: str | Path) -> str:
    """Run a command; an empty answer where it worked, else what it said."""
    try:
        done = subprocess.run([str(each) for each in command], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return f"there is no {command[0]} here"
    return (done.stderr.strip() or f"exit code {done.returncode}") if done.returncode else ""


@contextmanager
def mounted(folder: Path, *how: str | Path) -> Iterator[Path]:
    """A folder with a file system of its own."""
    folder.mkdir(exist_ok=True)
    if said := ran("mount", *how, folder):
        missing(f"nothing can be mounted here ({said})")
    try:
        yield folder
    finally:
        if said := ran("umount", folder):
            ran("umount", "-l", folder)
