"""Who tells of the states that a view draws, and between whom one can choose.

>>> words({"fms": 57, "detected": 1})
'states from fms (57 trucks), detected (1 truck)'
>>> words({"detected": 15})
'states detected'
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from truckkit import errors, schema

if TYPE_CHECKING:
    from truckkit.site import Site

_WORDS = {"fms": "from fms", "detected": "detected"}


def words(trucks: Mapping[str, int]) -> str:
    """Who tells of the states, and of how many trucks; empty where nobody does."""
    if not trucks:
        return ""
    if len(trucks) == 1:
        return f"states {_WORDS[next(iter(trucks))]}"
    each = [f"{_WORDS[who]} ({n} {'truck' if n == 1 else 'trucks'})" for who, n in trucks.items()]
    return f"states {', '.join(each)}"


def choices(site: Site) -> list[list[str]]:
    """The sources between which one can choose, each with its words; none where one alone tells.

    An empty source is what a site starts with: the FMS, and what was detected where it tells nothing.
    """
    told = site.sources
    if len(told) < 2:
        return []
    if set(told["detected"]) <= set(told["fms"]):
        return [["FMS", ""], ["detected", "detected"]]
    return [["FMS, else detected", ""], ["FMS alone", "fms"], ["detected alone", "detected"]]


def source(said: object) -> str | None:
    """The source that a browser chose; none where it left the choice to the site."""
    if said not in ("", None, *schema.SOURCES):
        raise errors.unknown("source", str(said), schema.SOURCES, "truckkit")
    return str(said) if said else None
