"""Mines of many kinds, drawn as the stops of their trucks: what was a loading, and what a dumping."""

from __future__ import annotations

import numpy as np
import pytest

from truckkit.detection.roles import roles
from truckkit.detection.sites import areas, bays
from truckkit.detection.stops import DUMP, LOAD, STOP

AT = {"L": (0.0, 0.0), "q": (0.0, 60.0), "t": (0.0, 700.0), "d": (20.0, 1940.0), "D": (0.0, 2000.0)}
"""Loader and its queue, a traffic light, the dump and its queue."""


def mine(cycle: str, seconds: dict[str, float], paces: tuple[float, float] = (8.0, 10.0), trucks: int = 4):
    """Stops of trucks that do one cycle over and over; the small letters happen every other time.

    ``paces`` are how fast trucks go loaded and empty [m/s].
    """
    random = np.random.default_rng(1)
    rows, names = [], []
    for truck in range(trucks):
        at, loaded, here = 0.0, False, AT["q"]
        for letter in cycle * 12:
            if letter.islower() and random.random() < 0.5:
                continue
            x, y = AT[letter]
            metres = float(np.hypot(x - here[0], y - here[1]))
            rolled = 1000 * metres / (paces[0] if loaded else paces[1]) * random.lognormal(0, 0.05)
            stop = np.zeros((), STOP)
            lasts = 1000 * seconds[letter] * random.lognormal(0, 0.2)
            stop["start"], stop["stop"] = at + rolled, at + rolled + lasts
            stop["x_m"], stop["y_m"] = random.normal((x, y), 1.0)
            stop["metres"], stop["rolled"] = metres, rolled
            stop["beyond"] = 1.0 if letter == "t" else -1.0
            stop["gain"], stop["known"], stop["site"], stop["body"] = np.nan, -1, -1, -1
            at, here = at + rolled + lasts, (x, y)
            loaded = letter == "L" or (loaded and letter != "D")
            rows.append((truck, letter, stop))
    names = np.array([letter for _truck, letter, _stop in rows])
    return names, np.array([truck for truck, *_ in rows]), np.array([stop for *_, stop in rows])


@pytest.mark.parametrize(
    ("cycle", "seconds"),
    [
        ("LD", {"L": 150, "D": 50}),
        ("qLtdDt", {"L": 150, "D": 50, "q": 120, "d": 40, "t": 50}),
        ("qqLtDt", {"L": 180, "D": 60, "q": 180, "t": 90}),
        ("LD", {"L": 720, "D": 40}),
        ("LtDt", {"L": 40, "D": 20, "t": 60}),
        ("qLtDt", {"L": 55, "D": 180, "q": 50, "t": 40}),
    ],
)  # fmt: skip
def test_what_stops_were_for_is_learnt_however_long_they_last(cycle, seconds):
    names, trucks, stops = mine(cycle, seconds)
    found = roles(stops, trucks, bays(stops), np.full(len(stops), -1), areas(stops))
    inner = np.diff(trucks, prepend=-1, append=9)[:-1] == 0  # the first stops follow nothing
    assert (found[inner][names[inner] == "L"] == LOAD).all()
    assert (found[inner][names[inner] == "D"] == DUMP).all()
    assert not np.isin(found[inner][~np.isin(names[inner], ["L", "D"])], (LOAD, DUMP)).any()
