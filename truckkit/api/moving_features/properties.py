"""What is measured of one truck over time: which columns, and a page of the readings of one.

>>> PROPERTIES["speed_kmh"][1].unit
'km/h'
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import pyarrow.compute as pc

from truckkit import align, schema, times
from truckkit.api.answers import said
from truckkit.api.plain import plain
from truckkit.site import Site
from truckkit.store import stated, whole

# UN/CEFACT Recommendation 20; a unit without a code of three letters has its words alone.
_FORMS = {"km/h": "KMH", "t": "TNE", "kPa": "KPA", "°C": "CEL", "km": "KMT", "h": "HUR", "rpm": "RPM"}
_TELEMETRY = (schema.NUMBER, schema.SHORT, schema.FLAG)

PROPERTIES: Mapping[str, tuple[schema.Table, schema.Column]] = {
    "speed_kmh": (schema.POSITIONS, schema.POSITIONS["speed_kmh"]),
    "heading_deg": (schema.POSITIONS, schema.POSITIONS["heading_deg"]),
    **{column.name: (schema.TELEMETRY, column) for column in schema.TELEMETRY if column.type in _TELEMETRY},
}
"""What there is, with its table and column."""


def described(name: str) -> dict[str, Any]:
    """What a property is."""
    _table, column = PROPERTIES[name]
    unit = f" [{column.unit}]" if column.unit else ""
    form = {"form": _FORMS[column.unit]} if column.unit in _FORMS else {}
    kind = "TBoolean" if column.type == schema.FLAG else "TReal"
    return {"name": name, "type": kind, **form, "description": column.meaning + unit}


def values(
    site: Site, name: str, most: int, seconds: float
) -> tuple[list[dict[str, Any]], dt.datetime | None]:
    """The first readings in the window, in unbroken stretches; and the last instant, where more follow.

    Readings with a fault are left out, and those that are no number.
    """
    table, column = PROPERTIES[name]
    rows = site.table(table.name)
    told = rows.filter(rows.fault.isnull(), rows[name].notnull())
    if column.type != schema.FLAG:
        told = told.filter(~told[name].isnan())
    asked = told.select("at", value=told[name]).order_by("at").limit(most + 1)
    found = plain(whole(stated(asked), seconds))
    last = pc.max(found["at"].slice(0, most)).as_py() if len(found) > most else None
    stretches: list[dict[str, Any]] = []
    before: dt.datetime | None = None
    for row in found.slice(0, most).to_pylist():
        if before is None or (row["at"] - before).total_seconds() >= align.SILENT_S:
            between = "Step" if column.type == schema.FLAG else "Linear"
            stretches.append({"datetimes": [], "values": [], "interpolation": between})
        before = row["at"]
        stretches[-1]["datetimes"].append(said(times.aware(before)))
        stretches[-1]["values"].append(row["value"])
    return stretches, times.aware(last) if last is not None else None
