"""InfluxDB: what is asked of it, and how its answers become loads, each with how far it has been read.

A truck is read on from its newest stored point, and a while before it again, for points come late. What was
read and how far is published together, so that a load that is cut off is asked for again.
"""

from __future__ import annotations

import hashlib
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as compute

from truckkit import schema
from truckkit.convert import AHEAD
from truckkit.errors import BadInput, listed
from truckkit.ingest.pace import left
from truckkit.ingest.past import Past
from truckkit.ingest.staging import PIECE, Progress, Staging, hashed
from truckkit.mapping import Kind, Mapping
from truckkit.sources import influx
from truckkit.sources.streams import LINE
from truckkit.store import Load, Pending
from truckkit.times import stored

MOST_ROWS = 4_000_000
"""So many rows are published together."""
_WINDOW, _SHORTEST, _LONGEST = timedelta(days=1), timedelta(minutes=1), timedelta(days=32)
_LONGEST_EMPTY = timedelta(days=400)
_AHEAD_ANSWERS = 12
"""So many answers are asked for ahead of the one that is worked on."""
_FEW, _MANY = 5_000, 300_000
"""A window that gives fewer rows is made longer, one that gives more is made shorter."""


@dataclass(frozen=True)
class _Series:
    """One truck's points of one measurement, from an instant on."""

    kind: Kind
    measurement: influx.Measurement
    wanted: tuple[str, ...]
    tag: str | None
    truck: str
    start: datetime

    @property
    def key(self) -> tuple[str, str]:
        """What its watermark goes by."""
        return (self.kind.section, self.truck)


Answer = tuple[_Series, pa.Table]


class _Filling:
    """A load that answers are put into."""

    def __init__(self, load: Load) -> None:
        self.load = load
        self.rows = 0
        self.read_again = 0
        """Rows that are no newer than what was stored of their truck."""
        self._waiting: list[pa.Table] = []
        self._rows_waiting = 0
        self._digest = hashlib.blake2b(digest_size=32)

    def take(self, table: pa.Table, mark: datetime | None) -> None:
        """Number an answer's rows on, and keep them until there are enough."""
        lines = pa.array(np.arange(self.rows + 1, self.rows + 1 + table.num_rows))
        self.rows += table.num_rows
        if mark is not None:
            again = compute.less_equal(table["time"], pa.scalar(mark, table["time"].type))
            self.read_again += int(compute.sum(again).as_py() or 0)
        self._waiting.append(table.append_column(LINE, lines))
        self._rows_waiting += table.num_rows

    @property
    def has_enough(self) -> bool:
        """True where what waits is worth staging."""
        return self._rows_waiting >= PIECE

    def stage(self, staging: Staging, kind: Kind) -> None:
        """Stage what waits."""
        if not self._waiting:
            return
        rows = pa.concat_tables(self._waiting).unify_dictionaries()
        self._waiting, self._rows_waiting = [], 0
        for column in rows.itercolumns():
            for chunk in column.chunks:
                for buffer in filter(None, chunk.buffers()):
                    self._digest.update(buffer)
        staging.rows(rows, kind, self.load)

    def close(self, *identity: str) -> None:
        """Say what the load is, now that it is whole."""
        self.load.rows_in = self.rows
        self.load.identity = hashed(*identity, self._digest.hexdigest())


class Reading:
    """One reading of a server, from where each truck stands to a moment."""

    def __init__(
        self,
        server: influx.Server,
        using: Mapping,
        past: Past,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        first: bool = True,
        progress: Progress = lambda _: None,
        remark: Progress = lambda _: None,
    ) -> None:
        """``first`` is false for the later readings of one run: what cannot be read is told of once."""
        self._server = server
        self._using = using
        self._now = datetime.now(UTC)
        self._until = until or self._now + AHEAD
        self._looks_ahead = first and until is None
        self._first = first
        self._since = since
        self._progress, self._remark = progress, remark
        self._past = past
        self._before = past.watermarks(server.label)
        self._marks = dict(self._before)
        self._asides: dict[str, dict[str, int]] = {}
        self._series = list(self._all_series())
        self._window = _WINDOW
        self._filled: list[_Filling] = []
        self._read = 0
        self._sizes: list[int] = []
        self._answers = self._all_answers()

    # What there is ------------------------------------------------------------------------------

    def _all_series(self) -> Iterator[_Series]:
        kinds = [kind for kind in self._using.kinds if kind.section and not kind.passed_over]
        if not kinds:
            raise BadInput(
                f'the mapping "{self._using.name}" has no [[measurement]], so it reads nothing of '
                f'"{self._server.label}"; say which measurements are what.'
            )
        found = {kind.section: self._server.measurement(kind.section) for kind in kinds}
        if not any(found.values()):
            raise BadInput(
                f'"{self._server.label}" has no measurement {listed(found)}; '
                "name a database and a mapping that fit each other."
            )
        for kind in kinds:
            measurement = found[kind.section]
            if measurement:
                yield from self._series_of(kind, measurement)
            elif self._first:
                self._remark(f'"{self._server.label}" has no measurement "{kind.section}"')

    def _series_of(self, kind: Kind, measurement: influx.Measurement) -> Iterator[_Series]:
        first = self._since or self._server.first(measurement)
        if first is None:
            return
        asked = [name for name in kind.columns if name in measurement.tags or name in measurement.fields]
        fresh = [name for name in measurement.fields if name not in {*kind.columns, *kind.ignored}]
        if self._using.evolves:
            asked += fresh
        elif fresh and self._first:
            self._asides[kind.section] = self._server.counts(measurement, fresh, first, self._until)
        if not any(name in measurement.fields for name in asked):
            asked += list(measurement.fields)[:1]
        spec = kind.tables[0].columns.get("truck")
        tag = spec.source if spec and spec.source in measurement.tags else None
        for truck in self._server.trucks(measurement, tag) if tag else [""]:
            mark = self._before.get((kind.section, truck))
            start = mark - self._using.lateness if mark and not self._since else first
            yield _Series(kind, measurement, tuple(asked), tag, truck, start)

    # What it answers ----------------------------------------------------------------------------

    def _all_answers(self) -> Iterator[Answer]:
        """Whole answers in the order of time; some are asked for while the last is worked on."""
        ahead: deque[tuple[_Series, Future[pa.Table]]] = deque()
        pool = ThreadPoolExecutor(1)
        try:
            for series, start, stop in self._questions():
                ahead.append((series, pool.submit(self._asked, series, start, stop)))
                if len(ahead) > _AHEAD_ANSWERS:
                    yield self._counted(*ahead.popleft())
            while ahead:
                yield self._counted(*ahead.popleft())
        finally:
            pool.shutdown(cancel_futures=True)

    def _questions(self) -> Iterator[tuple[_Series, datetime, datetime | None]]:
        begin = at = min((series.start for series in self._series), default=self._until)
        started = time.monotonic()
        while at < self._until:
            stop = min(at + self._window, self._until)
            self._tell(begin, at, started)
            for series in self._series:
                if series.start < stop:
                    yield series, max(at, series.start), stop
            at = stop
            self._fit()
        if self._looks_ahead:
            # A clock that is ahead must not go unseen; such points are refused, and move nothing.
            yield from ((series, self._until, None) for series in self._series)

    def _asked(self, series: _Series, start: datetime, stop: datetime | None) -> pa.Table:
        """The points of a window, asked for in halves where they are too many."""
        question = influx.Question(series.measurement, series.wanted, series.tag, series.truck, start, stop)
        try:
            return self._server.points(question)
        except influx.TooLarge:
            if stop is None or stop - start <= _SHORTEST:
                raise
            middle = start + (stop - start) / 2
            return pa.concat_tables([self._asked(series, start, middle), self._asked(series, middle, stop)])

    def _counted(self, series: _Series, answer: Future[pa.Table]) -> Answer:
        table = answer.result()
        self._read += table.num_rows
        self._sizes.append(table.num_rows)
        return series, table

    def _fit(self) -> None:
        """Make the next windows longer where answers are small, and shorter where one was large."""
        if not self._sizes:
            return  # nothing is known yet of what was asked for ahead
        most, self._sizes = max(self._sizes), []
        if most > _MANY:
            self._window = max(self._window / 2, _SHORTEST)
        elif not most:
            self._window = min(self._window * 4, _LONGEST_EMPTY)
        elif most < _FEW:
            self._window = min(self._window * 2, _LONGEST)
        else:
            self._window = min(self._window, _LONGEST)

    def _tell(self, begin: datetime, at: datetime, started: float) -> None:
        share = (at - begin) / max(min(self._until, self._now) - begin, timedelta(seconds=1))
        rest = left(time.monotonic() - started, share) if self._read else ""
        self._progress(f"reading {self._server.label} at {at:%Y-%m-%d %H:%M}: {self._read:,} points{rest}")

    # What becomes of it -------------------------------------------------------------------------

    def fill(self, staging: Staging) -> bool:
        """Stage answers, as many as are published together; false where there are no more."""
        open_: dict[str, tuple[Kind, _Filling]] = {}
        rows, more = 0, False
        for series, table in self._answers:
            if not table.num_rows:
                continue
            if series.kind.section not in open_:
                open_[series.kind.section] = (series.kind, self._begun(staging, series.kind))
            _kind, filling = open_[series.kind.section]
            filling.take(table, self._before.get(series.key))
            self._move(series, table)
            if filling.has_enough:
                filling.stage(staging, series.kind)
            rows += table.num_rows
            if rows >= MOST_ROWS:
                more = True
                break
        for kind, filling in open_.values():
            filling.stage(staging, kind)
            before = self._past.refused(filling.load.source)
            staging.draft.refused_before(schema.TABLES[filling.load.into], filling.load, before)
            filling.close(self._server.label, kind.section, self._using.text)
            filling.load.cursor = self._furthest(kind.section)
        self._filled = [filling for _kind, filling in open_.values()]
        return more

    def _begun(self, staging: Staging, kind: Kind) -> _Filling:
        load = staging.load(f"{self._server.label} ({kind.section})", kind, "")
        for name, values in self._asides.pop(kind.section, {}).items():
            if values:
                staging.draft.set_aside(load, name, values, 0, "")
        return _Filling(load)

    def _move(self, series: _Series, table: pa.Table) -> None:
        """A truck stands at its newest point, and never later than now, whatever its clock says."""
        newest = influx.instant(compute.max(table["time"]))
        held = self._marks.get(series.key)
        if newest < self._until:
            newest = min(newest, self._now)
            self._marks[series.key] = max(newest, held) if held else newest

    def _furthest(self, section: str) -> str | None:
        marks = [mark for (name, _truck), mark in self._marks.items() if name == section]
        return max(marks).isoformat(timespec="milliseconds") if marks else None

    def note(self, pending: Pending) -> None:
        """Write down how far was read, in the generation that holds what was read."""
        for filling in self._filled:
            # What was read again and is no repetition came late.
            filling.load.late = max(0, filling.read_again - filling.load.duplicates)
        moved = [
            {"source": self._server.label, "measurement": name, "truck": truck, "at": stored(mark)}
            for (name, truck), mark in self._marks.items()
            if mark != self._before.get((name, truck))
        ]
        shape = schema.WATERMARKS.schema.to_pyarrow()
        pending.replace("watermarks", pa.Table.from_pylist(moved, schema=shape))
