"""Where and how long trucks stood, and what they drove between loading and dumping."""

from __future__ import annotations

from datetime import timedelta

import ibis
from ibis import _

from truckkit import align
from truckkit.metrics import legs, pieces

STANDS = ("queue_load", "load", "queue_dump", "dump", "delay", "standby", "down")
"""The states in which a truck stands: a queue with its moving up, and no spotting, which is driven."""


def stops(states: ibis.Table, longer: timedelta = timedelta(minutes=1)) -> ibis.Table:
    """Each time that a truck stood, for how long, where and as what.

    A truck stands in ``STANDS``; states of these kinds that follow each other are one stop, so that a truck
    which moves up in a queue and is then down has stopped once. Time that nobody observed ends a stop.

    Parameters
    ----------
    states
        State intervals, see ``schema.STATE_INTERVALS``, of one source a truck.
    longer
        Stops count that last at least as long.

    Returns
    -------
    ibis.Table
        One row per stop: ``truck``, ``start``, ``stop``, ``stood_min`` [min], ``state`` and ``place`` of its
        longest interval.

    Examples
    --------
    >>> import truckkit as tk
    >>> tk.sample().stops(longer="10min").columns
    ('truck', 'start', 'stop', 'stood_min', 'state', 'place', 'coverage', 'doubt')
    """
    stands = states.filter(_.state.isin(STANDS)).select("truck", "start", "stop", "state", "place")
    numbered = pieces.runs(stands)
    # The first of those alike, so that the same question has the same answer each time.
    order = [pieces.lasts_us(numbered).desc(), numbered.start]
    longest_first = {"order_by": order, "include_null": True}
    found = numbered.group_by("truck", "_run").aggregate(
        start=_.start.min(),
        stop=_.stop.max(),
        state=numbered.state.first(**longest_first),
        place=numbered.place.first(**longest_first),
    )
    lasting = found.filter(pieces.lasts_us(found) >= longer.total_seconds() * 1e6)
    return lasting.select(
        "truck", "start", "stop", "state", "place", stood_min=pieces.lasts_us(lasting) / 60e6
    ).relocate("stood_min", after="stop")


def trips(states: ibis.Table, cycles: ibis.Table) -> ibis.Table:
    """What trucks drove, loaded and empty, how long, how far and between which places.

    A trip is a haul or a return, see ``metrics.legs``: a queue or a delay on the way is no part of its
    minutes and does not end it. The metres are those of its cycle, shared by minutes where it has several
    hauls or returns, and empty where no cycle tells of it.

    Parameters
    ----------
    states
        State intervals, see ``schema.STATE_INTERVALS``, of one source a truck, whole.
    cycles
        Haul cycles of the same sources, see ``schema.CYCLES``.

    Returns
    -------
    ibis.Table
        One row per trip: ``truck``, ``start``, ``stop``, ``loaded``, ``from_place``, ``to_place``,
        ``drove_min`` [min] and ``driven_m`` [m].

    Examples
    --------
    >>> import truckkit as tk
    >>> tk.sample().trips().columns[:4]
    ('truck', 'start', 'stop', 'loaded')
    """
    drives = legs.legs(states).filter(_.state.isin(legs.DRIVES)).mutate(at=_.start)
    whole = cycles.filter(~_.overlaps.fill_null(False)).mutate(begun=_.start)
    driven = align.in_intervals(drives, whole, "begun", "loaded_m", "empty_m")
    loaded = driven.state == "haul"
    of_cycle = driven.leg_min.sum().over(group_by=["truck", "begun", "state"])
    return driven.select(
        "truck",
        "start",
        "stop",
        "from_place",
        "to_place",
        loaded=loaded,
        drove_min=driven.leg_min,
        driven_m=loaded.ifelse(driven.loaded_m, driven.empty_m) * driven.leg_min / of_cycle,
    ).relocate("loaded", after="stop")
