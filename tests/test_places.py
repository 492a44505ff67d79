"""The mine's own places win: what was found at one of them is that one."""

from __future__ import annotations

from datetime import timedelta

import ibis
import pytest
from strips import MIDNIGHT

from truckkit import schema
from truckkit.places import found_places, told_once

NOON = (MIDNIGHT + timedelta(hours=12)).replace(tzinfo=None)


def place(name: str, kind: str, x: float | None, given: bool = True, **more: object) -> dict[str, object]:
    y = None if x is None else 0.0
    return {"place": name, "kind": kind, "x_m": x, "y_m": y, "given": given, "load_id": 0, **more}


def table(*rows: dict[str, object]) -> ibis.Table:
    shape = schema.PLACES.schema
    return ibis.memtable([{name: row.get(name) for name in shape} for row in rows], schema=shape)


def names(places: ibis.Table) -> list[str]:
    return places.order_by("place").place.to_pyarrow().to_pylist()


@pytest.mark.parametrize(
    ("kind", "radius", "apart", "shown"),
    [
        ("load", 90.0, 119.0, False),  # up to 30 m beside one of its kind
        ("load", 90.0, 121.0, True),
        ("load", None, 89.0, False),  # 60 m and 30 m
        ("load", None, 91.0, True),
        ("dump", 40.0, 39.0, False),  # another kind hides what lies within it
        ("dump", 40.0, 41.0, True),
        ("node", 40.0, 0.0, True),  # nobody works at a junction
        ("area", 900.0, 0.0, True),
    ],
)
def test_a_found_place_is_hidden_by_one_of_the_mine_at_its_spot(kind, radius, apart, shown):
    places = table(place("Own", kind, 0.0, radius_m=radius), place("Load 1", "load", apart, given=False))
    assert names(told_once(places)) == (["Load 1", "Own"] if shown else ["Own"])


def test_a_place_of_the_mine_that_was_so_at_another_time_hides_nothing():
    own = place("Old face", "load", 0.0, stop=NOON)
    later = place("Load 2", "load", 5.0, given=False, start=NOON)
    earlier = place("Load 1", "load", 5.0, given=False, stop=NOON)
    assert names(told_once(table(own, later, earlier))) == ["Load 2", "Old face"]


def test_a_name_of_which_nobody_knows_where_it_lies_stays_and_was_not_found():
    places = table(
        place("Own", "load", 0.0), place("Named", "unknown", None, given=False), place("Lost", "load", None)
    )
    assert names(told_once(places)) == ["Lost", "Named", "Own"]
    assert names(found_places(places)) == []


def test_places_of_the_mine_never_hide_each_other():
    places = table(place("A", "load", 0.0), place("B", "load", 0.0))
    assert names(told_once(places)) == ["A", "B"]
