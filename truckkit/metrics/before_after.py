"""Whether a truck behaves differently after a work order."""

from __future__ import annotations

from datetime import datetime

import ibis
from ibis import _

from truckkit import align, schema
from truckkit.metrics.legs import legs

Window = tuple[datetime, datetime]

_KEYS = ("from_place", "to_place")


def before_after(
    states: ibis.Table, cycles: ibis.Table, telemetry: ibis.Table, before: Window, after: Window
) -> ibis.Table:
    """How a truck drove, carried and burnt before a work order and after it, on the same routes.

    A leg or cycle counts on the side in which all of it lies. Legs are matched by the places that they
    lead from and to, and so by whether the truck was loaded; cycles by where it loaded and dumped. A
    route that one side lacks does not count, and each other weighs the same on both sides: as many as the
    side with fewer has of it. So a change is not one of the mix of routes. Telemetry is averaged over
    each leg first.

    Parameters
    ----------
    states, cycles, telemetry
        Of one truck, see ``schema``, whole, over both windows.
    before, after
        The windows before the work started and after it stopped.

    Returns
    -------
    ibis.Table
        One row per measure and leg that both sides have: ``measure`` (its unit ends its name), ``leg``
        (``loaded``, ``empty`` or ``whole``), ``before``, ``after``, ``change``, ``matched_before`` and
        ``matched_after`` (legs or cycles behind each), ``routes``.

    Examples
    --------
    >>> import truckkit as tk
    >>> found = tk.sample().before_after("WO-1001", window="36h")
    >>> found.filter(found.measure == "haul_min").leg.to_pyarrow().to_pylist()
    ['loaded']
    """
    driven = legs(states)
    told = align.stacked(_minutes(driven), _of_cycles(cycles), _of_telemetry(telemetry, driven)).filter(
        _.measured.notnull(), ~_.measured.isnan(), _.from_place.notnull(), _.to_place.notnull()
    )
    early, late = (
        (told.start >= align.instant(window[0])) & (told.stop <= align.instant(window[1]))
        for window in (before, after)
    )
    sides = told.mutate(_late=late).filter(early | late)
    routes = sides.group_by("measure", "leg", *_KEYS).aggregate(
        matched_before=(~_["_late"]).cast("int64").sum(),
        matched_after=_["_late"].cast("int64").sum(),
        before=_.measured.mean(where=~_["_late"]),
        after=_.measured.mean(where=_["_late"]),
    )
    both = routes.filter(_.matched_before > 0, _.matched_after > 0)
    both = both.mutate(_weight=ibis.least(both.matched_before, both.matched_after))
    weighed = both.group_by("measure", "leg").aggregate(
        before=(_.before * _["_weight"]).sum() / _["_weight"].sum(),
        after=(_.after * _["_weight"]).sum() / _["_weight"].sum(),
        matched_before=_.matched_before.sum(),
        matched_after=_.matched_after.sum(),
        routes=_["_weight"].count(),
    )
    return weighed.mutate(change=weighed.after - weighed.before).relocate("change", after="after")


_TOLD = ("measure", "leg", "from_place", "to_place", "start", "stop", "measured")


def _minutes(driven: ibis.Table) -> ibis.Table:
    return driven.mutate(
        measure=_.state + "_min",
        leg=ibis.ifelse(_.state.isin(("haul", "spot_dump", "dump")), "loaded", "empty"),
        measured=_.leg_min,
    ).select(*_TOLD)


def _of_cycles(cycles: ibis.Table) -> ibis.Table:
    phases = [cycles[f"{state}_min"] for state in schema.CYCLE_STATES]
    # Queues are no doing of the truck, so the cycle is that of its driving, loading and dumping.
    working = [
        phase for phase, state in zip(phases, schema.CYCLE_STATES, strict=True) if "queue" not in state
    ]
    measures = {
        "working_cycle_min": ("whole", ibis.ifelse(cycles.complete, sum(working[1:], working[0]), None)),
        "loaded_kmh": ("loaded", cycles.loaded_m / cycles.haul_min.nullif(0.0) * 0.06),
        "payload_t": ("loaded", ibis.coalesce(cycles.payload_t, cycles.reported_t)),
    }
    return align.stacked(
        *(
            cycles.select(
                measure=ibis.literal(name),
                leg=ibis.literal(leg),
                from_place=cycles.load_place,
                to_place=cycles.dump_place,
                start=cycles.start,
                stop=cycles.stop,
                measured=measured.cast("float64"),
            )
            for name, (leg, measured) in measures.items()
        )
    )


def _of_telemetry(telemetry: ibis.Table, driven: ibis.Table) -> ibis.Table:
    drives = driven.filter(_.state.isin(("haul", "return")))
    readings = telemetry.select("truck", "at", fuel_lph=_.fuel_rate_lph, coolant_c=_.coolant_c)
    held = align.in_intervals(readings, drives, "leg").filter(_.leg.notnull())
    each = held.group_by("truck", "leg").aggregate(
        fuel_lph=_.fuel_lph.cast("float64").mean(), coolant_c=_.coolant_c.cast("float64").mean()
    )
    known = each.join(drives, ["truck", "leg"])
    known = known.mutate(leg=ibis.ifelse(known.state == "haul", "loaded", "empty"))
    return align.stacked(
        *(
            known.mutate(measure=ibis.literal(channel), measured=known[channel]).select(*_TOLD)
            for channel in ("fuel_lph", "coolant_c")
        )
    )
