"""What an analyst asks of a day of samples, and the figures that all ways of answering share.

Each ``analyst_*.py`` beside this file answers some of ``TASKS``: a function takes the folder of the files
and gives a frame or an Arrow table with the columns that ``COLUMNS`` names.

- ``stops``: a truck stands, below a speed, for a minute or longer
- ``trips``: what it drives between two stops, half a kilometre or longer
- ``cycles``: from one loading to the next, with what was carried and how far
- ``asof``: each position with the newest payload reading, 90 s old at most: how fast it is driven by load
- ``resample``: means of each minute
- ``in_state``: minutes of driving loaded, of driving empty, and of standing
"""

from __future__ import annotations

STANDS_KMH, STANDS_S = 2.0, 60
"""Slower is standing; and for so long is a stop. A silence of as long ends a stop as a drive does."""
TRIP_M = 500.0
LOADED_T, EMPTY_T = 120.0, 60.0
"""Above the first a truck is loaded, below the second it is empty; between them it is what it was."""
HOLDS_S = 90
"""For so long a payload reading speaks."""
LEAP_MS = 30.0
"""No truck is as fast; a fix that says so jumped. [m/s]"""

COLUMNS = {
    "stops": ("truck", "start", "stop"),
    "trips": ("truck", "start", "stop", "driven_m"),
    "cycles": ("truck", "start", "stop", "payload_t", "loaded_m", "empty_m"),
    "asof": ("truck", "loaded", "samples", "speed_kmh"),
    "resample": ("truck", "at", "samples", "speed_kmh", "fastest_kmh", "x_m", "y_m"),
    "in_state": ("truck", "doing", "minutes"),
}
TASKS = tuple(COLUMNS)
