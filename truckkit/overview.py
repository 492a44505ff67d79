"""What is in a site, in a form for programs."""

from __future__ import annotations

import json
from typing import Any

from ibis import _

from truckkit.site import Site


def overview(site: Site) -> dict[str, Any]:
    """Tables, rows, period, trucks and loads of a site.

    ``tables`` counts the rows that sources told of, ``detected`` those that truckkit found in samples.

    >>> import truckkit as tk
    >>> overview(tk.sample())["trucks"]
    6
    """
    told, detected = _told(site)
    loads = site.loads.order_by("load_id").to_pyarrow().to_pylist()
    return {
        "site": site.name,
        "time_zone": site.zone.key,
        "simulated": site.simulated,
        "generation": site.generation,
        "start": site.start.isoformat() if site.start else None,
        "stop": site.stop.isoformat() if site.stop else None,
        "trucks": len(site.truck_names),
        "tables": told,
        "detected": detected,
        "loads": [
            {
                "load_id": load["load_id"],
                "source": load["source"],
                "mapping": load["mapping"],
                "rows_in": load["rows_in"],
                "kept": load["kept"],
                "rejected": load["rejected"],
                "duplicates": load["duplicates"],
                "corrected": load["corrected"],
                "made": json.loads(load["made"]),
            }
            for load in loads
        ],
    }


def _told(site: Site) -> tuple[dict[str, int], dict[str, int]]:
    """Rows of each table: those that were told, and those that were detected."""
    told = site.using("fms").rows()
    found = site.using("detected")
    detected = {name: int(found.table(name).count().execute()) for name in ("states", "cycles")}
    places = site.places.filter(~_.given, _.x_m.notnull()).count().execute()
    return {**told, "places": told["places"] - int(places)}, {"places": int(places), **detected}
