"""A pyramid holds every position once on each level, where a plain histogram has it."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from truckkit.views.pyramid import Level, Pyramid, halved, merged

places = st.lists(st.tuples(st.integers(-3000, 3000), st.integers(-3000, 3000)), min_size=1, max_size=200)


def finest(points: list[tuple[int, int]]) -> Level:
    squares, positions = np.unique(np.array(points), axis=0, return_counts=True)
    return Level(1.0, squares[:, 0], squares[:, 1], positions[:, None])


@given(
    st.tuples(st.integers(-3000, 2700), st.integers(-3000, 2700)),
    st.lists(st.tuples(st.integers(0, 300), st.integers(0, 300)), min_size=1, max_size=200),
    st.integers(0, 8),
)
def test_each_level_counts_as_a_plain_histogram_does(corner, steps, climbs):
    points = [(corner[0] + east, corner[1] + north) for east, north in steps]
    level = finest(points)
    for _ in range(climbs):
        level = halved(level)
    side = 2**climbs
    cells = 300 // side + 2
    west, south = (each // side * side for each in corner)
    edges = np.arange(cells + 1) * side
    x, y = np.array(points).T + 0.5
    plain = np.histogram2d(y, x, bins=(south + edges, west + edges))[0][::-1]
    assert plain.sum() == len(points)
    drawn = level.over(west, south, west + cells * side, south + cells * side, cells, cells)
    np.testing.assert_array_equal(drawn[0], plain)


@given(places, st.integers(1, 40), st.integers(1, 40))
def test_the_pixels_of_a_box_add_up_to_the_positions_in_it(points, width, height):
    x, y = np.array(points).T + 0.5
    west, south, east, north = -1000, -500, 2000, 700
    inside = (x >= west) & (x < east) & (y >= south) & (y < north)
    assert finest(points).over(west, south, east, north, width, height).sum() == inside.sum()


def test_a_zoom_is_answered_from_the_coarsest_level_no_wider_than_a_pixel():
    pyramid = Pyramid.over(finest([(x, y) for x in range(60) for y in range(60)]))
    assert [level.side_m for level in pyramid.levels] == [1, 2]
    assert pyramid.level(0.5) is None
    assert (pyramid.level(1.9).side_m, pyramid.level(50).side_m) == (1, 2)
    assert {level.sums.sum() for level in pyramid.levels} == {3600}


@given(places, places)
def test_two_days_sum_to_what_one_stretch_of_both_does(one, other):
    apart, whole = merged([finest(one), finest(other)]), finest(one + other)
    for name in ("column", "row", "sums"):
        order = [np.lexsort((level.column, level.row)) for level in (apart, whole)]
        np.testing.assert_array_equal(getattr(apart, name)[order[0]], getattr(whole, name)[order[1]])
