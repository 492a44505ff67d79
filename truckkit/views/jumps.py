"""Who jumps in a window will jump again: its positions are read in the background before the next question.

A page that plays asks ahead of itself. One that jumps waits, and waits longest where nobody has been.

>>> jumped(None, 40), jumped(40, 41), jumped(40, 400)
(False, False, True)
"""

from __future__ import annotations

import threading
import time
import weakref
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING

from truckkit import schema, times
from truckkit.errors import TruckkitError
from truckkit.store import Generation, read_ahead
from truckkit.views.chunks import columns
from truckkit.views.scene import Scene, Window

if TYPE_CHECKING:
    from truckkit.site import Site

NEAR = 12
"""So many chunks farther on is no jump: who plays fast asks for as many at once."""

PAUSE = 3
"""Times as long as it reads, the background rests: who asks meanwhile has most of the machine."""

NAME = "truckkit-ahead"
"""What its thread is called."""

_begun: weakref.WeakKeyDictionary[Generation, set[Window]] = weakref.WeakKeyDictionary()
_lock = threading.Lock()
_turn = threading.Lock()


def jumped(before: int | None, number: int) -> bool:
    """Whether a question for a chunk follows from no other."""
    return before is not None and abs(number - before) > NEAR


def foresee_jumps(site: Site, scene: Scene, at: datetime) -> None:
    """Reads the positions of a window in the background, those around a moment first; once for all."""
    generation = site.opened
    if generation is None:
        return
    with _lock:
        begun = _begun.setdefault(generation, set())
        if scene.window in begun:
            return
        begun.add(scene.window)
    threading.Thread(target=_read, args=(site, generation, scene, at), name=NAME).start()


def _read(site: Site, generation: Generation, scene: Scene, at: datetime) -> None:
    window = times.stored(scene.start), times.stored(scene.stop)
    steps = read_ahead(generation, schema.POSITIONS, columns(scene), window, times.stored(at))
    # A file that is broken is told to whoever asks for what is in it.
    with _turn, suppress(TruckkitError):
        began = time.perf_counter()
        for _step in steps:
            time.sleep(PAUSE * (time.perf_counter() - began))
            if not threading.main_thread().is_alive() or site.session().opened is not generation:
                return
            began = time.perf_counter()
