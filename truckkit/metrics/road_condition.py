"""How rough each road is, by what the struts of trucks feel on it."""

from __future__ import annotations

import ibis
from ibis import _

from truckkit import align

_STRUTS = ("front_left", "front_right", "rear_left", "rear_right")


def road_condition(telemetry: ibis.Table, traverses: ibis.Table) -> ibis.Table:
    """How much trucks twist, pitch and lean on each road, loaded and empty.

    Rack is what the struts of one diagonal bear more than those of the other, pitch what the front bears
    more than the rear, bias what the left bears more than the right (the terms of VIMS). Their spread
    (standard deviation) is taken within each drive, so that a badly charged strut or a load that lies
    askew does not count, and pooled over drives by their readings. Roughness is the spread of the rack
    over the mean sum of the four pressures: a share of the weight borne, so that loaded and empty compare.
    Readings with a fault, or without all four pressures, do not count. That strut pressures tell of roads
    is the idea of WO2023/141727; the index is truckkit's own.

    Parameters
    ----------
    telemetry
        See ``schema.TELEMETRY``.
    traverses
        See ``traverses.traverses``.

    Returns
    -------
    ibis.Table
        One row per road and load on which struts were read: ``road``, ``loaded``, ``drives``,
        ``readings``, ``rack_kpa``, ``pitch_kpa``, ``bias_kpa`` (spreads), ``borne_kpa`` (mean sum of the
        four) [kPa], ``roughness``. No rows where no struts are read.
    """
    fl, fr, rl, rr = (telemetry[f"strut_{name}_kpa"].cast("float64") for name in _STRUTS)
    sums = fl + fr + rl + rr
    felt = telemetry.filter(telemetry.fault.isnull(), sums.abs() < 1e9).select(
        "truck",
        "at",
        rack=(fl + rr) - (fr + rl),
        pitch=(fl + fr) - (rl + rr),
        bias=(fl + rl) - (fr + rr),
        borne=sums,
    )
    drives = traverses.select("truck", "start", "stop", "road", "loaded", drive="start")
    placed = align.in_intervals(felt, drives, "road", "loaded", "drive")
    placed = placed.filter(placed.road.notnull())
    each = placed.group_by("truck", "drive", "road", "loaded").aggregate(
        readings=_.at.count(),
        rack=_.rack.var(how="pop"),
        pitch=_.pitch.var(how="pop"),
        bias=_.bias.var(how="pop"),
        borne=_.borne.mean(),
    )
    found = each.group_by("road", "loaded").aggregate(
        drives=_.readings.count(),
        _all=_.readings.sum(),
        rack_kpa=(_.readings * _.rack).sum(),
        pitch_kpa=(_.readings * _.pitch).sum(),
        bias_kpa=(_.readings * _.bias).sum(),
        borne_kpa=(_.readings * _.borne).sum(),
    )
    pooled = found.select(
        "road",
        "loaded",
        "drives",
        readings=_._all,
        rack_kpa=(_.rack_kpa / _._all).sqrt(),
        pitch_kpa=(_.pitch_kpa / _._all).sqrt(),
        bias_kpa=(_.bias_kpa / _._all).sqrt(),
        borne_kpa=_.borne_kpa / _._all,
    )
    return pooled.mutate(roughness=_.rack_kpa / _.borne_kpa.nullif(0.0))
