"""What the ground of a map tells: each kind, each period, and what trucks carry over it."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from driven import SECOND, along, mine
from hypothesis import given
from hypothesis import strategies as some
from ibis import _
from PIL import Image
from strips import MIDNIGHT, interval, intervals

import truckkit as tk
from truckkit import schema, times
from truckkit.align import in_intervals
from truckkit.errors import BadRequest
from truckkit.site import Site
from truckkit.views import backdrop, grounds, loads, periods, scene, squares, tiles
from truckkit.views.backdrop import Frame
from truckkit.views.clock import milliseconds
from truckkit.views.replay import Replay
from truckkit.views.sharing import Shown

HOUR = timedelta(hours=1)
STATES = list(schema.STATES)
BOX = Frame(999, 1998, 1299, 2004, 50, 1)  # pixels of 6 m along y = 2000


def said(site: Site, kind: squares.Kind, frame: Frame = BOX) -> np.ndarray:
    shown = scene.scene(site, scene.window(site))
    told, anybody = backdrop.values(site, shown, frame, kind, len(shown.heard), (kind,))
    assert anybody
    return told


def cycle(truck: str, full: int, stop: int, **more: object) -> dict[str, object]:
    at = MIDNIGHT.replace(tzinfo=None)
    return {
        "truck": truck,
        "source": "fms",
        "start": at,
        "full": at + full * SECOND,
        "stop": at + stop * SECOND,
        "complete": True,
        **more,
    }


def test_mean_speed_is_that_of_the_positions_on_a_pixel_and_is_not_told_where_nobody_drove():
    rows = [*along("T01", samples=3, speed=0, x=1000.0), *along("T02", samples=1, speed=36.0, x=1000.0)]
    rows += [{**row, "speed_kmh": None} for row in along("T03", samples=2, speed=0, x=1100.0)]
    told = said(mine(rows), "speed")
    assert told[0, 0] == 9.0
    assert np.isnan(told).sum() == 49


def test_the_state_on_a_pixel_is_the_one_that_trucks_were_in_longest_there():
    # T02 tells a position in ten seconds: each stands for ten of T01's.
    rows = [
        *along("T01", samples=60, speed=0),
        *along("T02", samples=20, every=10 * SECOND, speed=0),
        *along("T03", samples=30, speed=0, x=1100.0),
    ]
    told = said(mine(rows, intervals({"T01": "HHHH", "T02": "LLLL", "T03": " "})), "state")
    assert STATES[int(told[0, 0])] == "load"
    assert np.isnan(told).sum() == 49


def test_the_tonnes_over_a_stretch_of_road_are_the_loads_that_crossed_it():
    # Each of two trucks crosses once, at 10 m/s, seen ten times a second: with 200 t, and with 150 t.
    rows = [
        row for truck in ("T01", "T02") for row in along(truck, samples=300, every=SECOND / 10, speed=36.0)
    ]
    cycles = [cycle("T01", 0, 60, payload_t=200.0), cycle("T02", 0, 60, reported_t=150.0)]
    told = said(mine(rows, intervals({"T01": "H", "T02": "H"}), cycles=cycles), "payload")
    np.testing.assert_allclose(np.nanmean(told), 350.0, rtol=0.05)


def test_what_lies_in_an_interval_is_what_the_general_join_says():
    site = tk.sample().between("2026-11-22T10:00:00.500Z", "2026-11-22T10:59:30Z")
    shown = scene.scene(site, scene.window(site))
    drawn = shown.plane.drawn(site.positions).select("truck", "at")
    ours = squares._during(drawn, site, site.states, "state").select("truck", "at", "state")
    theirs = in_intervals(drawn, site.states, "state").filter(_.state.notnull())
    assert ours.order_by("truck", "at").to_pyarrow() == theirs.order_by("truck", "at").to_pyarrow()
    assert ours.count().to_pyarrow().as_py() > 15_000


def test_a_stretch_of_days_is_cut_at_midnight_and_each_day_is_summed_once(monkeypatch):
    site = mine([*along("T01", samples=30), *along("T01", MIDNIGHT + 30 * HOUR, samples=20)])
    shown = scene.scene(site.between(MIDNIGHT, MIDNIGHT + 48 * HOUR), (MIDNIGHT, MIDNIGHT + 48 * HOUR, False))
    whole = squares.pyramid(site, shown, "speed", ("days",))
    assert whole.levels[0].sums[:, 0].sum() == 50
    monkeypatch.setitem(squares._KINDS, "speed", None)
    again = squares.pyramid(site, replace(shown, stop=MIDNIGHT + 24 * HOUR), "speed", ("days",))
    assert again.levels[0].sums[:, 0].sum() == 30


@given(some.lists(some.floats(0.01, 1e6), min_size=1, max_size=30), some.booleans())
def test_a_code_tells_its_value_to_a_254th_of_the_scale(values, log):
    told = np.array([np.nan, *values])
    low, high = min(values), max(values)
    codes = backdrop.coded(told, low, high, log)
    assert codes[0] == 0
    assert codes[1:].min() >= 1
    share = (codes[1:].astype(float) - 1) / 254
    back = low * (high / low) ** share if log else low + share * (high - low)
    within = (high / low) ** (1 / 254) if log and high > low else 1 + 1e-9
    step = (high - low) / 254 if not log else 0
    assert np.all(back <= told[1:] * within + step + 1e-9)
    assert np.all(back >= told[1:] / within - step - 1e-9)


def test_a_track_is_widened_where_nobody_drove_and_nowhere_else():
    codes = np.zeros((5, 5), np.uint8)
    codes[2, 2], codes[2, 3] = 7, 9
    grown = backdrop.widened(codes, 1)
    assert (grown[2, 2], grown[2, 3]) == (7, 9)
    assert grown[1, 1:5].tolist() == [7, 7, 9, 9]
    assert not grown[:, 0].any()
    assert not grown[0].any()


# Periods -----------------------------------------------------------------------------------------------

SHIFTS = [
    {"shift": f"{name}", "start": (MIDNIGHT + at * HOUR).replace(tzinfo=None),
     "stop": (MIDNIGHT + (at + 12) * HOUR).replace(tzinfo=None)}
    for name, at in (("one", 0), ("two", 12), ("three", 24))
]  # fmt: skip


def test_shifts_and_weeks_are_those_that_were_over_when_the_window_ends():
    site = mine(along("T01"), shifts=SHIFTS)
    window = (MIDNIGHT + 20 * HOUR, MIDNIGHT + 25 * HOUR, False)
    assert periods.period(site, window, "").words == "this window"
    last, before = (periods.period(site, window, said) for said in ("last_shift", "previous_shift"))
    assert (last.words, last.start) == ("last shift, two", MIDNIGHT + 12 * HOUR)
    assert (before.words, before.stop) == ("previous shift, one", MIDNIGHT + 12 * HOUR)
    week = periods.period(site.between(*window[:2]), window, "previous_week")
    assert (week.start, week.stop) == (MIDNIGHT + (25 - 336) * HOUR, MIDNIGHT + (25 - 168) * HOUR)
    typed = periods.period(site, window, "2026-11-22T18:00/2026-11-22T19:00Z")
    assert typed.stop - typed.start == HOUR
    with pytest.raises(BadRequest, match='"fortnight" is none that the ground can tell of'):
        periods.period(site, window, "fortnight")


@pytest.mark.parametrize(
    ("period", "backdrop_", "why"),
    [
        ("last_shift", "speed", "no shift that was over"),
        ("2020-01-01/2020-01-02", "density", "No positions in this period; choose another one."),
        ("", "state", "Nobody tells of states"),
        ("", "payload", "No load is known"),
    ],
)
def test_a_period_that_holds_nothing_says_so_and_what_to_do(period, backdrop_, why):
    site = mine(along("T01"))
    shown = scene.scene(site, scene.window(site))
    box = {"west": 0, "south": 0, "east": 9, "north": 9, "width": 3, "height": 3}
    told = grounds.ground(site, shown, (period, backdrop_), {**box, "backdrop": backdrop_, "period": period})
    assert why in told["why"]
    assert "choose another" in told["why"]


def test_a_picture_says_in_grey_what_was_measured():
    site = mine([*along("T01", samples=4, speed=0), *along("T02", samples=1, speed=0, x=1270.0)])
    shown = scene.scene(site, scene.window(site))
    told = backdrop.picture(site, shown, BOX, "density", 5, ("grey",))
    codes = np.asarray(Image.open(io.BytesIO(told["picture"])))
    assert (told["low"], told["high"], told["log"]) == (1.0, 4.0, True)
    assert (codes[0, 0], codes[0, 45], codes[0, 20]) == (255, 1, 0)


# Loads --------------------------------------------------------------------------------------------------


def test_a_load_is_that_of_its_cycle_and_else_what_the_trucks_own_scale_says():
    scale = [
        {"truck": truck, "at": (MIDNIGHT + k * SECOND).replace(tzinfo=None), "payload_t": payload}
        for truck in ("T01", "T02")
        for k, payload in enumerate([250.0, float("nan"), 251.0, 240.0, 0.2])
    ]
    start = MIDNIGHT.replace(tzinfo=None)
    states = [
        interval(truck, state, start + at * SECOND, start + (at + 4) * SECOND)
        for truck in ("T01", "T02")
        for at, state in ((0, "haul"), (4, "return"))
    ]
    cycles = [cycle("T01", 0, 4, payload_t=199.0), cycle("T01", 3, 9, payload_t=float("nan"))]
    site = mine([], states, cycles=cycles, telemetry=scale)
    told = loads.page(site, ("T01", "T02"), MIDNIGHT, MIDNIGHT + 60 * SECOND, 0)
    zero = MIDNIGHT.timestamp() * 1000
    assert told["payload"] == [199.0, 250.0]
    assert (told["truck"], told["start"]) == ([0, 1], [zero, zero])


def test_a_page_of_loads_is_what_the_stretch_tells_also_when_another_was_asked_before():
    site = tk.sample()
    length = (site.stop - site.start) / 3
    for number in range(3):
        start = site.start + number * length
        told = loads.page(site, site.truck_names, start, start + length, 0)
        rows = loads.carried(site.between(start, start + length)).order_by("truck", "start").to_pyarrow()
        assert [site.truck_names[truck] for truck in told["truck"]] == rows["truck"].to_pylist() != []
        assert told["payload"] == [round(each, 1) for each in rows["payload_t"].to_pylist()]
        assert told["stop"] == [milliseconds(times.aware(stop)) for stop in rows["stop"].to_pylist()]


# Tiles --------------------------------------------------------------------------------------------------


def test_tiles_need_an_address_with_their_numbers_and_a_place_on_the_globe(monkeypatch):
    site = mine([*along("T01"), *along("T02", y=2500.0)])
    shown = scene.scene(site, scene.window(site))
    monkeypatch.delenv("TRUCKKIT_TILES", raising=False)
    assert tiles.tiles(site, shown) is None
    monkeypatch.setenv("TRUCKKIT_TILES", "http://127.0.0.1:9/{z}/{x}/{y}.png")
    assert tiles.tiles(site, shown) is None  # no position knows its longitude
    monkeypatch.setenv("TRUCKKIT_TILES", "javascript:{z}{x}{y}")
    with pytest.raises(BadRequest, match="not an address of tiles"):
        tiles.tiles(site, shown)


# The address --------------------------------------------------------------------------------------------


def test_the_range_of_an_address_is_what_the_timeline_shows_and_the_page_is_told_of_it():
    site = mine(along("T01", samples=600), intervals({"T01": "LLHHLLHHLL"}))
    part = MIDNIGHT + 60 * SECOND, MIDNIGHT + 180 * SECOND
    replay = Replay(site, shown=Shown(range=part))
    assert replay._timeline.shown == part
    assert replay._canvas.ranged == [int(each.timestamp() * 1000) for each in part]
    assert Replay(site)._canvas.ranged == []
