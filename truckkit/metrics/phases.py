"""How long the phases of haul cycles take, now and before."""

from __future__ import annotations

from collections.abc import Sequence

import ibis
from ibis import _

from truckkit import schema

PHASES = (*schema.CYCLE_STATES, "delay")
"""The phases of a haul cycle; the delay is the time of it in none of the eight states."""

_MINUTES = tuple(f"{phase}_min" for phase in PHASES)
_PASSING = ("hour", "shift")


def phases(cycles: ibis.Table, by: Sequence[str], baseline: ibis.Table | None = None) -> ibis.Table:
    """How long each phase of a cycle takes, by route or otherwise, against before.

    Complete cycles count alone: of the others a phase is not known. The queue and the spot of a cycle are
    those that the source put into it: where its cycles start with loading, they are those of the next
    loading. An hour or a shift does not come again, so each is compared with the whole of the time before.

    Parameters
    ----------
    cycles
        Haul cycles, see ``schema.CYCLES``, with a column for each word of ``by``.
    by
        The columns that make a group; none of them for all cycles in one.
    baseline
        The cycles to compare with, with the same columns.

    Returns
    -------
    ibis.Table
        One row per group and phase: ``phase``, ``cycles``, ``median_min`` and ``mean_min`` [min] over them;
        ``cycles_before``, ``median_before_min`` and ``mean_before_min`` [min] of the baseline, and
        ``difference_min`` [min] of the two medians; the last three are empty where there is no baseline.

    Examples
    --------
    >>> import truckkit as tk
    >>> split = tk.sample().cycle_split(by="", vs=None)
    >>> split.filter(split.phase == "haul").select("cycles", "cycles_before").to_pyarrow().to_pylist()
    [{'cycles': 126, 'cycles_before': 0}]
    """
    now = _medians(cycles, by)
    if baseline is None:
        joined = now.mutate(
            cycles_before=ibis.null("int64"),
            median_before_min=ibis.null("float64"),
            mean_before_min=ibis.null("float64"),
        )
    else:
        recurring = [word for word in by if word not in _PASSING]
        before = _medians(baseline, recurring).rename(
            cycles_before="cycles", median_before_min="median_min", mean_before_min="mean_min"
        )
        # A group whose name is not known is one too.
        same = [now[word].identical_to(before[word]) for word in (*recurring, "phase")]
        joined = now.left_join(before, same).select(
            *now.columns, "cycles_before", "median_before_min", "mean_before_min"
        )
    return joined.mutate(
        cycles_before=_.cycles_before.fill_null(0), difference_min=_.median_min - _.median_before_min
    )


def _medians(cycles: ibis.Table, by: Sequence[str]) -> ibis.Table:
    rows = cycles.filter(cycles.complete).select(*by, *_MINUTES)
    each = rows.pivot_longer(list(_MINUTES), names_to="phase", values_to="spent_min")
    return (
        each.mutate(phase=_.phase.re_replace("_min$", ""))
        .group_by(*by, "phase")
        .aggregate(cycles=_.spent_min.count(), median_min=_.spent_min.median(), mean_min=_.spent_min.mean())
    )
