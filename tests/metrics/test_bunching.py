"""Trucks that come together: queue and hang in one stretch of time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from engines import examples
from hypothesis import given
from hypothesis import strategies as some
from strips import intervals, mine_of, rows_of

import truckkit as tk
from truckkit.errors import BadRequest
from truckkit.site import Site


def mine(strips: dict[str, str]) -> Site:
    states = intervals(strips)
    for row in states:
        if row["state"] in ("queue_load", "spot_load", "load"):
            row["loader"] = "SH1"
    return mine_of(states=states)


BUNCHED = {
    "T01": "LLLLHHHHHHLLLL",
    "T02": "QQQQLLLLHHHHHH",
}
"""T02 queued for four minutes, and then the loader hung for two."""


def test_queue_and_hang_in_one_stretch_are_bunched_by_the_lesser_of_the_two():
    (row,) = rows_of(mine(BUNCHED).bunching(within="14min"))
    assert (row["queue_min"], row["hang_min"], row["bunched_min"], row["within_min"]) == (4, 2, 2, 14)


def test_queue_and_hang_in_two_stretches_are_not():
    (row,) = rows_of(mine(BUNCHED).bunching(within="7min"))
    assert (row["queue_min"], row["hang_min"], row["bunched_min"]) == (4, 2, 0)


def test_headways_of_a_clockwork_do_not_vary():
    (row,) = rows_of(mine({"T01": "LHHH" * 4, "T02": "HHLH" * 4}).bunching(within="10min"))
    assert (row["arrivals"], row["headway_min"], row["headway_cv"]) == (8, 2, 0)
    (row,) = rows_of(mine({"T01": "LHHHH", "T02": "HLHHL"}).bunching(within="10min"))
    assert (row["headway_min"], row["headway_cv"]) == (2, 0.5)


def test_a_headway_in_which_the_loader_may_have_been_elsewhere_does_not_count():
    (row,) = rows_of(mine({"T01": "LHL" + "H" * 70 + "L"}).bunching(within="10min"))
    assert (row["arrivals"], row["headway_min"]) == (3, 2)


def test_stretches_of_nothing_are_refused():
    with pytest.raises(BadRequest, match="minute or more"):
        mine(BUNCHED).bunching(within="1s")


def test_where_no_truck_came_to_a_loader_there_are_no_rows():
    assert rows_of(mine({"T01": "HHDR"}).bunching()) == []


STRIPS = some.dictionaries(
    some.sampled_from(["T01", "T02"]), some.text(alphabet="QLHR", max_size=20), max_size=2
)


@examples(5)
@given(STRIPS, some.integers(1, 30))
def test_what_is_bunched_is_part_of_queue_and_of_hang(strips, within):
    for row in rows_of(mine(strips).bunching(within=f"{within}min")):
        assert 0 <= row["bunched_min"] <= min(row["queue_min"], row["hang_min"])
        assert row["queue_min"] == sum(strip.count("Q") for strip in strips.values())


def test_bunching_of_the_sample_is_what_pandas_counts():
    site = tk.sample()
    states = site.states.to_pandas()
    queued = states[(states.state == "queue_load")]
    found = {row["loader"]: row for row in rows_of(site.bunching(within="30min"))}
    hangs = site.hangs().to_pandas()
    first = states.start.min()
    for loader, row in found.items():
        bunched = 0.0
        for number in range(24):
            since, until = (first + timedelta(minutes=30 * (number + more)) for more in (0, 1))
            both = []
            for each in (queued[queued.loader == loader], hangs[hangs.loader == loader]):
                inside = each.stop.clip(upper=until) - each.start.clip(lower=since)
                both.append(inside.dt.total_seconds().clip(lower=0).sum() / 60)
            bunched += min(both)
        assert row["bunched_min"] == pytest.approx(bunched)
        came = states[(states.loader == loader) & states.state.isin(["queue_load", "spot_load"])]
        before = states.sort_values("start").groupby("truck").state.shift(1).reindex(came.index)
        arrived = came[~before.isin(["queue_load"])].start.sort_values()
        headway = arrived.diff().dt.total_seconds() / 60
        headway = headway[headway <= 60]
        assert row["arrivals"] == len(arrived)
        assert row["headway_min"] == pytest.approx(headway.mean())
        assert row["headway_cv"] == pytest.approx(headway.std(ddof=0) / headway.mean())
