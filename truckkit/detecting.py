"""Detection over a store: which samples to look at again, and how what is found takes its place.

New samples change what happened near them. A truck's detected time is cut at loadings well before
and well after; between them it is decoded again, and the rest stays as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import ibis
import pyarrow as pa
from ibis import _

from truckkit import nearest, schema, splice
from truckkit.detection.fleet import Books, Detected, Seen, conclude, joined, look
from truckkit.detection.rows import SOURCE
from truckkit.detection.tracks import tracks
from truckkit.splice import Window
from truckkit.store import Draft, Pending, Store, publish

_TELL = ("positions", "telemetry", "maintenance", "refuels")
"""The tables that tell of what trucks did."""
_MARGIN = timedelta(hours=2)
"""Decoding starts with a loading at least so long before what is new, and ends with one after it."""
_FURTHEST = timedelta(days=1)
"""Where no loading is found, so much before and after is decoded again."""
_MOST_ROWS = 1_500_000
"""Positions of several trucks that are in memory at once, about."""
MOST_OF_ONE = 4 * _MOST_ROWS
"""And of one truck."""

MOST_TRUCKS = 5_000
"""No mine has so many: more come of a column that names something else."""

COLUMNS = {
    "positions": ("truck", "at", "x_m", "y_m", "elevation_m", "speed_kmh"),
    "telemetry": ("truck", "at", "payload_t", "fuel_pct", "reverse", "body_up", "engine_on"),
}
"""What a detection reads."""

Progress = Callable[[str], None]
Bounds = dict[str, tuple[datetime, datetime]]
"""First instant and first instant after of what is known of each truck."""


def detect(store: str | Path, progress: Progress = lambda _: None) -> None:
    """Detect places, states and haul cycles anew, from all samples of a store.

    What an earlier detection found goes; what an FMS told, and the places that were given, stay.

    Parameters
    ----------
    store
        The folder.
    progress
        Told what is being done.

    Raises
    ------
    NoStore, StoreBusy, CannotWrite
        The store is then as it was.

    Examples
    --------
    >>> import truckkit as tk
    >>> tk.detect("nowhere")
    Traceback (most recent call last):
    truckkit.errors.NoStore: there is no store at ...
    """
    Store(store)  # says at once what is wrong with it
    with Draft("400MB") as draft:
        publish(Path(store), draft, lambda pending: everything(pending, progress))


def changed(pending: Pending, progress: Progress = lambda _: None, remark: Progress = lambda _: None) -> None:
    """Detect again where a publish brings something new.

    ``remark`` is told where more trucks come at once than any mine has: their names are then no trucks'.
    """
    bounds = _bounds(pending.new, [name for name in _TELL if pending.tells(name)])
    if not bounds:
        return
    if len(bounds) > MOST_TRUCKS:
        remark(
            f"{len(bounds):,} trucks came at once, so nothing was detected of them; see whether the mapping "
            'takes "truck" from the right column, or say "truckkit detect".'
        )
        return
    progress(f"detecting what {len(bounds)} trucks did")
    windows = _windows(pending, bounds)
    found = _detected(pending, windows, pending.table("places"))
    _put(pending, "places", found.places)
    _splice(pending, windows, found)


def everything(pending: Pending, progress: Progress = lambda _: None) -> None:
    """Detect all of a store anew, places too."""
    bounds = _bounds(pending.table, _TELL)
    progress(f"detecting what {len(bounds)} trucks did")
    windows = [Window(truck, start, start, stop, stop) for truck, (start, stop) in bounds.items()]
    places = pending.table("places")
    found = _detected(pending, windows, places.filter(_.given))
    pending.remove("places", places.filter(~_.given, _.x_m.notnull()))
    for name in ("states", "cycles"):
        pending.remove(name, pending.table(name).filter(_["source"] == SOURCE))
    for name, rows in (("places", found.places), ("states", found.states), ("cycles", found.cycles)):
        _put(pending, name, rows)


def _put(pending: Pending, name: str, rows: pa.Table) -> None:
    """Store rows that no load brought."""
    pending.replace(name, rows.append_column("load_id", pa.repeat(pa.scalar(0, pa.int64()), len(rows))))


def _bounds(table: Callable[[str], ibis.Table], names: Sequence[str]) -> Bounds:
    """The stretch of time that the rows of each truck tell of."""
    told: dict[str, list[datetime]] = {}
    for name in names:
        rows, at = table(name), schema.TABLES[name].at or "start"
        last = ibis.greatest(rows[at].max(), rows[schema.TABLES[name].stop or at].max())
        found = rows.group_by("truck").aggregate(first=rows[at].min(), last=last)
        for row in found.to_pyarrow().to_pylist():
            told.setdefault(row["truck"], []).extend(each for each in (row["first"], row["last"]) if each)
    just_after = timedelta(milliseconds=1)
    return {truck: (min(ends), max(ends) + just_after) for truck, ends in sorted(told.items())}


def _windows(pending: Pending, bounds: Bounds) -> list[Window]:
    """What to decode again of each truck, and what of it to replace."""
    low, high = min(start for start, _stop in bounds.values()), max(stop for _start, stop in bounds.values())
    first, last = low - 2 * _FURTHEST, high + 2 * _FURTHEST
    cycles = pending.table("cycles", first, last).filter(
        _["source"] == SOURCE, _.truck.isin(list(bounds)), _.start > first, _.start < last
    )
    loadings: dict[str, list[datetime]] = {truck: [] for truck in bounds}
    for row in cycles.select("truck", "start").order_by("truck", "start").to_pyarrow().to_pylist():
        loadings[row["truck"]].append(row["start"])
    return [_window(truck, start, stop, loadings[truck]) for truck, (start, stop) in bounds.items()]


def _window(truck: str, low: datetime, high: datetime, loadings: Sequence[datetime]) -> Window:
    before = [at for at in loadings if low - 2 * _FURTHEST < at <= low - _MARGIN][-2:]
    after = [at for at in loadings if high + _MARGIN <= at < high + 2 * _FURTHEST][:2]
    # Beyond the bounds a little is decoded too, so that what stands at one is seen on both sides of it.
    first, start = before if len(before) == 2 else [low - _FURTHEST - _MARGIN, low - _FURTHEST]
    stop, last = after if len(after) == 2 else [high + _FURTHEST, high + _FURTHEST + _MARGIN]
    return Window(truck, first, start, stop, last)


def _splice(pending: Pending, windows: Sequence[Window], found: Detected) -> None:
    """Put what was found into the place of what was found before, so that states still tile."""
    for name in ("states", "cycles"):
        held = _held(pending, name, windows)
        gone, rows = splice.spliced(name, windows, held, getattr(found, name))
        pending.remove(name, gone)
        _put(pending, name, rows)


def _held(pending: Pending, name: str, windows: Sequence[Window]) -> pa.Table:
    """The rows near the windows, and the last before and the first after them, however long ago."""
    low = min(window.start for window in windows) - _MARGIN
    high = max(window.stop for window in windows) + _MARGIN
    rows = _own(pending.table(name, low, high))
    trucks = [window.truck for window in windows]
    near = rows.filter(rows.truck.isin(trucks), rows.stop >= low, rows.start <= high).to_pyarrow()
    starts: dict[str, list[datetime]] = {window.truck: [] for window in windows}
    for truck, start in zip(near["truck"].to_pylist(), near["start"].to_pylist(), strict=True):
        starts[truck].append(start)
    first = [window.truck for window in windows if not any(at < window.start for at in starts[window.truck])]
    last = [window.truck for window in windows if not any(at >= window.stop for at in starts[window.truck])]
    before = nearest.last_before(pending, name, _own, first, low)
    after = nearest.first_after(pending, name, _own, last, high)
    return pa.concat_tables([near.cast(before.schema), before, after])


def _own(rows: ibis.Table) -> ibis.Table:
    return rows.filter(rows["source"] == SOURCE).drop("load_id")


# Samples ----------------------------------------------------------------------------------------


def _detected(pending: Pending, windows: Sequence[Window], places: ibis.Table) -> Detected:
    return conclude(list(_seen(pending, windows)), places.to_pyarrow())


def _seen(pending: Pending, windows: Sequence[Window]) -> Iterator[Seen]:
    """What is seen of each truck, read so that no more is in memory than need be."""
    if not windows:
        return
    refuels = pending.table("refuels", *_ends(windows))
    books = Books(pending.table("maintenance").to_pyarrow(), refuels.to_pyarrow())
    for group, rows in _groups(pending, windows):
        wanted = {window.truck: window for window in group}
        seen: dict[str, list[Seen]] = {window.truck: [] for window in group}
        for low, high in pairwise(_cuts(group, rows)):
            read = [
                _within(pending.table(name, low, high), group, low, high).select(columns).to_pyarrow()
                for name, columns in COLUMNS.items()
            ]
            for track in tracks(*read):
                window = wanted[track.truck]
                seen[track.truck].append(look(track.within(window.first, window.last), books))
        yield from (joined(parts) for parts in seen.values() if parts)


def _groups(pending: Pending, windows: Sequence[Window]) -> Iterator[tuple[list[Window], int]]:
    """Trucks whose positions fit into memory together, and how many positions those are."""
    rows = _within(pending.table("positions", *_ends(windows)), windows, *_ends(windows))
    counts = rows.group_by("truck").aggregate(samples=_.count()).to_pyarrow().to_pylist()
    counted = {row["truck"]: row["samples"] for row in counts}
    group: list[Window] = []
    held = 0
    for window in windows:
        coming = counted.get(window.truck, 0)  # an FMS may tell of trucks that send no positions
        if not coming:
            continue
        if group and held + coming > _MOST_ROWS:
            yield group, held
            group, held = [], 0
        group.append(window)
        held += coming
    if group:
        yield group, held


def _cuts(group: Sequence[Window], rows: int) -> list[datetime]:
    """The bounds of the parts in which a group's time is read: one, but for a truck with years of samples."""
    first, last = _ends(group)
    parts = 1 + rows // MOST_OF_ONE
    return [first + (last - first) * part / parts for part in range(parts + 1)]


def _ends(windows: Sequence[Window]) -> tuple[datetime, datetime]:
    return min(window.first for window in windows), max(window.last for window in windows)


def _within(rows: ibis.Table, windows: Sequence[Window], low: datetime, high: datetime) -> ibis.Table:
    return rows.filter(
        rows.truck.isin([window.truck for window in windows]), rows["at"] >= low, rows["at"] < high
    )
