"""Simulate: a seeded mine into a store, day by day, with its truth beside it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain, groupby
from operator import itemgetter
from pathlib import Path
from typing import Unpack

import ibis
import numpy as np
import pyarrow as pa

from truckkit import detecting, schema, truth
from truckkit.sources.simulator import Plan, Simulated, Wishes
from truckkit.sources.simulator import simulate as run
from truckkit.sources.simulator.records import arrow_schema
from truckkit.sources.streams import LINE
from truckkit.store import Derive, Draft, Facts, Load, publish

_MOST_STAGED = 6_000_000
"""Rows of one table that are published at once, so that memory stays bounded."""
_WORTH_PUBLISHING = _MOST_STAGED // 3
"""Days of fewer rows are published together."""


def simulate(
    store: str | Path,
    plan: Plan | None = None,
    progress: Callable[[str], None] = lambda _: None,
    *,
    detection: bool = True,
    **wishes: Unpack[Wishes],
) -> list[Load]:
    """Simulate a mine into a store, and detect what its trucks did from what they sent.

    Its states and cycles stand there as source ``fms``, as if a dispatch system that never errs had
    told them. The truth, places among it, is kept beside what was observed; see ``truckkit.truth``.
    Days are published as they are done, so that memory stays bounded.

    Parameters
    ----------
    store
        The folder; made where it is missing.
    plan
        How many trucks, hours and so on; see ``sources.simulator.Plan``.
    progress
        Told what is being done.
    detection
        False to leave it for ``detect``.
    wishes
        What to change in the plan, by keyword: ``trucks``, ``hours``, ``seed``, ``hz``, ``noise``
        (``none``, ``typical``, ``harsh``), ``channels`` (``full``, ``payload``, ``gps``), ``start``,
        ``zone``, ``name``.

    Returns
    -------
    list of Load
        One per table, or part of it: rows in = kept + rejected + duplicates.

    Examples
    --------
    >>> import truckkit as tk
    >>> tk.simulate("mine", noise="loud")
    Traceback (most recent call last):
    ...
    truckkit.errors.BadRequest: cannot simulate noise = "loud"; it is one of "none", "typical", "harsh".
    """
    plan = replace(plan or Plan(), **wishes)
    progress(f"simulating {plan.trucks} trucks over {plan.hours:g} h")
    made = run(plan)
    writing = _Writing(Path(store), plan, progress)
    for number, day in enumerate(_days(made)):
        for name, batches in day:
            writing.stage(name, batches)
        writing.day_is_done(number)
    loads = writing.finished(lambda pending: detecting.everything(pending, progress) if detection else None)
    name = _hash(repr(plan))[:12]
    if not all(load.known for load in loads) or not truth.is_kept(store, name):
        progress("keeping the truth")
        truth.keep(store, name, made)
    return loads


def _days(made: Simulated) -> Iterator[Iterator[tuple[str, Iterator[pa.RecordBatch]]]]:
    """Day after day, the batches of every table that has some."""
    tables = [(name, made.observed.dated(name)) for name in made.observed.names]
    tables += [(name, made.truth.dated(name)) for name in ("states", "cycles")]
    ahead = [(name, groupby(batches, key=itemgetter(0))) for name, batches in tables]
    while ahead:
        today = [(name, days, next(days, None)) for name, days in ahead]
        ahead = [(name, days) for name, days, found in today if found]
        yield ((name, map(itemgetter(1), found[1])) for name, _, found in today if found)


class _Writing:
    """Drafts of a store, one after the other."""

    def __init__(self, store: Path, plan: Plan, progress: Callable[[str], None]) -> None:
        self._store, self._plan, self._progress = store, plan, progress
        self._loads: list[Load] = []
        self._parts: dict[str, int] = {}
        self._draft: Draft | None = None
        self._open: dict[str, Load] = {}

    def stage(self, name: str, batches: Iterator[pa.RecordBatch]) -> None:
        """Add batches to a table."""
        while (first := next(batches, None)) is not None:
            if name in self._open and self._open[name].rows_in >= _MOST_STAGED:
                self._publish(f"part {self._parts[name]} of {name}")
            self._read(name, chain([first], batches))

    def day_is_done(self, number: int) -> None:
        """Publish, where it is worth it."""
        if sum(load.rows_in for load in self._open.values()) >= _WORTH_PUBLISHING:
            self._publish(f"day {number + 1}")

    def finished(self, derive: Derive) -> list[Load]:
        """Publish what is left, with what follows from it all; answers with all loads."""
        if self._draft or not all(load.known for load in self._loads):
            self._draft = self._draft or Draft()
            self._publish("what is left" if self._loads else "it", derive)
        return self._loads

    def _read(self, name: str, batches: Iterator[pa.RecordBatch]) -> None:
        """Stage batches, for as long as there is room."""
        load = self._load(name)
        assert self._draft is not None
        shape = arrow_schema(name).append(pa.field(LINE, pa.int64()))
        stream = pa.RecordBatchReader.from_batches(shape, _numbered(batches, load))
        rows = self._draft.read("simulated", stream, once=True)
        if load.into == "states":
            rows = rows.mutate(evidence=ibis.literal("interval"))
        self._draft.stage(schema.TABLES[load.into], rows, load)

    def _load(self, name: str) -> Load:
        if self._draft is None:
            self._draft = Draft()
            self._draft.site = Facts(self._plan.name, self._plan.zone, None, simulated=True)
        if name not in self._open:
            self._parts[name] = part = self._parts.get(name, 0) + 1
            identity = _hash(repr(self._plan), name, str(part))
            self._open[name] = self._draft.load(f"simulated {name}, part {part}", identity, "simulator", name)
        return self._open[name]

    def _publish(self, what: str, derive: Derive | None = None) -> None:
        self._progress(f"publishing {what}")
        assert self._draft is not None
        with self._draft as draft:
            self._loads += publish(self._store, draft, derive)
        self._draft, self._open = None, {}


def _numbered(batches: Iterator[pa.RecordBatch], load: Load) -> Iterator[pa.RecordBatch]:
    """Batches with the numbers of their rows, counted in their load, for as long as there is room."""
    while load.rows_in < _MOST_STAGED and (batch := next(batches, None)) is not None:
        lines = np.arange(load.rows_in + 1, load.rows_in + 1 + batch.num_rows)
        load.rows_in += batch.num_rows
        yield _emptied(batch).append_column(LINE, pa.array(lines))


def _emptied(batch: pa.RecordBatch) -> pa.RecordBatch:
    """A batch whose readings that are no number are empty; ``fault`` says which were."""
    said: dict[int, list[str]] = {}
    for index, field in enumerate(batch.schema):
        if not pa.types.is_floating(field.type) or batch.column(index).null_count:
            continue
        wrong = ~np.isfinite(batch.column(index).to_numpy())
        if wrong.any():
            values = pa.array(batch.column(index).to_numpy(), field.type, mask=wrong)
            batch = batch.set_column(index, field, values)
            for row in np.flatnonzero(wrong).tolist():
                said.setdefault(row, []).append(f"{field.name} is not a number")
    if not said:
        return batch
    faults: list[str | None] = [None] * batch.num_rows
    for row, names in said.items():
        faults[row] = "; ".join(names)
    return batch.set_column(batch.schema.get_field_index("fault"), "fault", pa.array(faults, pa.string()))


def _hash(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
