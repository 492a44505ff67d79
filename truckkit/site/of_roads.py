"""What one asks of roads, samples, tyres and fuel."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from datetime import timedelta
from typing import Literal, Self

import ibis
import numpy as np
from ibis import _

from truckkit import align, cycles, doubted, schema, times
from truckkit.errors import BadRequest, number, told, unknown
from truckkit.metrics import (
    fuel,
    grades,
    grouping,
    overspeeds,
    place_changes,
    road_condition,
    segments,
    traverses,
    tyres,
)
from truckkit.site.answered import Answered

_BY_ROAD = ("road", "loaded", "truck", "model", "fleet", "operator", "hour", "shift", "crew")


def _flag(name: str, value: object) -> None:
    """Refuse what is neither true nor false."""
    if not isinstance(value, (bool, np.bool_)):
        raise BadRequest(f"{name} is {told(value)}; give True or False.")


class OfRoads(Answered):
    """Questions about roads, samples, tyres and fuel."""

    # Samples -----------------------------------------------------------------------------------

    def samples(
        self, *channels: str, during: str | Iterable[str] | None = None, grade: str | None = None
    ) -> ibis.Table:
        """Telemetry channels with the state that the truck was in, and the grade that it drove on.

        Parameters
        ----------
        channels
            Columns of ``schema.TELEMETRY``; none: all of them.
        during
            Keep the samples of these states alone.
        grade
            Keep the samples on such a grade alone, as ``">8%"`` (uphill) or ``"<=-5%"`` (downhill); see
            ``metrics.grades``.

        Returns
        -------
        ibis.Table
            One row per reading: ``truck``, ``at``, the channels, ``state``; with ``grade`` also
            ``grade_pct`` [%].

        Examples
        --------
        >>> import truckkit as tk
        >>> tk.sample().samples("payload_t", during="haul").columns
        ('truck', 'at', 'payload_t', 'state')
        >>> tk.sample().samples("coolant_c", during="haul", grade=">8%").columns
        ('truck', 'at', 'coolant_c', 'state', 'grade_pct')
        """
        known = [column.name for column in schema.TELEMETRY if column.name not in ("truck", "at", "load_id")]
        for channel in channels:
            if channel not in known:
                raise unknown("channel", channel, known, "telemetry")
        if not isinstance(during, str | Sequence | Set | None):
            raise BadRequest(f'during is {told(during)}; give a state such as "haul", or a list of states.')
        wanted = [during] if isinstance(during, str) else list(during or ())
        for state in wanted:
            if state not in tuple(schema.STATES):
                raise unknown("state", state, schema.STATES, "truckkit")
        states = self.clipped_states()
        readings = self.telemetry.select("truck", "at", *(channels or known))
        if grade is None:
            with_state = align.in_intervals(readings, states, "state")
            return with_state.filter(_.state.isin(wanted)) if wanted else with_state
        steep = grades.asked(grade)
        # A quarter of a minute at the window's bound is seen whole.
        positions = doubted.believed(self._around(timedelta(seconds=grades.PART_S)).positions)
        if wanted:
            minutes = grades.minutes_of(states.filter(states.state.isin(wanted)))
            positions = positions.semi_join(
                minutes,
                [positions.truck == minutes.truck, positions.at.epoch_seconds() // 60 == minutes.minute],
            )
        graded = grades.grades(positions)
        climbing = grades.with_grade(readings, graded.filter(steep(graded.grade_pct)))
        with_state = align.in_intervals(climbing, states, "state").relocate("state", before="grade_pct")
        return with_state.filter(_.state.isin(wanted)) if wanted else with_state

    def _around(self, more: timedelta) -> Self:
        """The site in its window and a while before and after it."""
        if self.narrowed_to is None:
            return self
        start, stop = self.narrowed_to
        return self._narrowed(_window=(start - more, stop + more))

    def _begun(self, rows: ibis.Table) -> ibis.Table:
        """Of intervals those that start in the window."""
        if self.narrowed_to is None:
            return rows
        start, stop = (times.stored(bound) for bound in self.narrowed_to)
        return rows.filter(rows.start >= start, rows.start < stop)

    def tracks(self, points: int = 1000) -> ibis.Table:
        """The ways of the trucks, thinned to about so many points each; see ``align.thinned``.

        Positions that cannot be are left out.

        Examples
        --------
        >>> import truckkit as tk
        >>> 100 < tk.sample().truck("T01").tracks(points=200).count().execute() <= 300
        True
        """
        number("points", points, 2, 100_000, 1000, whole=True)
        return align.thinned(doubted.believed(self.positions), *self.asked, points)

    # Roads -------------------------------------------------------------------------------------

    def traverses(self) -> ibis.Table:
        """Every drive over a road that starts in the window; see ``metrics.traverses.traverses``."""
        return self.answered(self._traverses())

    def _traverses(self) -> ibis.Table:
        return self._begun(self._every_traverse())

    def _every_traverse(self) -> ibis.Table:
        """Drives of the window and an hour around it: none takes longer."""
        wide = self._around(times.length(traverses.LONGEST))
        return traverses.traverses(doubted.believed(wide.positions), self.roads, self.places, wide.states)

    def segment_speeds(
        self, vs: str | timedelta | Self | None = None, loaded: bool | None = None
    ) -> ibis.Table:
        """How fast each road is driven, loaded and empty; see ``metrics.segments.segment_speeds``.

        Parameters
        ----------
        vs
            A length such as ``"14d"``, for the time of that length that ends where this window starts, or
            a site of another period: to compare with.
        loaded
            True for loaded drives alone, false for empty ones.

        Returns
        -------
        ibis.Table
            One row per road and load, with ``coverage`` and ``doubt``.
        """
        return self.answered(self._segment_speeds(vs, loaded))

    def _segment_speeds(self, vs: str | timedelta | Self | None, loaded: bool | None) -> ibis.Table:
        if loaded is not None:
            _flag("loaded", loaded)

        def driven(site: OfRoads) -> ibis.Table:
            drives = site._traverses()
            return drives if loaded is None else drives.filter(drives.loaded == loaded)

        return segments.segment_speeds(driven(self), None if vs is None else driven(self.against(vs)))

    def slower_segments(self, vs: str | timedelta | Self = "1d", loaded: bool | None = True) -> ibis.Table:
        """Which roads got slower, those that cost most minutes first; see ``metrics.segments.slower``.

        Parameters
        ----------
        vs, loaded
            As for ``segment_speeds``; ``loaded=None`` for all drives.

        Returns
        -------
        ibis.Table
            One row per road and load that got slower, with ``lost_min``, ``coverage`` and ``doubt``.
        """
        return segments.slower(self.answered(self._segment_speeds(self.against(vs), loaded)))

    def overspeed(self, longer: str | timedelta = "2s", hole: str | timedelta = "5s") -> ibis.Table:
        """Every time that a truck drove faster than allowed; see ``metrics.overspeeds.overspeeds``.

        ``site.around(row.truck, row.start)`` is the moment, to replay it.

        Parameters
        ----------
        longer
            Shortest event.
        hole
            Longest time between two positions above the limit of one event; give more where positions
            come more rarely than every 5 s.

        Returns
        -------
        ibis.Table
            One row per event that starts in the window, with ``coverage`` and ``doubt``.

        Raises
        ------
        BadRequest
            No speed limit is stored.
        """
        return self.answered(self._overspeed(longer, hole))

    def _overspeed(self, longer: str | timedelta, hole: str | timedelta) -> ibis.Table:
        limits = self.limits.filter(_.kind == "speed")
        if not limits.count().to_pyarrow().as_py():
            raise BadRequest(
                f"{self.name} holds no speed limit, so nothing can be too fast; write limits of kind "
                '"speed" into the file that "limits" names in site.toml, and ingest it.'
            )
        hold = overspeeds.limits_that_hold(limits, self.trucks, self.roads)
        # Events that go on over the window's bounds are built whole.
        wide = self._around(timedelta(minutes=10))
        found = overspeeds.overspeeds(
            doubted.believed(wide.positions),
            hold,
            wide.states,
            self._every_traverse(),
            hole_s=times.length(hole).total_seconds(),
            longer_s=times.length(longer).total_seconds(),
        )
        return self._begun(found)

    def overspeed_summary(
        self,
        by: str | Sequence[str] = "road,loaded",
        longer: str | timedelta = "2s",
        hole: str | timedelta = "5s",
    ) -> ibis.Table:
        """How often trucks drove too fast, against how far they drove; see ``metrics.overspeeds.summary``.

        Parameters
        ----------
        by
            Of ``road``, ``loaded``, ``truck``, ``model``, ``fleet``, ``operator``, ``hour``, ``shift``,
            ``crew``.
        longer, hole
            As for ``overspeed``.

        Returns
        -------
        ibis.Table
            One row per group in which trucks drove or drove too fast, with ``coverage`` and ``doubt``.
        """
        words = grouping.keys(by, allowed=_BY_ROAD)
        if not words:
            raise BadRequest('by is empty; name at least one grouping, such as "road,loaded".')
        events, driven = (
            grouping.keyed(
                rows, words, at="start", trucks=self.trucks, shifts=self.shifts, offset_min=self.offset_min
            )
            for rows in (self._overspeed(longer, hole), self._traverses())
        )
        return self.answered(overspeeds.summary(events, driven, words))

    def road_condition(self) -> ibis.Table:
        """How rough each road is, by the struts of trucks; see ``metrics.road_condition``."""
        return self.answered(road_condition.road_condition(self.telemetry, self._every_traverse()))

    def place_changes(self) -> ibis.Table:
        """Which loading and dumping places moved, came or went; see ``metrics.place_changes``."""
        return self.answered(place_changes.place_changes(self.places, *self.asked))

    # Tyres and fuel ----------------------------------------------------------------------------

    def tkph(
        self,
        window: str | timedelta = "4h",
        over: bool = False,
        newest: bool = False,
        ambient_c: float | None = None,
    ) -> ibis.Table:
        """How hot each tyre position runs against its rating; see ``metrics.tyres.tkph``.

        Parameters
        ----------
        window
            How far each row looks back from a cycle's end.
        over
            True for rows above their rating alone.
        newest
            True for the newest row of each truck and position alone.
        ambient_c
            Ambient temperature by which ratings are corrected [°C]; none: ratings as given.

        Returns
        -------
        ibis.Table
            One row per truck, end of a cycle in the window, and tyre position, with ``coverage`` and
            ``doubt``.
        """
        back = timedelta(seconds=times.whole_seconds("window", window))
        if ambient_c is not None:
            number("ambient_c", ambient_c, -90, 70, 38)
        _flag("over", over)
        _flag("newest", newest)
        wide = self if self.narrowed_to is None else self._around(back)
        ends = cycles.dumped(wide.cycles)
        if self.narrowed_to is not None:
            ends = ends.filter(ends.stop < times.stored(self.asked[1]))
        found = tyres.tkph(ends, self.trucks, self.tyres, back, ambient_c)
        if self.narrowed_to is not None:
            found = found.filter(found.at >= times.stored(self.asked[0]))
        if newest:
            found = found.filter(found.at == found.at.max().over(group_by="truck"))
        return self.answered(found.filter(found.over) if over else found)

    def fuel_per_tkm(
        self,
        by: str | Sequence[str] = "truck",
        norm: Literal["grade"] | None = "grade",
        rolling_pct: float = fuel.ROLLING_PCT,
    ) -> ibis.Table:
        """Litres burned per tonne-kilometre; see ``metrics.fuel.per_tkm``.

        Parameters
        ----------
        by
            Words of ``metrics.grouping``, such as ``"truck"`` or ``"route,shift"``.
        norm
            ``"grade"`` to compare with what weight and lift explain, ``None`` to leave it.
        rolling_pct
            Rolling resistance of the haul roads, in percent of weight.

        Returns
        -------
        ibis.Table
            One row per group of the cycles dumped in the window, with ``coverage`` and ``doubt``.
        """
        if not (norm is None or (isinstance(norm, str) and norm == "grade")):
            raise BadRequest(f'norm {told(norm)} is not known; give "grade" or None.')
        number("rolling_pct", rolling_pct, 0.1, 50, fuel.ROLLING_PCT)
        hauled, words = self.split(self.dumped_cycles(), by, at="dumped")
        telemetry = self._around(timedelta(hours=6)).telemetry
        fuelled = fuel.cycle_fuel(hauled, telemetry, self.trucks, rolling_pct)
        return self.answered(fuel.per_tkm(fuelled, words, norm=norm is not None))

    def fuel_range(
        self, until: times.When | None = None, window: str | timedelta = "4h", reserve: float = 0.1
    ) -> ibis.Table:
        """Who runs out of fuel before a time; see ``metrics.fuel.fuel_range``.

        Now is the window's end. The burn is that of the ``window`` before it.

        Parameters
        ----------
        until
            By when the fuel should last; none: the end of the shift that goes on at the window's end.
        window
            Hours of which the burn counts.
        reserve
            Share of the tank that must not be burned.

        Returns
        -------
        ibis.Table
            One row per truck, with ``coverage`` and ``doubt``.
        """
        number("reserve", reserve, 0, 0.99, 0.1)
        burnt = times.length(window)
        if not burnt:
            raise BadRequest(f'window "{window}" is no time to look back; give one such as "4h".')
        now = self.asked[1]
        if until is not None:
            last = self.instant(until)
        else:
            rows = self._narrowed(_window=(now - timedelta(microseconds=1), now)).shifts.stop
            stops = [stop for stop in rows.to_pyarrow().to_pylist() if stop is not None]
            if not stops:
                raise BadRequest(
                    f'no shift of {self.name} goes on at the window\'s end; name a time with until="…".'
                )
            last = times.aware(max(stops))
        recent = self._narrowed(_window=(now - burnt, now))
        return self.answered(fuel.fuel_range(recent.telemetry, self.trucks, recent.refuels, last, reserve))

    def refuelling(self) -> ibis.Table:
        """Every refuelling that starts in the window; see ``metrics.fuel.refuelling``."""
        every = self._narrowed(_window=None).refuels
        return self.answered(self._begun(fuel.refuelling(every)))
