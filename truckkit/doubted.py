"""Samples not to be believed: positions where no truck can be, channels that stand still, wrong units."""

from __future__ import annotations

import ibis
from ibis import _

from truckkit.quality import FASTEST_KMH, found

FROZEN = ("payload_t", "engine_rpm", "engine_load_pct", "fuel_rate_lph", "strut_front_left_kpa",
          "strut_front_right_kpa", "strut_rear_left_kpa", "strut_rear_right_kpa")  # fmt: skip
"""Channels that no working truck holds still for an hour; fuel and temperatures can be."""
MOVED_M = 2_000.0
"""A truck that came so far within an hour has worked."""
READ = 30
"""Of fewer readings in an hour nothing is said."""
UNITS = {"m/s": 1 / 3.6, "mph": 1 / 1.609344, "a knot": 1 / 1.852}
"""What a speed is of km/h that was taken for km/h and is in another unit."""
_MOVING_KMH = 10.0
_STEP_S = 30


def believed(positions: ibis.Table) -> ibis.Table:
    """Positions without those that a truck cannot have been at.

    A position is doubted where the way to it and the way on from it would each be faster than 90 km/h: it
    stands apart from both of its neighbours. A move that is kept up, such as a new survey of the grid, stays.

    Returns
    -------
    ibis.Table
        The columns of ``positions``: one row per position that can be.
    """
    by_truck = ibis.window(group_by="truck", order_by="at")
    beside = positions.mutate(
        _before=_.at.lag().over(by_truck), _x0=_.x_m.lag().over(by_truck), _y0=_.y_m.lag().over(by_truck),
        _after=_.at.lead().over(by_truck), _x1=_.x_m.lead().over(by_truck), _y1=_.y_m.lead().over(by_truck),
    )  # fmt: skip
    to = _kmh(beside, "_x0", "_y0", beside.at.delta(beside["_before"], unit="microsecond"))
    on = _kmh(beside, "_x1", "_y1", beside["_after"].delta(beside.at, unit="microsecond"))
    apart = ((to > FASTEST_KMH) & (on > FASTEST_KMH)).fill_null(False)
    return beside.filter(~apart).select(*positions.columns)


def _kmh(rows: ibis.Table, x: str, y: str, micros: ibis.Value) -> ibis.Value:
    far_m = ((rows.x_m - rows[x]) ** 2 + (rows.y_m - rows[y]) ** 2).sqrt()
    return far_m / (micros / 1e6) * 3.6


def frozen(telemetry: ibis.Table, positions: ibis.Table) -> ibis.Table:
    """Channels that told one and the same value for an hour in which their truck came 2 km or more.

    Returns
    -------
    ibis.Table
        ``schema.FINDINGS`` without ``load_id``: one row per truck, hour (UTC) and channel; ``measured`` is
        the value that it told.
    """
    moved = _by_hour(positions).aggregate(_moved_m=(_.x_m.max() - _.x_m.min()) + (_.y_m.max() - _.y_m.min()))
    told: dict[str, ibis.Value] = {}
    for name in FROZEN:
        told |= {
            f"{name}_least": _[name].min(),
            f"{name}_most": _[name].max(),
            f"{name}_read": _[name].count(),
        }
    hours = _by_hour(telemetry).aggregate(_first=_.at.min(), _last=_.at.max(), **told)
    hours = hours.join(moved.filter(_["_moved_m"] >= MOVED_M), ["truck", "_hour"])
    findings = []
    for name in FROZEN:
        still = hours.filter(_[f"{name}_read"] >= READ, _[f"{name}_least"] == _[f"{name}_most"])
        value = still[f"{name}_most"]
        told_of = {"start": still["_first"], "stop": still["_last"], "samples": still[f"{name}_read"]}
        said = name + " " + value.round(1).cast("string") + " for an hour of driving"
        findings.append(
            found(still, "frozen", f"telemetry.{name}", measured=value, described=said, **told_of)
        )
    return ibis.union(*findings)


def units(positions: ibis.Table) -> ibis.Table:
    """Trucks whose speeds are in another unit than km/h, by what their positions say.

    The told speed is held against that of steps of half a minute and more, wherever the truck moves; where
    their ratio is that of m/s, mph or knots to km/h, to a twentieth, the unit was taken for another.

    Returns
    -------
    ibis.Table
        ``schema.FINDINGS`` without ``load_id``: one row per truck; ``measured`` is the ratio.
    """
    # A receiver strays by metres: over a second that is as much as a truck drives, over half a minute little.
    slots = positions.group_by("truck", _slot=_.at.epoch_seconds() // _STEP_S).aggregate(
        at=_.at.min(),
        x_m=_.x_m.first(order_by=_.at),
        y_m=_.y_m.first(order_by=_.at),
        _first=_.speed_kmh.first(order_by=_.at),
        _sum=_.speed_kmh.sum(),
        _read=_.speed_kmh.count(),
        _last=_.at.max(),
        _samples=_.truck.count(),
    )
    by_truck = ibis.window(group_by="truck", order_by="at")
    steps = slots.mutate(
        _next=_.at.lead().over(by_truck), _x1=_.x_m.lead().over(by_truck), _y1=_.y_m.lead().over(by_truck),
        _then=_["_first"].lead().over(by_truck),
    )  # fmt: skip
    kmh = _kmh(steps, "_x1", "_y1", steps["_next"].delta(steps.at, unit="microsecond"))
    steps = steps.mutate(_kmh=kmh, _told=(_["_sum"] + _["_then"]) / (_["_read"] + 1))
    moving = steps.filter(_["_kmh"].between(_MOVING_KMH, FASTEST_KMH), _["_told"] > 0)
    ratios = moving.group_by("truck").aggregate(
        _ratio=(_["_told"] / _["_kmh"]).approx_median(), samples=_["_samples"].sum(),
        _first=_.at.min(), _last=_["_last"].max(),
    ).filter(_.samples >= READ)  # fmt: skip
    ratio = ratios["_ratio"]
    guesses = {f"{unit} taken for km/h": share for unit, share in UNITS.items()}
    guesses |= {f"km/h taken for {unit}": 1 / share for unit, share in UNITS.items()}
    near = [((ratio / share - 1).abs() < 0.05, ibis.literal(words)) for words, share in guesses.items()]
    said = ratios.mutate(_said=ibis.cases(*near)).filter(_["_said"].notnull())
    told = "speeds are " + said["_ratio"].round(2).cast("string") + " of the positions' own: " + said["_said"]
    return found(
        said,
        "unit",
        "positions.speed_kmh",
        start=said["_first"],
        stop=said["_last"],
        measured=said["_ratio"],
        samples=said.samples,
        described=told,
    )


def _by_hour(samples: ibis.Table) -> ibis.expr.types.groupby.GroupedTable:
    return samples.mutate(_hour=_.at.truncate("h")).group_by("truck", "_hour")
