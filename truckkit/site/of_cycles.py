"""What one asks of haul cycles, loading units and payload."""

from __future__ import annotations

import ibis

from truckkit.metrics import production
from truckkit.site.answered import Answered


class OfCycles(Answered):
    """Questions about haul cycles, loading units and payload."""

    def productivity(self, every: str = "1h") -> ibis.Table:
        """Tonnes moved per hour, by truck; see ``metrics.production.productivity``."""
        return production.productivity(self.cycles, every)
