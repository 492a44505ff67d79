"""What trucks carried, and when: the stretches over which a load lay on a truck, with its tonnes.

A load is that of its haul cycle, from when loading was over until the cycle stops, as measured or else as
the FMS booked it. Of a truck whose cycles tell no load it is the median of the truck's own scale over each
stretch of loaded states.

>>> import truckkit as tk
>>> carried(tk.sample()).columns
('truck', 'start', 'stop', 'payload_t')
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import ibis
from ibis import _

from truckkit import times
from truckkit.align import in_intervals, stacked
from truckkit.views.clock import milliseconds
from truckkit.views.palette import LOADED_STATES
from truckkit.views.stretches import of_stretch, overlapping

if TYPE_CHECKING:
    from truckkit.site import Site

LEAST_T = 1.0
"""A scale that says less than this says that nothing lies on it [t]."""


def carried(site: Site) -> ibis.Table:
    """One row per load: ``truck``, ``start``, ``stop``, ``payload_t`` [t].

    Stretches of one truck do not overlap: a cycle that starts before the one before it stopped ends it.
    """
    told = _told(site.cycles)
    return stacked(
        told.filter(_.start < _.stop), _scaled(site.telemetry, site.states.anti_join(told, "truck"))
    )


def _told(cycles: ibis.Table) -> ibis.Table:
    """The loads that cycles tell; one that the next load ends at once is none."""
    told = cycles.select(
        "truck", start=_.full, stop=_.stop, payload_t=ibis.coalesce(_.payload_t, _.reported_t)
    ).filter(_.start.notnull(), _.payload_t.notnull(), _.payload_t >= LEAST_T, ~_.payload_t.isnan())
    following = _.start.lead().over(ibis.window(group_by="truck", order_by="start"))
    return told.mutate(stop=ibis.least(_.stop, ibis.coalesce(following, _.stop)))


def _scaled(telemetry: ibis.Table, states: ibis.Table) -> ibis.Table:
    """The loads that the trucks' own scales tell, over those of the states in which a truck bears one."""
    hauls = states.filter(_.state.isin(LOADED_STATES))
    weighed = in_intervals(
        telemetry.filter(_.payload_t.notnull(), ~_.payload_t.isnan()).select("truck", "at", "payload_t"),
        hauls.mutate(begun=_.start, ended=_.stop),
        "begun",
        "ended",
    ).filter(_.begun.notnull())
    scaled = weighed.group_by("truck", start="begun", stop="ended").aggregate(payload_t=_.payload_t.median())
    return scaled.filter(_.payload_t >= LEAST_T).mutate(payload_t=_.payload_t.cast("float64"))


def _told_of(site: Site, start: ibis.Value, stop: ibis.Value) -> ibis.Table:
    return _told(overlapping(site.cycles, start, stop))


def _hauling(site: Site, start: ibis.Value, stop: ibis.Value) -> ibis.Table:
    loaded = overlapping(site.states, start, stop).filter(_.state.isin(LOADED_STATES))
    return loaded.select("truck").distinct()


def page(
    site: Site, trucks: tuple[str, ...], start: datetime, stop: datetime, zero: int
) -> dict[str, list[Any]]:
    """The loads of a stretch, which ``carried`` tells, as the browser reads them: columns ``truck`` (its
    number), ``start``, ``stop`` [ms after ``zero``] and ``payload`` [t], by truck and start."""
    told = of_stretch(site, _told_of, start, stop)
    loads = [row for row in told.to_pylist() if row["start"] < row["stop"]]
    # Most often there is nobody to weigh, and to look for whom costs ten times as much as to ask that first.
    hauling = of_stretch(site, _hauling, start, stop)["truck"].to_pylist()
    weighed = sorted({*hauling} & {*trucks} - {*told["truck"].to_pylist()})
    if weighed:
        near = site.between(start, stop)
        theirs = (rows.filter(_.truck.isin(weighed)) for rows in (near.telemetry, near.states))
        loads += _scaled(*theirs).to_pyarrow().to_pylist()
    number = {truck: k for k, truck in enumerate(trucks)}
    rows = sorted(
        (row for row in loads if row["truck"] in number), key=lambda row: (row["truck"], row["start"])
    )
    return {
        "truck": [number[row["truck"]] for row in rows],
        "start": [milliseconds(times.aware(row["start"])) - zero for row in rows],
        "stop": [milliseconds(times.aware(row["stop"])) - zero for row in rows],
        "payload": [round(row["payload_t"], 1) for row in rows],
    }
