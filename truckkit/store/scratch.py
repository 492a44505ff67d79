"""Scratch space of a draft: a folder that goes away with it, or after it where its process was killed."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from pathlib import Path

_PREFIX = "truckkit-draft-"
_HELD = "held"


class Scratch:
    """A folder of its own in the system's scratch space, held for as long as it is used."""

    def __init__(self, within: Path | None = None) -> None:
        room = Path(within or tempfile.gettempdir())
        _sweep(room)
        self.folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=room))
        self._handle = os.open(self.folder / _HELD, os.O_RDWR | os.O_CREAT)
        fcntl.flock(self._handle, fcntl.LOCK_EX)

    def close(self) -> None:
        """Remove it."""
        shutil.rmtree(self.folder, ignore_errors=True)
        os.close(self._handle)


def _sweep(room: Path) -> None:
    """Remove what killed processes have left: nobody holds it."""
    for folder in room.glob(f"{_PREFIX}*"):
        try:
            handle = os.open(folder / _HELD, os.O_RDWR)
        except OSError:
            continue  # being made, being removed, or somebody else's
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        except BlockingIOError:
            pass
        finally:
            os.close(handle)
