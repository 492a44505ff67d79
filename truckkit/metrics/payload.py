"""Payloads against their targets: the 10/10/20 policy, overloads, underloads."""

from __future__ import annotations

from collections.abc import Sequence

import ibis
from ibis import _

from truckkit.metrics import grouping

SOME, MOST = 1.1, 1.2
"""Shares of the target: over the first go no more than one load in ten, over the second none."""

UNDER = 0.9
"""Share of the target below which a load is an underload."""


def _judged(cycles: ibis.Table, trucks: ibis.Table, by: Sequence[str]) -> ibis.Table:
    """Cycles with their truck's target and the payload's share of it."""
    targets = trucks.select("truck", target_t=trucks.target_payload_t.nullif(0.0))
    told = cycles.select(*dict.fromkeys(("truck", *by, "payload_t")))
    joined = told.left_join(targets, "truck").drop("truck_right")
    return joined.mutate(share=joined.payload_t / joined.target_t)


def policy(cycles: ibis.Table, trucks: ibis.Table, by: Sequence[str] = ("loader",)) -> ibis.Table:
    """Whether payloads keep the 10/10/20 policy, clause by clause.

    Caterpillar AEXQ0250-02 (2011): the mean of payloads shall not exceed the target; hence no more than 50
    percent of them may; no more than 10 percent may exceed 110 percent of it; no single one shall exceed 120
    percent. Each payload is judged by the target of its own truck. Payloads that were measured count alone;
    those that a dispatcher booked do not tell what was in the body.

    Parameters
    ----------
    cycles
        Cycles that dumped in the time asked for, with a column for each word of ``by``.
    trucks
        See ``schema.TRUCKS``.
    by
        The columns that make a group; none of them for all loads in one.

    Returns
    -------
    ibis.Table
        One row per group: ``loads`` (measured, and of a truck with a target), ``unmeasured`` and
        ``untargeted`` (loads that are not judged for want of either; of both: the first), ``target_t`` and
        ``mean_t`` [t] over the loads, ``mean_share``, ``spread_share`` (standard deviation of payload over
        target), ``above_target``, ``above_110``, ``above_120`` and ``below_90`` (counts of loads), each with
        a share of the loads (``above_110_share`` and so on), the clauses ``keeps_mean``, ``keeps_half``,
        ``keeps_110``, ``keeps_120``, and ``keeps_policy``, true where all four are. Where no load is judged
        they are empty.

    Examples
    --------
    >>> import truckkit as tk
    >>> tk.sample().payload_policy(by="").select("loads", "keeps_mean", "keeps_120").to_pyarrow().to_pylist()
    [{'loads': 130, 'keeps_mean': True, 'keeps_120': True}]
    """
    rows = _judged(cycles, trucks, by)
    judged = rows.share.notnull()
    counts = {
        "above_target": rows.share > 1,
        "above_110": rows.share > SOME,
        "above_120": rows.share > MOST,
        "below_90": rows.share < UNDER,
    }
    groups = grouping.aggregated(
        rows,
        by,
        loads=rows.share.count(),
        unmeasured=rows.payload_t.isnull().sum().cast("int64"),
        untargeted=(rows.payload_t.notnull() & rows.target_t.isnull()).sum().cast("int64"),
        target_t=rows.target_t.mean(where=judged),
        mean_t=rows.payload_t.mean(where=judged),
        mean_share=rows.share.mean(),
        spread_share=rows.share.std(how="pop"),
        **{name: test.sum().fill_null(0).cast("int64") for name, test in counts.items()},
    )
    shares = groups.mutate(**{f"{name}_share": groups[name] / groups.loads.nullif(0) for name in counts})
    clauses = {
        "keeps_mean": shares.mean_share <= 1,
        "keeps_half": shares.above_target_share <= 0.5,
        "keeps_110": shares.above_110_share <= 0.1,
        "keeps_120": shares.above_120_share == 0,
    }
    return shares.mutate(**clauses, keeps_policy=ibis.and_(*clauses.values()))


def loads(cycles: ibis.Table, trucks: ibis.Table, width: float = 0.02) -> ibis.Table:
    """Each measured load beside its truck's target, with the bin of the histogram that holds it.

    A bin holds its upper bound and not its lower one, so that the bins over the target hold the loads that
    are over it.

    Parameters
    ----------
    cycles
        Cycles that dumped in the time asked for.
    trucks
        See ``schema.TRUCKS``.
    width
        Of a bin, as a share of the target.

    Returns
    -------
    ibis.Table
        One row per load, measured, and of a truck with a target: ``truck``, ``start`` and ``stop`` of its
        loading, ``payload_t`` and ``target_t`` [t], ``share_of_target``, ``from_share`` and ``to_share`` of
        its bin, ``loader``, ``place``, ``operator``.

    Examples
    --------
    >>> import truckkit as tk
    >>> tk.sample().weighed_loads().count().execute()
    130
    """
    told = cycles.mutate(
        _start=ibis.coalesce(cycles.arrived_load, cycles.start), _stop=ibis.coalesce(cycles.full, cycles.stop)
    )
    rows = _judged(told, trucks, ("_start", "_stop", "loader", "load_place", "operator"))
    # A share that lies on a bound does so in decimals, not in binary: 1.1 / 0.02 is a little over 55.
    upper = (rows.share / width - 1e-9).ceil().cast("int64")
    return rows.filter(rows.share.notnull()).select(
        "truck",
        "payload_t",
        "target_t",
        "loader",
        "operator",
        start=rows["_start"],
        stop=rows["_stop"],
        share_of_target=rows.share,
        from_share=(upper - 1) * width,
        to_share=upper * width,
        place=rows.load_place,
    )


def histogram(judged: ibis.Table) -> ibis.Table:
    """How many loads came to which share of their truck's target.

    Parameters
    ----------
    judged
        See ``loads``.

    Returns
    -------
    ibis.Table
        One row per bin that holds a load: ``from_share``, ``to_share``, ``loads``, ``carried_t`` [t].

    Examples
    --------
    >>> import truckkit as tk
    >>> tk.sample().payload_histogram().loads.sum().execute()
    130
    """
    return judged.group_by("from_share", "to_share").aggregate(
        loads=_.truck.count(), carried_t=_.payload_t.sum()
    )


def overloads(cycles: ibis.Table, trucks: ibis.Table, above: float = MOST) -> ibis.Table:
    """The loads that no truck may carry: more than 120 percent of its target.

    Caterpillar AEXQ0250-02 allows none of them. A load is dated by the moment loading was over.

    Parameters
    ----------
    cycles
        Cycles that dumped in the time asked for.
    trucks
        See ``schema.TRUCKS``.
    above
        Share of the target from which on, itself not included, a load is an overload.

    Returns
    -------
    ibis.Table
        One row per load: ``truck, at``, ``payload_t`` and ``target_t`` [t], ``share_of_target``, ``loader,
        load_place, dump_place, operator``; ``site.around(truck, at)`` is the site at that moment.

    Examples
    --------
    >>> import truckkit as tk
    >>> tk.sample().overloads().count().execute()
    0
    """
    told = cycles.mutate(at=ibis.coalesce(cycles.full, cycles.start))
    rows = _judged(told, trucks, ("at", "loader", "load_place", "dump_place", "operator"))
    return rows.filter(rows.share > above).select(
        "truck",
        "at",
        "payload_t",
        "target_t",
        share_of_target=_.share,
        loader=_.loader,
        load_place=_.load_place,
        dump_place=_.dump_place,
        operator=_.operator,
    )


def underload(cycles: ibis.Table, trucks: ibis.Table, by: Sequence[str] = ("loader",)) -> ibis.Table:
    """How many tonnes were left because trucks were not filled to their targets.

    What a load lacks of its truck's target is left; what another has over it makes up for nothing. Payloads
    that were measured count alone.

    Parameters
    ----------
    cycles
        Cycles that dumped in the time asked for, with a column for each word of ``by``.
    trucks
        See ``schema.TRUCKS``.
    by
        The columns that make a group; none of them for all loads in one.

    Returns
    -------
    ibis.Table
        One row per group: ``loads`` (measured, and of a truck with a target), ``below_target`` and
        ``below_90`` (counts of them), ``target_t`` [t], the targets summed, ``left_t`` [t], ``left_share``
        of the two, and ``below_90_left_t`` [t], what of it the loads under 90 percent lack.

    Examples
    --------
    >>> import truckkit as tk
    >>> tk.sample().underload(by="").loads.execute().to_list()
    [130]
    """
    rows = _judged(cycles, trucks, by)
    known = rows.filter(rows.share.notnull()).mutate(lack_t=ibis.greatest(_.target_t - _.payload_t, 0.0))
    groups = grouping.aggregated(
        known,
        by,
        loads=_.share.count(),
        below_target=(_.share < 1).sum().cast("int64"),
        below_90=(_.share < UNDER).sum().cast("int64"),
        target_t=_.target_t.sum(),
        left_t=_.lack_t.sum(),
        below_90_left_t=_.lack_t.sum(where=_.share < UNDER).fill_null(0.0),
    )
    return groups.mutate(left_share=_.left_t / _.target_t.nullif(0.0))
