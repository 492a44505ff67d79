"""Haul cycles from states: from the start of one loading to the start of the next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truckkit.detection.scale import Scale
from truckkit.detection.segments import STATE
from truckkit.schema import CYCLE_STATES

_EMPTY = ("return", "queue_load", "spot_load")
_LOADED = ("haul", "queue_dump", "spot_dump")
_LOAD, _DUMP, _NO_DATA = (STATE.index(word) for word in ("load", "dump", "no_data"))


def haul_cycles(
    segments: NDArray[Any], scale: Scale, places: Sequence[str], loaders: Sequence[str | None]
) -> Iterator[dict[str, Any]]:
    """One truck's haul cycles, with the columns of ``schema.CYCLES`` but for truck and source.

    A cycle is complete where the truck was seen all the time from one loading through one dumping to
    the next loading. Instants are milliseconds. ``places`` and ``loaders`` are those of the sites.
    """
    loads = np.flatnonzero(segments["state"] == _LOAD)
    loads = loads[_first_of_its_load(segments, loads)]
    before = segments[: loads[0] if len(loads) else 0]
    tipped = before["site"][before["state"] == _DUMP]
    came_from = places[tipped[-1]] if len(tipped) and tipped[-1] >= 0 else None
    for this, following in pairwise([*loads, len(segments)]):
        whole = segments[this:following]
        closed = following < len(segments)
        where = _where(whole, places, loaders)
        yield {
            "start": whole["start"][0],
            "stop": whole["stop"][-1],
            "from_place": came_from,
            **where,
            "arrived_load": _arrival(segments, int(this), "load"),
            **_phases(whole),
            **_distances(whole),
            "payload_t": _payload(whole, scale),
            **_doubts(whole, closed),
        }
        came_from = where["dump_place"]


def _first_of_its_load(segments: NDArray[Any], loads: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Loading that goes on after a gap, or after a delay, is one loading."""
    first = np.ones(len(loads), dtype=bool)
    for number, (before, this) in enumerate(pairwise(loads), 1):
        between = segments["state"][before + 1 : this]
        apart = not np.isin(between, [STATE.index(word) for word in ("haul", "dump", "return")]).any()
        moved = segments["metres"][before + 1 : this].sum() > 50.0
        first[number] = not apart or moved
    return first


def _where(whole: NDArray[Any], places: Sequence[str], loaders: Sequence[str | None]) -> dict[str, Any]:
    """Where a cycle's load came from and went to, when it was full, and how far it was lifted."""
    dumps, loads = (np.flatnonzero(whole["state"] == state) for state in (_DUMP, _LOAD))
    elsewhere = np.flatnonzero(whole["state"] != _LOAD)
    site = int(whole["site"][loads[0]])
    found: dict[str, Any] = {
        "loader": loaders[site] if site >= 0 else None,
        "load_place": places[site] if site >= 0 else None,
        "full": whole["start"][elsewhere[0]] if len(elsewhere) else None,
        "dump_place": None,
    }
    if len(dumps):
        tip = int(dumps[-1])
        lift = float(whole["elevation_m"][tip] - whole["elevation_m"][loads[0]])
        found["dump_place"] = places[whole["site"][tip]] if whole["site"][tip] >= 0 else None
        found["arrived_dump"] = _arrival(whole, tip, "dump")
        found["lift_m"] = lift if np.isfinite(lift) else None
    return found


def _arrival(segments: NDArray[Any], this: int, work: str) -> float:
    """When the truck came to the queue or the spot before its work."""
    ways = [STATE.index(f"queue_{work}"), STATE.index(f"spot_{work}")]
    first = this
    while first > 0 and segments["state"][first - 1] in ways:
        first -= 1
    return float(segments["start"][first])


def _phases(whole: NDArray[Any]) -> dict[str, float]:
    minutes = (whole["stop"] - whole["start"]) / 60_000
    spent = np.bincount(whole["state"], minutes, minlength=len(STATE))
    phases = {f"{word}_min": float(spent[STATE.index(word)]) for word in CYCLE_STATES}
    return {**phases, "delay_min": float(minutes.sum() - sum(phases.values()))}


def _distances(whole: NDArray[Any]) -> dict[str, float]:
    def driven(words: Sequence[str]) -> float:
        return float(whole["metres"][np.isin(whole["state"], [STATE.index(word) for word in words])].sum())

    return {"empty_m": driven(_EMPTY), "loaded_m": driven(_LOADED)}


def _payload(whole: NDArray[Any], scale: Scale) -> float | None:
    """What the scale showed while the truck hauled, less what it shows when the truck is empty."""
    hauls = whole[(whole["state"] == STATE.index("haul")) & np.isfinite(whole["share"])]
    if not scale.works or not len(hauls):
        return None
    share = np.average(hauls["share"], weights=hauls["stop"] - hauls["start"])
    payload = float(share * (scale.full_t - scale.empty_t))
    return payload if share > 0.2 else None


def _doubts(whole: NDArray[Any], closed: bool) -> dict[str, Any]:
    dumps = int((whole["state"] == _DUMP).sum())
    unseen = (whole["stop"] - whole["start"])[whole["state"] == _NO_DATA].sum() / 1000
    why = []
    if not closed:
        why.append("the record ends before the next loading")
    if not dumps:
        why.append("no dumping was seen")
    if dumps > 1:
        why.append(f"dumped {dumps} times")
    if unseen:
        why.append(f"not observed for {unseen:.0f} s")
    return {"complete": not why, "why": "; ".join(why) or None, "overlaps": False}
