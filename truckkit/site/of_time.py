"""What one asks of time, maintenance and lost tonnes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Self
from urllib.parse import quote

import ibis

from truckkit import align, times
from truckkit.errors import BadRequest, listed, unknown
from truckkit.metrics import (
    before_after,
    grouping,
    idle,
    ledger,
    maintenance,
    pieces,
    production,
    rates,
    shift_change,
    stops,
    usage,
    usage_models,
)
from truckkit.site.answered import Answered, told_by


class OfTime(Answered):
    """Questions about time, maintenance and lost tonnes."""

    def time_in_state(self) -> ibis.Table:
        """How long each truck was in each state; see ``metrics.production.time_in_state``."""
        return production.time_in_state(self.clipped_states())

    def truck_rates(self) -> ibis.Table:
        """Tonnes that each truck moves in a minute of work; see ``metrics.rates.truck_rates``."""
        return self.answered(rates.truck_rates(self.clipped_states(), self.dumped_cycles(), self.trucks))

    # Time usage --------------------------------------------------------------------------------

    def usage_model(self, model: str | usage_models.UsageModel = "gmg") -> usage_models.UsageModel:
        """A time usage model by its name: the site's own, or one that comes with truckkit."""
        if isinstance(model, usage_models.UsageModel):
            return model
        own = {row["model"]: row["definition"] for row in self.usage_models.to_pyarrow().to_pylist()}
        if isinstance(model, str) and model in own:
            return usage_models.read(own[model], model)
        if model not in tuple(usage_models.shipped()):
            raise unknown("time usage model", model, {*own, *usage_models.shipped()}, self.name)
        return usage_models.of_truckkit(model)

    def time_usage(
        self, model: str | usage_models.UsageModel = "gmg", by: str | Sequence[str] = "truck"
    ) -> ibis.Table:
        """Where every minute of the calendar went; see ``metrics.usage.time_usage``.

        Parameters
        ----------
        model
            Name of the time usage model: ``gmg``, ``caterpillar``, ``calendar`` or one of the site's own.
        by
            Any of truck, model, fleet, shift, crew, hour, with commas.
        """
        return self.answered(usage.time_usage(*self._landed(self.usage_model(model), by)))

    def kpis(
        self, model: str | usage_models.UsageModel = "gmg", by: str | Sequence[str] = "model"
    ) -> ibis.Table:
        """Availability and utilisation, each with its denominator; see ``metrics.usage.kpis``.

        Parameters are those of ``time_usage``.
        """
        found = self.usage_model(model)
        landed, words = self._landed(found, by)
        return self.answered(usage.kpis(landed, found, words))

    def usage_intervals(self, model: str | usage_models.UsageModel = "gmg") -> ibis.Table:
        """The stretches of time behind ``time_usage``; see ``metrics.usage.stretches``.

        Parameters
        ----------
        model
            As in ``time_usage``.
        """
        start, stop = self.asked
        found = usage.stretches(
            self.clipped_states(),
            self.usage_model(model),
            trucks=self.trucks,
            places=self.places,
            maintenance=self.maintenance,
            start=start,
            stop=stop,
        )
        return self.answered(found)

    def _landed(
        self, model: usage_models.UsageModel, by: str | Sequence[str]
    ) -> tuple[ibis.Table, tuple[str, ...]]:
        start, stop = self.asked
        words = grouping.keys(by, pieces.INSIDE)
        landed = usage.landed(
            self.clipped_states(),
            model,
            words,
            trucks=self.trucks,
            places=self.places,
            maintenance=self.maintenance,
            shifts=self.shifts,
            start=start,
            stop=stop,
            offset_min=self.offset_min,
        )
        return landed, words

    def shift_change(self) -> ibis.Table:
        """Who started late, finished early or had a long break; see ``metrics.shift_change``."""
        return self.answered(
            shift_change.shift_change(self.clipped_states(), self.trucks, self.shifts, *self.asked)
        )

    def idle(self, longer: str | timedelta = "10min") -> ibis.Table:
        """Who stood with the engine on for at least so long, and where; see ``metrics.idle.idle``.

        Stretches are whole, also where the window cuts them; ``inside_min`` is what of them lies in it.
        """
        start, stop = self.asked
        wide = self._wide()
        found = idle.idle(wide.clipped_states(), wide.telemetry, wide.positions, times.length(longer))
        return self.answered(idle.within(found, start, stop))

    def stops(self, longer: str | timedelta = "1min") -> ibis.Table:
        """Each time that a truck stood for at least so long, where and as what; see ``metrics.stops.stops``.

        Stops that overlap the window are whole.
        """
        found = stops.stops(self._wide().states, times.length(longer))
        return self.answered(align.overlapping(found, *self.asked))

    def trips(self) -> ibis.Table:
        """What trucks drove, how far and between which places; see ``metrics.stops.trips``.

        Trips that overlap the window are whole.
        """
        wide = self._wide()
        return self.answered(align.overlapping(stops.trips(wide.states, wide.cycles), *self.asked))

    def _wide(self) -> Self:
        """The site in its window and some hours before and after it."""
        if self.narrowed_to is None:
            return self
        start, stop = self.narrowed_to
        return self.between(start - idle.AROUND, stop + idle.AROUND)

    # Maintenance -------------------------------------------------------------------------------

    def reliability(self, by: str | Sequence[str] = "truck") -> ibis.Table:
        """How long trucks run between shutdowns; see ``metrics.maintenance.reliability``.

        Parameters
        ----------
        by
            Any of truck, model, fleet, shift, crew, hour, with commas.
        """
        start, stop = self.asked
        # An instant more, for a stretch of down that goes on over the start of the window is not new.
        wider = self.between(start - timedelta(microseconds=1), stop)
        return self.answered(
            maintenance.reliability(
                wider.states,
                grouping.keys(by, pieces.INSIDE),
                trucks=self.trucks,
                shifts=self.shifts,
                start=start,
                stop=stop,
                offset_min=self.offset_min,
            )
        )

    def maintenance_pareto(self, by: str | Sequence[str] = "component") -> ibis.Table:
        """What trucks were down for, the most first; see ``metrics.maintenance.maintenance_pareto``.

        Parameters
        ----------
        by
            Any of component, kind, truck, model, fleet, with commas.
        """
        start, stop = self.asked
        words = grouping.keys(by, tuple(maintenance.PARETO))
        pareto = maintenance.maintenance_pareto(
            self.maintenance, words, trucks=self.trucks, start=start, stop=stop
        )
        # Joined to its coverage first, for a join keeps no order.
        return self.answered(pareto).order_by(ibis.desc("down_h"), *words)

    def before_after(self, work_order: str, window: str | timedelta = "3 shifts") -> ibis.Table:
        """Whether a truck behaves differently after a work order; see ``metrics.before_after``.

        Parameters
        ----------
        work_order
            Number of the work order, wherever in the store it is.
        window
            How much before its start and after its stop to look at: a length such as ``"36h"``, or
            ``"3 shifts"``: the last three that started before the work did, and the first three that ended
            after it, each without the time of the work.
        """
        found = self._named("maintenance", "work_order", work_order)
        if not found:
            known = self._tables["maintenance"].work_order.to_pyarrow().to_pylist()
            raise unknown("work order", work_order, known, self.name)
        order = found[0]
        if order["stop"] is None:
            raise BadRequest(
                f'the work order "{work_order}" is still open, so nothing comes after it; '
                "ask again once it has a stop."
            )
        started, done = times.aware(order["start"]), times.aware(order["stop"])
        first, last = self._around_work(started, done, window)
        truck = self._narrowed(_trucks=(order["truck"],), _window=(first, last))
        return truck.answered(
            before_after.before_after(
                truck.states, truck.cycles, truck.telemetry, (first, started), (done, last)
            )
        )

    def _around_work(
        self, started: datetime, done: datetime, window: str | timedelta
    ) -> tuple[datetime, datetime]:
        """First and last instant to look at around some work."""
        counted = re.fullmatch(r"\s*(\d+)\s*shifts?\s*", window) if isinstance(window, str) else None
        if not counted:
            length = times.length(window)
            if not length:
                raise BadRequest(f'window "{window}" is no time to look at; give one such as "36h".')
            return started - length, done + length
        number = int(counted[1])
        known = self._tables["shifts"].select("start", "stop").to_pyarrow().to_pylist()
        before = sorted(start for row in known if (start := times.aware(row["start"])) < started)
        after = sorted(stop for row in known if (stop := times.aware(row["stop"])) > done)
        if not (number and before and after):
            raise BadRequest(
                f'"{window}" reaches no shift before and after the work; '
                'give a length of time instead, such as "36h".'
            )
        return before[-number:][0], after[:number][-1]

    # Lost tonnes -------------------------------------------------------------------------------

    def ledger(self, vs: str | timedelta | Self = "14d", priced: ibis.Table | None = None) -> ibis.Table:
        """Where the tonnes between plan and actual of one shift went; see ``metrics.ledger.ledger``.

        Parameters
        ----------
        vs
            What to compare the legs with: a length of time before the shift, or a site.
        priced
            What ``ledger_intervals`` told of the shift, where that has been asked; else it is asked.
        """
        if self._trucks is not None:
            raise BadRequest(
                "the plan of a shift is for all trucks, and the site is narrowed to some; "
                "ask the ledger before .truck(…), or ask .ledger_intervals()."
            )
        planned_t = self._planned_t(self.one_shift())
        return self.answered(ledger.ledger(self._stretches(vs, priced), self.dumped_cycles(), planned_t))

    def losses(
        self,
        vs: str | timedelta | Self = "14d",
        priced: ibis.Table | None = None,
    ) -> ibis.Table:
        """What each line of the ledger cost in tonnes; no plan is needed. See ``metrics.ledger.losses``.

        Parameters are those of ``ledger``.
        """
        return self.answered(ledger.losses(self._stretches(vs, priced)))

    def _stretches(self, vs: str | timedelta | Self, priced: ibis.Table | None) -> ibis.Table:
        """What ``ledger_intervals`` told, or tells now."""
        if priced is None:
            return self._priced(vs)
        return told_by("ledger_intervals", ("line", "truck", "lost_min", "lost_t"), priced)

    def ledger_intervals(self, line: str | None = None, vs: str | timedelta | Self = "14d") -> ibis.Table:
        """The stretches of time behind the ledger, each with its tonnes and its replay.

        See ``metrics.ledger.intervals``; no plan is needed.

        Parameters
        ----------
        line
            One line of the ledger, see ``metrics.ledger.LINES``; none: all of them.
        vs
            As in ``ledger``.
        """
        lines = [name for name in ledger.LINES if name != ledger.CLOSING]
        if line is not None and line not in lines:
            raise unknown("line", line, lines, "the ledger's intervals")
        priced = self._priced(vs)
        return self.answered(priced if line is None else priced.filter(priced.line == line))

    def _priced(self, vs: str | timedelta | Self) -> ibis.Table:
        start, stop = self.asked
        margin = timedelta(hours=4)
        spelled = {name: quote(name, safe="") for name in self.truck_names}
        return ledger.intervals(
            self.clipped_states(),
            self.between(start - margin, stop + margin).states,
            self.against(vs).states,
            self.dumped_cycles(),
            trucks=self.trucks,
            places=self.places,
            maintenance=self.maintenance,
            start=start,
            stop=stop,
            quoted={name: other for name, other in spelled.items() if name != other},
        )

    def _planned_t(self, shift: str) -> float:
        plans = self.plans
        whole = plans.filter(plans.circuit == "all").select("shift", "planned_t").to_pyarrow().to_pylist()
        planned = {row["shift"]: row["planned_t"] for row in whole if row["planned_t"] is not None}
        if shift not in planned:
            raise BadRequest(
                f'no tonnes are planned for the circuit "all" in shift "{shift}"; '
                f"shifts with such a plan: {listed(sorted(planned))}."
            )
        return float(planned[shift])
