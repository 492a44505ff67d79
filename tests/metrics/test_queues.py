"""Which trucks queued, where, for how long, and what it cost."""

from __future__ import annotations

import pytest
from engines import examples
from hypothesis import given
from hypothesis import strategies as some
from strips import haul_cycle, intervals, mine_of, rows_of

import truckkit as tk
from truckkit.errors import BadTime, UnknownName
from truckkit.metrics.rates import WORKING
from truckkit.site import Site

PLACES = [
    {"place": place, "kind": kind, "given": True, "load_id": 0}
    for place, kind in (("Face", "load"), ("Crusher", "crusher"))
]


def mine(strips: dict[str, str], loader: str = "SH1") -> Site:
    states = intervals(strips)
    for row in states:
        at_loader = str(row["state"]).endswith("_load") or row["state"] == "load"
        at_dump = str(row["state"]).endswith("dump")
        row["loader"] = loader if at_loader else None
        row["place"] = "Face" if at_loader else "Crusher" if at_dump else None
    return mine_of(states=states, places=PLACES)


def test_each_queue_is_a_row_with_its_place_and_minutes():
    load, dump = rows_of(mine({"T01": "RQQQSLHqqDR"}).queues(), "start")
    assert (load["state"], load["place"], load["loader"], load["queue_min"]) == (
        "queue_load",
        "Face",
        "SH1",
        3,
    )
    assert (dump["state"], dump["place"], dump["loader"], dump["queue_min"]) == (
        "queue_dump",
        "Crusher",
        None,
        2,
    )


def test_a_queue_over_the_bound_of_a_window_is_kept_whole_and_priced_by_what_lies_inside():
    site = mine({"T01": "QQQQQQLLHHD"}).between("2026-11-22 00:04", "2026-11-22 01:00")
    (row,) = rows_of(site.queues())
    assert (row["queue_min"], row["inside_min"]) == (6, 2)
    assert row["lost_t"] == row["inside_min"] * row["rate_tpm"]


def test_queues_are_found_by_loader_by_place_by_kind_and_by_length():
    site = mine({"T01": "QQQQQQQSLHqqDR", "T02": "RRQLH"})
    assert len(rows_of(site.queues(at="SH1"))) == 2
    assert len(rows_of(site.queues(at="Crusher"))) == 1
    assert len(rows_of(site.queues(kind="queue_dump"))) == 1
    assert [row["truck"] for row in rows_of(site.queues(longer="5min"))] == ["T01"]
    assert rows_of(site.queues(longer="7min")) == []


def test_names_that_do_not_exist_are_refused():
    site = mine({"T01": "QQSL"})
    with pytest.raises(UnknownName, match='did you mean "SH1"'):
        site.queues(at="SH11")
    with pytest.raises(UnknownName, match="queue_load"):
        site.queues(kind="load")
    with pytest.raises(BadTime):
        site.queues(longer="five")


def test_a_minute_of_queue_costs_what_a_minute_of_work_moves():
    states = intervals({"T01": "SLHHHHHHDR" * 6 + "QQQ"})
    cycles = [haul_cycle("T01", at=4, payload_t=120.0)]
    (row,) = rows_of(mine_of(states=states, cycles=cycles).queues())
    assert (row["rate_tpm"], row["lost_t"]) == (2, 6)


@examples(5)
@given(some.text(alphabet="QSLHqDR", min_size=2, max_size=20), some.integers(1, 19))
def test_minutes_inside_of_windows_add_up(strip, cut):
    site = mine({"T01": strip})
    at = f"2026-11-22 00:{cut:02d}"
    halves = [site.between("2026-11-21", at), site.between(at, "2026-11-23")]
    inside = [row["inside_min"] for half in halves for row in rows_of(half.queues())]
    assert sum(inside) == pytest.approx(strip.count("Q") + strip.count("q"))


def test_what_queues_of_the_sample_cost_is_what_pandas_counts():
    site = tk.sample()
    states = site.states.to_pandas()
    states["long"] = (states.stop - states.start).dt.total_seconds() / 60
    working = states[states.state.isin(WORKING)].groupby("truck").long.sum()
    moved = site.dumped_cycles().to_pandas().groupby("truck").payload_t.sum()
    queued = states[states.state.str.startswith("queue")].groupby("truck").long.sum()
    lost = site.queues().group_by("truck").aggregate(lost_t=site.queues().lost_t.sum()).to_pandas()
    expected = (queued * moved / working).dropna()
    assert lost.set_index("truck").lost_t.sort_index().to_dict() == pytest.approx(expected.to_dict())


def test_time_in_queues_is_summed_by_loader_and_hour_and_cut_at_the_hour():
    strip = "R" * 55 + "Q" * 10 + "L"
    site = mine({"T01": strip, "T02": "R" * 58 + "Q" * 2 + "L"})
    rows = {row["hour"].hour: row for row in rows_of(site.queued())}
    assert {hour: (row["trucks"], row["queue_min"]) for hour, row in rows.items()} == {0: (2, 7), 1: (1, 5)}
    (whole,) = rows_of(site.queued(by="loader"))
    assert (whole["loader"], whole["trucks"], whole["queue_min"]) == ("SH1", 2, 12)


def test_the_hours_of_queues_sum_to_the_queues_at_loaders():
    site = tk.sample()
    queues = site.queues(kind="queue_load").to_pandas()
    by_hour = site.queued().to_pandas()
    for loader, minutes in queues.groupby("loader").inside_min.sum().items():
        assert by_hour[by_hour.loader == loader].queue_min.sum() == pytest.approx(minutes)


def test_an_hour_without_queues_has_no_row_and_a_word_that_does_not_split_them_is_refused():
    assert rows_of(mine({"T01": "RRLH"}).queued()) == []
    with pytest.raises(UnknownName, match="truck"):
        mine({"T01": "RQLH"}).queued(by="truck")
