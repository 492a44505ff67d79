"""The site that this process serves: the store that ``TRUCKKIT_STORE`` names, opened once.

>>> site({"TRUCKKIT_STORE": ""})
Traceback (most recent call last):
truckkit.errors.NoStore: no store is named, ...
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from pathlib import Path

from truckkit.errors import NoStore
from truckkit.site import Site, open_site

VARIABLE = "TRUCKKIT_STORE"
"""The environment variable that names the store's folder."""

_opened: dict[Path, Site] = {}
_lock = threading.Lock()


def site(environment: Mapping[str, str] = os.environ) -> Site:
    """The newest generation of the store that this process serves.

    Every page and every request asks anew: the folder is opened once, and the answer moves on when
    the store does. A store that does not open now may open later, so a failure is not remembered.

    Raises
    ------
    NoStore, NewerStore, DamagedStore
        The variable is missing, or the store that it names does not open.
    """
    named = folder(environment)
    with _lock:
        if named not in _opened:
            _opened[named] = open_site(named)
        # What a generation tells of itself is asked once, and kept until there is a newer one.
        _opened[named] = opened = _opened[named].session()
    return opened


def folder(environment: Mapping[str, str] = os.environ) -> Path:
    """The folder of the store that this process serves; raises ``NoStore`` where none is named."""
    named = environment.get(VARIABLE, "").strip()
    if not named:
        raise NoStore(
            "no store is named, so there is no mine to show; "
            f"start with {VARIABLE}=mine panel serve apps/*.py or truckkit serve mine."
        )
    return Path(named).expanduser().absolute()
