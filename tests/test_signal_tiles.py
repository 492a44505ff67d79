"""What telemetry strips are drawn from: nothing that a pixel shows is lost, and a gap stays one."""

from __future__ import annotations

import struct
from datetime import timedelta
from itertools import pairwise

import numpy as np
import pytest
from driven import along, mine
from hypothesis import given
from hypothesis import strategies as st
from strips import MIDNIGHT

from truckkit.errors import BadRequest
from truckkit.views import scene, signal_tiles
from truckkit.views.thinning import m4

MINUTE = 60_000
SPEED = next(one for one in signal_tiles.KNOWN if one.name == "speed_kmh")

steps = st.lists(st.integers(1, 40), min_size=1, max_size=80)


def read(tile: bytes):
    """The rows of a tile: times, what was measured, where a part begins; and the gap."""
    magic, rows, gap = struct.unpack_from("<4sId", tile)
    assert magic == b"TKV1"
    assert len(tile) == 16 + 13 * rows
    return (
        np.frombuffer(tile, "<f8", rows, 16),
        np.frombuffer(tile, "<f4", rows, 16 + 8 * rows),
        np.frombuffer(tile, "u1", rows, 16 + 12 * rows).astype(bool),
        gap,
    )


def tiles(site, level=0, channel=SPEED):
    """All tiles of T01 at a level."""
    window = scene.window(site)
    start, stop, _ = window
    gap = signal_tiles.gap_ms(site, "T01", channel, window)
    width = signal_tiles.BUCKETS * 4**level
    many = -(-((stop - start) // timedelta(milliseconds=1)) // width)
    return [signal_tiles.tile(site, "T01", channel, window, gap, level, number) for number in range(many)]


@given(steps, st.data(), st.integers(1, 200))
def test_every_bucket_keeps_its_first_last_lowest_and_highest(steps, data, bucket):
    at = np.cumsum(steps)
    measured = np.array(data.draw(st.lists(st.floats(-9, 9), min_size=len(at), max_size=len(at))))
    kept = m4(at, measured, bucket)
    assert list(kept) == sorted(set(kept))
    for own in np.unique(at // bucket):
        rows = np.flatnonzero(at // bucket == own)
        left = [k for k in kept if k in set(rows)]
        assert len(left) <= 4
        assert (left[0], left[-1]) == (rows[0], rows[-1])
        assert (measured[left].min(), measured[left].max()) == (measured[rows].min(), measured[rows].max())


def test_at_the_finest_level_every_sample_is_there_once_and_tiles_meet():
    site = mine(along("T01", samples=30))
    at = np.concatenate([read(tile)[0] for tile in tiles(site)])
    assert sorted(set(at)) == [k * 1000 for k in range(30)]
    # Each tile reaches to the neighbours of its rows, so that a line goes over its edges.
    for before, after in pairwise(tiles(site)):
        assert read(before)[0][-1] >= read(after)[0][0]


def test_a_spike_of_one_sample_shows_however_much_time_a_bucket_holds():
    rows = along("T01", samples=3600)
    rows[1234]["speed_kmh"] = 61.5
    for level in (4, 8, 11):
        highest = max(read(tile)[1].max(initial=0) for tile in tiles(mine(rows), level))
        assert highest == 61.5


@pytest.mark.parametrize("level", [3, 8])
def test_no_line_is_drawn_over_a_hole_longer_than_three_steps(level):
    rows = [*along("T01", samples=600), *along("T01", MIDNIGHT + timedelta(minutes=20), samples=60)]
    lines = []
    for tile in tiles(mine(rows), level):
        at, _, breaks, gap = read(tile)
        assert gap == 10_000
        lines += [(a, b) for a, b, broken in zip(at, at[1:], breaks[1:], strict=False) if not broken]
    assert lines
    assert not [line for line in lines if line[0] < 10 * MINUTE and line[1] >= 20 * MINUTE]
    assert {line[1] for line in lines} >= {10 * MINUTE - 1000, 21 * MINUTE - 1000}


def test_rows_that_nobody_measured_are_none_and_no_number_is_drawn_for_them():
    rows = along("T01", samples=5)
    rows[1]["speed_kmh"], rows[2]["speed_kmh"], rows[3]["speed_kmh"] = None, float("nan"), float("inf")
    at = np.concatenate([read(tile)[0] for tile in tiles(mine(rows))])
    assert sorted(set(at)) == [0, 4000]


def test_channels_are_those_that_hold_anything_and_a_sources_own_by_its_name():
    odd = {"truck": "T01", "at": MIDNIGHT.replace(tzinfo=None), "channel": "<b>tyre</b>", "number": 7.0}
    site = mine(along("T01"), channels=[odd])
    found = {one.name: one for one in signal_tiles.channels(site, scene.window(site))}
    assert "payload_t" not in found
    assert found["speed_kmh"].unit == "km/h"
    [at] = [read(tile)[0] for tile in tiles(site, 8, found["<b>tyre</b>"])]
    assert list(at) == [0]


@pytest.mark.parametrize(("level", "number"), [(-1, 0), (17, 0), (0, -1), (0, 10**9)])
def test_a_tile_that_the_window_does_not_have_is_refused_in_a_sentence(level, number):
    site = mine(along("T01"))
    with pytest.raises(BadRequest, match="level"):
        signal_tiles.tile(site, "T01", SPEED, scene.window(site), 10_000, level, number)


@pytest.mark.parametrize("later", [timedelta(minutes=10), timedelta(hours=3), timedelta(hours=30)])
def test_how_a_sensor_usually_came_is_told_by_its_own_last_hour_however_long_ago(later):
    before = along("T01", MIDNIGHT, 100, timedelta(seconds=2))
    hour = along("T01", MIDNIGHT + timedelta(minutes=90), 100, timedelta(seconds=20))
    others = along("T02", MIDNIGHT + later, 300, timedelta(seconds=20))
    site = mine([*before, *hour, *others])
    window = scene.window(site)
    assert signal_tiles.gap_ms(site, "T01", SPEED, window) == 60_000
    assert signal_tiles.gap_ms(site, "nobody", SPEED, window) == 10_000
