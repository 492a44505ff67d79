"""Which trucks were inside a box: by their positions, and by the ways that the map draws between them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from driven import SECOND, along, mine
from strips import MIDNIGHT

from truckkit.errors import BadRequest
from truckkit.views import scene
from truckkit.views.inside import inside

MINUTE_MS = 60_000


@pytest.fixture(scope="module")
def shown():
    """T01 drives 10 m a second east from 1000; T02 stands; T03 as T01, with a hole from 20 s to 50 s."""
    rows = [
        *along("T01"),
        *along("T02", x=5000.0, speed=0.0),
        *along("T03", samples=20, y=3000.0),
        *along("T03", MIDNIGHT + 50 * SECOND, 10, x=1500.0, y=3000.0),
    ]
    site = mine(rows)
    return site, scene.scene(site, scene.window(site))


@pytest.mark.parametrize(
    ("box", "start", "stop", "trucks"),
    [
        ((900, 1900, 1100, 3100), 0, MINUTE_MS, [0, 2]),
        ((900, 1900, 1100, 3100), 11_000, MINUTE_MS, []),
        ((4999, 1999, 5001, 2001), 30_001, 30_500, []),
        ((4999, 1999, 5001, 2001), 30_001, 31_001, [1]),
        # Between two samples T01 crosses a box that is narrower than its step; beside its way it does not.
        ((1113, 1999, 1116, 2001), 0, MINUTE_MS, [0]),
        ((1113, 2001, 1116, 2003), 0, MINUTE_MS, []),
        # Nobody drove T03 through its hole.
        ((1250, 2900, 1400, 3100), 0, MINUTE_MS, []),
        ((1189, 2900, 1191, 3100), 0, MINUTE_MS, [2]),
    ],
)
def test_trucks_are_inside_where_the_map_draws_them_inside(shown, box, start, stop, trucks):
    site, seen = shown
    assert inside(site, seen, box, start, stop) == trucks


def test_a_box_that_runs_backwards_is_refused(shown):
    site, seen = shown
    with pytest.raises(BadRequest, match="from west to east"):
        inside(site, seen, (10, 0, 0, 10), 0, MINUTE_MS)


def test_a_slow_clock_makes_no_hole_of_its_own():
    rows = along("T01", every=30 * SECOND, samples=20)
    site = mine([*rows, *along("T02", every=timedelta(seconds=1), samples=300, y=9000.0)])
    seen = scene.scene(site, scene.window(site))
    assert inside(site, seen, (1100, 1990, 1110, 2010), 0, 600_000) == [0]
