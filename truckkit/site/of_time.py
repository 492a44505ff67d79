"""What one asks of time, maintenance and lost tonnes."""

from __future__ import annotations

import ibis

from truckkit.metrics import production
from truckkit.site.answered import Answered


class OfTime(Answered):
    """Questions about time, maintenance and lost tonnes."""

    def time_in_state(self) -> ibis.Table:
        """How long each truck was in each state; see ``metrics.production.time_in_state``."""
        return production.time_in_state(self.clipped_states())
