"""What trucks burn: litres per tonne-kilometre, hours left in the tank, refuellings."""

from __future__ import annotations

from datetime import datetime

import ibis
from ibis import _

from truckkit import align, schema

LEAST_SEEN = 0.9
"""Share of a cycle's minutes in which fuel must have been read for its litres to count."""
ROLLING_PCT = 2.0
"""Rolling resistance of a hard, kept haul road, in percent of weight (2 to 2.5 is usual)."""


def _by_minute(telemetry: ibis.Table) -> ibis.Table:
    """Mean fuel rate of each truck and minute of the clock in which one was read."""
    read = telemetry.filter(
        telemetry.fault.isnull(), telemetry.fuel_rate_lph >= 0, telemetry.fuel_rate_lph < 1e5
    )
    return read.group_by("truck", minute=read.at.epoch_seconds() // 60).aggregate(
        rate_lph=read.fuel_rate_lph.cast("float64").mean()
    )


def burned(telemetry: ibis.Table, intervals: ibis.Table) -> ibis.Table:
    """What a truck burned in each of its intervals, such as cycles.

    The mean rate of each minute of the clock, times as much of the minute as lies in the interval. A
    minute in which no rate was read, as in a hole, burns nothing that was seen, and ``seen_min`` lacks it.
    Readings with a fault, below 0, or that are no number do not count.

    Parameters
    ----------
    telemetry
        See ``schema.TELEMETRY``; all that the intervals reach over.
    intervals
        Rows with ``truck``, ``start`` and ``stop``, one a truck and start.

    Returns
    -------
    ibis.Table
        One row per interval of which something was seen: ``truck``, ``start``, ``litres`` [l],
        ``seen_min`` [min].
    """
    minutes = intervals.filter(intervals.stop > intervals.start).select(
        "truck", "start", "stop", minute=align.stretches(intervals, 60)
    )
    rated = minutes.join(_by_minute(telemetry), ["truck", "minute"])
    opens = (rated.minute * 60).as_timestamp("s").cast(schema.INSTANT)
    held_s = (
        ibis.least(rated.stop, opens + ibis.interval(seconds=60)).delta(
            ibis.greatest(rated.start, opens), unit="microsecond"
        )
        / 1e6
    )
    return rated.mutate(_s=held_s).group_by("truck", "start").aggregate(
        litres=(_.rate_lph * _._s).sum() / 3600, seen_min=_._s.sum() / 60
    )  # fmt: skip


def cycle_fuel(
    cycles: ibis.Table, telemetry: ibis.Table, trucks: ibis.Table, rolling_pct: float = ROLLING_PCT
) -> ibis.Table:
    """What each cycle burned, and the work that it did.

    Parameters
    ----------
    cycles
        Haul cycles with ``carried_t``, see ``cycles.dumped``.
    telemetry, trucks
        See ``schema.TELEMETRY`` and ``schema.TRUCKS``.
    rolling_pct
        Rolling resistance in percent of weight: a metre lifted counts as ``100 / rolling_pct`` m driven.

    Returns
    -------
    ibis.Table
        One row per cycle, as given, with ``litres`` [l], ``seen`` (share of its time in which fuel was
        read), ``tkm`` [t km] (payload times loaded way), ``effective_tkm`` [t km] (see ``per_tkm``) and
        ``counted`` (all of these are known, and ``seen`` is at least 0.9).
    """
    burnt = burned(telemetry, cycles).select("truck", "start", "litres", "seen_min")
    known = cycles.left_join(burnt, ["truck", "start"]).drop("truck_right", "start_right")
    known = known.left_join(trucks.select("truck", "empty_mass_t"), "truck").drop("truck_right")
    lift_m = known.lift_m.fill_null(0.0)
    up, down = (ibis.greatest(metres, 0.0) / (rolling_pct / 100) for metres in (lift_m, -lift_m))
    effective = (known.empty_mass_t + known.carried_t) * (known.loaded_m + up) + known.empty_mass_t * (
        known.empty_m + down
    )
    long_min = known.stop.delta(known.start, unit="microsecond") / 60e6
    reckoned = known.mutate(
        litres=known.litres.fill_null(0.0),
        seen=known.seen_min.fill_null(0.0) / long_min.nullif(0.0),
        tkm=known.carried_t * known.loaded_m / 1000,
        effective_tkm=effective / 1000,
    )
    counted = (_.seen >= LEAST_SEEN) & (_.tkm > 0) & _.effective_tkm.notnull()
    return reckoned.mutate(counted=counted.fill_null(False)).drop("seen_min")


def per_tkm(fuelled: ibis.Table, by: list[str], norm: bool = False) -> ibis.Table:
    """Litres burned per tonne-kilometre, and against what the grade and the weight explain.

    A cycle counts where its litres, payload and way are known. Its effective tonne-kilometres are gross
    mass times way, with every metre that it is lifted as ``1 / rolling resistance`` metres more (grade
    and rolling resistance add up as shares of weight, Caterpillar Performance Handbook); both legs count,
    the empty one with the empty mass. The norm is what the fleet burns per effective tonne-kilometre,
    over all cycles of the answer, so that litres expected sum to litres burned.

    Parameters
    ----------
    fuelled
        See ``cycle_fuel``, with a column for each word of ``by``.
    by
        The columns to count by.
    norm
        True to compare with the grade-corrected norm.

    Returns
    -------
    ibis.Table
        One row per group: ``cycles``, ``cycles_counted``, ``litres`` [l], ``tkm`` [t km], ``l_per_tkm``;
        with ``norm`` also ``effective_tkm``, ``l_per_effective_tkm``, ``expected_l``, ``excess_l`` [l]
        and ``excess``, the share of the expected that this is.
    """
    kept = fuelled["counted"]
    measures = {
        "cycles": kept.count(),
        "cycles_counted": kept.sum(),
        "litres": fuelled.litres.sum(where=kept),
        "tkm": fuelled.tkm.sum(where=kept),
        "effective_tkm": fuelled.effective_tkm.sum(where=kept),
    }
    found = fuelled.group_by(by).aggregate(**measures) if by else fuelled.aggregate(**measures)
    found = found.mutate(
        litres=_.litres.fill_null(0.0), tkm=_.tkm.fill_null(0.0), effective_tkm=_.effective_tkm.fill_null(0.0)
    )
    found = found.mutate(l_per_tkm=_.litres / _.tkm.nullif(0.0))
    if not norm:
        return found.drop("effective_tkm")
    whole = ibis.window()
    fleet = found.litres.sum().over(whole) / found.effective_tkm.sum().over(whole).nullif(0.0)
    found = found.mutate(
        l_per_effective_tkm=_.litres / _.effective_tkm.nullif(0.0), expected_l=_.effective_tkm * fleet
    )
    return found.mutate(
        excess_l=_.litres - _.expected_l, excess=(_.litres - _.expected_l) / _.expected_l.nullif(0.0)
    )


def fuel_range(
    telemetry: ibis.Table,
    trucks: ibis.Table,
    refuels: ibis.Table,
    until: datetime,
    reserve: float = 0.1,
) -> ibis.Table:
    """Who runs out of fuel, and when, if it burns on as in the last hours.

    The fuel is the newest level read times the tank. What was filled in after that reading is added, up
    to a full tank. The burn is the mean fuel rate of the minutes in which one was read; where no rate is
    read, what the level fell and refuelling brought, over the time between the first and last level.

    Parameters
    ----------
    telemetry
        See ``schema.TELEMETRY``, of the hours whose burn counts, up to the moment that is now.
    trucks
        See ``schema.TRUCKS``.
    refuels
        See ``schema.REFUELS``, of the same hours.
    until
        By when the fuel should last.
    reserve
        Share of the tank that must not be burned.

    Returns
    -------
    ibis.Table
        One row per truck: ``truck``, ``at`` (of the newest level), ``fuel_l`` (in the tank),
        ``usable_l`` (above the reserve) [l], ``burn_lph`` [l/h], ``remaining_h`` [h], ``runs_out`` (when
        only the reserve is left), ``before_until`` (whether that is before ``until``), ``why`` (why it
        is not known).
    """
    level = telemetry.filter(telemetry.fault.isnull(), telemetry.fuel_pct >= 0, telemetry.fuel_pct <= 100)
    levels = level.group_by("truck").aggregate(
        _first=level.at.min(),
        at=level.at.max(),
        _first_pct=level.fuel_pct.cast("float64").argmin(level.at),
        _pct=level.fuel_pct.cast("float64").argmax(level.at),
    )
    rates = _by_minute(telemetry).group_by("truck").aggregate(_rate_lph=_.rate_lph.mean())
    known = trucks.select("truck", "tank_l").left_join(levels, "truck").drop("truck_right")
    known = known.left_join(rates, "truck").drop("truck_right")
    filled = refuels.select("truck", _stop="stop", _l=_.fuel_l.fill_null(0.0))
    later = known.select("truck", "at", "_first").join(filled, "truck")
    brought = later.group_by("truck").aggregate(
        _after_l=later["_l"].sum(where=later["_stop"] > later["at"]),
        _during_l=later["_l"].sum(where=(later["_stop"] > later["_first"]) & (later["_stop"] <= later["at"])),
    )
    known = known.left_join(brought, "truck").drop("truck_right")
    fuel_l = ibis.least(known["_pct"] / 100 * known.tank_l + known["_after_l"].fill_null(0.0), known.tank_l)
    fell_l = (known["_first_pct"] - known["_pct"]) / 100 * known.tank_l + known["_during_l"].fill_null(0.0)
    hours = known.at.delta(known["_first"], unit="microsecond") / 3600e6
    burn_lph = ibis.coalesce(known["_rate_lph"], ibis.greatest(fell_l, 0.0) / hours.nullif(0.0)).nullif(0.0)
    usable_l = ibis.greatest(fuel_l - reserve * known.tank_l, 0.0)
    reckoned = known.mutate(fuel_l=ibis.ifelse(known["_pct"].isnull(), None, fuel_l), burn_lph=burn_lph)
    reckoned = reckoned.mutate(usable_l=ibis.ifelse(reckoned.fuel_l.isnull(), None, usable_l))
    reckoned = reckoned.mutate(remaining_h=_.usable_l / _.burn_lph)
    lasts_ms = (ibis.least(reckoned.remaining_h, 8760.0) * 3600e3).round().cast("int64")
    runs_out = (reckoned.at + lasts_ms.as_interval("ms")).cast(schema.INSTANT)
    limit = align.instant(until)
    why = ibis.cases(
        (reckoned.tank_l.isnull(), ibis.literal("the size of its tank is not known")),
        (reckoned["_pct"].isnull(), ibis.literal("no fuel level was read")),
        (reckoned.burn_lph.isnull(), ibis.literal("it burned nothing that was read")),
    )
    return reckoned.select(
        "truck", "at", "fuel_l", "usable_l", "burn_lph", "remaining_h",
        runs_out=runs_out, before_until=runs_out < limit, why=why,
    )  # fmt: skip


def refuelling(refuels: ibis.Table) -> ibis.Table:
    """Every refuelling, with what the truck burned an hour since the one before.

    What is filled in is taken for what was burned since the last refuelling, as if each filled the tank
    to the same level.

    Parameters
    ----------
    refuels
        See ``schema.REFUELS``; all that are known, so that the first of a window has one before it.

    Returns
    -------
    ibis.Table
        One row per refuelling: ``truck``, ``start``, ``stop``, ``place``, ``fuel_l`` [l], ``queue_min``
        [min], ``refuel_min`` [min], ``since_last_h`` (from the stop of the one before to this start) [h],
        ``burn_lph`` [l/h]; the last two are empty for a truck's first.
    """
    by_truck = ibis.window(group_by="truck", order_by="start")
    since_h = _.start.delta(_.stop.lag().over(by_truck), unit="microsecond") / 3600e6
    found = refuels.select(
        "truck", "start", "stop", "place", "fuel_l", "queue_min",
        refuel_min=_.stop.delta(_.start, unit="microsecond") / 60e6, since_last_h=since_h,
    )  # fmt: skip
    return found.mutate(burn_lph=ibis.ifelse(_.since_last_h > 0, _.fuel_l / _.since_last_h, None))
