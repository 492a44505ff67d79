"""Whether a truck behaves differently after a work order."""

from __future__ import annotations

import pytest
from strips import furnished, intervals, minute

import truckkit as tk
from truckkit.errors import BadRequest, UnknownName
from truckkit.site import Site


def worked(rounds: list[tuple[str, str]], **tables: list[dict[str, object]]) -> Site:
    """A truck whose rounds are each a strip and the dump that it went to."""
    states: list[dict[str, object]] = []
    for number, (strip, dump) in enumerate(rounds):
        at = {"load": "Face", "dump": dump}
        begun = sum(len(each) for each, _dump in rounds[:number])
        states += [
            {**row, "place": at.get(str(row["state"]))}
            for row in intervals({"T01": strip}, start=minute(begun))  # type: ignore[arg-type]
        ]
    down = next(row for row in states if row["state"] == "down")
    order = {"work_order": "WO-1", "truck": "T01", "start": down["start"], "stop": down["stop"]}
    return furnished(states, maintenance=[order], **tables)


def measured(site: Site, measure: str, window: str = "10h") -> dict[str, object]:
    table = site.before_after("WO-1", window)
    (row,) = table.filter(table.measure == measure).to_pyarrow().to_pylist()
    return row


NEAR, FAR = "LHHDR", "LHHHHHHHHDR"


def test_a_change_of_the_mix_of_routes_is_no_change_of_the_truck():
    before = [(NEAR, "Near"), (NEAR, "Near"), (NEAR, "Near"), (FAR, "Far")]
    after = [(NEAR, "Near"), (FAR, "Far"), (FAR, "Far"), (FAR, "Far")]
    row = measured(worked([*before, ("XXX", ""), *after, ("L", "")]), "haul_min")
    assert row["change"] == 0
    assert (row["before"], row["matched_before"], row["matched_after"], row["routes"]) == (5, 4, 4, 2)
    assert row["leg"] == "loaded"


def test_a_slower_truck_on_the_same_route_is_a_change():
    rounds = [(NEAR, "Near"), (NEAR, "Near"), ("XX", ""), ("LHHHDR", "Near"), ("LHHHHDR", "Near")]
    row = measured(worked(rounds), "haul_min")
    assert (row["before"], row["after"], row["change"]) == (2, 3.5, 1.5)


def test_a_route_that_one_side_lacks_does_not_count():
    rounds = [(NEAR, "Near"), (FAR, "Far"), ("X", ""), (NEAR, "Near")]
    row = measured(worked(rounds), "haul_min")
    assert (row["routes"], row["matched_before"], row["before"]) == (1, 1, 2)


def test_windows_of_shifts_reach_to_the_bounds_of_so_many_shifts():
    rounds = [(NEAR, "Near")] * 6 + [("XXX", "")] + [(NEAR, "Near")] * 6
    shifts = [{"shift": str(n), "start": minute(n * 10), "stop": minute(n * 10 + 10)} for n in range(8)]
    site = worked(rounds, shifts=shifts)
    row = measured(site, "haul_min", "2 shifts")
    assert (row["matched_before"], row["matched_after"]) == (4, 3)


def test_an_unknown_work_order_and_an_open_one_are_refused():
    with pytest.raises(UnknownName, match='did you mean "WO-1001"'):
        tk.sample().before_after("WO-101")
    order = {"work_order": "WO-2", "truck": "T01", "start": minute(1)}
    site = furnished(intervals({"T01": "HHH"}), maintenance=[order])
    with pytest.raises(BadRequest, match="still open"):
        site.before_after("WO-2")


def test_a_window_of_shifts_where_there_are_none_is_refused():
    with pytest.raises(BadRequest, match="reaches no shift"):
        worked([(NEAR, "Near"), ("X", ""), (NEAR, "Near")]).before_after("WO-1", "3 shifts")


def test_before_and_after_in_the_sample_are_what_pandas_finds_with_its_own_hands():
    site = tk.sample()
    (order,) = [row for row in site.maintenance.to_pyarrow().to_pylist() if row["work_order"] == "WO-1001"]
    cycles = site.truck("T03").cycles.to_pandas()
    routes = ["load_place", "dump_place"]
    early = cycles[cycles.stop <= order["start"]].groupby(routes).payload_t.agg(["mean", "size"])
    late = cycles[cycles.start >= order["stop"]].groupby(routes).payload_t.agg(["mean", "size"])
    both = early.merge(late, left_index=True, right_index=True, suffixes=("_before", "_after"))
    weight = both[["size_before", "size_after"]].min(axis=1)
    table = site.before_after("WO-1001", "36h")
    (row,) = table.filter(table.measure == "payload_t").to_pyarrow().to_pylist()
    assert row["before"] == pytest.approx((both.mean_before * weight).sum() / weight.sum())
    assert row["after"] == pytest.approx((both.mean_after * weight).sum() / weight.sum())
    assert row["matched_before"] == both.size_before.sum()
    assert {"haul_min", "return_min", "loaded_kmh", "fuel_lph", "coolant_c"} <= set(
        table.measure.to_pyarrow().to_pylist()
    )
