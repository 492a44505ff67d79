"""What one asks of the answers themselves: what they rest on, who said so, what is missing."""

from __future__ import annotations

from functools import reduce

import ibis

from truckkit import align, doubted, quality, schema
from truckkit.metrics import coverage
from truckkit.site.answered import Answered, told_by
from truckkit.site.explanation import Explanation, explained

_FLAGGED = (schema.POSITIONS, schema.TELEMETRY, schema.CYCLES, schema.REFUELS)


class OfTrust(Answered):
    """Questions about what answers rest on."""

    def reconcile(self) -> ibis.Table:
        """What the FMS said and what was detected, side by side; see ``align.side_by_side``."""
        return align.side_by_side(*(self.using(source).clipped_states() for source in ("fms", "detected")))

    def coverage(self) -> ibis.Table:
        """How much of the asked time each truck was observed, and which answers not to trust.

        One row per truck, those of which nothing is known too; see ``metrics.coverage.with_gaps``.
        ``doubt`` says where an answer rests on too little.

        Examples
        --------
        >>> import truckkit as tk
        >>> tk.sample().coverage().columns[:4]
        ('truck', 'asked_min', 'observed_min', 'coverage')
        """
        seen = self.seen()
        answer = coverage.with_gaps(seen, self.clipped_states(), self.positions, *self.asked)
        return coverage.with_doubt(answer, self.least_coverage)

    def hourly_coverage(self) -> ibis.Table:
        """How much of each hour each truck was observed; see ``metrics.coverage.per_hour``."""
        answer = coverage.per_hour(self.clipped_states(), self.trucks, *self.asked, self.offset_min)
        return coverage.with_doubt(answer, self.least_coverage)

    def quality(self) -> ibis.Table:
        """What is wrong with the data: gaps, jumps, clocks, overlaps, frozen channels, values out of bounds.

        One row per finding, as in ``schema.FINDINGS``; see ``quality``. All samples of the window are
        looked at, so ask for a shift or a day rather than for a year.

        Examples
        --------
        >>> import truckkit as tk
        >>> tk.sample().quality().count().execute()
        0
        """
        found = [quality.of_positions(self.positions), quality.of_cycles(self.cycles)]
        found += [doubted.frozen(self.telemetry, self.positions), doubted.units(self.positions)]
        found += [quality.flagged(self.table(table.name), table) for table in _FLAGGED]
        return reduce(lambda one, other: one.union(other), found)

    def quality_summary(self, findings: ibis.Table | None = None) -> ibis.Table:
        """How many findings of each kind, and the worst of each; see ``quality.counted``.

        Parameters
        ----------
        findings
            What ``quality`` told, where that has been asked; else it is asked.
        """
        if findings is None:
            return quality.counted(self.quality())
        return quality.counted(told_by("quality", quality.COUNTED, findings))

    def repeated(self) -> ibis.Table:
        """Rows that said again what was known, by source and table; see ``quality.repeated``."""
        return quality.repeated(self.rejects)

    def late(self) -> ibis.Table:
        """Loads that told of this window more than an hour after it happened; see ``quality.late``."""
        start, stop = (ibis.literal(bound, schema.INSTANT) for bound in self.asked_stored)
        loads = self.loads
        return quality.late(loads.filter(loads.start < stop, loads.stop >= start))

    def explain(self, answer: ibis.Table) -> Explanation:
        """What is behind an answer of this site: intervals, samples, SQL, detector, generation.

        To ask about one number, hand over the row that it stands in: ``site.explain(queues.filter(…))``.

        Parameters
        ----------
        answer
            What a question of this site gave, whole or filtered.

        Returns
        -------
        Explanation
            Its ``sql``, ``tables``, ``generation``, ``detectors``; and, as tables, the ``intervals``,
            ``cycles``, ``samples`` and ``loads`` that it rests on.

        Examples
        --------
        >>> import truckkit as tk
        >>> site = tk.sample()
        >>> why = site.explain(site.truck("T01").time_in_state())
        >>> why.tables
        ('states',)
        """
        return explained(self, answer)
