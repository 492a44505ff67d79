"""What one asks of time, maintenance and lost tonnes."""

from __future__ import annotations

import ibis

from truckkit.metrics import production, rates
from truckkit.site.answered import Answered


class OfTime(Answered):
    """Questions about time, maintenance and lost tonnes."""

    def time_in_state(self) -> ibis.Table:
        """How long each truck was in each state; see ``metrics.production.time_in_state``."""
        return production.time_in_state(self.clipped_states())

    def truck_rates(self) -> ibis.Table:
        """Tonnes that each truck moves in a minute of work; see ``metrics.rates.truck_rates``."""
        return self.answered(rates.truck_rates(self.clipped_states(), self.dumped_cycles(), self.trucks))
