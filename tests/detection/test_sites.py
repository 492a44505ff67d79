"""Sites: loaders are followed, bays beside each other are one, and what was found keeps its name."""

from __future__ import annotations

import numpy as np
import pytest

from truckkit.detection import stops as why
from truckkit.detection.sites import Site, bays, sites
from truckkit.detection.stops import STOP

HOUR = 3_600_000.0


def stood(kind: int, *where: tuple[float, float], every_min: float = 6, first_h: float = 0) -> np.ndarray:
    """Stops of three minutes, one after the other, at these places."""
    random = np.random.default_rng(3)
    rows = np.zeros(len(where), STOP)
    rows["x_m"], rows["y_m"] = (np.array(where) + random.normal(0, 1, (len(where), 2))).T
    rows["elevation_m"], rows["known"], rows["backed"], rows["metres"] = np.nan, kind, why.REVERSE, 2000.0
    rows["start"] = first_h * HOUR + np.arange(len(where)) * every_min * 60_000
    rows["stop"] = rows["start"] + 180_000
    return rows


def found(*groups: np.ndarray, held: list[Site] | tuple = ()) -> list[Site]:
    rows = np.concatenate(groups)
    return sites(rows, np.arange(len(rows)) % 3, held)


def test_a_loader_that_moves_is_followed_and_its_stands_follow_one_another():
    stands = [stood(why.LOAD, *[(x, 0.0)] * 10, first_h=k * 2) for k, x in enumerate((0, 30, 60))]
    told = found(*stands)
    assert [site.name for site in told] == ["Load 1", "Load 1, stand 2", "Load 1, stand 3"]
    assert {site.loader for site in told} == {"Loader 1"}
    assert [site.stop for site in told[:-1]] == [site.start for site in told[1:]]
    assert (told[0].start, told[-1].stop) == (-np.inf, np.inf)
    assert [site.x_m for site in told] == pytest.approx([0, 30, 60], abs=1)


def test_a_loader_that_is_far_away_is_another():
    told = found(stood(why.LOAD, *[(0, 0)] * 10), stood(why.LOAD, *[(900, 0)] * 10, first_h=3))
    assert [site.loader for site in told] == ["Loader 1", "Loader 2"]


def test_both_sides_of_a_loader_are_one_stand_with_the_loader_in_the_middle():
    (only,) = found(stood(why.LOAD, *[(0, 0), (25, 0)] * 10))
    assert (only.x_m, only.y_m) == pytest.approx((12.5, 0), abs=1)
    assert only.radius_m > 12.5


def test_bays_of_a_dump_are_one_and_those_of_another_another():
    told = found(stood(why.DUMP, *[(x, 0) for x in (0, 40, 80, 120) * 5], (900, 0), (900, 0)))
    assert [site.name for site in told] == ["Dump 1", "Dump 2"]
    assert told[0].x_m == pytest.approx(60, abs=2)


def test_a_site_holds_stops_within_its_reach_and_its_time():
    site = Site(why.LOAD, "Load 1", 0, 0, 0, 20, start=HOUR, stop=2 * HOUR)
    rows = stood(why.LOAD, (10, 0), (30, 0), (10, 0), first_h=1)
    assert site.holds(rows).tolist() == [True, False, True]
    assert site.holds(rows, beyond_m=15).all()
    rows["start"] += 5 * HOUR
    rows["stop"] += 5 * HOUR
    assert not site.holds(rows).any()


def test_what_was_found_before_keeps_its_name_and_nothing_is_found_twice():
    held = found(stood(why.LOAD, *[(0, 0)] * 10), stood(why.DUMP, *[(900, 0)] * 10))
    again = found(
        stood(why.LOAD, *[(0, 0)] * 10, first_h=2), stood(why.DUMP, *[(900, 0)] * 10, first_h=2), held=held
    )
    assert [site.name for site in again] == [site.name for site in held]


def known_as_stored(told: list[Site]) -> list[Site]:
    """Sites as a store knows them: no first nor last stop."""
    return [
        Site(s.kind, s.name, s.x_m, s.y_m, s.elevation_m, s.radius_m, s.start, s.stop, s.loader) for s in told
    ]


@pytest.mark.parametrize("seen_again", [True, False])
def test_a_loader_is_followed_from_where_an_earlier_detection_left_it(seen_again: bool):
    first = stood(why.LOAD, *[(0, 0)] * 10)
    held = known_as_stored(found(first))
    then = stood(why.LOAD, *[(30, 0)] * 10, first_h=3)
    told = found(*([first, then] if seen_again else [then]), held=held)
    assert [(site.name, site.loader) for site in told] == [
        ("Load 1", "Loader 1"),
        ("Load 1, stand 2", "Loader 1"),
    ]
    assert told[0].stop == told[1].start <= 3 * HOUR


def test_where_a_loader_stood_before_is_found_later_too():
    later = stood(why.LOAD, *[(30, 0)] * 10, first_h=3)
    held = known_as_stored(found(later))
    told = found(stood(why.LOAD, *[(0, 0)] * 10), later, held=held)
    stands = sorted(told, key=lambda site: site.start)
    assert [site.x_m for site in stands] == pytest.approx([0, 30], abs=1)
    assert {site.loader for site in told} == {"Loader 1"}
    assert stands[0].stop == stands[1].start
    assert stands[0].start == -np.inf


@pytest.mark.parametrize(("kind", "apart"), [(why.DUMP, 40), (why.LOAD, 25)])
def test_a_bay_beside_what_was_found_widens_it(kind: int, apart: float):
    one = stood(kind, *[(0, 0)] * 10, every_min=12)
    held = known_as_stored(found(one))
    (only,) = found(one, stood(kind, *[(apart, 0)] * 10, every_min=12), held=held)
    assert only.name == held[0].name
    assert only.x_m == pytest.approx(apart / 2, abs=1.5)
    assert only.radius_m == pytest.approx(apart / 2 + held[0].radius_m, abs=2)


def test_a_stray_stop_beside_what_was_found_does_not_widen_it():
    held = known_as_stored(found(stood(why.DUMP, *[(0, 0)] * 10)))
    (only,) = found(stood(why.DUMP, *[(0, 0)] * 10, (40, 0)), held=held)
    assert only.radius_m == held[0].radius_m


def test_one_truck_that_stood_once_made_no_park_of_the_road():
    rows = stood(-1, (500, 500))
    rows["stop"] += HOUR
    assert found(rows) == []
    many = np.concatenate([rows] * 3)
    assert [site.name for site in found(many)] == ["Park"]


def test_bays_hang_together_by_a_few_metres():
    rows = stood(why.LOAD, (0, 0), (8, 0), (60, 0), (3, 0))
    numbers = bays(rows)
    assert numbers[0] == numbers[1] == numbers[3] != numbers[2]
    assert len(bays(rows[:0])) == 0
