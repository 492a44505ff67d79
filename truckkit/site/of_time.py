"""What one asks of time, maintenance and lost tonnes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ibis

from truckkit.errors import unknown
from truckkit.metrics import grouping, pieces, production, rates, usage, usage_models
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
