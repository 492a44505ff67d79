"""Stops: each time that a truck stood, with what tells what it stood there for."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from truckkit.detection.motion import MOVES, STANDS, UNSEEN
from truckkit.detection.tracks import Floats

STOP = np.dtype(
    [
        ("start", "f8"),
        ("stop", "f8"),
        ("first", "i8"),  # first of its pieces
        ("last", "i8"),
        ("x_m", "f8"),
        ("y_m", "f8"),
        ("elevation_m", "f8"),
        ("gain", "f8"),  # share of a full load that it came to have here; NaN where no scale tells
        ("body", "i8"),  # 1 where the body was up, 0 where not, -1 where no switch tells
        ("off", "f8"),  # share of it with the engine off; NaN where no switch tells
        ("fuel", "f8"),  # percent gained
        ("backed", "i8"),  # how the truck came to it: FORWARD, REVERSE, or TURNED
        ("backs", "i8"),  # how it left, likewise
        ("beyond", "f8"),  # 1 where it went on beyond, -1 where it went back whence it came; NaN: not seen
        ("metres", "f8"),  # driven since the stop before it
        ("rolled", "f8"),  # and for how long it moved [ms]
        ("known", "i8"),  # what it is known to be for: an index of KNOWN, -1 where nothing tells
        ("cut", "i8"),  # 1 where nobody saw it begin or end
        ("site", "i8"),  # the cluster it belongs to, -1 for none
    ]
)

FORWARD, REVERSE, TURNED = 0, 1, 2
"""Forward; in reverse, as its switch says; against the way of its coming, whatever a switch says."""

KNOWN = ("load", "dump", "fuel", "park", "workshop")
LOAD, DUMP, FUEL, PARK, WORKSHOP = range(len(KNOWN))

_MUCH = 0.3
"""Share of a full load that a truck gains or loses where it is loaded or dumps."""
_SOME = 0.08
"""Share that is enough where it came in a step that lasted."""
_FILLED = 8.0
REVERSE_M, _REVERSE_MS = 90.0, 90_000.0
"""No truck backs up further, nor for longer, to a loader or a dump."""


def stops(pieces: NDArray[Any], orders: Floats, refuels: Floats) -> NDArray[Any]:
    """The stops of one truck, see ``STOP``.

    Parameters
    ----------
    pieces
        Of one truck, see ``pieces.PIECE``.
    orders, refuels
        Start and stop of its work orders and refuellings [ms], shape (n, 2).
    """
    edges = np.flatnonzero(np.diff(pieces["run"], prepend=-1))
    ends = np.append(edges[1:], len(pieces)) - 1
    stands = pieces["kind"][edges] == STANDS
    first, last = edges[stands], ends[stands]
    found = np.zeros(len(first), STOP)
    found["first"], found["last"] = first, last
    for name in ("x_m", "y_m", "elevation_m"):
        found[name] = pieces[name][first]
    found["start"], found["stop"] = pieces["start"][first], pieces["stop"][last]
    found["known"] = found["site"] = -1
    driven = np.concatenate([[0.0], np.cumsum(pieces["metres"])])
    found["gain"] = _gain(pieces, first, last)
    found["metres"] = np.diff(driven[first], prepend=0.0)
    lasts = pieces["stop"] - pieces["start"]
    moved = np.concatenate([[0.0], np.cumsum(np.where(pieces["kind"] == MOVES, lasts, 0.0))])
    found["rolled"] = np.diff(moved[first], prepend=0.0)
    unseen = np.concatenate([[False], pieces["kind"] == UNSEEN, [False]])
    found["cut"] = unseen[first] | unseen[last + 2]
    found["beyond"] = pieces["beyond"][first]
    for stop in found:
        low, high = stop["first"], stop["last"] + 1
        up = pieces["body"][low:high]
        stop["body"] = up.max() if len(up) else -1
        engine = pieces["engine"][low:high]
        told = engine >= 0
        stop["off"] = (
            lasts[low:high][engine == 0].sum() / max(lasts[low:high][told].sum(), 1) if told.any() else np.nan
        )
        stop["fuel"] = np.nansum(np.maximum(pieces["fuel"][low:high], 0.0))
        stop["backed"], stop["backs"] = _in_reverse(pieces, low, -1), _in_reverse(pieces, high - 1, 1)
    stepped = np.array(
        [_step(pieces["bucket"][low : high + 1]) for low, high in zip(first, last, strict=True)]
    )
    found["known"] = _known(found, stepped, orders, refuels)
    return found


def _gain(pieces: NDArray[Any], first: NDArray[np.int64], last: NDArray[np.int64]) -> Floats:
    """What the scale shows more after each stop; a truck may tell of its load only when it has left."""
    inside: Floats = pieces["after"][last] - pieces["before"][first]
    gone = np.minimum(last + 1, len(pieces) - 1)
    came = np.maximum(first - 1, 0)
    moved = (pieces["kind"][gone] == MOVES) & (pieces["kind"][came] == MOVES)
    across = np.where(moved, pieces["after"][gone] - pieces["before"][first], np.nan)
    return np.where((np.abs(inside) < _SOME) & (np.abs(across) > _MUCH), across, inside)


def _in_reverse(pieces: NDArray[Any], here: int, step: int) -> int:
    """How the truck moved before a stop, or after it: by the switch, or by its turning about twice."""
    at, metres, lasted, said = here + step, 0.0, 0.0, False
    run = -1
    while 0 <= at < len(pieces) and pieces["kind"][at] == MOVES and run in (-1, pieces["run"][at]):
        run = pieces["run"][at]
        metres += pieces["metres"][at]
        lasted += pieces["stop"][at] - pieces["start"][at]
        said = said or (pieces["metres"][at] > 2.0 and pieces["reverse"][at] == 1)
        at += step
    if said:
        return REVERSE
    turned = 0 <= at < len(pieces) and pieces["kind"][at] == STANDS and pieces["back"][at] == 1
    short = metres < REVERSE_M and lasted < _REVERSE_MS
    return TURNED if turned and short and pieces["back"][here] == 1 else FORWARD


def _step(marks: NDArray[np.int64]) -> int:
    """Whether the payload stepped up (1) or down (2) in a stop."""
    return next((int(mark) for mark in marks if mark in (1, 2)), 0)


def _known(
    found: NDArray[Any], stepped: NDArray[np.int64], orders: Floats, refuels: Floats
) -> NDArray[np.int64]:
    """What channels say that each stop was for."""
    lasts = found["stop"] - found["start"]
    known = np.full(len(found), -1)
    known[(found["off"] > 0.5) & (lasts > 300_000)] = PARK
    known[found["fuel"] > _FILLED] = FUEL
    known[(found["gain"] > _MUCH) | ((found["gain"] > _SOME) & (stepped == 1))] = LOAD
    known[(found["gain"] < -_MUCH) | ((found["gain"] < -_SOME) & (stepped == 2))] = DUMP
    for kind, stretches in ((FUEL, refuels), (WORKSHOP, orders)):
        for start, stop in stretches:
            inside = np.minimum(found["stop"], stop) - np.maximum(found["start"], start)
            known[inside > 0.5 * np.minimum(lasts, stop - start)] = kind
    return known
