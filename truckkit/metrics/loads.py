"""Whether a truck was loaded, and who drove it, at an instant."""

from __future__ import annotations

import ibis

LOADED = ("haul", "queue_dump", "spot_dump", "dump")
"""States in which a truck carries a load."""
EMPTY = ("return", "queue_load", "spot_load", "load")
"""States in which it does not, or not all of it."""


def with_load(rows: ibis.Table, states: ibis.Table, *, at: str = "at") -> ibis.Table:
    """Rows with whether the truck was loaded, and who drove it.

    The last state that tells of the load counts: a truck that stands in a delay has what it had before.
    From ``no_data`` on, and before the first state, nobody knows.

    Parameters
    ----------
    rows
        Rows with ``truck`` and an instant.
    states
        State intervals, see ``schema.STATE_INTERVALS``, of one source a truck.
    at
        The column with the instant.

    Returns
    -------
    ibis.Table
        One row per row, with ``loaded`` (empty where nobody knows) and ``operator``.
    """
    telling = states.filter(states.state.isin([*LOADED, *EMPTY, "no_data"]))
    told = telling.select(
        "truck",
        _since="start",
        _loaded=ibis.cases(
            (telling.state.isin(LOADED), ibis.literal(True)),
            (telling.state.isin(EMPTY), ibis.literal(False)),
        ),
        _operator="operator",
    )
    joined = rows.asof_join(told, on=rows[at] >= told["_since"], predicates="truck")
    return joined.select(*rows.columns, loaded=joined["_loaded"], operator=joined["_operator"])
