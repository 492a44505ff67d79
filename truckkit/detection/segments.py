"""Segments: the states that a truck's pieces were decoded to, each with its bounds and how sure it is."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from truckkit.detection import decoder as model
from truckkit.detection.tracks import Floats
from truckkit.schema import STATES

STATE = tuple(STATES)
"""The words, by the numbers that segments have for them."""

SEGMENT = np.dtype(
    [
        ("start", "f8"),
        ("stop", "f8"),
        ("state", "i8"),  # index of STATE
        ("first", "i8"),  # first of its pieces
        ("last", "i8"),
        ("site", "i8"),  # where it was, or was bound for; -1 for nowhere
        ("metres", "f8"),
        ("share", "f8"),  # of a full load, the mean
        ("elevation_m", "f8"),
        ("confidence", "f8"),
    ]
)

_NUMBERS = np.array([STATE.index(word) for word in model.WORDS])

_BUCKET_MS, _TIP_MS = 9_000.0, 3_000.0
"""From a truck in place to its first bucket, and to the body's first movement, where no channel tells."""
_MOST_OF = 0.3
"""Share of a loading or dumping that is given to the spotting before it, at the most."""


def segments(
    pieces: NDArray[Any], stops: NDArray[Any], said: Floats, path: NDArray[np.int64]
) -> NDArray[Any]:
    """One truck's states, see ``SEGMENT``; they tile the time from its first piece to its last.

    Parameters
    ----------
    pieces, stops
        Of the truck; stops with their ``site``.
    said, path
        The evidence, and the state that the decoder gave each piece.
    """
    if not len(pieces):
        return np.empty(0, SEGMENT)
    number = _NUMBERS[path]
    firsts = np.flatnonzero(np.diff(number, prepend=-1))
    lasts = np.append(firsts[1:], len(pieces)) - 1
    out = np.zeros(len(firsts), SEGMENT)
    out["first"], out["last"] = firsts, lasts
    out["start"], out["stop"] = pieces["start"][firsts], pieces["stop"][lasts]
    out["state"] = number[firsts]
    out["metres"] = np.add.reduceat(pieces["metres"], firsts)
    out["elevation_m"] = pieces["elevation_m"][lasts]
    length = pieces["stop"] - pieces["start"]
    out["share"] = _mean(pieces["share"], length, firsts)
    out["confidence"] = np.where(
        out["state"] == STATE.index("no_data"), 0.0, _mean(_sure(said, number), length, firsts)
    )
    out["site"] = _sites(out, stops)
    _begin(out, pieces)
    return out


def _mean(values: Floats, weight: Floats, firsts: NDArray[np.int64]) -> Floats:
    known = np.isfinite(values)
    weight = np.where(known, weight, 0.0)
    total = np.add.reduceat(weight, firsts)
    summed = np.add.reduceat(np.where(known, values, 0.0) * weight, firsts)
    mean: Floats = np.divide(summed, total, out=np.full(len(firsts), np.nan), where=total > 0)
    return mean


def _sure(said: Floats, number: NDArray[np.int64]) -> Floats:
    """The share of belief that a piece's own evidence gives to its state, of all states' together."""
    weight = np.exp(np.maximum(said - said.max(axis=1, keepdims=True), -50.0))
    chosen = np.where(_NUMBERS[None, :] == number[:, None], weight, 0.0)
    # A state that the model knows with and without a load counts once.
    sure: Floats = chosen.max(axis=1) / (weight.sum(axis=1) - chosen.sum(axis=1) + chosen.max(axis=1))
    return sure


def _sites(out: NDArray[Any], stops: NDArray[Any]) -> NDArray[np.int64]:
    """Where each segment was: the site of its stops, or for a queue and spotting that of the work ahead."""
    found = np.full(len(out), -1)
    holder = np.searchsorted(out["first"], stops["first"], "right") - 1
    for at, site in zip(holder, stops["site"], strict=True):
        if site >= 0 and found[at] < 0:
            found[at] = site
    ends = np.searchsorted(out["first"], stops["last"], "right") - 1
    for at, site in zip(ends, stops["site"], strict=True):
        if site >= 0:
            found[at] = site
    for work in ("load", "dump"):
        before = [STATE.index(f"queue_{work}"), STATE.index(f"spot_{work}")]
        for i in range(len(out) - 2, -1, -1):
            if out["state"][i] in before and out["state"][i + 1] in (*before, STATE.index(work)):
                found[i] = found[i + 1]
    for driven in ("haul", "return"):
        found[out["state"] == STATE.index(driven)] = -1
    return found


def _begin(out: NDArray[Any], pieces: NDArray[Any]) -> None:
    """Where no channel tells when loading or dumping began, it began a moment after the truck stood."""
    for work, mark, usual in (("load", 1, _BUCKET_MS), ("dump", 2, _TIP_MS)):
        for i in np.flatnonzero(out["state"] == STATE.index(work)):
            own = pieces[out["first"][i] : out["last"][i] + 1]
            told = (own["bucket"] == mark).any() or (work == "dump" and (own["body"] == 1).any())
            spotted = i > 0 and out["state"][i - 1] == STATE.index(f"spot_{work}")
            if spotted and not told:
                begins = out["start"][i] + min(usual, _MOST_OF * (out["stop"][i] - out["start"][i]))
                out["start"][i] = out["stop"][i - 1] = round(begins)
