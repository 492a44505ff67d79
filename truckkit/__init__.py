"""truckkit: Jupyter-native analytics for mining haul trucks.

>>> import truckkit as tk
>>> site = tk.sample()
>>> site.truck_names
('T01', 'T02', 'T03', 'T04', 'T05', 'T06')
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

from truckkit.errors import TruckkitError
from truckkit.version import VERSION

if TYPE_CHECKING:
    from truckkit import schema as schema
    from truckkit.detecting import detect
    from truckkit.ingest import ingest
    from truckkit.sample import sample
    from truckkit.simulated import simulate
    from truckkit.site import Site
    from truckkit.site import open_site as open
    from truckkit.store.export import export
    from truckkit.views.replay import Replay
    from truckkit.views.shift import ShiftSheet
    from truckkit.views.signals import Signals
    from truckkit.views.timeline import Timeline

__version__ = VERSION

__all__ = [
    "Replay",
    "ShiftSheet",
    "Signals",
    "Site",
    "Timeline",
    "TruckkitError",
    "detect",
    "export",
    "ingest",
    "open",
    "sample",
    "simulate",
]

_LATER = {
    "Replay": ("truckkit.views.replay", "Replay"),
    "ShiftSheet": ("truckkit.views.shift", "ShiftSheet"),
    "Signals": ("truckkit.views.signals", "Signals"),
    "Site": ("truckkit.site", "Site"),
    "Timeline": ("truckkit.views.timeline", "Timeline"),
    "detect": ("truckkit.detecting", "detect"),
    "export": ("truckkit.store", "export"),
    "ingest": ("truckkit.ingest", "ingest"),
    "open": ("truckkit.site", "open_site"),
    "sample": ("truckkit.sample", "sample"),
    "simulate": ("truckkit.simulated", "simulate"),
}
"""Names that cost time to import, and where they are: the one lazy place."""


def __getattr__(name: str) -> Any:
    if name == "schema":
        return import_module("truckkit.schema")
    if name in _LATER:
        module, there = _LATER[name]
        found = globals()[name] = getattr(import_module(module), there)
        return found
    raise AttributeError(f"module 'truckkit' has no attribute {name!r}")


class _Package(ModuleType):
    """Keeps ``tk.sample`` a function once the module of the same name is imported."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _LATER and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


# Importing truckkit.sample anywhere would otherwise put the module where the function belongs.
sys.modules[__name__].__class__ = _Package


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
