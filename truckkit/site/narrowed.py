"""A site narrowed: its tables, to trucks, a window of time and one source of states."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self, overload
from zoneinfo import ZoneInfo

import ibis
from ibis import _

from truckkit import align, engines, schema, times
from truckkit.errors import BadRequest, unknown
from truckkit.metrics import coverage
from truckkit.site.exported import ExportedTables
from truckkit.site.happened import Happened
from truckkit.site.prepared import Prepared
from truckkit.store import Generation, Lent, Remote, Store


class _same_in_all(property):  # noqa: N801 - reads as cached_property does
    """A property that is asked once for a site and all its narrowings."""

    def __init__(self, ask: Callable[[Any], Any]) -> None:
        def remembered(site: Narrowed) -> Any:
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
    def __get__(self, site: Narrowed, owner: type) -> ibis.Table: ...
    def __get__(self, site: Narrowed | None, owner: type) -> ibis.Table | _Stored:
        return self if site is None else site.table(self._table.name)


class Narrowed:
    """A mine's tables, narrowed; ``Site`` says how it is made, and asks it."""

    def __init__(
        self,
        connection: ibis.BaseBackend | None = None,
        *,
        store: Store | Remote | None = None,
        parquet: str | Path | None = None,
        detected: str | Path | None = None,
    ) -> None:
        if (connection is None) == (store is None):
            raise BadRequest(
                "a Site takes either an Ibis connection to DuckDB or Spark or a store; give one of the two."
            )
        if parquet is not None and connection is None:
            raise BadRequest("Parquet is read by a connection, as in Site(ibis.duckdb.connect(), parquet=…).")
        if detected is not None and parquet is None:
            raise BadRequest("what was detected lies beside an export; name that as well, as parquet=….")
        self.store = store
        self._covers: Generation | ExportedTables | None = None
        self._trucks: tuple[str, ...] | None = None
        self._window: tuple[datetime, datetime] | None = None
        self._source: str | None = None
        self._happened: Happened | None = None
        # The tables that a connection has; it knows nothing of others.
        self._held: frozenset[str] = frozenset()
        self._known: dict[str, Any] = {}  # shared by all narrowings, for it is the same in each
        if store is not None:
            newest = store.newest()
            self.generation: int | None = newest.number
            self._tables: Mapping[str, ibis.Table] = newest.tables
            self.opened: Generation | None = newest if isinstance(newest, Generation) else None
            self._covers = self.opened
            self._lent: Lent | None = newest if isinstance(newest, Lent) else None
        else:
            connection = engines.prepared(connection)
            self._held = frozenset(connection.list_tables())
            self.generation = None
            self.opened = None
            self._lent = None
            if parquet is not None:
                self._tables = self._covers = ExportedTables(connection, parquet, detected)
                return
            self._tables = {
                table.name: engines.stored(connection, table) if table.name in self._held else table.empty()
                for table in schema.TABLES.values()
            }

    # Narrowing ---------------------------------------------------------------------------------

    def truck(self, *names: str) -> Self:
        """The site, with these trucks alone."""
        if not names:
            raise BadRequest(
                'no truck is named; name at least one, such as .truck("T01"), or leave .truck() out.'
            )
        for name in names:
            if name not in self.truck_names:
                raise unknown("truck", name, self.truck_names, self.name)
        return self._narrowed(_trucks=tuple(dict.fromkeys(names)), _happened=None)

    def between(self, start: times.When, stop: times.When) -> Self:
        """The site in the window ``[start, stop)``; text without an offset is site time."""
        return self._narrowed(_window=times.window(start, stop, self.zone), _happened=None)

    def shift(self, name: str) -> Self:
        """The site in one shift of its calendar, such as ``"2026-11-22 night"``."""
        found = self._named("shifts", "shift", name)
        if not found:
            raise unknown("shift", name, self._tables["shifts"]["shift"].to_pyarrow().to_pylist(), self.name)
        return self._narrowed(
            _window=(times.aware(found[0]["start"]), times.aware(found[0]["stop"])), _happened=None
        )

    def _named(self, table: str, column: str, name: object) -> list[dict[str, Any]]:
        """The stored rows of a name, of the whole site; none of what is no text."""
        if not isinstance(name, str):
            return []
        rows = self._tables[table]
        found: list[dict[str, Any]] = rows.filter(rows[column] == name).to_pyarrow().to_pylist()
        return found

    def using(self, source: str | None) -> Self:
        """The site, with states and cycles as this source tells them: ``fms`` or ``detected``.

        ``None`` is what a site starts with: the FMS, and what was detected where it tells nothing of a truck.
        """
        if source is not None and source not in schema.SOURCES:
            raise unknown("source", source, schema.SOURCES, "truckkit")
        return self._narrowed(_source=source)

    def session(self) -> Self:
        """The same narrowing on the newest generation, for one request or browser session."""
        if self.store is None or self.store.newest().number == self.generation:
            return self
        fresh = type(self)(store=self.store)
        fresh._trucks, fresh._window, fresh._source = self._trucks, self._window, self._source
        fresh._happened = self._happened
        return fresh

    def prepared(
        self,
        question: Callable[..., ibis.Table],
        values: Mapping[str, str],
        window: tuple[str, str] | None = None,
    ) -> Prepared:
        """A question that is put into SQL once, to be asked many times with values of its own.

        To write the SQL of an expression takes longer than to read an hour of one truck. Values are bound,
        so that no name can be taken for SQL. Each answer is of the store's newest generation; what another
        process has published is opened behind those who ask, which takes a tenth of a second.

        Where a question tests for equality with its values, and asks of few rows, such as the newest of each
        truck, it is asked for all values at once, and who asks is answered from memory in microseconds.

        Parameters
        ----------
        question
            Takes this site, and a place for the value of each name, and gives the table to answer with. It is
            called before there are values, so it compares and computes with them, and decides nothing by
            them; how many rows ``limit`` leaves is no place for one either.
        values
            The names of the values, each with its type: string, float64, int64, boolean or timestamp.
        window
            Two of the names: of samples (``positions``, ``telemetry``, ``channels``) the question needs
            none of before the first or from the second on, so that files of other days are not looked at.

        Returns
        -------
        Prepared
            To be called with the values; gives the rows as an Arrow table.

        Examples
        --------
        >>> import truckkit as tk
        >>> def of_fleet(site, fleet):
        ...     return site.trucks.filter(site.trucks.fleet == fleet).select("truck")
        >>> trucks_of = tk.sample().prepared(of_fleet, {"fleet": "string"})
        >>> trucks_of(fleet="no such fleet").num_rows
        0
        """
        return Prepared(self, question, values, window)

    def _narrowed(self, **changes: Any) -> Self:
        narrower = object.__new__(type(self))
        narrower.__dict__.update(self.__dict__)
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
    def crs(self) -> str | None:
        """Coordinate reference system of the site's grid, or nothing for a mine grid."""
        named = self._facts.get("crs")
        return str(named) if named else None

    @property
    def simulated(self) -> bool:
        """True where the data, or part of it, came from a simulator."""
        return bool(self._facts["simulated"])

    @property
    def least_coverage(self) -> float:
        """Share of the asked time that must be observed for an answer to be trusted."""
        return float(self._facts.get("least_coverage") or coverage.LEAST)

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
    def of_trucks(self) -> tuple[str, ...] | None:
        """The trucks asked for, or nothing where none were."""
        return self._trucks

    @property
    def told_by(self) -> str | None:
        """The source asked for, or nothing where none was."""
        return self._source

    @property
    def _tells_files(self) -> bool:
        """Whether the table of files tells what the tables of days hold, so that nobody has to look."""
        return self.generation is not None or self._covers is not None

    @_same_in_all
    def period(self) -> tuple[datetime, datetime] | None:
        """First and last instant of anything that happened, or nothing in an empty store."""
        files = self._tables["files"]
        if self._tells_files:
            found = files.aggregate(first=files.first_at.min(), last=files.last_stop.max())
        else:
            ends = [
                self._tables[table.name].aggregate(
                    first=_[table.at].min(), last=_[table.stop or table.at].max()
                )
                for table in schema.of_kind("day")
                if table.name in self._held
            ]
            if not ends:
                return None
            every = align.stacked(*ends)
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

    @property
    def truck_names(self) -> tuple[str, ...]:
        """Names of the trucks in this narrowing, in order."""
        return self._every_truck if self._trucks is None else self._trucks

    @_same_in_all
    def _every_truck(self) -> tuple[str, ...]:
        """Names of all trucks, in order."""
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
    rosters = _Stored(schema.ROSTERS)
    tyres = _Stored(schema.TYRES)
    usage_models = _Stored(schema.USAGE_MODELS)
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
        if table.kind != "day":
            return self._tables[table.name]
        if self._lent is not None:
            return self._lent.narrowed(table.name, self._trucks, self._window, self._source)
        if self._covers is None or self._window is None or self._longest is None:
            return self._tables[table.name]
        start, stop = (times.stored(bound) for bound in self._window)
        return self._covers.covering(table.name, start - self._longest if table.stop else start, stop)

    def about(self, name: str) -> ibis.Table:
        """What the site tells about itself: ``site``, ``files``, ``sources``, ``loaders``, ``rows``.

        See ``schema.ABOUT``. Only ``rows`` counts within the narrowing; the others are of the whole site.

        Examples
        --------
        >>> import truckkit as tk
        >>> tk.sample().about("site").name.execute().tolist()
        ['Simulated mine']
        """
        if name not in schema.ABOUT:
            raise unknown("table about a site", name, schema.ABOUT, "truckkit")
        if self._lent is not None and name == schema.ROWS.name:
            return self._lent.narrowed(name, self._trucks, self._window, self._source)
        if name in self._tables:
            return self._tables[name]
        return _ABOUT[name](self)

    def _sources_of_trucks(self) -> ibis.Table:
        return self._tables["states"].select("truck", "source").distinct()

    def _loaders(self) -> ibis.Table:
        named = [self._tables[table].select("loader") for table in ("states", "cycles", "places")]
        return ibis.union(*named, distinct=True).filter(_.loader.notnull())

    def _rows(self) -> ibis.Table:
        counts = [
            self.table(name).aggregate(rows=_.count()).select(table=ibis.literal(name), rows=_.rows)
            for name in schema.ASKED
        ]
        return ibis.union(*counts)

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
        told = self.about("sources").to_pyarrow().to_pylist()
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
        if not self._tells_files:
            return None
        seconds = self._tables["files"].longest_s.max().to_pyarrow().as_py()
        return timedelta(seconds=seconds or 0)

    # What is computed --------------------------------------------------------------------------

    def clipped_states(self) -> ibis.Table:
        """State intervals, cut at the window's bounds, so that their lengths sum to it."""
        states = self.states
        return align.clipped(states, *self._window) if self._window else states

    def around(
        self, truck: str, at: times.When, before: str | timedelta = "30s", after: str | timedelta = "10s"
    ) -> Self:
        """One truck around a moment, for a replay of what led to it."""
        moment = self.instant(at)
        return self.truck(truck).between(moment - times.length(before), moment + times.length(after))

    def event(self, event: str, before: str | timedelta = "30s", after: str | timedelta = "10s") -> Self:
        """One truck around one stored event, which ``happened`` tells; ``tk.Replay`` shows what led to it.

        Parameters
        ----------
        event
            The event's identifier: what the column ``event`` of ``site.events`` says, one for each row.
        before, after
            How much time to show around it, such as ``"30s"`` or ``"1min30s"``.

        Raises
        ------
        UnknownName
            No event has this identifier; the sentence tells those that look like it.

        Examples
        --------
        >>> import truckkit as tk
        >>> site = tk.sample()
        >>> name = site.events.limit(1).event.to_pyarrow().to_pylist()
        >>> [site.event(each).happened.truck in site.truck_names for each in name] in ([], [True])
        True
        """
        found = self._named("events", "event", event)
        if not found:
            known = self.events.select("event").limit(1000).event.to_pyarrow().to_pylist()
            raise unknown("event", event, known, self.name)
        happened = Happened.of(found[0])
        return self.around(happened.truck, happened.at, before, after)._narrowed(_happened=happened)

    @property
    def happened(self) -> Happened | None:
        """The event that the site is narrowed to by ``event``, or nothing."""
        return self._happened

    # How it shows itself -----------------------------------------------------------------------

    def rows(self) -> dict[str, int]:
        """Rows of each table, in this narrowing."""
        found = {row["table"]: row["rows"] for row in self.about("rows").to_pyarrow().to_pylist()}
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


_ABOUT: Mapping[str, Callable[[Narrowed], ibis.Table]] = {
    "sources": Narrowed._sources_of_trucks,
    "loaders": Narrowed._loaders,
    "rows": Narrowed._rows,
}
"""How each is told where nobody has told it already; ``site`` and ``files`` are stored."""
