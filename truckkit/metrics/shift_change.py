"""How shifts begin, pause and end."""

from __future__ import annotations

from datetime import datetime

import ibis
from ibis import _

from truckkit import align
from truckkit.metrics import pieces
from truckkit.metrics.rates import WORKING

BREAKS = ("delay", "standby")


def shift_change(
    states: ibis.Table, trucks: ibis.Table, shifts: ibis.Table, start: datetime, stop: datetime
) -> ibis.Table:
    """Who started late, finished early or had a long break.

    A truck starts when it first works, see ``rates.WORKING``, and finishes when it last does; one that
    works over the bound of a shift starts or finishes there. The break is the longest stretch of ``delay``
    and ``standby`` between the two, however many intervals it is made of. A shift that the window cuts
    counts for the part within. A truck that did not work in a shift has empty answers there.

    Parameters
    ----------
    states
        State intervals, see ``schema.STATE_INTERVALS``, of one source a truck, cut to the time asked for.
    trucks, shifts
        See ``schema``; the trucks asked for.
    start, stop
        The time asked for.

    Returns
    -------
    ibis.Table
        One row per truck and shift: ``truck``, ``shift``, ``crew``, ``first_worked``, ``late_start_min``
        [min], ``last_worked``, ``early_finish_min`` [min], ``longest_break_min`` [min] (0 without one) and
        ``longest_break``, when it started.

    Examples
    --------
    >>> import truckkit as tk
    >>> tk.sample().shift_change().columns[3:6]
    ('first_worked', 'late_start_min', 'last_worked')
    """
    rested = states.filter(_.state.isin(BREAKS)).select("truck", "start", "stop")
    breaks = pieces.runs(rested).group_by("truck", "_run").aggregate(start=_.start.min(), stop=_.stop.max())
    worked = states.filter(_.state.isin(WORKING))
    columns = ("truck", "start", "stop")
    both = align.stacked(
        worked.select(*columns, works=ibis.literal(True)), breaks.select(*columns, works=ibis.literal(False))
    )
    asked = pieces.slices(shifts, start, stop).filter(_.shift.notnull())
    asked = asked.select("shift", "crew", _since=_.start, _until=_.stop)
    met = both.join(asked, [both.start < asked["_until"], both.stop > asked["_since"]])
    met = met.mutate(start=ibis.greatest(met.start, met["_since"]), stop=ibis.least(met.stop, met["_until"]))
    group = ibis.window(group_by=["truck", "shift"])
    ends = met.mutate(
        _first=met.start.min(where=met.works).over(group), _last=met.stop.max(where=met.works).over(group)
    )
    lasts_min = ibis.ifelse(
        ~ends.works & (ends.start > ends["_first"]) & (ends.stop < ends["_last"]),
        pieces.lasts_us(ends) / 60e6,
        ibis.null("float64"),
    )
    found = (
        ends.mutate(_lasts_min=lasts_min)
        .group_by("truck", "shift")
        .aggregate(
            first_worked=_["_first"].max(),
            last_worked=_["_last"].max(),
            longest_break_min=_["_lasts_min"].max(),
            # The first of those alike, so that the same question has the same answer each time.
            longest_break=_.start.first(order_by=[_["_lasts_min"].desc(), _.start]),
        )
    )
    each = trucks.select("truck").cross_join(asked).left_join(found, ["truck", "shift"])
    worked_then = each.first_worked.notnull()
    return each.select(
        "truck",
        "shift",
        "crew",
        first_worked=each.first_worked,
        late_start_min=each.first_worked.delta(each["_since"], unit="microsecond") / 60e6,
        last_worked=each.last_worked,
        early_finish_min=each["_until"].delta(each.last_worked, unit="microsecond") / 60e6,
        longest_break_min=ibis.ifelse(
            worked_then, each.longest_break_min.fill_null(0.0), ibis.null("float64")
        ),
        longest_break=each.longest_break,
    )
