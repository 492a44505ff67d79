"""Evidence: how likely each piece of a truck's time is in each state, from all channels that there are.

Log likelihoods, in nats, rounded: they say which signs are strong and which are weak, and are the
same for all mines. A channel that is not there says nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from truckkit.detection import decoder as model
from truckkit.detection import stops as why
from truckkit.detection.motion import MOVES, STANDS, UNSEEN
from truckkit.detection.tracks import Floats

NEAR_M = 350.0
"""A truck that stands within so much driving of its loading or dumping waits for it."""
_MOVES_UP_M = 80.0
"""From one place in a queue to the next."""
_HALT_S = 60.0
"""From here on a stop on the road is a delay."""
_MOMENT_S = 8.0
_CLOSE_M = 150.0
"""The longest way that is driven within a queue, in reverse, or from bay to bay."""
_LONG_S = 600.0
"""Nobody stands so long in the workshop for another reason."""


def evidence(pieces: NDArray[Any], stops: NDArray[Any], kinds: NDArray[np.int64], orders: Floats) -> Floats:
    """Log likelihood of each piece in each state, shape (pieces, states).

    Parameters
    ----------
    pieces, stops
        Of one truck.
    kinds
        What the site of each stop is for, an index of ``stops.KNOWN``; -1 where it is none.
    orders
        Start and stop of the truck's work orders [ms].
    """
    said = np.zeros((len(pieces), len(model.WORDS)))
    if not len(pieces):
        return said
    _payload(said, pieces)
    _moving(said, pieces, stops, kinds)
    for stop, kind, ahead in zip(stops, kinds, _ahead(stops, kinds), strict=True):
        _standing(said, pieces, stop, int(kind), ahead)
    _engine(said, pieces)
    _forced(said, pieces, orders)
    return said


def _payload(said: Floats, pieces: NDArray[Any]) -> None:
    share = pieces["share"]
    known = np.isfinite(share)
    weight = np.clip((pieces["stop"] - pieces["start"]) / 10_000, 0.2, 1.0)[known]
    full = weight * np.minimum(0.5 * (np.minimum(share[known] - 0.85, 0.0) / 0.2) ** 2, 6.0)
    empty = weight * np.minimum(0.5 * (np.maximum(share[known] - 0.05, 0.0) / 0.15) ** 2, 6.0)
    for state in model.LOADED:
        said[known, state] -= full
    for state in model.EMPTY:
        said[known, state] -= empty


def _moving(said: Floats, pieces: NDArray[Any], stops: NDArray[Any], kinds: NDArray[np.int64]) -> None:
    """Pieces in motion: how far the truck goes, and whether it goes backwards."""
    moves = pieces["kind"] == MOVES
    way = np.bincount(pieces["run"], pieces["metres"], minlength=int(pieces["run"].max()) + 1)[pieces["run"]]
    backs, forward = moves & (pieces["reverse"] == 1), moves & (pieces["reverse"] == 0)
    far = moves & (way > _CLOSE_M)
    said[np.ix_(moves, (model.LOAD, model.DUMP))] -= np.where(way[moves] < 12.0, 2.0, 9.0)[:, None]
    said[np.ix_(moves, (model.STANDBY_E, model.STANDBY_L, model.DOWN_E, model.DOWN_L))] -= 9.0
    said[np.ix_(moves, (model.DELAY_E, model.DELAY_L))] -= np.where(way[moves] < _CLOSE_M, 2.5, 9.0)[:, None]
    said[np.ix_(far, (model.QUEUE_LOAD, model.QUEUE_DUMP, model.SPOT_LOAD, model.SPOT_DUMP))] -= 7.0
    spots, others = (
        (model.SPOT_LOAD, model.SPOT_DUMP),
        (model.QUEUE_LOAD, model.QUEUE_DUMP, model.HAUL, model.RETURN),
    )
    said[np.ix_(forward, spots)] -= 3.0
    unknown = moves & (pieces["reverse"] < 0)
    said[np.ix_(unknown, spots)] -= 1.5
    # Backing up to a loader or a dump is spotting; to a parking bay it is the end of the way.
    waits = np.isin(kinds, (why.FUEL, why.PARK, why.WORKSHOP)) | np.isin(
        stops["known"], (why.FUEL, why.PARK, why.WORKSHOP)
    )
    to_rest = np.isin(pieces["run"], _runs_before(pieces, stops[waits]))
    said[np.ix_(moves & to_rest, spots)] -= 5.0
    said[np.ix_(backs, (model.DELAY_E, model.DELAY_L))] -= 4.0
    said[np.ix_(backs & ~to_rest, spots)] += 2.0
    said[np.ix_(backs & ~to_rest, others)] -= 2.0
    # Where no switch tells of reverse, coming in by turning about does.
    reach = moves & (way < why.REVERSE_M)
    came_back = np.isin(pieces["run"], _runs_before(pieces, stops[stops["backed"] == why.TURNED]))
    turned = moves & reach & ~to_rest & came_back
    said[np.ix_(turned, spots)] += 3.5
    said[np.ix_(turned & forward, spots)] += 2.0  # the switch is stuck
    said[np.ix_(turned, others)] -= 2.0
    # The last approach, from the queue to a bay that is not backed into.
    at_bay = np.isin(kinds, (why.LOAD, why.DUMP)) & (stops["backed"] == why.FORWARD)
    approach = unknown & reach & np.isin(pieces["run"], _runs_before(pieces, stops[at_bay]))
    said[np.ix_(approach, spots)] += 1.5


def _runs_before(pieces: NDArray[Any], stops: NDArray[Any]) -> NDArray[np.int64]:
    before: NDArray[np.int64] = pieces["run"][stops["first"]] - 1
    return before


def _ahead(stops: NDArray[Any], kinds: NDArray[np.int64]) -> NDArray[np.bool_]:
    """For each stop, whether a loading and whether a dumping is near ahead."""
    near = np.zeros((len(stops), 2), dtype=bool)
    for which, kind in enumerate((why.LOAD, why.DUMP)):
        target, queues = np.inf, False
        for i in range(len(stops) - 1, -1, -1):
            here = kinds[i] == kind or stops["known"][i] == kind
            step = stops["metres"][i + 1] if i + 1 < len(stops) else np.inf
            target = 0.0 if here else target + step
            near[i, which] = not here and (target < NEAR_M or (queues and step < _MOVES_UP_M))
            queues = bool(near[i, which])
    return near


def _standing(said: Floats, pieces: NDArray[Any], stop: Any, kind: int, ahead: NDArray[np.bool_]) -> None:
    low, high = int(stop["first"]), int(stop["last"]) + 1
    here, rows = said[low:high], pieces[low:high]
    lasts = (stop["stop"] - stop["start"]) / 1000.0
    known = int(stop["known"])
    weight = 1.0 / len(rows)  # a stop speaks once, however many pieces it is cut into
    long = lasts >= _HALT_S
    here[:, (model.RETURN, model.HAUL)] -= 12.0 if long else 0.5 * weight
    _queues(here, ahead, weight, bool(stop["backs"] != why.FORWARD))
    _works(here, rows, stop, kind, known, weight)
    waits = known in (why.FUEL, why.PARK) or kind in (why.FUEL, why.PARK)
    here[:, (model.DELAY_E, model.DELAY_L)] += (
        -4.0 if lasts < _MOMENT_S else 2.0 if waits else -1.0
    ) * weight
    in_workshop = known == why.WORKSHOP or (kind == why.WORKSHOP and lasts > _LONG_S)
    here[:, (model.DOWN_E, model.DOWN_L)] += 6.0 if in_workshop else -9.0


def _queues(here: Floats, ahead: NDArray[np.bool_], weight: float, turns: bool) -> None:
    for near, state in zip(ahead, (model.QUEUE_LOAD, model.QUEUE_DUMP), strict=True):
        here[:, state] += (-5.0 if not near else -1.0 if turns else 1.5) * weight


def _works(here: Floats, rows: NDArray[Any], stop: Any, kind: int, known: int, weight: float) -> None:
    """Loading, dumping, and the spotting before them."""
    scale = bool(np.isfinite(stop["gain"]))
    for which, state, spot in (
        (why.LOAD, model.LOAD, model.SPOT_LOAD),
        (why.DUMP, model.DUMP, model.SPOT_DUMP),
    ):
        odds = 0.0
        if known == which:
            odds += 4.0
        elif known >= 0:
            odds -= 5.0
        elif scale:
            odds -= 2.5
        odds += 2.0 if kind == which else (-2.0 if kind < 0 else -4.0)
        if which == why.DUMP and stop["body"] >= 0:
            odds += 3.0 if stop["body"] == 1 else -3.0
        odds += 1.0 if stop["backed"] != why.FORWARD else -0.5
        here[:, state] += odds * weight
        if stop["backs"] == why.FORWARD or known == which:
            here[:, spot] += min(odds, 1.0) * weight
        begun = _begins(rows, which)
        if begun is not None:
            here[:begun, state] -= 5.0
            here[begun:, spot] -= 5.0
    reverse = rows["reverse"] == 1
    here[np.ix_(reverse, (model.SPOT_LOAD, model.SPOT_DUMP))] += 1.5
    here[np.ix_(reverse, (model.QUEUE_LOAD, model.QUEUE_DUMP, model.RETURN, model.HAUL))] -= 1.5
    if stop["backs"] != why.FORWARD:
        _turns(here, rows, int(stop["backs"]))


def _turns(here: Floats, rows: NDArray[Any], how: int) -> None:
    """Where a truck goes into reverse: as its switch says, or else where a driver would select it."""
    spots = (model.SPOT_LOAD, model.SPOT_DUMP)
    if how == why.REVERSE:
        here[np.ix_(rows["reverse"] == 0, spots)] -= 3.0
        return
    turned = np.flatnonzero(rows["bucket"] == 3)
    first = int(turned[0]) if len(turned) else 0
    here[:first, spots] -= 3.0
    here[first:, spots] += 1.5


def _begins(rows: NDArray[Any], which: int) -> int | None:
    """The piece of a stop with which loading or dumping begins; nothing where no channel tells."""
    if which == why.DUMP and (rows["body"] == 1).any():
        return int(np.flatnonzero(rows["body"] == 1)[0])
    marked = np.flatnonzero(rows["bucket"] == (1 if which == why.LOAD else 2))
    return int(marked[0]) if len(marked) else None


def _engine(said: Floats, pieces: NDArray[Any]) -> None:
    stands = pieces["kind"] == STANDS
    off = stands & (pieces["engine"] == 0)
    standby = (model.STANDBY_E, model.STANDBY_L)
    # An engine that warms up, or runs on, for a moment makes no delay of a truck that was parked.
    moment = stands & ~off & (pieces["stop"] - pieces["start"] < _HALT_S * 1000)
    moment &= np.isin(pieces["run"], pieces["run"][off])
    said[np.ix_(stands & ~off, standby)] -= 9.0
    said[np.ix_(moment, standby)] += 10.0
    said[np.ix_(off, standby)] += 3.0
    said[np.ix_(off, (model.LOAD, model.DUMP, model.SPOT_LOAD, model.SPOT_DUMP))] -= 4.0


def _forced(said: Floats, pieces: NDArray[Any], orders: Floats) -> None:
    """Time that nobody saw, and time inside a work order, is what it is."""
    middle = (pieces["start"] + pieces["stop"]) / 2
    worked_on = np.zeros(len(pieces), dtype=bool)
    for start, stop in orders:
        worked_on |= (middle >= start) & (middle < stop)
    unseen = pieces["kind"] == UNSEEN
    down, gap = (model.DOWN_E, model.DOWN_L), (model.NO_DATA_E, model.NO_DATA_L)
    for rows, only in ((worked_on & ~unseen, down), (unseen, gap)):
        others = [state for state in range(len(model.WORDS)) if state not in only]
        said[np.ix_(rows, others)] = model.NEVER
        said[np.ix_(rows, only)] = 0.0
    said[np.ix_(~unseen, gap)] = model.NEVER
