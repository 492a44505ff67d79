"""Every lost minute of a shift priced in tonnes, summing to plan minus actual."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import ibis
from ibis import _

from truckkit import align, schema
from truckkit.metrics import pieces, rates
from truckkit.metrics.legs import legs, usual
from truckkit.metrics.usage import with_orders

CLOSING = "allowed_for"

LINES: Mapping[str, str] = {
    "queue_load": "Had it not waited at a loader, the truck would have worked at its rate of the shift.",
    "queue_dump": "Had it not waited at a dump, the truck would have worked at its rate of the shift.",
    "refuelling": "Had it not stood at a fuel bay, the truck would have worked at its rate of the shift.",
    "shift_change": "Had it not stood at a parking place, the truck would have worked at its rate.",
    "delay": "Had it not been delayed elsewhere, the truck would have worked at its rate of the shift.",
    "standby": "Had it not been parked, the truck would have worked at its rate of the shift.",
    "down_scheduled": "Without scheduled work or inspection the truck would have worked at its rate.",
    "down_breakdown": "Had it not broken down, the truck would have worked at its rate of the shift.",
    "down_other": "Without other work orders, or none told, the truck would have worked at its rate.",
    "no_data": "Had it worked while nobody observed it, the truck would have done so at its rate.",
    "slow_loading": "Had spotting and loading taken the usual time, it would have worked the rest.",
    "slow_driving": "Had the drive taken the usual time between its places, it would have worked the rest.",
    "slow_dumping": "Had spotting and dumping taken the usual time, it would have worked the rest.",
    "faster": "Legs were faster than usual: tonnes won at the truck's rate, so they are negative.",
    "underload": "Had each load below the target payload reached it.",
    "overload": "Loads above the target payload: tonnes carried beyond it, so they are negative.",
    CLOSING: "What the plan allows for: plan minus actual, less all other lines; negative where it allows.",
}
"""The lines of the ledger, with the counterfactual by which each is priced."""

_STAGES = {"haul": "slow_driving", "return": "slow_driving", "load": "slow_loading", "dump": "slow_dumping"}
_OWN_LINE = ("queue_load", "queue_dump", "standby", "no_data")


def intervals(
    states: ibis.Table,
    around: ibis.Table,
    before: ibis.Table,
    dumped: ibis.Table,
    *,
    trucks: ibis.Table,
    places: ibis.Table,
    maintenance: ibis.Table,
    start: datetime,
    stop: datetime,
    quoted: Mapping[str, str] | None = None,
) -> ibis.Table:
    """Every lost stretch of the shift, priced in tonnes.

    A minute in which a truck does not work costs the tonnes that it moves in a minute of work, see
    ``rates.truck_rates``; time of which nothing is stored is ``no_data``. A working leg costs the minutes
    by which it was longer than usual, at the same rate, and wins those by which it was shorter. Usual is
    the median of the truck model, the state and the places in the time to compare with, and in the shift
    itself where that has none, see ``legs.usual``; a leg of which nobody told the places has none. A leg
    that the window cuts counts for the part within. A load dumped in the shift costs what it lacked of the
    truck's target payload and wins what it had beyond; trucks without a target are left out. A lost minute
    is in one line alone.

    Parameters
    ----------
    states
        State intervals, see ``schema.STATE_INTERVALS``, of one source a truck, cut to the shift.
    around
        State intervals of some hours around the shift too, whole, for the legs that its bounds cut.
    before
        State intervals of the time to compare with.
    dumped
        Cycles whose load was dumped in the shift, with ``dumped`` and ``carried_t``.
    trucks, places, maintenance
        See ``schema``.
    start, stop
        The shift.
    quoted
        Names of trucks as an address spells them, where that differs.

    Returns
    -------
    ibis.Table
        One row per priced stretch: ``line`` (see ``LINES``), ``truck``, ``start``, ``stop``, ``state``,
        ``lost_min`` [min], ``rate_tpm`` [t/min], ``lost_t`` [t], ``place``, ``loader`` and ``replay``, the
        address of its replay. Loads are priced in tonnes alone, and have 0 minutes.

    Examples
    --------
    >>> import truckkit as tk
    >>> tk.sample().ledger_intervals("refuelling").count().to_pyarrow().as_py()
    4
    """
    lost = align.stacked(
        _not_working(states, trucks, places, maintenance, start, stop),
        _beside_the_usual(around, before, trucks, start, stop),
        _beside_the_target(dumped, trucks),
    )
    priced = lost.left_join(rates.truck_rates(states, dumped, trucks), "truck")
    priced = priced.select(
        "line",
        "truck",
        "start",
        "stop",
        "state",
        "lost_min",
        rate_tpm=priced.rate_tpm.fill_null(0.0),
        lost_t=ibis.coalesce(priced.lost_t, priced.lost_min * priced.rate_tpm, 0.0),
        place=priced.place,
        loader=priced.loader,
    )
    return priced.mutate(replay=_replay(priced, quoted or {}))


def ledger(priced: ibis.Table, dumped: ibis.Table, planned_t: float) -> ibis.Table:
    """Where the tonnes between plan and actual went.

    Lines sum to plan minus actual. What no line accounts for closes the ledger as ``allowed_for``: a plan
    reckons with queues, shift changes and maintenance, so its lost minutes are worth more than the gap.

    Parameters
    ----------
    priced
        See ``intervals``.
    dumped
        Cycles whose load was dumped in the shift, with ``carried_t``.
    planned_t
        Tonnes planned for the shift.

    Returns
    -------
    ibis.Table
        One row per line: ``line``, ``intervals``, ``lost_min`` [min], ``lost_t`` [t], ``counterfactual`` (in
        words), ``plan_t`` [t] and ``actual_t`` [t] that was dumped.

    Examples
    --------
    >>> import truckkit as tk
    >>> lines = tk.sample().ledger().to_pandas()
    >>> gap_t = lines.plan_t[0] - lines.actual_t[0]
    >>> bool(abs(lines.lost_t.sum() - gap_t) < 1e-6)
    True
    """
    actual = dumped.aggregate(actual_t=_.carried_t.cast("float64").sum().fill_null(0.0))
    known = _summed(priced).cross_join(actual).mutate(plan_t=ibis.literal(float(planned_t)))
    rest_t = known.plan_t - known.actual_t - known.lost_t.sum().over()
    return known.select(
        "line",
        intervals=_.intervals,
        lost_min=_.lost_min,
        lost_t=ibis.ifelse(known.line == CLOSING, rest_t, known.lost_t),
        counterfactual=_.counterfactual,
        plan_t=_.plan_t,
        actual_t=_.actual_t,
    )


def losses(priced: ibis.Table) -> ibis.Table:
    """What was lost to each line of the ledger; no plan is needed, so nothing closes it.

    Parameters
    ----------
    priced
        See ``intervals``.

    Returns
    -------
    ibis.Table
        One row per line but ``allowed_for``: ``line``, ``intervals``, ``lost_min`` [min], ``lost_t`` [t],
        ``counterfactual``.

    Examples
    --------
    >>> import truckkit as tk
    >>> tk.sample().losses().filter(lambda t: t.line == "refuelling").intervals.execute().to_list()
    [4]
    """
    return _summed(priced).filter(_.line != CLOSING)


def _summed(priced: ibis.Table) -> ibis.Table:
    """Every line of the ledger with what its stretches sum to."""
    words = ibis.memtable([{"line": line, "counterfactual": said} for line, said in LINES.items()])
    summed = priced.group_by("line").aggregate(
        intervals=_.truck.count(), lost_min=_.lost_min.sum(), lost_t=_.lost_t.sum()
    )
    return words.left_join(summed, "line").select(
        "line",
        intervals=_.intervals.fill_null(0),
        lost_min=_.lost_min.fill_null(0.0),
        lost_t=_.lost_t.fill_null(0.0),
        counterfactual=_.counterfactual,
    )


_COLUMNS = ("line", "truck", "start", "stop", "state", "lost_min", "lost_t", "place", "loader")


def _not_working(
    states: ibis.Table,
    trucks: ibis.Table,
    places: ibis.Table,
    maintenance: ibis.Table,
    start: datetime,
    stop: datetime,
) -> ibis.Table:
    nowhere = ibis.null("string")
    gaps = pieces.untold(states, trucks, start, stop).mutate(
        state=ibis.literal("no_data"), place=nowhere, loader=nowhere
    )
    stood = states.filter(_.state.notin(rates.WORKING))
    stood = stood.select("truck", "start", "stop", "state", "place", "loader")
    stood = align.stacked(stood, gaps).left_join(places.select("place", _kind=_.kind), "place")
    stood = with_orders(stood.drop("place_right"), maintenance)
    line = ibis.cases(
        (_.state.isin(_OWN_LINE), _.state),
        ((_.state == "delay") & (_["_kind"] == "fuel"), "refuelling"),
        ((_.state == "delay") & (_["_kind"] == "park"), "shift_change"),
        (_.state == "delay", "delay"),
        (_.order_kind.isin(("scheduled", "inspection")), "down_scheduled"),
        (_.order_kind == "breakdown", "down_breakdown"),
        else_="down_other",
    )
    return stood.mutate(
        line=line, lost_min=pieces.lasts_us(stood) / 60e6, lost_t=ibis.null("float64")
    ).select(*_COLUMNS)


def _beside_the_usual(
    around: ibis.Table, before: ibis.Table, trucks: ibis.Table, start: datetime, stop: datetime
) -> ibis.Table:
    first, last = align.instant(start), align.instant(stop)
    now = around.filter(around.start < last, around.stop > first)
    driven = legs(around).filter(_.start < last, _.stop > first)
    driven = driven.left_join(trucks.select("truck", "model"), "truck").drop("truck_right")
    driven = driven.mutate(model=driven.model.fill_null(""))
    keys = ["model", "state", "from_place", "to_place"]
    # A leg without a place, or of a kind that was never driven straight, has no usual to be beside of.
    known = driven.join(usual(before, now, trucks), keys)
    within = known.mutate(
        _whole_us=pieces.lasts_us(known),
        _beside_min=known.leg_min - known.usual_min,
        start=ibis.greatest(known.start, first),
        stop=ibis.least(known.stop, last),
    )
    lost = within.mutate(lost_min=_["_beside_min"] * pieces.lasts_us(within) / _["_whole_us"])
    stage = _.state.replace("spot_", "")
    slow = ibis.cases(*((stage == state, line) for state, line in _STAGES.items()))
    return (
        lost.filter(_.lost_min != 0)
        .mutate(
            line=ibis.ifelse(_.lost_min > 0, slow, "faster"),
            lost_t=ibis.null("float64"),
            place=_.to_place,
        )
        .select(*_COLUMNS)
    )


def _beside_the_target(dumped: ibis.Table, trucks: ibis.Table) -> ibis.Table:
    loads = dumped.left_join(trucks.select("truck", "target_payload_t"), "truck").drop("truck_right")
    lacks_t = loads.target_payload_t.nullif(0.0) - loads.carried_t
    return (
        loads.mutate(
            lost_t=lacks_t,
            start=ibis.coalesce(loads.arrived_load, loads.start),
            stop=ibis.coalesce(loads.full, loads.dumped),
            state=ibis.literal("load"),
            lost_min=ibis.literal(0.0),
            place=loads.load_place,
        )
        .filter(_.lost_t.notnull() & (_.lost_t != 0))
        .mutate(line=ibis.ifelse(_.lost_t > 0, "underload", "overload"))
        .select(*_COLUMNS)
    )


def _replay(rows: ibis.Table, quoted: Mapping[str, str]) -> ibis.Value:
    def told(at: ibis.Value) -> ibis.Value:
        return at.cast(schema.INSTANT).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    minute = ibis.interval(minutes=1)
    truck = rows.truck
    if quoted:
        tests = [(rows.truck == name, spelled) for name, spelled in quoted.items()]
        truck = ibis.cases(*tests, else_=rows.truck)
    return (
        ibis.literal("replay?start=")
        + told(rows.start - minute)
        + "&stop="
        + told(rows.stop + minute)
        + "&at="
        + told(rows.start)
        + "&truck="
        + truck
    )
