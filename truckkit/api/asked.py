"""Rows that a request asks for: of one table, narrowed, and how a page or all of them are read.

Samples of trucks in a window come by a statement that is written once a shape; everything else is an
expression of the site.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeAlias

import ibis
import pyarrow as pa

from truckkit import schema, times
from truckkit.api.pages import beyond
from truckkit.site import Site
from truckkit.store import Question, Reading, Statement, hub, samples, stated, whole

Window: TypeAlias = tuple[dt.datetime, dt.datetime]

_BRIEF = dt.timedelta(hours=1)
_SHORT = dt.timedelta(hours=6)
"""Of so short a window the samples of all trucks are sorted at once; longer ones truck by truck."""


@dataclass(frozen=True)
class Asked:
    """Rows of a site.

    Parameters
    ----------
    site
        Narrowed to the request.
    table
        What a row is, and its key.
    columns
        Those of the answer.
    rows
        Makes the rows of a site.
    plain
        Nothing but trucks, window and columns narrows them.
    seconds
        How long a query may run.
    """

    site: Site
    table: schema.Table
    columns: tuple[str, ...]
    rows: Callable[[Site], ibis.Table]
    plain: bool
    seconds: float

    @property
    def shape(self) -> pa.Schema:
        """The columns of the answer, as Arrow has them."""
        return ibis.schema({name: self.table[name].dtype for name in self.columns}).to_pyarrow()

    def first(self, after: tuple[Any, ...] | None, most: int) -> pa.Table:
        """The first rows after a key, in the order of their key, with their key."""
        held = (*self.columns, *(name for name in self.table.key if name not in self.columns))
        if self.few:
            found = whole(
                self._samples(self.site, held, after, window=self.site.narrowed_to, ordered=False),
                self.seconds,
            )
            return _sorted(found).slice(0, most)
        if self._sampled:
            return whole(
                self._samples(self.site, held, after, most, window=self.site.narrowed_to), self.seconds
            )
        rows = self.rows(self.site)
        if after is not None:
            rows = rows.filter(beyond(rows, self.table, after))
        return whole(stated(rows.order_by(self.table.key).select(*held).limit(most)), self.seconds)

    def parts(self) -> Iterator[Question]:
        """All rows, as questions of which each is sorted within what memory there is."""
        sites = self._sites()
        for site in sites:
            if self._sampled:
                long = len(sites) > 1
                for window in _days(site.narrowed_to) if long else (site.narrowed_to,):
                    yield self._samples(site, self.columns, window=window, long=long)
            else:
                yield stated(self.rows(site).order_by(self.table.key).select(*self.columns))

    def number(self) -> int:
        """How many rows there are."""
        counted = stated(self.rows(self.site).aggregate(rows=lambda rows: rows.count()))
        if self._sampled and isinstance(counted, Statement):
            counted = replace(counted, apart=self._apart())
        with Reading([counted], pa.schema([("rows", pa.int64())]), self.seconds) as reading:
            return int(next(reading)["rows"][0].as_py())

    def _apart(self) -> Callable[[], Any]:
        """Opens a hub with the samples of the window."""
        assert self.site.opened is not None
        return partial(hub, self.site.opened, self.table, _stored(self.site.narrowed_to))

    @property
    def _sampled(self) -> bool:
        return self.plain and self.site.opened is not None

    @property
    def few(self) -> bool:
        """Whether these are samples of one truck in a time so short that all of them are read at once."""
        window = self.site.narrowed_to
        return (
            self._sampled
            and len(self.site.of_trucks or ()) == 1
            and window is not None
            and window[1] - window[0] <= _BRIEF
        )

    def _sites(self) -> Sequence[Site]:
        window = self.site.narrowed_to
        if not self.table.sampled or (window is not None and window[1] - window[0] <= _SHORT):
            return [self.site]
        return [self.site.truck(name) for name in self.site.truck_names]

    def _samples(
        self,
        site: Site,
        columns: Sequence[str],
        after: tuple[Any, ...] | None = None,
        most: int | None = None,
        *,
        window: Window | None,
        ordered: bool = True,
        long: bool = False,
    ) -> Question:
        assert site.opened is not None
        return samples(
            site.opened,
            self.table,
            columns,
            trucks=site.of_trucks,
            window=_stored(window),
            after=(after[0], after[1]) if after is not None else None,
            most=most,
            ordered=ordered,
            apart=self._apart() if long else None,
        )


def _stored(window: Window | None) -> Window | None:
    return (times.stored(window[0]), times.stored(window[1])) if window else None


def _days(window: Window | None) -> Iterator[Window | None]:
    """The days of a window in UTC, as files have them, so that each is one file's and little to sort."""
    if window is None:
        yield None
        return
    start, stop = window
    while start < stop:
        midnight = start.astimezone(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        until = min(stop, midnight + dt.timedelta(days=1))
        yield start, until
        start = until


def _sorted(rows: pa.Table) -> pa.Table:
    """Rows in the order of their time; a file holds them so, and to look is cheaper than to sort."""
    at = rows["at"].to_numpy()
    return rows if (at[1:] >= at[:-1]).all() else rows.sort_by("at")
