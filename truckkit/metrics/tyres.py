"""How hot tyres run, against their rating: tonne-kilometres per hour."""

from __future__ import annotations

from datetime import timedelta

import ibis
from ibis import _

RATED_AT_C = 38.0
"""Ambient temperature for which makers rate tyres [°C]."""


def tkph(
    cycles: ibis.Table,
    trucks: ibis.Table,
    tyres: ibis.Table,
    window: timedelta = timedelta(hours=4),
    ambient_c: float | None = None,
) -> ibis.Table:
    """Tonne-kilometres per hour of each tyre position, against its rating, at every cycle's end.

    TKPH = mean tyre load x mean speed. The load is half of what a tyre bears empty and full; the payload
    is the mean of the cycles that stopped in the ``window`` up to this one's end. The speed is what those
    cycles drove, as measured, over the time from the first one's start to now, standing included; nothing
    is counted by cycles. Source: magnatyres.com and tireclopedia.com, how to calculate TKPH.

    Ratings hold up to 38 °C, for trips below 5 km and below 50 km/h. With ``ambient_c`` they lose 2 % for
    each degree above 38 °C and gain 1 % for each below (Firestone); makers' tables of distance and
    temperature are not applied.

    Parameters
    ----------
    cycles
        Haul cycles with ``carried_t``, see ``cycles.dumped``; those of a window before the time asked for
        belong to it.
    trucks, tyres
        See ``schema.TRUCKS`` and ``schema.TYRES``.
    window
        How far each row looks back.
    ambient_c
        Ambient temperature [°C]; none: ratings as given.

    Returns
    -------
    ibis.Table
        One row per truck, cycle's end ``at`` and tyre position: ``position``, ``tyre``, ``cycles`` (in the
        window), ``payload_t``, ``tyre_load_t`` [t], ``distance_km`` [km], ``hours`` [h], ``speed_kmh``
        [km/h], ``tkph``, ``rating_tkph`` [t km/h], ``share`` of the two, ``over`` (empty where one of them
        is not known) and ``why`` (why it is not).

    Examples
    --------
    >>> import truckkit as tk
    >>> tk.sample().tkph().columns[:3]
    ('truck', 'at', 'position')
    """
    metres = cycles.empty_m.fill_null(0.0) + cycles.loaded_m.fill_null(0.0)
    ends = cycles.filter(~cycles.overlaps.fill_null(False)).mutate(_m=metres)
    back = ibis.interval(seconds=round(window.total_seconds()))
    rolling = ibis.range_window(preceding=back, following=0, group_by="truck", order_by="stop")
    rolled = ends.select(
        "truck",
        at="stop",
        cycles=_.stop.count().over(rolling),
        payload_t=_.carried_t.mean().over(rolling),
        distance_km=_._m.sum().over(rolling) / 1000,
        hours=_.stop.delta(_.start.min().over(rolling), unit="microsecond") / 3600e6,
    )
    known = trucks.select("truck", "model", "empty_mass_t").left_join(
        tyres.select("model", "position", "tyre", "rating_tkph", "empty_share", "loaded_share"), "model"
    )
    each = rolled.join(known, "truck")
    tyre_load_t = (
        each.empty_mass_t * each.empty_share + (each.empty_mass_t + each.payload_t) * each.loaded_share
    ) / 2
    speed_kmh = each.distance_km / each.hours.nullif(0.0)
    rating = each.rating_tkph * _kept(ambient_c)
    reckoned = each.mutate(tyre_load_t=tyre_load_t, speed_kmh=speed_kmh, rating_tkph=rating)
    reckoned = reckoned.mutate(tkph=_.tyre_load_t * _.speed_kmh)
    why = ibis.cases(
        (reckoned.model.isnull(), ibis.literal("the truck's model is not known")),
        (
            reckoned.rating_tkph.isnull(),
            ibis.literal("no tyre rating is stored for the model ") + reckoned.model,
        ),
        (reckoned.empty_mass_t.isnull(), ibis.literal("the truck's empty mass is not known")),
        (reckoned.payload_t.isnull(), ibis.literal("no payload was measured in the window")),
    )
    return reckoned.select(
        "truck", "at", "position", "tyre", "cycles", "payload_t", "tyre_load_t", "distance_km", "hours",
        "speed_kmh", "tkph", "rating_tkph", share=_.tkph / _.rating_tkph.nullif(0.0),
        over=_.tkph > _.rating_tkph, why=why,
    )  # fmt: skip


def _kept(ambient_c: float | None) -> float:
    """What is left of a rating at a temperature.

    >>> [_kept(None), _kept(43), _kept(28)]
    [1.0, 0.9, 1.1]
    """
    if ambient_c is None:
        return 1.0
    warmer = ambient_c - RATED_AT_C
    return max(0.0, 1 - 0.02 * warmer) if warmer > 0 else 1 - 0.01 * warmer
