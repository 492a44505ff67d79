"""The parts that a machine is told in: which there are, what stands in each, and which rows they come from.

A part that the store knows nothing of is left out, and so is a value. A snapshot tells what was read
within the last day of the data; fuel and way that no counter of the truck tells are counted for a series
alone.

>>> SERIES["CumulativeLoadCount"].values[0].name
'Count'
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import ibis
from ibis import _

from truckkit.api.aemp import counters
from truckkit.site import Site

Rows = Callable[[Site], ibis.Table]
_RECENT = dt.timedelta(days=1)


@dataclass(frozen=True)
class Value:
    """One value of a part, and, where it has one, the element that says its unit."""

    name: str
    type: type[Any]
    meaning: str
    units: tuple[str, str] | None = None


@dataclass(frozen=True)
class Section:
    """One part of a machine.

    Parameters
    ----------
    name
        What the part is called.
    series
        What its series is called in an address.
    values
        What stands in it.
    rows
        Gives ``truck``, ``at``, the values by their names and, of what is counted, ``since``.
    newest
        Gives the rows of which the newest of each truck stands in a snapshot; nothing: it stands in none.
    """

    name: str
    series: str
    values: tuple[Value, ...]
    rows: Rows
    newest: Rows | None


def _counted(name: str, of: Callable[..., ibis.Table], value: Value, how: type = float) -> Section:
    total = _.total.round().cast("int64") if how is int else _.total

    def shaped(rows: ibis.Table) -> ibis.Table:
        return rows.select("truck", "at", "since", **{value.name: total})

    return Section(
        name,
        name,
        (value,),
        lambda site: shaped(of(site)),
        lambda site: shaped(of(site, _recent(site))),
    )


def _recent(site: Site) -> Site:
    """The site in the last day of its data, of which a snapshot tells: it looks at no other samples."""
    if site.stop is None:
        return site
    return site.between(site.stop - _RECENT, site.stop + dt.timedelta(microseconds=1))


def _places(rows: ibis.Table) -> ibis.Table:
    known = rows.filter(rows.lat.notnull(), rows.lon.notnull())
    return known.select("truck", "at", Latitude=_.lat, Longitude=_.lon, Altitude=_.elevation_m)


def _tank(site: Site, levels: ibis.Table) -> ibis.Table:
    """Levels with the size of the tank beside them."""
    known = levels.filter(levels.Percent.notnull(), ~levels.Percent.isnan())
    tanks = site.trucks.select("truck", FuelTankCapacity="tank_l")
    return known.left_join(tanks, "truck").select("truck", "at", "Percent", "FuelTankCapacity")


def _levels(site: Site) -> ibis.Table:
    read = site.telemetry.filter(_.fault.isnull())
    return _tank(site, read.select("truck", "at", Percent=_.fuel_pct))


def _newest_levels(site: Site) -> ibis.Table:
    read = site.latest.filter(_.fuel_at.notnull())
    return _tank(site, read.select("truck", at=_.fuel_at, Percent=_.fuel_pct))


def _running(site: Site) -> ibis.Table:
    read = site.telemetry.filter(_.fault.isnull(), _.engine_on.notnull())
    return read.select("truck", "at", Running=_.engine_on)


def _faults(site: Site) -> ibis.Table:
    # What truckkit or a fleet management system says of the driving is no fault of the machine.
    told = site.events.filter(_.kind != "overspeed")
    return told.select("truck", "at", CodeIdentifier=_.kind, CodeDescription=_.description)


SECTIONS = (
    Section(
        "Location",
        "Locations",
        (
            Value("Latitude", float, "Latitude, WGS84. [deg]"),
            Value("Longitude", float, "Longitude, WGS84. [deg]"),
            Value("Altitude", float, "Height above the site's zero.", ("AltitudeUnits", "metre")),
        ),
        lambda site: _places(site.positions),
        lambda site: _places(site.latest),
    ),
    _counted(
        "CumulativeOperatingHours", counters.operating_hours, Value("Hour", float, "Hours of the engine. [h]")
    ),
    _counted(
        "CumulativeIdleHours", counters.idle_hours, Value("Hour", float, "Of them those of waiting. [h]")
    ),
    _counted(
        "FuelUsed",
        counters.fuel_used,
        Value("FuelConsumed", float, "Fuel burned in all.", ("FuelUnits", "litre")),
    ),
    Section(
        "FuelRemaining",
        "FuelRemaining",
        (
            Value("Percent", float, "Level of the fuel. [%]"),
            Value("FuelTankCapacity", float, "What fits the tank.", ("FuelTankCapacityUnits", "litre")),
        ),
        _levels,
        _newest_levels,
    ),
    _counted("CumulativeLoadCount", counters.loads, Value("Count", int, "Loads dumped in all."), int),
    _counted(
        "CumulativePayloadTotals",
        counters.payload,
        Value("Payload", float, "Payload moved in all.", ("PayloadUnits", "kilogram")),
    ),
    _counted(
        "Distance",
        counters.distance,
        Value("Odometer", float, "Way driven in all.", ("OdometerUnits", "kilometre")),
    ),
    Section(
        "EngineStatus",
        "EngineStatus",
        (Value("Running", bool, "True while the engine runs."),),
        _running,
        lambda site: _running(_recent(site)),
    ),
    Section(
        "FaultCode",
        "FaultCodes",
        (
            Value("CodeIdentifier", str, "What happened, in the source's own word."),
            Value("CodeDescription", str, "In the source's words."),
        ),
        _faults,
        None,
    ),
)
"""The parts, in the order in which they are told."""

SERIES: Mapping[str, Section] = {section.series: section for section in SECTIONS}
"""The parts that a machine has a series of, by the name in the address."""


def newest(section: Section, site: Site) -> ibis.Table | None:
    """The newest row of each truck, as a snapshot tells it."""
    if section.newest is None:
        return None
    rows = section.newest(site)
    last = rows.group_by("truck").aggregate(at=_.at.max())
    return rows.semi_join(last, ["truck", "at"])


def between(section: Section, site: Site, start: ibis.Value, stop: ibis.Value) -> ibis.Table:
    """The rows in ``[start, stop)``, instants as they are stored; what is counted counts from long before."""
    rows = section.rows(site)
    return rows.filter(rows.at >= start, rows.at < stop)
