"""What a mine says of itself in its ``site.toml``: name, zone, rosters, limits, tyres, plans.

    name = "Our mine"
    time_zone = "Australia/Perth"
    plans = "plans.csv"                     # shift, circuit, planned_t, planned_loads; or [[plan]]
    usage_models = ["our-usage.toml"]       # time usage models of the site's own

    [trust]
    coverage = 0.9                          # answers that rest on less of the asked time are doubted

    [[roster]]
    name = "12 h"
    shifts = [
        { word = "day", start = "06:00", hours = 12, crews = ["A", "B"], days_each = 7 },
        { word = "night", start = "18:00", hours = 12, crews = ["B", "A"], days_each = 7 },
    ]

    [[limit]]
    name = "Ramp, loaded"
    kind = "speed"
    road = "Ramp 1 to Ramp 2"
    loaded = true
    most = 30                               # km/h

    [[tyre]]
    model = "Komatsu 930E-4"
    position = "front"
    rating_tkph = 1000
    empty_share = 0.25                      # of the empty truck's mass, borne by one such tyre
    loaded_share = 0.167

``plans``, ``limits`` and ``tyres`` may each name a CSV file beside it, with the columns of their table
in ``schema``. What it says of rosters, limits, tyres or usage models takes the place of all that was
said of them before; plans are added to. Where new rosters no longer make a shift that a stored plan is
for, the plans of its day are to be said anew.
"""

from truckkit.description.model import Description
from truckkit.description.reading import Read, read, rows

__all__ = ["Description", "Read", "read", "rows"]
