"""A site: narrows its tables and asks. It holds no analysis."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, overload
from zoneinfo import ZoneInfo

import ibis
from ibis import _

from truckkit import align, schema, times
from truckkit.errors import BadRequest, unknown
from truckkit.metrics import production
from truckkit.store import Store

__all__ = ["Site", "open_site"]


class _same_in_all(property):  # noqa: N801 - reads as cached_property does
    """A property that is asked once for a site and all its narrowings."""

    def __init__(self, ask: Callable[[Any], Any]) -> None:
        def remembered(site: Site) -> Any:
            if ask.__name__ not in site._known:
                site._known[ask.__name__] = ask(site)
            return site._known[ask.__name__]

        super().__init__(remembered, doc=ask.__doc__)


class _Stored:
    """A property that hands out one stored table, narrowed."""

    def __init__(self, table: schema.Table) -> None:
        self._table = table
        self.__doc__ = f"One row is {table.row}; see ``schema``."

    @overload
    def __get__(self, site: None, owner: type) -> _Stored: ...
    @overload
    def __get__(self, site: Site, owner: type) -> ibis.Table: ...
    def __get__(self, site: Site | None, owner: type) -> ibis.Table | _Stored:
        return self if site is None else site.table(self._table.name)


def open_site(path: str | Path) -> Site:
    """Open a store to read it.

    Parameters
    ----------
    path
        The folder that ``truckkit ingest`` or ``truckkit simulate`` made.

    Returns
    -------
    Site
        Lazy and read-only, on the newest generation.

    Raises
    ------
    NoStore, NewerStore, DamagedStore
        The folder is missing or no store, a newer truckkit wrote it, or files of it are gone.

    Examples
    --------
    >>> import truckkit as tk
    >>> tk.open("nowhere")
    Traceback (most recent call last):
    truckkit.errors.NoStore: there is no store at ...
    """
    return Site(store=Store(path))


class Site:
    """A mine's tables, narrowed to trucks, a window of time and one source of states.

    What is stored is a property, what is computed a method; both are plain ``ibis.Table``s.

    Parameters
    ----------
    connection
        Any Ibis connection that holds the tables of ``schema``; the default is a ``store``.
    store
        A store's folder, opened.

    Examples
    --------
    >>> import truckkit as tk
    >>> site = tk.sample()
    >>> site.truck("T01").cycles.count().execute() > 5
    True
    """

    def __init__(self, connection: ibis.BaseBackend | None = None, *, store: Store | None = None) -> None:
        if (connection is None) == (store is None):
            raise BadRequest("a Site takes either an Ibis connection or a store; give one of the two.")
        self.store = store
        self._trucks: tuple[str, ...] | None = None
        self._window: tuple[datetime, datetime] | None = None
        self._source: str | None = None
        self._known: dict[str, Any] = {}  # shared by all narrowings, for it is the same in each
        if store is not None:
            newest = store.newest()
            self.generation: int | None = newest.number
            self._tables: Mapping[str, ibis.Table] = newest.tables
            self._covering: Callable[[str, datetime, datetime], ibis.Table] = newest.covering
        else:
            held = set(connection.list_tables())  # type: ignore[union-attr]
            self.generation = None
            self._tables = {
                table.name: connection.table(table.name) if table.name in held else table.empty()  # type: ignore[union-attr]
                for table in schema.TABLES.values()
            }
            self._covering = lambda name, _start, _stop: self._tables[name]

    # Narrowing ---------------------------------------------------------------------------------

    def truck(self, *names: str) -> Site:
        """The site, with these trucks alone."""
        for name in names:
            if name not in self.truck_names:
                raise unknown("truck", name, self.truck_names, self.name)
        return self._narrowed(_trucks=tuple(dict.fromkeys(names)))

    def between(self, start: times.When, stop: times.When) -> Site:
        """The site in the window ``[start, stop)``; text without an offset is site time."""
        return self._narrowed(_window=times.window(start, stop, self.zone))

    def shift(self, name: str) -> Site:
        """The site in one shift of its calendar, such as ``"2026-11-22 night"``."""
        shifts = self._tables["shifts"]
        found = shifts.filter(shifts["shift"] == name).select("start", "stop").to_pyarrow().to_pylist()
        if not found:
            raise unknown("shift", name, shifts["shift"].to_pyarrow().to_pylist(), self.name)
        return self._narrowed(_window=(times.aware(found[0]["start"]), times.aware(found[0]["stop"])))

    def using(self, source: str | None) -> Site:
        """The site, with states and cycles as this source tells them: ``fms`` or ``detected``.

        ``None`` is what a site starts with: the FMS, and what was detected where it tells nothing of a truck.
        """
        if source is not None and source not in schema.SOURCES:
            raise unknown("source", source, schema.SOURCES, "truckkit")
        return self._narrowed(_source=source)

    def session(self) -> Site:
        """The same narrowing on the newest generation, for one request or browser session."""
        if self.store is None or self.store.newest().number == self.generation:
            return self
        fresh = Site(store=self.store)
        fresh._trucks, fresh._window, fresh._source = self._trucks, self._window, self._source
        return fresh

    def _narrowed(self, **changes: Any) -> Site:
        narrower = object.__new__(Site)
        narrower.__dict__.update({k: v for k, v in self.__dict__.items() if k not in _OF_ONE_NARROWING})
        narrower.__dict__.update(changes)
        return narrower

    # What it is --------------------------------------------------------------------------------

    @_same_in_all
    def _facts(self) -> dict[str, Any]:
        rows: list[dict[str, Any]] = self._tables["site"].to_pyarrow().to_pylist()
        return rows[0] if rows else {"name": "mine", "time_zone": "UTC", "simulated": False, "crs": None}

    @property
    def name(self) -> str:
        """Name of the mine."""
        return str(self._facts["name"])

    @property
    def simulated(self) -> bool:
        """True where the data, or part of it, came from a simulator."""
        return bool(self._facts["simulated"])

    @_same_in_all
    def zone(self) -> ZoneInfo:
        """Time zone of the mine."""
        return times.zone(self._facts["time_zone"])

    def instant(self, when: times.When) -> datetime:
        """An aware UTC instant; text without an offset is site time."""
        return times.instant(when, self.zone)

    def exact(self, when: times.When) -> datetime:
        """An aware UTC instant; anything without an offset is refused, as programs must not guess."""
        return times.instant(when, None)

    @property
    def narrowed_to(self) -> tuple[datetime, datetime] | None:
        """The window asked for, or nothing where none was."""
        return self._window

    @property
    def told_by(self) -> str | None:
        """The source asked for, or nothing where none was."""
        return self._source

    @_same_in_all
    def period(self) -> tuple[datetime, datetime] | None:
        """First and last instant of anything that happened, or nothing in an empty store."""
        files = self._tables["files"]
        if self.generation is not None:
            found = files.aggregate(first=files.first_at.min(), last=files.last_stop.max())
        else:
            ends = [
                self._tables[table.name].aggregate(
                    first=_[table.at].min(), last=_[table.stop or table.at].max()
                )
                for table in schema.of_kind("day")
            ]
            every = ibis.union(*ends)
            found = every.aggregate(first=every["first"].min(), last=every["last"].max())
        row = found.to_pyarrow().to_pylist()[0]
        if row["first"] is None:
            return None
        return times.aware(row["first"]), times.aware(row["last"])

    @property
    def start(self) -> datetime | None:
        """First instant of the window, or of the data where no window was asked for."""
        period = self._window or self.period
        return period[0] if period else None

    @property
    def stop(self) -> datetime | None:
        """First instant after the window, or the last of the data where no window was asked for."""
        period = self._window or self.period
        return period[1] if period else None

    @cached_property
    def truck_names(self) -> tuple[str, ...]:
        """Names of the trucks in this narrowing, in order."""
        if self._trucks is not None:
            return self._trucks
        return tuple(sorted(self._tables["trucks"].truck.to_pyarrow().to_pylist()))

    @property
    def sources(self) -> dict[str, tuple[str, ...]]:
        """Who tells of states at all, and of which trucks of this narrowing."""
        told = {
            source: tuple(truck for truck in self.truck_names if truck in trucks)
            for source, trucks in self._trucks_told.items()
        }
        return {source: trucks for source, trucks in told.items() if trucks}

    # What is stored ----------------------------------------------------------------------------

    trucks = _Stored(schema.TRUCKS)
    positions = _Stored(schema.POSITIONS)
    telemetry = _Stored(schema.TELEMETRY)
    places = _Stored(schema.PLACES)
    roads = _Stored(schema.ROADS)
    shifts = _Stored(schema.SHIFTS)
    states = _Stored(schema.STATE_INTERVALS)
    cycles = _Stored(schema.CYCLES)
    events = _Stored(schema.EVENTS)
    maintenance = _Stored(schema.MAINTENANCE)
    refuels = _Stored(schema.REFUELS)
    annotations = _Stored(schema.ANNOTATIONS)
    plans = _Stored(schema.PLANS)
    limits = _Stored(schema.LIMITS)
    latest = _Stored(schema.LATEST)
    revisions = _Stored(schema.REVISIONS)
    findings = _Stored(schema.FINDINGS)
    loads = _Stored(schema.LOADS)
    rejects = _Stored(schema.REJECTS)

    def table(self, name: str) -> ibis.Table:
        """A stored table by its name, narrowed to the trucks, the window and the source."""
        if name not in schema.ASKED:
            raise unknown("table", name, schema.ASKED, "truckkit")
        table = schema.TABLES[name]
        rows = self._rows_near_window(table)
        tests: list[ibis.Value] = []
        if self._trucks is not None and "truck" in table:
            tests.append(rows.truck.isin(self._trucks))
        if "source" in table and table.kind == "day":
            tests.append(self._told(rows))
        tests += self._within(rows, table)
        # One filter of many tests is compiled in half the time of many filters.
        return rows.filter(*tests) if tests else rows

    def _rows_near_window(self, table: schema.Table) -> ibis.Table:
        """A table with all rows that can be in the window: where its files are of days, few of them."""
        if self._window is None or table.kind != "day" or self._longest is None:
            return self._tables[table.name]
        start, stop = (times.stored(bound) for bound in self._window)
        return self._covering(table.name, start - self._longest if table.stop else start, stop)

    def _within(self, rows: ibis.Table, table: schema.Table) -> list[ibis.Value]:
        """The tests that rows in the window pass."""
        if self._window is None or table.name in ("trucks", "places", "latest", "loads", "revisions"):
            return []
        start, stop = (times.stored(bound) for bound in self._window)
        if table.kind == "day" and not table.stop:
            at = rows[str(table.at)]
            return [at >= start, at < stop]
        if not ("start" in table and "stop" in table):
            return []
        tests = [rows.start < stop, rows.stop.isnull() | (rows.stop > start)]
        if table.kind == "day" and self._longest is not None:
            # Where no interval is longer, files of days long before need not be read.
            tests.append(rows.start >= start - self._longest)
        return tests

    def _told(self, rows: ibis.Table) -> ibis.Value:
        """The test for one source a truck: the one asked for, else fms where it is, else detected."""
        if self._source is not None:
            return rows.source == self._source
        if not self._only_detected:
            return rows.source == "fms"
        return (rows.source == "fms") | rows.truck.isin(self._only_detected)

    @_same_in_all
    def _trucks_told(self) -> dict[str, frozenset[str]]:
        """Of which trucks each source tells."""
        told = self._tables["states"].select("truck", "source").distinct().to_pyarrow().to_pylist()
        return {
            source: frozenset(row["truck"] for row in told if row["source"] == source)
            for source in schema.SOURCES
        }

    @_same_in_all
    def _only_detected(self) -> tuple[str, ...]:
        """Trucks of which no FMS tells."""
        return tuple(sorted(self._trucks_told["detected"] - self._trucks_told["fms"]))

    @_same_in_all
    def _longest(self) -> timedelta | None:
        """Length of the longest interval stored."""
        if self.generation is None:
            return None
        seconds = self._tables["files"].longest_s.max().to_pyarrow().as_py()
        return timedelta(seconds=seconds or 0)

    # What is computed --------------------------------------------------------------------------

    def clipped_states(self) -> ibis.Table:
        """State intervals, cut at the window's bounds, so that their lengths sum to it."""
        states = self.states
        if self._window is None:
            return states
        start, stop = (ibis.literal(times.stored(bound), schema.INSTANT) for bound in self._window)
        return states.mutate(start=ibis.greatest(states.start, start), stop=ibis.least(states.stop, stop))

    def samples(self, *channels: str, during: str | Iterable[str] | None = None) -> ibis.Table:
        """Telemetry channels with the state that the truck was in.

        Parameters
        ----------
        channels
            Columns of ``schema.TELEMETRY``; none: all of them.
        during
            Keep the samples of these states alone.

        Returns
        -------
        ibis.Table
            One row per reading: ``truck``, ``at``, the channels, ``state``.

        Examples
        --------
        >>> import truckkit as tk
        >>> tk.sample().samples("payload_t", during="haul").columns
        ('truck', 'at', 'payload_t', 'state')
        """
        known = [column.name for column in schema.TELEMETRY if column.name not in ("truck", "at", "load_id")]
        for channel in channels:
            if channel not in known:
                raise unknown("channel", channel, known, "telemetry")
        wanted = [during] if isinstance(during, str) else list(during or ())
        for state in wanted:
            if state not in schema.STATES:
                raise unknown("state", state, schema.STATES, "truckkit")
        readings = self.telemetry.select("truck", "at", *(channels or known))
        with_state = align.in_intervals(readings, self.states, "state")
        return with_state.filter(_.state.isin(wanted)) if wanted else with_state

    def productivity(self, every: str = "1h") -> ibis.Table:
        """Tonnes moved per hour, by truck; see ``metrics.production.productivity``."""
        return production.productivity(self.cycles, every)

    def time_in_state(self) -> ibis.Table:
        """How long each truck was in each state; see ``metrics.production.time_in_state``."""
        return production.time_in_state(self.clipped_states())

    def reconcile(self) -> ibis.Table:
        """What the FMS said and what was detected, side by side; see ``align.side_by_side``."""
        return align.side_by_side(*(self.using(source).clipped_states() for source in ("fms", "detected")))

    # How it shows itself -----------------------------------------------------------------------

    def rows(self) -> dict[str, int]:
        """Rows of each table, in this narrowing."""
        counts = [
            self.table(name).aggregate(rows=_.count()).mutate(table=ibis.literal(name))
            for name in schema.ASKED
        ]
        found = {row["table"]: row["rows"] for row in ibis.union(*counts).to_pyarrow().to_pylist()}
        return {name: found[name] for name in schema.ASKED}

    def _lines(self) -> list[tuple[str, str]]:
        shown = []
        if self.start and self.stop:
            first, last = (bound.astimezone(self.zone) for bound in (self.start, self.stop))
            shown.append(("period", f"{first:%Y-%m-%d %H:%M:%S} to {last:%Y-%m-%d %H:%M:%S} {self.zone.key}"))
        else:
            shown.append(("period", "nothing has happened yet"))
        names = self.truck_names
        shown.append(("trucks", f"{len(names)}: {', '.join(names[:12])}{' …' if len(names) > 12 else ''}"))
        if self.simulated:
            shown.append(("made", "simulated, in part or whole"))
        return shown + [
            (name, f"{rows:,} rows") for name, rows in self.rows().items() if rows and name != "trucks"
        ]

    def __repr__(self) -> str:
        return "\n".join([f"Site {self.name}", *(f"  {name:12} {text}" for name, text in self._lines())])

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th style='text-align:left'>{html.escape(name)}</th>"
            f"<td style='text-align:left;font-variant-numeric:tabular-nums'>{html.escape(text)}</td></tr>"
            for name, text in self._lines()
        )
        return (
            f"<table><caption style='text-align:left'><b>{html.escape(self.name)}</b></caption>{rows}</table>"
        )


_OF_ONE_NARROWING = ("truck_names",)
"""Cached answers that another narrowing must find anew."""
