"""What one asks of haul cycles, loading units and payload."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Self

import ibis
from ibis import _

from truckkit import times
from truckkit.errors import BadRequest, number, told, unknown
from truckkit.metrics import (
    against_plan,
    bunching,
    carry_back,
    grouping,
    hang,
    loadings,
    match_factor,
    payload,
    phases,
    production,
    queues,
    rates,
    worst,
)
from truckkit.site.answered import Answered
from truckkit.site.narrowed import _same_in_all

By = str | Sequence[str]
"""Words of ``metrics.grouping.KEYS``, with commas between them or as a list."""

_MARGIN = timedelta(days=1)
"""How long before and after the window states are read to know what loaders waited for at its bounds."""


class OfCycles(Answered):
    """Questions about haul cycles, loading units and payload."""

    # Cycles ------------------------------------------------------------------------------------

    def productivity(self, every: str = "1h") -> ibis.Table:
        """Tonnes moved per hour, by truck; see ``metrics.production.productivity``."""
        midnight = self.asked[0].astimezone(self.zone).replace(hour=0, minute=0, second=0, microsecond=0)
        return self.answered(production.productivity(self.dumped_cycles(), every, midnight))

    def summary(self, vs: str | None = "plan", by: By = "shift") -> ibis.Table:
        """Tonnes, loads and cycles, against the plan; see ``metrics.against_plan.against_plan``.

        Plans are for all trucks: of a site narrowed to some their columns are empty.

        Parameters
        ----------
        vs
            ``"plan"``, or ``None``: the columns of the plan are empty.
        by
            ``"shift"``, ``"loader"``, ``"shift,loader"`` or ``""``.
        """
        words = grouping.keys(by, allowed=against_plan.KEYS)
        if not (vs is None or (isinstance(vs, str) and vs == "plan")):
            raise BadRequest(f'a summary cannot be compared with {told(vs)}; give vs="plan" or vs=None.')
        cycles, keys = self.split(self.dumped_cycles(), words, at="dumped")
        plans = self.plans if vs == "plan" and self._trucks is None else self.plans.limit(0)
        loaders = self.loader_names if "loader" in words else ()
        return self.answered(against_plan.against_plan(cycles, self.shifts, plans, keys, loaders))

    def cycle_split(self, by: By = "route", vs: str | timedelta | Self | None = "14d") -> ibis.Table:
        """How long each phase of a cycle takes, against before; see ``metrics.phases.phases``.

        Parameters
        ----------
        by
            Words of ``metrics.grouping.KEYS``: route, loader, dump_place, truck, operator, hour and so on.
        vs
            What to compare with: the time of a length before the window, or another site; ``None``: nothing.
        """
        cycles, keys = self.split(self.dumped_cycles(), by, at="dumped")
        before = None if vs is None else self.against(vs)
        baseline = None if before is None else before.split(before.dumped_cycles(), keys, at="dumped")[0]
        return self.answered(phases.phases(cycles, keys, baseline))

    def worst_cycles(self, most: int = 10, vs: str | timedelta | Self | None = "14d") -> ibis.Table:
        """The worst cycles, and which phase made them so; see ``metrics.worst.worst_cycles``.

        Parameters
        ----------
        most
            How many.
        vs
            What tells the usual: the time of a length before the window, or another site; ``None``: the
            window itself.
        """
        number("most", most, 1, 1_000_000, 10, whole=True)
        before = None if vs is None else self.against(vs)
        cycles, _keys = self.split(self.dumped_cycles(), "route", at="dumped")
        baseline = None if before is None else before.split(before.dumped_cycles(), "route", at="dumped")[0]
        found = worst.with_stands(worst.worst_cycles(cycles, baseline, most), self.states)
        return self.answered(found).order_by(ibis.desc("excess_min"), "start", "truck")

    # Loading units -----------------------------------------------------------------------------

    @_same_in_all
    def loader_names(self) -> tuple[str, ...]:
        """Names of the loading units that states, cycles or places name, in order."""
        return tuple(sorted(self.about("loaders").loader.to_pyarrow().to_pylist()))

    @property
    def _everyone(self) -> Self:
        """The site with all trucks, for a loader serves them all."""
        return self._narrowed(_trucks=None)

    def _states_of_all(self) -> ibis.Table:
        """The states of all trucks, from before the window to after it, for a loader serves whoever comes."""
        everyone = self._everyone
        if self.narrowed_to is None:
            return everyone.states
        start, stop = self.narrowed_to
        return everyone._narrowed(_window=(start - _MARGIN, stop + _MARGIN)).states

    def _ended(self, visits: ibis.Table) -> ibis.Table:
        """Those that ended in the window."""
        if self.narrowed_to is None:
            return visits
        start, stop = (times.stored(bound) for bound in self.narrowed_to)
        return visits.filter(visits.stop >= start, visits.stop < stop)

    def queues(
        self, at: str | None = None, longer: str | timedelta | None = None, kind: str | None = None
    ) -> ibis.Table:
        """Which trucks queued, where, how long, and what it cost in tonnes; see ``metrics.queues.queues``.

        Parameters
        ----------
        at
            A place or a loader.
        longer
            Keep the queues that last longer than this, such as ``"5min"``.
        kind
            ``"queue_load"`` or ``"queue_dump"``; none: both.
        """
        if kind is not None and kind not in queues.QUEUES:
            raise unknown("kind of queue", kind, queues.QUEUES, "truckkit")
        if at is not None and at not in self.loader_names:
            known = {*self.loader_names, *self._tables["places"].place.to_pyarrow().to_pylist()}
            if not isinstance(at, str) or at not in known:
                raise unknown("place or loader", at, known, self.name)
        priced = rates.truck_rates(self.clipped_states(), self.dumped_cycles(), self.trucks)
        found = queues.queues(
            self.states,
            priced,
            *self.asked,
            kinds=(kind,) if kind else queues.QUEUES,
            at=at,
            longer=None if longer is None else times.length(longer),
        )
        return self.answered(found)

    def queued(self, by: By = "loader,hour") -> ibis.Table:
        """How long trucks queued at each loader, hour by hour; see ``metrics.queues.queued``.

        Parameters
        ----------
        by
            Words of loader and hour.
        """
        words = grouping.keys(by, allowed=queues.KEYS)
        return self.answered(queues.queued(self.states, *self.asked, words, offset_min=self.offset_min))

    def hangs(self) -> ibis.Table:
        """When each loader hung, waiting for a truck; see ``metrics.hang.hangs``.

        Of all trucks, whichever the site is narrowed to. What a loader waited for is looked for up to a day
        before and after the window.
        """
        found = hang.hangs(loadings.timeline(self._states_of_all()), *self.asked)
        return self._everyone.answered(found)

    def hang(self, by: By = "loader,hour") -> ibis.Table:
        """How long loaders hung, per hour or otherwise, and per load; see ``metrics.hang.hang``.

        Of all trucks, whichever the site is narrowed to.

        Parameters
        ----------
        by
            Words of loader, hour, shift and crew.
        """
        words = grouping.keys(by, allowed=hang.KEYS)
        states = self._states_of_all()
        found = hang.hang(
            loadings.timeline(states),
            self._ended(loadings.visits(states)),
            *self.asked,
            words,
            shifts=self.shifts,
            offset_min=self.offset_min,
        )
        return self._everyone.answered(found)

    def bunching(self, by: By = "loader", within: str | timedelta | None = None) -> ibis.Table:
        """How much queue and hang came of trucks that came together; see ``metrics.bunching.bunching``.

        Of all trucks, whichever the site is narrowed to.

        Parameters
        ----------
        by
            Words of loader, hour, shift and crew.
        within
            Length of a stretch; none: the median complete cycle of the window.
        """
        words = grouping.keys(by, allowed=bunching.KEYS)
        long = self._median_cycle() if within is None else times.length(within)
        if long < timedelta(minutes=1):
            raise BadRequest(f'stretches of "{within}" are too short to bunch in; give a minute or more.')
        states = self._states_of_all()
        found = bunching.bunching(
            loadings.timeline(states),
            loadings.visits(states),
            states,
            *self.asked,
            long,
            words,
            shifts=self.shifts,
            offset_min=self.offset_min,
        )
        return self._everyone.answered(found)

    def _median_cycle(self) -> timedelta:
        """Length of the median complete cycle, to the second; half an hour where there is none."""
        long_s = self.cycles.filter(_.complete).mutate(long_s=_.stop.delta(_.start, unit="second")).long_s
        found = long_s.median().to_pyarrow().as_py()
        return timedelta(seconds=max(60, round(found))) if found else timedelta(minutes=30)

    def match_factor(self, by: By = "hour") -> ibis.Table:
        """Whether trucks were too many for the loaders or too few; see ``metrics.match_factor.match_factor``.

        Parameters
        ----------
        by
            Words of loader, load_place, hour, shift and crew.
        """
        words = grouping.keys(by, allowed=match_factor.KEYS)
        states = self._states_of_all().filter(_.truck.isin(self.truck_names))
        ended = self._ended(loadings.visits(states))
        visits, keys = self.split(ended, words, at="stop")
        cycles, _keys = self.split(self.dumped_cycles(), words, at="dumped")
        return self.answered(match_factor.match_factor(cycles, visits, keys))

    # Payload -----------------------------------------------------------------------------------

    def payload_policy(self, by: By = "loader") -> ibis.Table:
        """Whether payloads keep the 10/10/20 policy, clause by clause; see ``metrics.payload.policy``.

        Parameters
        ----------
        by
            Words of ``metrics.grouping.KEYS``: loader, operator, truck, model, shift and so on.
        """
        cycles, keys = self.split(self.dumped_cycles(), by, at="dumped")
        return self.answered(payload.policy(cycles, self.trucks, keys))

    def weighed_loads(self, width: float = 0.02) -> ibis.Table:
        """Each measured load beside its truck's target; see ``metrics.payload.loads``.

        Parameters
        ----------
        width
            Width of the bins of a histogram, as a share of the target.
        """
        number("width", width, 0.001, 10, 0.02)
        return self.answered(payload.loads(self.dumped_cycles(), self.trucks, width))

    def payload_histogram(self, width: float = 0.02) -> ibis.Table:
        """How many loads came to which share of the target; see ``metrics.payload.histogram``.

        Parameters
        ----------
        width
            Width of a bin, as a share of the target.
        """
        return self.answered(payload.histogram(self.weighed_loads(width)))

    def overloads(self, above: float = payload.MOST) -> ibis.Table:
        """The loads that no truck may carry: over 120 % of its target; see ``metrics.payload.overloads``.

        Parameters
        ----------
        above
            Share of the target over which a load is an overload.
        """
        number("above", above, 0.01, 100, payload.MOST)
        return self.answered(payload.overloads(self.dumped_cycles(), self.trucks, above))

    def underload(self, by: By = "loader") -> ibis.Table:
        """How many tonnes were left because trucks were not filled; see ``metrics.payload.underload``.

        Parameters
        ----------
        by
            Words of ``metrics.grouping.KEYS``: loader, operator, truck, model, shift and so on.
        """
        cycles, keys = self.split(self.dumped_cycles(), by, at="dumped")
        return self.answered(payload.underload(cycles, self.trucks, keys))

    def carry_back(self, by: By = "truck") -> ibis.Table:
        """How many tonnes come back in the body, per load; see ``metrics.carry_back.carry_back``.

        It reads samples, so it takes longer than other answers.

        Parameters
        ----------
        by
            Words of ``metrics.grouping.KEYS``: truck, dump_place, operator, loader and so on.
        """
        cycles = self.dumped_cycles()
        weighed = carry_back.carry_backs(self.telemetry, carry_back.returns(self.states, cycles), cycles)
        rows, keys = self.split(weighed, by, at="dumped")
        return self.answered(carry_back.carry_back(rows, keys))
