"""What one asks of time, maintenance and lost tonnes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Self
from urllib.parse import quote

import ibis

from truckkit.errors import BadRequest, listed, unknown
from truckkit.metrics import grouping, ledger, pieces, production, rates, usage, usage_models
from truckkit.site.answered import Answered


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
        if model in own:
            return usage_models.read(own[model], model)
        if model not in usage_models.shipped():
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
        return self.answered(usage.time_usage(**self._of_usage(model, by)))

    def kpis(
        self, model: str | usage_models.UsageModel = "gmg", by: str | Sequence[str] = "model"
    ) -> ibis.Table:
        """Availability and utilisation, each with its denominator; see ``metrics.usage.kpis``.

        Parameters are those of ``time_usage``.
        """
        return self.answered(usage.kpis(**self._of_usage(model, by)))

    def _of_usage(self, model: str | usage_models.UsageModel, by: str | Sequence[str]) -> dict[str, Any]:
        start, stop = self.asked
        return {
            "states": self.clipped_states(),
            "model": self.usage_model(model),
            "by": grouping.keys(by, pieces.INSIDE),
            "trucks": self.trucks,
            "places": self.places,
            "maintenance": self.maintenance,
            "shifts": self.shifts,
            "start": start,
            "stop": stop,
            "offset_min": self.offset_min,
        }

    # Lost tonnes -------------------------------------------------------------------------------

    def ledger(self, vs: str | timedelta | Self = "14d") -> ibis.Table:
        """Where the tonnes between plan and actual of one shift went; see ``metrics.ledger.ledger``.

        Parameters
        ----------
        vs
            What to compare the legs with: a length of time before the shift, or a site.
        """
        if self._trucks is not None:
            raise BadRequest(
                "the plan of a shift is for all trucks, and the site is narrowed to some; "
                "ask the ledger before .truck(…), or ask .ledger_intervals()."
            )
        planned_t = self._planned_t(self.one_shift())
        return self.answered(ledger.ledger(self._priced(vs), self.dumped_cycles(), planned_t))

    def ledger_intervals(
        self, line: str | None = None, vs: str | timedelta | Self = "14d"
    ) -> ibis.Table:
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
