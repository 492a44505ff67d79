"""What trucks carried, and when: the stretches over which a load lay on a truck, with its tonnes.

A load is that of its haul cycle, from when loading was over until the cycle stops, as measured or else as
the FMS booked it. Of a truck whose cycles tell no load it is the median of the truck's own scale over each
stretch of loaded states.

>>> import truckkit as tk
>>> carried(tk.sample()).columns
('truck', 'start', 'stop', 'payload_t')
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ibis
from ibis import _

from truckkit import times
from truckkit.align import in_intervals, stacked
from truckkit.views.clock import milliseconds
from truckkit.views.palette import LOADED_STATES

if TYPE_CHECKING:
    from truckkit.site import Site

LEAST_T = 1.0
"""A scale that says less than this says that nothing lies on it [t]."""


def carried(site: Site) -> ibis.Table:
    """One row per load: ``truck``, ``start``, ``stop``, ``payload_t`` [t].

    Stretches of one truck do not overlap: a cycle that starts before the one before it stopped ends it.
    """
    told = site.cycles.select(
        "truck", start=_.full, stop=_.stop, payload_t=ibis.coalesce(_.payload_t, _.reported_t)
    ).filter(_.start.notnull(), _.payload_t.notnull(), _.payload_t >= LEAST_T, ~_.payload_t.isnan())
    following = _.start.lead().over(ibis.window(group_by="truck", order_by="start"))
    loads = told.mutate(stop=ibis.least(_.stop, ibis.coalesce(following, _.stop))).filter(_.start < _.stop)
    hauls = site.states.filter(_.state.isin(LOADED_STATES)).anti_join(told, "truck")
    weighed = in_intervals(
        site.telemetry.filter(_.payload_t.notnull(), ~_.payload_t.isnan()).select("truck", "at", "payload_t"),
        hauls.mutate(begun=_.start, ended=_.stop),
        "begun",
        "ended",
    ).filter(_.begun.notnull())
    scaled = weighed.group_by("truck", start="begun", stop="ended").aggregate(payload_t=_.payload_t.median())
    return stacked(loads, scaled.filter(_.payload_t >= LEAST_T).mutate(payload_t=_.payload_t.cast("float64")))


def page(site: Site, trucks: tuple[str, ...], zero: int) -> dict[str, list[Any]]:
    """The loads of a stretch as the browser reads them: columns ``truck`` (its number), ``start``, ``stop``
    [ms after ``zero``] and ``payload`` [t], by truck and start."""
    number = {truck: k for k, truck in enumerate(trucks)}
    rows = [
        row
        for row in carried(site).order_by("truck", "start").to_pyarrow().to_pylist()
        if row["truck"] in number
    ]
    return {
        "truck": [number[row["truck"]] for row in rows],
        "start": [milliseconds(times.aware(row["start"])) - zero for row in rows],
        "stop": [milliseconds(times.aware(row["stop"])) - zero for row in rows],
        "payload": [round(row["payload_t"], 1) for row in rows],
    }
