"""Payloads against their targets."""

from __future__ import annotations

import pytest
from engines import examples
from hypothesis import given
from hypothesis import strategies as some
from strips import haul_cycle, mine_of, rows_of

import truckkit as tk
from truckkit.errors import BadRequest
from truckkit.site import Site

TARGETS = {"T01": 200.0, "T02": 100.0, "T03": None}


def mine(*loads: tuple[str, float | None], **more: object) -> Site:
    trucks = [
        {"truck": truck, "target_payload_t": target, "given": True, "load_id": 0}
        for truck, target in TARGETS.items()
    ]
    cycles = [
        haul_cycle(truck, 30 * number, payload_t=tonnes, **more)
        for number, (truck, tonnes) in enumerate(loads)
    ]
    return mine_of(cycles=cycles, trucks=trucks)


def policy(*loads: tuple[str, float | None]) -> dict[str, object]:
    (row,) = rows_of(mine(*loads).payload_policy())
    return row


def clauses(row: dict[str, object]) -> list[object]:
    return [row[name] for name in ("keeps_mean", "keeps_half", "keeps_110", "keeps_120", "keeps_policy")]


def test_loads_on_target_keep_all_four_clauses():
    assert clauses(policy(("T01", 200.0), ("T01", 199.0))) == [True] * 5


def test_each_clause_is_judged_by_itself():
    assert clauses(policy(*[("T01", 100.0)] * 19, ("T01", 241.0))) == [True, True, True, False, False]
    assert clauses(policy(*[("T01", 100.0)] * 8, *[("T01", 230.0)] * 2)) == [True, True, False, True, False]
    assert clauses(policy(*[("T01", 100.0)], *[("T01", 201.0)] * 2)) == [True, False, True, True, False]
    assert clauses(policy(*[("T01", 199.0)], *[("T01", 219.0)])) == [False, True, True, True, False]


def test_a_load_at_a_bound_is_not_over_it():
    row = policy(("T01", 220.0), ("T01", 240.0), ("T01", 180.0), ("T01", 100.0))
    assert (row["above_110"], row["above_120"], row["below_90"]) == (1, 0, 1)


def test_each_load_is_judged_by_the_target_of_its_own_truck():
    row = policy(("T01", 200.0), ("T02", 125.0))
    assert (row["above_120"], row["mean_share"]) == (1, 1.125)
    assert (row["target_t"], row["mean_t"]) == (150, 162.5)


def test_loads_that_cannot_be_judged_are_counted_beside():
    row = policy(("T01", 200.0), ("T01", None), ("T03", 500.0), ("T03", None))
    assert (row["loads"], row["unmeasured"], row["untargeted"]) == (1, 2, 1)
    row = policy(("T03", 500.0))
    assert (row["loads"], *clauses(row)) == (0, *[None] * 5)


def test_what_a_dispatcher_booked_is_no_measured_payload():
    (row,) = rows_of(mine(("T01", None), reported_t=290.0).payload_policy(by=""))
    assert (row["loads"], row["unmeasured"]) == (0, 1)


def test_an_overload_is_a_row_that_leads_to_the_replay_of_its_loading():
    site = mine(("T01", 241.0), ("T01", 240.0), ("T02", 130.0))
    first, second = rows_of(site.overloads(), "truck")
    assert (first["payload_t"], first["share_of_target"]) == (241, 1.205)
    assert (second["truck"], second["share_of_target"]) == ("T02", 1.3)
    at = first["at"].isoformat() + "Z"
    assert site.around(first["truck"], at).truck_names == ("T01",)
    assert len(rows_of(site.overloads(above=1.1))) == 3
    with pytest.raises(BadRequest, match="above is 0; give a number from"):
        site.overloads(above=0)


def test_what_a_load_lacks_is_left_and_what_another_has_over_makes_up_for_nothing():
    (row,) = rows_of(mine(("T01", 150.0), ("T01", 195.0), ("T01", 250.0), ("T03", 1.0)).underload())
    assert (row["loads"], row["below_target"], row["below_90"]) == (3, 2, 1)
    assert (row["left_t"], row["below_90_left_t"], row["left_share"]) == (55, 50, 55 / 600)


def test_where_nothing_was_hauled_there_are_no_rows():
    site = mine()
    for answer in (
        site.payload_policy(),
        site.payload_policy(by=""),
        site.overloads(),
        site.underload(by=""),
    ):
        assert rows_of(answer) == []


@examples(5)
@given(
    some.lists(some.tuples(some.sampled_from(list(TARGETS)), some.none() | some.floats(1, 400)), max_size=8)
)
def test_loads_of_groups_sum_to_all_and_shares_lie_between_none_and_all(loads):
    site = mine(*loads)
    by_truck = rows_of(site.payload_policy(by="truck"))
    for row in by_truck:
        for name in ("above_110", "above_120", "below_90"):
            assert row["loads"] == 0 or 0 <= row[f"{name}_share"] == row[name] / row["loads"] <= 1
    counted = sum(row["loads"] + row["unmeasured"] + row["untargeted"] for row in by_truck)
    assert counted == len(loads)
    whole = rows_of(site.underload(by=""))
    assert sum(row["left_t"] for row in rows_of(site.underload(by="truck"))) == pytest.approx(
        sum(row["left_t"] for row in whole)
    )


def test_payloads_of_the_sample_are_what_pandas_counts():
    cycles = tk.sample().cycles.to_pandas()
    cycles = cycles[cycles.dump_place.notna()]  # two trucks are on their way when the record ends
    share = cycles.payload_t / 290
    for row in rows_of(tk.sample().payload_policy(by="operator")):
        mine_ = share[cycles.operator == row["operator"]]
        assert row["above_target"] == (mine_ > 1).sum()
        assert row["below_90"] == (mine_ < 0.9).sum()
        assert row["spread_share"] == pytest.approx(mine_.std(ddof=0))
        assert row["keeps_mean"] == (mine_.mean() <= 1)
    (left,) = rows_of(tk.sample().underload(by=""))
    assert left["left_t"] == pytest.approx((290 - cycles.payload_t).clip(lower=0).sum())


def test_a_bin_holds_its_upper_bound_so_that_bins_over_the_target_hold_the_loads_over_it():
    loads = [("T01", tonnes) for tonnes in (200.0, 200.5, 220.0, 240.0, 241.0)]
    rows = rows_of(mine(*loads).payload_histogram(), "from_share")
    assert [(round(row["from_share"], 2), round(row["to_share"], 2), row["loads"]) for row in rows] == [
        (0.98, 1.0, 1),
        (1.0, 1.02, 1),
        (1.08, 1.1, 1),
        (1.18, 1.2, 1),
        (1.2, 1.22, 1),
    ]


PAYLOADS = [150.0, 180.0, 199.9, 200.0, 200.1, 220.0, 240.0, 260.0, None]


@given(some.lists(some.sampled_from(PAYLOADS), max_size=12))
@examples(8)
def test_bins_hold_the_loads_that_the_policy_judges_and_the_bounds_part_them_alike(tonnes):
    site = mine(*[("T01", each) for each in tonnes])
    bins, judged = rows_of(site.payload_histogram()), rows_of(site.payload_policy(by=""))
    assert sum(row["loads"] for row in bins) == sum(row["loads"] for row in judged)
    for bound, name in ((1.0, "above_target"), (1.1, "above_110"), (1.2, "above_120")):
        over = sum(row["loads"] for row in bins if row["from_share"] > bound - 1e-6)
        assert over == sum(row[name] for row in judged)


def test_weighed_loads_are_those_of_the_sample_with_the_targets_of_their_trucks():
    site = tk.sample()
    cycles, trucks = site.dumped_cycles().to_pandas(), site.trucks.to_pandas().set_index("truck")
    loads = site.weighed_loads().to_pandas()
    expected = cycles.payload_t / cycles.truck.map(trucks.target_payload_t)
    assert sorted(loads.share_of_target) == pytest.approx(sorted(expected.dropna()))


def test_a_bin_without_a_width_is_refused():
    with pytest.raises(BadRequest, match="width is 0; give a number from"):
        tk.sample().payload_histogram(0)
