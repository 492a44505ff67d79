"""The files of browser halves, as they lie beside the views."""

from __future__ import annotations

from importlib.resources import files


def assets(*names: str) -> str:
    """Their text, one after the other."""
    folder = files("truckkit.views")
    return "\n".join(folder.joinpath(name).read_text("utf-8") for name in names)
