"""What one asks of roads, samples, tyres and fuel."""

from __future__ import annotations

from collections.abc import Iterable

import ibis
from ibis import _

from truckkit import align, schema
from truckkit.errors import unknown
from truckkit.site.answered import Answered


class OfRoads(Answered):
    """Questions about roads, samples, tyres and fuel."""

    def samples(self, *channels: str, during: str | Iterable[str] | None = None) -> ibis.Table:
        """Telemetry channels with the state that the truck was in.

        Parameters
        ----------
        channels
            Columns of ``schema.TELEMETRY``; none: all of them.
        during
            Keep the samples of these states alone.

        Returns
        -------
        ibis.Table
            One row per reading: ``truck``, ``at``, the channels, ``state``.

        Examples
        --------
        >>> import truckkit as tk
        >>> tk.sample().samples("payload_t", during="haul").columns
        ('truck', 'at', 'payload_t', 'state')
        """
        known = [column.name for column in schema.TELEMETRY if column.name not in ("truck", "at", "load_id")]
        for channel in channels:
            if channel not in known:
                raise unknown("channel", channel, known, "telemetry")
        wanted = [during] if isinstance(during, str) else list(during or ())
        for state in wanted:
            if state not in schema.STATES:
                raise unknown("state", state, schema.STATES, "truckkit")
        readings = self.telemetry.select("truck", "at", *(channels or known))
        with_state = align.in_intervals(readings, self.states, "state")
        return with_state.filter(_.state.isin(wanted)) if wanted else with_state
