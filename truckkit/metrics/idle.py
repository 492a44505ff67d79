"""Where trucks stand with the engine on."""

from __future__ import annotations

from datetime import datetime, timedelta

import ibis
from ibis import _

from truckkit import align
from truckkit.metrics import pieces

STANDING = ("queue_load", "queue_dump", "delay", "standby", "down")
"""The states in which a truck stands and does not work."""

HOLDS = timedelta(minutes=1)
"""How long a reading speaks for, at most, where none follows."""

AROUND = timedelta(hours=2)
"""So far beyond the time asked for a standing is followed, so that a bound does not make it short."""


def idle(
    states: ibis.Table,
    telemetry: ibis.Table,
    positions: ibis.Table,
    longer: timedelta = timedelta(minutes=10),
) -> ibis.Table:
    """Who stood with the engine on, for how long, where, and what it burnt.

    A truck stands in ``STANDING``, as its states say; states of these kinds that follow each other are one
    standing. Within it the engine idles from the first reading that says it is on until the next that says
    it is not, or until no reading has come for a minute: a gap is no idling. Readings that do not tell of
    the engine do not count.

    Parameters
    ----------
    states
        State intervals, see ``schema.STATE_INTERVALS``, of one source a truck, cut to the time asked for.
    telemetry, positions
        See ``schema``, in the time asked for.
    longer
        Idling counts that lasts at least as long.

    Returns
    -------
    ibis.Table
        One row per stretch of idling: ``truck``, ``start``, ``stop``, ``idle_min`` [min], ``state`` (that in
        which the standing began), ``place``, ``x_m`` and ``y_m`` [m] (the mean of its second minute, empty
        where no position was told) and ``fuel_l`` [l], empty where no fuel rate was read.

    Examples
    --------
    >>> import truckkit as tk
    >>> tk.sample().idle(longer="20min").columns[:4]
    ('truck', 'start', 'stop', 'idle_min')
    """
    standings = _standings(states, longer)
    readings = telemetry.filter(_.engine_on.notnull()).select("truck", "at", "engine_on", "fuel_rate_lph")
    held = align.in_intervals(readings, standings, "began", "ended", "state", "place").filter(
        _.began.notnull()
    )
    by_standing = ibis.window(group_by=["truck", "began"], order_by="at")
    until_now = ibis.window(group_by=["truck", "began"], order_by="at", preceding=None, following=0)
    holds = ibis.interval(seconds=int(HOLDS.total_seconds()))
    beside = held.mutate(
        _next=ibis.least(held.at.lead().over(by_standing).fill_null(held.ended), held.at + holds, held.ended),
        _joins=held.engine_on.lag().over(by_standing).fill_null(False)
        & (held.at.lag().over(by_standing) + holds >= held.at).fill_null(False),
    ).filter(_.engine_on)
    numbered = beside.mutate(
        _run=(~beside["_joins"]).cast("int64").sum().over(until_now),
        _s=beside["_next"].delta(beside.at, unit="microsecond") / 1e6,
        _rate=ibis.ifelse(
            beside.fuel_rate_lph.isnan(), ibis.null("float64"), beside.fuel_rate_lph.cast("float64")
        ),
    )
    runs = numbered.group_by("truck", "began", "_run").aggregate(
        start=_.at.min(),
        stop=_["_next"].max(),
        state=_.state.max(),
        place=_.place.max(),
        fuel_l=(_["_rate"] * _["_s"]).sum() / 3600,
    )
    runs = runs.mutate(idle_min=pieces.lasts_us(runs) / 60e6)
    found = runs.filter(_.idle_min >= longer.total_seconds() / 60)
    return _with_position(found, positions)


def within(runs: ibis.Table, start: datetime, stop: datetime) -> ibis.Table:
    """Idling that overlaps a time, whole, with ``inside_min`` [min], what of it lies within.

    Returns
    -------
    ibis.Table
        One row per stretch of idling, see ``idle``; the minutes inside of two windows beside each other
        sum to those inside of both.
    """
    first, last = align.instant(start), align.instant(stop)
    met = runs.filter(runs.start < last, runs.stop > first)
    inside = ibis.least(met.stop, last).delta(ibis.greatest(met.start, first), unit="microsecond") / 60e6
    return met.mutate(inside_min=inside).relocate("inside_min", after="idle_min")


def _standings(states: ibis.Table, longer: timedelta) -> ibis.Table:
    """One row per standing that lasts long enough: ``truck, start, stop, began, ended, state, place``."""
    stands = states.filter(_.state.isin(STANDING)).select("truck", "start", "stop", "state", "place")
    whole = (
        pieces.runs(stands)
        .group_by("truck", "_run")
        .aggregate(
            start=_.start.min(),
            stop=_.stop.max(),
            state=_.state.argmin(_.start),
            place=_.place.argmin(_.start),
        )
    )
    lasting = whole.filter(pieces.lasts_us(whole) >= longer.total_seconds() * 1e6)
    return lasting.mutate(began=_.start, ended=_.stop)


def _with_position(runs: ibis.Table, positions: ibis.Table) -> ibis.Table:
    # By the minute, for equal minutes are found at once where the nearest instant needs all positions sorted.
    runs = runs.mutate(_minute=runs.start.truncate("m") + ibis.interval(minutes=1))
    told = positions.filter(_.x_m.notnull(), _.y_m.notnull()).select(
        "truck", "x_m", "y_m", _minute=_.at.truncate("m")
    )
    met = runs.select("truck", "start", "_minute").join(told, ["truck", "_minute"])
    stood = met.group_by("truck", "start").aggregate(x_m=_.x_m.mean(), y_m=_.y_m.mean())
    known = runs.left_join(stood, ["truck", "start"])
    return known.select("truck", "start", "stop", "idle_min", "state", "place", "x_m", "y_m", "fuel_l")
