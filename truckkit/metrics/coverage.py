"""How much of the asked time was observed, and which answers that is too little for."""

from __future__ import annotations

from datetime import datetime

import ibis
from ibis import _

from truckkit import align
from truckkit.metrics import pieces

LEAST = 0.95
"""Share of the asked time below which an answer is doubted, where the site sets none."""


def observed(states: ibis.Table, trucks: ibis.Table, start: datetime, stop: datetime) -> ibis.Table:
    """How much of the asked time each truck was observed.

    Time counts as observed where a source says what the truck did; ``no_data`` and time of which no
    source tells do not.

    Parameters
    ----------
    states
        State intervals, see ``schema.STATE_INTERVALS``, of one source a truck, cut to the time asked for.
    trucks
        The trucks asked for: ``truck``.
    start, stop
        The time asked for.

    Returns
    -------
    ibis.Table
        One row per truck: ``asked_min`` [min], ``observed_min`` [min], ``coverage``, the share of the two.
    """
    asked_min = (stop - start).total_seconds() / 60
    seen = (
        states.filter(_.state != "no_data")
        .mutate(long_min=_.stop.delta(_.start, unit="microsecond") / 60e6)
        .group_by("truck")
        .aggregate(observed_min=_.long_min.sum())
    )
    each = trucks.select("truck").left_join(seen, "truck").select("truck", "observed_min")
    return each.select(
        "truck",
        asked_min=ibis.literal(asked_min),
        observed_min=_.observed_min.fill_null(0.0),
        coverage=_.observed_min.fill_null(0.0) / asked_min,
    )


def with_gaps(
    seen: ibis.Table, states: ibis.Table, positions: ibis.Table, start: datetime, stop: datetime
) -> ibis.Table:
    """Coverage by truck, with its longest silence and how many of its positions are flagged.

    A silence is time in which nobody observed the truck, from one observed state to the next, or from a
    bound of the time asked for.

    Parameters
    ----------
    seen
        See ``observed``.
    states
        State intervals, cut to the time asked for.
    positions
        See ``schema.POSITIONS``; those of the time asked for.
    start, stop
        The time asked for.

    Returns
    -------
    ibis.Table
        One row per truck: the columns of ``seen``, ``silent_min`` (the longest silence) [min],
        ``positions`` (how many), ``flagged`` (those with a fault), ``flagged_share`` (of the positions;
        empty where there are none).
    """
    silences = pieces.untold(states.filter(_.state != "no_data"), seen, start, stop)
    silent = silences.group_by("truck").aggregate(silent_min=(pieces.lasts_us(silences) / 60e6).max())
    told = positions.group_by("truck").aggregate(positions=_.truck.count(), flagged=_.fault.count())
    joined = seen.left_join(silent, "truck").drop("truck_right").left_join(told, "truck").drop("truck_right")
    return joined.mutate(
        silent_min=_.silent_min.fill_null(0.0),
        positions=_.positions.fill_null(0),
        flagged=_.flagged.fill_null(0),
        flagged_share=_.flagged / _.positions.nullif(0),
    )


def per_hour(
    states: ibis.Table, trucks: ibis.Table, start: datetime, stop: datetime, offset_min: int = 0
) -> ibis.Table:
    """How much of each hour each truck was observed.

    Parameters
    ----------
    states
        State intervals, cut to the time asked for.
    trucks
        The trucks asked for: ``truck``.
    start, stop
        The time asked for.
    offset_min
        Minutes past the full hour of UTC at which the hours of the site's clock start.

    Returns
    -------
    ibis.Table
        One row per truck and hour of the time asked for: ``truck``, ``hour``, ``asked_min`` and
        ``observed_min`` [min], ``coverage``, the share of the two. The minutes of a truck sum to those of
        ``observed``.

    Examples
    --------
    >>> import truckkit as tk
    >>> tk.sample().truck("T01").hourly_coverage().count().execute()
    12
    """
    bounds = {"start": align.instant(start), "stop": align.instant(stop)}
    told = states.filter(_.state != "no_data").select(
        "truck", start=_.start, stop=_.stop, seen=ibis.literal(1)
    )
    asked = trucks.select("truck", **bounds, seen=ibis.literal(0))
    hours = align.per_hour(align.stacked(asked, told), offset_min)
    long_min = hours.stop.delta(hours.start, unit="microsecond") / 60e6
    each = (
        hours.mutate(long_min=long_min)
        .group_by("truck", "hour")
        .aggregate(
            asked_min=_.long_min.sum(where=_.seen == 0),
            observed_min=_.long_min.sum(where=_.seen == 1).fill_null(0.0),
        )
    )
    return each.mutate(coverage=each.observed_min / each.asked_min)


def with_coverage(answer: ibis.Table, seen: ibis.Table, least: float = LEAST) -> ibis.Table:
    """An answer, with how much of the time that it rests on was observed.

    Parameters
    ----------
    answer
        Any table. Where it has a column ``truck``, a row rests on that truck, else on all of them.
    seen
        See ``observed``.
    least
        Share of the asked time below which an answer is doubted.

    Returns
    -------
    ibis.Table
        One row per row of the answer: its columns, ``coverage`` (share of the asked time) and ``doubt``
        (why not to trust it, in words; empty where nothing is wrong).
    """
    if "truck" in answer.columns:
        joined = answer.left_join(seen.select("truck", "coverage"), "truck").drop("truck_right")
    else:
        whole = seen.aggregate(coverage=_.observed_min.sum() / _.asked_min.sum())
        joined = answer.cross_join(whole)
    return with_doubt(joined.mutate(coverage=joined.coverage.fill_null(0.0)), least)


def with_doubt(answer: ibis.Table, least: float = LEAST) -> ibis.Table:
    """An answer that has a ``coverage``, with ``doubt``: why not to trust it, in words.

    Returns
    -------
    ibis.Table
        One row per row of the answer.
    """
    percent = (answer.coverage * 100).floor().cast("int64").cast("string")
    told = percent + f" % of the time asked was observed, less than {least * 100:g} %"
    return answer.mutate(doubt=ibis.ifelse(answer.coverage < least, told, ibis.null("string")))
