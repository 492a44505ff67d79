"""A small simulated store for docs, tests and first steps, made once and kept in the user's cache."""

from __future__ import annotations

import hashlib
import os
import shutil
from functools import cache
from pathlib import Path

from platformdirs import user_cache_path

import truckkit
from truckkit.site import Site, open_site
from truckkit.sources.simulator import Plan

SMALL = Plan(trucks=6, hours=12)
"""The mine of samples and of the demo."""


def sample() -> Site:
    """A small simulated mine: 6 trucks, one shift of 12 hours, a position a second.

    The same seed gives the same mine everywhere. Its states and cycles are the truth, and stand
    there as source ``fms``.

    Returns
    -------
    Site
        Read-only, as any other.

    Examples
    --------
    >>> import truckkit as tk
    >>> tk.sample().name
    'Simulated mine'
    """
    return open_site(_folder())


@cache
def _folder() -> Path:
    folder = user_cache_path("truckkit") / f"sample-{_version()}"
    if not folder.is_dir():
        making = folder.with_name(f"{folder.name}-{os.getpid()}.part")
        shutil.rmtree(making, ignore_errors=True)
        making.parent.mkdir(parents=True, exist_ok=True)
        # Through the package, which imports what simulates and detects (0.7 s) only where a sample is made.
        truckkit.simulate(making, SMALL)
        try:
            making.rename(folder)
        except OSError:  # another process was quicker; its store is the same
            shutil.rmtree(making, ignore_errors=True)
    return folder


def _version() -> str:
    """A hash of the code that makes the sample, so that a changed simulator makes a new one."""
    package = Path(__file__).parent
    made_by = [
        package / "schema.py",
        *(package / f"{name}.py" for name in ("simulated", "sample", "truth", "detecting", "splice")),
        *package.glob("detection/*.py"),
        *package.glob("store/*.py"),
        *package.glob("sources/**/*.py"),
    ]
    digest = hashlib.sha256()
    for path in sorted(made_by):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
