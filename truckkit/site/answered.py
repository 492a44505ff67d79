"""What all questions share: the time asked for, what to compare with, how an answer is split and trusted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Self

import ibis

from truckkit import cycles, times
from truckkit.errors import BadRequest, BadTime, listed, told
from truckkit.metrics import coverage, grouping
from truckkit.site.narrowed import Narrowed


class Answered(Narrowed):
    """A narrowed site with what its questions are made of."""

    @property
    def asked(self) -> tuple[datetime, datetime]:
        """The time asked for: the window, or all that is known where there is none."""
        if self.start is None or self.stop is None:
            # Nothing has happened: any window holds as little.
            return datetime.fromisoformat("1970-01-01T00:00Z"), datetime.fromisoformat("1970-01-02T00:00Z")
        return self.start, self.stop

    @property
    def asked_stored(self) -> tuple[datetime, datetime]:
        """The time asked for, as tables hold it."""
        start, stop = self.asked
        return times.stored(start), times.stored(stop)

    def before(self, length: str | timedelta) -> Self:
        """The site in the time of a length, such as ``"14d"``, that ends where this one starts."""
        start, _stop = self.asked
        long = times.length(length)
        if not long:
            raise BadTime(f'"{length}" is no time to compare with; give a length such as "14d".')
        return self.between(start - long, start)

    def against(self, vs: str | timedelta | Self) -> Self:
        """What to compare with: a site, or this one in the time of a length before its window."""
        if isinstance(vs, (str, timedelta)):
            return self.before(vs)
        if not isinstance(vs, Answered):
            raise BadRequest(
                f"vs is {told(vs)}, which is nothing to compare with; "
                'give a length of time before the window, such as "14d", or a site.'
            )
        return vs

    def dumped_cycles(self) -> ibis.Table:
        """The cycles whose load was dumped in the window, with ``dumped`` and ``carried_t``."""
        if self.narrowed_to is None:
            every = cycles.dumped(self.cycles)
            return every.filter(every.dumped.notnull())
        # A cycle that stops with its dump, where the window starts, does not overlap it, and counts in it.
        since, until = self.narrowed_to
        found = cycles.dumped(self._narrowed(_window=(since - timedelta(microseconds=1), until)).cycles)
        start, stop = (times.stored(bound) for bound in self.narrowed_to)
        return found.filter(found.dumped >= start, found.dumped < stop)

    def split(self, rows: ibis.Table, by: str | Sequence[str], *, at: str) -> tuple[ibis.Table, list[str]]:
        """Rows with a column for each word of ``by``, and the words; see ``metrics.grouping``."""
        words = grouping.keys(by)
        trucks, shifts = self.trucks, self.shifts
        return (
            grouping.keyed(rows, words, at=at, trucks=trucks, shifts=shifts, offset_min=self.offset_min),
            list(words),
        )

    @property
    def offset_min(self) -> int:
        """Minutes past the full hour of UTC at which the hours of the site's clock start."""
        offset = self.asked[0].astimezone(self.zone).utcoffset() or timedelta()
        return int(-offset / timedelta(minutes=1)) % 60

    def seen(self) -> ibis.Table:
        """How much of the asked time each truck was observed; see ``metrics.coverage.observed``."""
        return coverage.observed(self.clipped_states(), self.trucks, *self.asked)

    def answered(self, answer: ibis.Table) -> ibis.Table:
        """An answer with ``coverage`` and ``doubt``; see ``metrics.coverage.with_coverage``."""
        return coverage.with_coverage(answer, self.seen(), self.least_coverage)

    def one_shift(self) -> str:
        """Name of the one shift that the window is."""
        start, stop = self.asked_stored
        shifts = self.shifts
        held = shifts.filter(shifts.start >= start, shifts.stop <= stop).shift.to_pyarrow().to_pylist()
        if len(held) != 1:
            every = self._tables["shifts"].order_by("start")["shift"].to_pyarrow().to_pylist()
            raise BadRequest(
                f"this question is about one shift, and the window holds {len(held)}; "
                f"narrow the site with .shift(…) to one of its shifts: {listed(held or every, most=3)}."
            )
        return str(held[0])


def told_by(question: str, columns: Iterable[str], given: object) -> ibis.Table:
    """What another question told and was handed over; anything else is refused."""
    if not isinstance(given, ibis.Table):
        raise BadRequest(
            f"{told(given)} is not what .{question}() told; hand over its table, or leave it out."
        )
    missing = [column for column in columns if column not in given.columns]
    if missing:
        raise BadRequest(
            f"a table without {listed(missing, most=3)} is not what .{question}() told; "
            "hand over its table, or leave it out."
        )
    return given
