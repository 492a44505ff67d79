"""What is in a site, in a form for programs."""

from __future__ import annotations

import json
from typing import Any

from truckkit.site import Site


def overview(site: Site) -> dict[str, Any]:
    """Tables, rows, period, trucks and loads of a site.

    >>> import truckkit as tk
    >>> overview(tk.sample())["trucks"]
    6
    """
    loads = site.loads.order_by("load_id").to_pyarrow().to_pylist()
    return {
        "site": site.name,
        "time_zone": site.zone.key,
        "simulated": site.simulated,
        "generation": site.generation,
        "start": site.start.isoformat() if site.start else None,
        "stop": site.stop.isoformat() if site.stop else None,
        "trucks": len(site.truck_names),
        "tables": site.rows(),
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
