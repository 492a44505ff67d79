"""How near the answers to a task have to be before their times are compared.

Resampled means and the as-of join are the same question everywhere, and have to be the same to a
hundredth of a percent. Stops, trips, cycles and time in state mean nearly the same: truckkit tells what a
truck was doing (a queue with its moving up is one standing, a drive ends where the truck spots), the peers
cut at thresholds of speed and payload, MovingPandas at a diameter. Of these, so much has to agree as
``SHARED`` says, of the time that both tell of.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

EXACT = 1e-4
SHARED = {"stops": 0.85, "trips": 0.75, "cycles": 0.9, "in_state": 0.8}
METRES = 0.2
"""How far apart the metres of all trips, and of all cycles, may be."""


def alike(task: str, ours: pa.Table, theirs: pa.Table, whose: str) -> None:
    """Refuse to go on where two answers are not the same."""
    check = _KINDS[task]
    for what, share, least in check(ours, theirs, task):
        if not share >= least:
            raise SystemExit(f"{task}: of truckkit and {whose}, {what} agree to {share:.4f}, not to {least}")


Agreement = Iterator[tuple[str, float, float]]


def _same(ours: pa.Table, theirs: pa.Table, task: str) -> Agreement:
    """Row by row, by all columns that are no figures."""
    one, other = _by_key(ours), _by_key(theirs)
    yield "the rows", len(one.keys() & other.keys()) / len(one.keys() | other.keys()), 1.0
    a, b = (np.array([each[key] for key in sorted(one)]) for each in (one, other))
    yield "the figures", 1.0 if np.allclose(a, b, rtol=EXACT, equal_nan=True) else 0.0, 1.0


def _by_key(rows: pa.Table) -> dict[tuple[str, ...], tuple[float, ...]]:
    figures = sorted(
        field.name for field in rows.schema if pa.types.is_floating(field.type) or field.name == "samples"
    )
    keys = sorted({"truck", "at", "start", "loaded"} & set(rows.column_names))
    keyed = zip(*(rows[name].cast(pa.string()).to_pylist() for name in keys), strict=True)
    told = zip(*(rows[name].to_pylist() for name in figures), strict=True)
    return dict(zip(keyed, told, strict=True))


def _overlapping(ours: pa.Table, theirs: pa.Table, task: str) -> Agreement:
    """The time in which both say that something is so, of that in which the one or the other does."""
    both = either = 0.0
    a, b = _spans(ours), _spans(theirs)
    for truck in a.keys() | b.keys():
        bounds = np.unique(np.concatenate([each.get(truck, np.empty((0, 2))).ravel() for each in (a, b)]))
        middles, lengths = (bounds[1:] + bounds[:-1]) / 2, np.diff(bounds)
        one, other = (_inside(each.get(truck, np.empty((0, 2))), middles) for each in (a, b))
        both += lengths[one & other].sum()
        either += lengths[one | other].sum()
    yield "the times", both / either, SHARED[task]
    if "driven_m" in ours.column_names:
        yield "the metres", *_near(ours, theirs, "driven_m")


def _spans(rows: pa.Table) -> dict[str, np.ndarray]:
    trucks = np.array(rows["truck"].cast(pa.string()).to_pylist())
    bounds = np.column_stack(
        [rows[name].cast(pa.timestamp("us")).cast(pa.int64()).to_numpy() for name in ("start", "stop")]
    )
    return {truck: bounds[trucks == truck] / 1e6 for truck in np.unique(trucks)}


def _inside(spans: np.ndarray, moments: np.ndarray) -> np.ndarray:
    """Which moments lie in a span; spans of one truck do not overlap."""
    spans = spans[np.argsort(spans[:, 0])]
    number = np.searchsorted(spans[:, 0], moments, side="right") - 1
    return (
        (number >= 0) & (moments < spans[np.maximum(number, 0), 1])
        if len(spans)
        else np.zeros(len(moments), bool)
    )


def _near(ours: pa.Table, theirs: pa.Table, name: str) -> tuple[float, float]:
    a, b = (np.nansum(each[name].to_numpy().astype(float)) for each in (ours, theirs))
    return min(a, b) / max(a, b), 1 - METRES


def _cycles(ours: pa.Table, theirs: pa.Table, task: str) -> Agreement:
    """How many there are, what they carried and how far."""
    few, many = sorted((ours.num_rows, theirs.num_rows))
    yield "the numbers", few / many, SHARED[task]
    a, b = (np.nanmedian(each["payload_t"].to_numpy().astype(float)) for each in (ours, theirs))
    yield "the payloads", min(a, b) / max(a, b), SHARED[task]
    for name in ("loaded_m", "empty_m"):
        yield name, *_near(ours, theirs, name)


def _minutes(ours: pa.Table, theirs: pa.Table, task: str) -> Agreement:
    """The minutes of the fleet in each state."""
    a, b = (_sums(each) for each in (ours, theirs))
    for doing in sorted(a.keys() | b.keys()):
        one, other = a.get(doing, 0.0), b.get(doing, 0.0)
        yield f'the minutes of "{doing}"', min(one, other) / max(one, other), SHARED[task]


def _sums(rows: pa.Table) -> dict[str, float]:
    told = rows.group_by("doing").aggregate([("minutes", "sum")])
    return dict(zip(told["doing"].to_pylist(), told["minutes_sum"].to_pylist(), strict=True))


_KINDS = {
    "stops": _overlapping,
    "trips": _overlapping,
    "cycles": _cycles,
    "asof": _same,
    "resample": _same,
    "in_state": _minutes,
}
