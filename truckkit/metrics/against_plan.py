"""What was moved, against what was planned."""

from __future__ import annotations

from collections.abc import Sequence

import ibis
from ibis import _

from truckkit.metrics import grouping

KEYS = ("shift", "loader")
"""The words by which one can ask, for plans are of shifts and circuits."""


def against_plan(
    cycles: ibis.Table,
    shifts: ibis.Table,
    plans: ibis.Table,
    by: Sequence[str] = ("shift",),
    loaders: Sequence[str] = (),
) -> ibis.Table:
    """Tonnes, loads and cycles, against the plan.

    A load counts where it was dumped. Tonnes are those measured, and those reported where none were.
    By loader the plans of circuits that are loaders count, else those of the circuit ``all``. A plan is
    for the whole of its shift, also where the time asked for holds a part of it.

    Parameters
    ----------
    cycles
        Cycles that dumped in the time asked for, with ``carried_t`` (see ``cycles.dumped``) and a
        column for each word of ``by``.
    shifts
        The shifts that the time asked for holds, or parts of; see ``schema.SHIFTS``.
    plans
        See ``schema.PLANS``.
    by
        None, some or all of ``KEYS``.
    loaders
        Names of loading units: which circuits of plans are loaders.

    Returns
    -------
    ibis.Table
        One row per shift, or as ``by`` says, planned or worked, a shift of neither included: ``moved_t``
        [t], ``loads``, ``unweighed`` (loads among them of unknown tonnes), ``incomplete`` (cycles among
        them that are not complete), ``planned_t`` [t], ``planned_loads``, ``difference_t`` [t] (moved less
        planned) and ``share_of_plan``, moved over planned; the last four are empty where there is no
        plan. Loads dumped outside of any shift have an empty ``shift``.

    Examples
    --------
    >>> import truckkit as tk
    >>> day = tk.sample().shift("2026-11-22 day").summary()
    >>> day.select("shift", "loads", "planned_loads").to_pyarrow().to_pylist()
    [{'shift': '2026-11-22 day', 'loads': 130, 'planned_loads': 138.0}]
    """
    nothing = {
        "moved_t": ibis.null("float64"),
        "dumped": ibis.literal(0),
        "unknown": ibis.literal(0),
        "partial": ibis.literal(0),
        "planned_t": ibis.null("float64"),
        "planned_loads": ibis.null("float64"),
    }
    carried = {
        "moved_t": cycles.carried_t,
        "dumped": ibis.literal(1),
        "unknown": cycles.carried_t.isnull().ifelse(1, 0),
        "partial": cycles.complete.ifelse(0, 1),
    }
    done = cycles.select(**{word: _text(cycles[word]) for word in by} | nothing | carried)
    known = plans.semi_join(shifts, "shift")
    held = known.filter(known.circuit.isin(list(loaders)) if "loader" in by else known.circuit == "all")
    where = {"shift": _text(held.shift), "loader": _text(held.circuit)}
    planned = {"planned_t": held.planned_t, "planned_loads": held.planned_loads}
    rows = [done, held.select(**{word: where[word] for word in by} | nothing | planned)]
    if "shift" in by and "loader" not in by:
        rows.append(shifts.select(shift=_text(shifts.shift), **nothing))
    summed = grouping.aggregated(
        ibis.union(*rows),
        by,
        moved_t=_.moved_t.sum().fill_null(0.0),
        loads=_.dumped.sum().cast("int64"),
        unweighed=_.unknown.sum().cast("int64"),
        incomplete=_.partial.sum().cast("int64"),
        planned_t=_.planned_t.sum(),
        planned_loads=_.planned_loads.sum(),
    )
    return summed.mutate(
        difference_t=_.moved_t - _.planned_t, share_of_plan=_.moved_t / _.planned_t.nullif(0.0)
    )


def _text(words: ibis.Value) -> ibis.Value:
    """Names as a union takes them: that they are never empty is of the one table, not of all."""
    return words.cast("string")
