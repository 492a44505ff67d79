"""What one asks of the answers themselves: what they rest on, who said so, what is missing."""

from __future__ import annotations

import ibis

from truckkit import align
from truckkit.site.answered import Answered


class OfTrust(Answered):
    """Questions about what answers rest on."""

    def reconcile(self) -> ibis.Table:
        """What the FMS said and what was detected, side by side; see ``align.side_by_side``."""
        return align.side_by_side(*(self.using(source).clipped_states() for source in ("fms", "detected")))
