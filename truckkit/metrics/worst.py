"""The cycles that took longest over the usual, and which phase of them did."""

from __future__ import annotations

import ibis
from ibis import _

from truckkit.metrics.phases import PHASES

_LONG = "cycle_min"

STANDS = ("delay", "standby", "down", "no_data")
"""The states that a cycle counts as delay."""


def worst_cycles(cycles: ibis.Table, baseline: ibis.Table | None, most: int = 10) -> ibis.Table:
    """The worst cycles, and why: what took longer than is usual on their route.

    Usual is the median of the complete cycles of the route in the baseline; on a route that the baseline does
    not know, the median of the cycles given. Complete cycles count alone.

    Parameters
    ----------
    cycles
        Haul cycles, see ``schema.CYCLES``, with ``route``.
    baseline
        The cycles that tell what is usual, with ``route``; none: the cycles given.
    most
        How many of them.

    Returns
    -------
    ibis.Table
        One row per cycle, the worst first: ``truck, start, stop, route, loader, dump_place, operator``,
        ``cycle_min`` [min] (stop less start), ``expected_min`` [min] (the usual), ``excess_min`` [min] (the
        two subtracted), ``cycles_before`` (how many tell what is usual), ``usual_from`` (baseline or
        window), ``phase`` (the one that took most over its usual), ``phase_excess_min`` [min], and
        ``explanation`` in words.

    Examples
    --------
    >>> import truckkit as tk
    >>> tk.sample().worst_cycles(1).select("phase", "usual_from").to_pyarrow().to_pylist()
    [{'phase': 'delay', 'usual_from': 'window'}]
    """
    these = _whole(cycles)
    usual = _usual(these, 1, "window")
    if baseline is not None:
        both = ibis.union(usual, _usual(_whole(baseline), 0, "baseline"))
        nearest = both.mutate(_first=_["_rank"].min().over(group_by="route"))
        usual = nearest.filter(nearest["_rank"] == nearest["_first"]).drop("_first")
    found = these.left_join(usual, these.route.identical_to(usual["route"]))
    found = found.mutate(
        expected_min=found[f"_usual_{_LONG}"],
        excess_min=found[_LONG] - found[f"_usual_{_LONG}"],
        **{f"_over_{phase}": found[f"{phase}_min"] - found[f"_usual_{phase}_min"] for phase in PHASES},
    )
    # Of all cycles only the worst need be explained. The order is the meaning; of two that are as bad, the
    # earlier comes first.
    found = found.order_by(ibis.desc("excess_min"), "start", "truck").limit(most)
    found = found.mutate(phase_excess_min=ibis.greatest(*(found[f"_over_{phase}"] for phase in PHASES)))
    at_most = [(found.phase_excess_min == found[f"_over_{phase}"], phase) for phase in PHASES]
    found = found.mutate(
        phase=ibis.cases(*at_most),
        _usual_min=ibis.cases(*((test, found[f"_usual_{phase}_min"]) for test, phase in at_most)),
    )
    told = (
        found.phase
        + " took "
        + found.phase_excess_min.round(1).cast("string")
        + " min longer than the "
        + found["_usual_min"].round(1).cast("string")
        + " min usual on "
        + found.route
    )
    return found.mutate(explanation=told).select(
        "truck",
        "start",
        "stop",
        "route",
        "loader",
        "dump_place",
        "operator",
        _LONG,
        "expected_min",
        "excess_min",
        "cycles_before",
        "usual_from",
        "phase",
        "phase_excess_min",
        "explanation",
    )


def with_stands(worst: ibis.Table, states: ibis.Table) -> ibis.Table:
    """Cycles that a delay made bad, with what the longest of it was and where.

    Parameters
    ----------
    worst
        See ``worst_cycles``.
    states
        State intervals, see ``schema.STATE_INTERVALS``.

    Returns
    -------
    ibis.Table
        One row per cycle, as given, with ``stood`` (the state of the longest stand), ``stood_at`` (its place,
        where known) and ``stood_min`` [min], empty where another phase than ``delay`` is to blame;
        ``explanation`` says the same.
    """
    stands = states.filter(states.state.isin(STANDS)).select(
        "truck", "state", "place", _since="start", _until="stop"
    )
    delayed = worst.filter(worst.phase == "delay").select("truck", "start", "stop")
    met = delayed.join(
        stands,
        [
            delayed.truck == stands.truck,
            stands["_since"] < delayed.stop,
            stands["_until"] > delayed.start,
        ],
    )
    within_min = (
        ibis.least(met["_until"], met.stop).delta(ibis.greatest(met["_since"], met.start), unit="microsecond")
        / 60e6
    )
    # The first of those alike, so that the same question has the same answer each time.
    longest_first = [_["_long_min"].desc(), _["_since"]]
    longest = (
        met.mutate(_long_min=within_min)
        .group_by("truck", "start", "stop")
        .aggregate(
            _state=_.state.first(order_by=longest_first),
            # An empty place would be passed over for one that is told, and that is another stand's.
            _place=_.place.fill_null("").first(order_by=longest_first),
            _long_min=_["_long_min"].max(),
        )
    )
    joined = worst.left_join(longest, ["truck", "start", "stop"])
    at = joined["_place"].nullif("")
    told = (
        ", most of it "
        + joined["_state"]
        + (" at " + at).fill_null("")
        + ", "
        + joined["_long_min"].round(1).cast("string")
        + " min"
    )
    return joined.select(
        *(name for name in worst.columns if name != "explanation"),
        stood=joined["_state"],
        stood_at=at,
        stood_min=joined["_long_min"],
        explanation=joined.explanation + told.fill_null(""),
    )


def _whole(cycles: ibis.Table) -> ibis.Table:
    """Complete cycles with their length."""
    long_min = _.stop.delta(_.start, unit="microsecond") / 60e6
    known = [_[f"{phase}_min"].fill_null(0.0).name(f"{phase}_min") for phase in PHASES]
    told = ("truck", "start", "stop", "route", "loader", "dump_place", "operator")
    return cycles.filter(cycles.complete).select(*told, *known, **{_LONG: long_min})


def _usual(cycles: ibis.Table, rank: int, usual_from: str) -> ibis.Table:
    """The medians of each route."""
    columns = [_LONG, *(f"{phase}_min" for phase in PHASES)]
    return (
        cycles.group_by("route")
        .aggregate(
            cycles_before=_.truck.count(), **{f"_usual_{column}": _[column].median() for column in columns}
        )
        .mutate(usual_from=ibis.literal(usual_from), _rank=ibis.literal(rank))
    )
