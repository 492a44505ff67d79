"""Mines of many kinds: what stops were for, and trucks that send little or send it badly."""

from __future__ import annotations

import numpy as np
import pytest

from truckkit.detection.motion import STANDS, runs
from truckkit.detection.roles import roles
from truckkit.detection.sites import areas, bays
from truckkit.detection.stops import DUMP, LOAD, STOP
from truckkit.detection.tracks import Positions

AT = {
    "L": (0.0, 0.0),
    "q": (0.0, 60.0),
    "Q": (0.0, 30.0),
    "t": (0.0, 700.0),
    "d": (20.0, 1940.0),
    "D": (0.0, 2000.0),
}
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
        ("QLD", {"L": 150, "D": 50, "Q": 150}),
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


# What trucks send ----------------------------------------------------------------------------------


def driven(at, x, noise: float = 0.0, speed: bool = True) -> Positions:
    """A truck on a straight road, from where it was when [s, m]."""
    random = np.random.default_rng(1)
    nothing = np.full(len(at), np.nan)
    kmh = np.abs(np.gradient(x, at)) * 3.6 if speed else nothing
    return Positions(
        at * 1000.0, x + random.normal(0, noise, len(at)), random.normal(0, noise, len(at)), nothing, kmh
    )


def stands(positions: Positions) -> list[tuple[int, int]]:
    """Start and length of each stand that is longer than a minute [s], in tens."""
    bounds, rows, _speed = runs(positions)
    long = (rows[:, 0] == STANDS) & (bounds[:, 1] - bounds[:, 0] > 60_000)
    return [(round(start / 10_000), round((stop - start) / 10_000)) for start, stop in bounds[long]]


TIMES = np.arange(0, 12_000, 1.0)
PLACES = np.interp(TIMES % 600, [0, 300, 600], [0, 0, 3000]) + 3000 * (TIMES // 600)
"""Five minutes of standing and five of driving, over and over."""


def test_a_truck_that_tells_of_itself_once_a_minute_while_it_stands_is_seen_standing():
    told = (PLACES % 3000 > 0) & (TIMES % 4 == 0) | (TIMES % 600 <= 300) & (TIMES % 60 == 0)
    seen = stands(driven(TIMES[told], PLACES[told]))
    assert [length for _start, length in seen[1:-1]] == [30] * (len(seen) - 2)


def test_a_dropout_of_a_truck_that_tells_of_itself_each_second_is_no_stand():
    told = ~((TIMES > 2410) & (TIMES < 2690))
    assert 240 not in [start for start, _length in stands(driven(TIMES[told], PLACES[told]))]


def test_where_no_speed_is_told_a_poor_receiver_still_shows_who_stands():
    seen = stands(driven(TIMES, PLACES, noise=4.0, speed=False))
    assert len(seen) == 20
    assert max(abs(length - 30) for _start, length in seen) <= 4  # tens of seconds
