"""Places that moved, came or went, as stands with their bounds in hours."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import numpy as np
from engines import examples
from hypothesis import given
from hypothesis import strategies as some
from strips import MIDNIGHT, table_of

import truckkit as tk
from truckkit import schema
from truckkit.metrics.place_changes import place_changes


def stand(name: str, x: float, start: float | None, stop: float | None, **more: object) -> dict[str, object]:
    since, until = (
        None if hours is None else MIDNIGHT.replace(tzinfo=None) + timedelta(hours=hours)
        for hours in (start, stop)
    )
    return {
        "place": name,
        "kind": "load",
        "x_m": x,
        "y_m": 0.0,
        "start": since,
        "stop": until,
        "given": False,
        **more,
    }


def changes(*stands: dict[str, object], first: float = 0, last: float = 24) -> list[tuple[object, ...]]:
    bounds = (MIDNIGHT + timedelta(hours=first), MIDNIGHT + timedelta(hours=last))
    found = (
        place_changes(table_of(schema.PLACES, stands), *bounds)
        .order_by("at", "place")
        .to_pyarrow()
        .to_pylist()
    )
    return [(row["place"], row["change"], row["moved_m"], row["from_place"]) for row in found]


def test_a_place_moved_from_where_its_loader_stood_before():
    stands = [stand("L1", 0, None, 5, loader="SH1"), stand("L1, stand 2", 30, 5, None, loader="SH1")]
    assert changes(*stands) == [("L1, stand 2", "moved", 30, "L1")]
    assert changes(*stands, first=6) == []


def test_a_place_that_none_was_before_is_new_and_one_that_none_follows_ended():
    assert changes(stand("L2", 0, 3, 9, loader="SH2")) == [
        ("L2", "new", None, None),
        ("L2", "ended", None, None),
    ]
    assert changes(stand("L2", 0, None, None, loader="SH2")) == []


def test_where_no_loader_is_known_stands_of_one_name_belong_together():
    dumps = [stand("Dump 1", 0, None, 4, kind="dump"), stand("Dump 1, stand 2", 50, 4, None, kind="dump")]
    assert changes(*dumps, stand("Dump 2", 9, 7, None, kind="dump")) == [
        ("Dump 1, stand 2", "moved", 50, "Dump 1"), ("Dump 2", "new", None, None)
    ]  # fmt: skip


def test_the_mines_own_places_and_names_without_a_point_do_not_count():
    assert changes(stand("Face", 0, 3, 9, given=True), stand("?", None, 3, 9)) == []


@examples(10)
@given(some.lists(some.floats(0.5, 23.5), min_size=1, max_size=6, unique=True), some.floats(1, 23))
def test_changes_of_two_halves_are_those_of_the_whole(hours, cut):
    bounds = [None, *sorted(hours), None]
    stands = [
        stand(f"L1, stand {n}", 10.0 * n, since, until, loader="SH1")
        for n, (since, until) in enumerate(pairwise(bounds), 1)
    ]
    assert changes(*stands, last=cut) + changes(*stands, first=cut) == changes(*stands)
    assert [each[2] for each in changes(*stands)] == [10.0] * len(hours)


def test_of_the_sample_every_later_stand_of_a_loader_moved_as_far_as_pandas_says():
    site = tk.sample()
    p = site.places.to_pandas()
    p = p[~p.given & p.loader.notna()].sort_values(["loader", "start"], na_position="first")
    far = np.hypot(p.groupby("loader").x_m.diff(), p.groupby("loader").y_m.diff())
    found = site.place_changes().to_pandas().set_index("place")
    assert set(found.index) == set(p.place[far.notna()])
    for place, metres in zip(p.place, far, strict=True):
        if metres == metres:
            np.testing.assert_allclose(found.moved_m[place], metres)
