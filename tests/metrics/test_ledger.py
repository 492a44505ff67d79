"""Lost minutes priced in tonnes, to plan minus actual."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import ibis
import pytest
from engines import examples
from hypothesis import given
from hypothesis import strategies as st
from strips import LETTERS, MIDNIGHT, furnished, intervals, minute

import truckkit as tk
from truckkit.errors import BadRequest, UnknownName
from truckkit.metrics.ledger import CLOSING, LINES
from truckkit.site import Site

AT = {
    "load": "Face",
    "spot_load": "Face",
    "queue_load": "Face",
    "queue_dump": "Crusher",
    "spot_dump": "Crusher",
    "dump": "Crusher",
}


def shift(
    strips: dict[str, str],
    loads: list[tuple[str, float, float]] = (),  # type: ignore[assignment]
    long: int = 240,
    planned_t: float | None = 1000.0,
    **tables: list[dict[str, object]],
) -> Site:
    """A mine whose one shift starts at midnight; loads are of a truck, dumped at a minute, of tonnes."""
    states = [{**row, "place": AT.get(str(row["state"]))} for row in intervals(strips)]
    cycles = [
        {"truck": truck, "start": minute(at - 30), "stop": minute(at), "payload_t": tonnes}
        for truck, at, tonnes in loads
    ]
    trucks = [{"truck": truck, "target_payload_t": 100.0, "model": "930E"} for truck in strips]
    return furnished(
        states,
        cycles=cycles,
        trucks=trucks,
        shifts=[{"shift": "day", "start": minute(0), "stop": minute(long)}],
        plans=[{"shift": "day", "circuit": "all", "planned_t": planned_t}],
        **tables,
    ).shift("day")


def lines(site: Site) -> dict[str, dict[str, object]]:
    return {row["line"]: row for row in site.ledger().to_pyarrow().to_pylist()}


def test_a_minute_without_work_costs_what_the_truck_moves_in_a_minute_of_work():
    site = shift(
        {"T01": "R" * 100 + "Q" * 10 + "p" * 30 + "X" * 20 + " " * 5},
        [("T01", 90, 100.0), ("T01", 99, 100.0)],
        long=165,
    )
    found = lines(site)
    for line, lost_min in {"queue_load": 10, "standby": 30, "down_other": 20, "no_data": 5}.items():
        assert found[line]["lost_min"] == lost_min
        assert found[line]["lost_t"] == pytest.approx(2 * lost_min)
    assert found[CLOSING]["lost_t"] == pytest.approx(1000 - 200 - 2 * 65)
    assert found[CLOSING]["plan_t"] == 1000
    assert found[CLOSING]["actual_t"] == 200


def test_each_lost_minute_is_in_the_line_of_its_cause():
    states = "H" * 60 + "w" * 2 + "R" + "w" * 3 + "R" + "w" * 4 + "R" + "X" * 5 + "R" + "X" * 6
    site = shift(
        {"T01": states},
        [("T01", 50, 100.0)],
        long=len(states),
        places=[{"place": "Bay", "kind": "fuel"}, {"place": "Park", "kind": "park"}],
        maintenance=[
            {"work_order": "1", "truck": "T01", "start": minute(72), "stop": minute(77), "kind": "scheduled"},
            {"work_order": "2", "truck": "T01", "start": minute(78), "kind": "breakdown"},
        ],
    )
    at = {60: "Bay", 63: "Park"}
    rows = site.using(None).states.to_pyarrow().to_pylist()
    placed = [
        {**row, "place": next((place for begun, place in at.items() if row["start"] == minute(begun)), None)}
        for row in rows
    ]
    stored = {
        name: site.table(name).to_pyarrow().to_pylist()
        for name in ("cycles", "trucks", "shifts", "plans", "places", "maintenance")
    }
    found = lines(furnished(placed, **stored).shift("day"))
    lost = {
        line: row["lost_min"] for line, row in found.items() if row["lost_min"] > 0 and "slow" not in line
    }
    assert lost == {
        "refuelling": 2,
        "shift_change": 3,
        "delay": 4,
        "down_scheduled": 5,
        "down_breakdown": 6,
    }


def test_a_leg_costs_what_it_took_beyond_the_usual_and_wins_what_it_took_less():
    rounds = "LHHHHHHHDRRR" + "LHHHHHDRRR" + "LHHHDRRR" + "L"
    site = shift({"T01": rounds}, [("T01", 8, 100.0), ("T01", 18, 100.0)], long=len(rounds))
    found = lines(site)
    assert found["slow_driving"]["lost_min"] == 2
    assert found["faster"]["lost_min"] == -2
    (slow,) = site.ledger_intervals("slow_driving").to_pyarrow().to_pylist()
    assert (slow["start"], slow["stop"], slow["state"]) == (minute(1), minute(8), "haul")


def test_usual_is_what_it_was_before_the_shift_where_that_is_known():
    before = "LHHDRR" * 40
    site = shift({"T01": before + "LHHHHDRR" * 30}, [("T01", 246, 50.0)])
    later = site.between(MIDNIGHT + timedelta(minutes=240), MIDNIGHT + timedelta(minutes=480))
    slow = later.ledger_intervals("slow_driving").to_pyarrow().to_pylist()
    assert [row["lost_min"] for row in slow] == [2.0] * 30
    assert later.ledger_intervals("slow_driving", vs=later).count().to_pyarrow().as_py() == 0


def test_a_leg_that_the_shift_cuts_counts_for_its_part_within():
    rounds = "LHHDR" * 3 + "LHHHHHHDR"
    whole = shift({"T01": rounds}, long=len(rounds))
    halves = [(0, 19), (19, 24)]
    lost = [
        whole.between(MIDNIGHT + timedelta(minutes=a), MIDNIGHT + timedelta(minutes=b))
        .ledger_intervals("slow_driving", vs=whole)
        .to_pyarrow()
        .to_pylist()
        for a, b in halves
    ]
    assert [[row["lost_min"] for row in each] for each in lost] == [[2.0], [2.0]]


def test_loads_below_and_above_the_target_stand_in_lines_of_their_own():
    site = shift({"T01": "H" * 100}, [("T01", 50, 90.0), ("T01", 70, 85.0), ("T01", 90, 104.0)], long=100)
    found = lines(site)
    assert (found["underload"]["intervals"], found["underload"]["lost_t"]) == (2, 25)
    assert (found["overload"]["intervals"], found["overload"]["lost_t"]) == (1, -4)


@examples(3)
@given(
    st.dictionaries(
        st.sampled_from(["T01", "T02", 'T"3&truck=é#']), st.text([*LETTERS, " "], max_size=80), min_size=1
    ),
    st.lists(st.tuples(st.just("T01"), st.integers(1, 79), st.floats(0, 400)), max_size=4),
    st.floats(0, 1e6),
)
def test_lines_sum_to_plan_minus_actual_and_are_those_of_the_intervals(strips, loads, planned_t):
    strips = {"T01": "", **strips}
    site = shift(strips, loads, long=80, planned_t=planned_t)
    found = lines(site)
    assert sorted(found) == sorted(LINES)
    actual_t = sum(tonnes for _truck, _at, tonnes in loads)
    assert sum(row["lost_t"] for row in found.values()) == pytest.approx(planned_t - actual_t, abs=1e-6)
    each = site.ledger_intervals().to_pyarrow().to_pylist()
    for line in set(LINES) - {CLOSING}:
        mine = [row for row in each if row["line"] == line]
        assert len(mine) == found[line]["intervals"]
        assert sum(row["lost_t"] for row in mine) == pytest.approx(found[line]["lost_t"], abs=1e-6)
    lost_min = sum(row["lost_min"] for row in each if row["state"] not in ("haul", "return", "load", "dump"))
    assert lost_min <= 80 * len(strips) + 1e-6
    for row in each:
        asked = parse_qs(urlsplit(row["replay"]).query)
        assert asked["truck"] == [row["truck"]]
        assert set(asked) == {"start", "stop", "at", "truck"}


def test_the_ledger_of_the_sample_is_what_pandas_counts_with_its_own_hands():
    site = tk.sample().shift("2026-11-22 day")
    found = lines(site)
    states, cycles, trucks = (table.to_pandas() for table in (site.states, site.dumped_cycles(), site.trucks))
    states["long_min"] = (states.stop - states.start).dt.total_seconds() / 60
    working = states[states.state.isin(["spot_load", "load", "haul", "spot_dump", "dump", "return"])]
    rate = cycles.groupby("truck").carried_t.sum() / working.groupby("truck").long_min.sum()
    for line in ("queue_load", "queue_dump", "standby"):
        mine = states[states.state == line]
        assert found[line]["lost_t"] == pytest.approx((mine.long_min * mine.truck.map(rate)).sum())
    delays = states[states.state == "delay"]
    fuel = delays[delays.place == "Fuel bay"]
    assert found["refuelling"]["lost_t"] == pytest.approx((fuel.long_min * fuel.truck.map(rate)).sum())
    broken = states[(states.state == "down") & (states.truck == "T03")]
    assert found["down_breakdown"]["lost_t"] == pytest.approx(broken.long_min.sum() * rate["T03"])
    lacks = cycles.truck.map(trucks.set_index("truck").target_payload_t) - cycles.carried_t
    assert found["underload"]["lost_t"] == pytest.approx(lacks.clip(lower=0).sum())
    assert found["overload"]["lost_t"] == pytest.approx(lacks.clip(upper=0).sum())
    plan_t = site.plans.to_pandas().query("circuit == 'all'").planned_t.sum()
    gap_t = sum(row["lost_t"] for row in found.values())
    assert gap_t == pytest.approx(plan_t - cycles.carried_t.sum(), abs=1e-6)


def test_a_shift_without_a_plan_is_refused_by_its_name():
    site = shift({"T01": "HH"}, planned_t=None)
    with pytest.raises(BadRequest, match='shift "day"; shifts with such a plan: none'):
        site.ledger()
    assert site.ledger_intervals().columns


def test_a_ledger_is_of_one_shift_of_all_trucks():
    with pytest.raises(BadRequest, match="narrowed to some"):
        tk.sample().truck("T01").ledger()
    with pytest.raises(BadRequest, match="holds 0"):
        tk.sample().between("2026-11-22 07:00", "2026-11-22 08:00").ledger()


def test_a_line_that_is_not_there_is_unknown():
    with pytest.raises(UnknownName, match='did you mean "refuelling"'):
        tk.sample().ledger_intervals("refueling")


def test_a_site_of_nothing_has_no_lost_intervals():
    assert furnished([]).ledger_intervals(vs="1d").count().to_pyarrow().as_py() == 0


def test_trucks_of_which_nobody_told_the_model_have_their_usual_too():
    site = shift({"T01": "LHHHHHHHDRRR" + "LHHHHHDRRR" + "LHHHDRRR" + "L"}, long=31)
    stored = {name: site.table(name).to_pyarrow().to_pylist() for name in ("states", "shifts", "plans")}
    bare = furnished(stored.pop("states"), **stored).shift("day")
    (slow,) = bare.ledger_intervals("slow_driving").to_pyarrow().to_pylist()
    assert slow["lost_min"] == 2


def test_losses_are_the_lines_of_the_ledger_without_what_closes_it():
    site = tk.sample()
    priced = site.ledger_intervals().to_pyarrow()
    ledger = {row["line"]: row["lost_t"] for row in site.ledger().to_pyarrow().to_pylist()}
    for told in (None, ibis.memtable(priced)):
        losses = {row["line"]: row["lost_t"] for row in site.losses(priced=told).to_pyarrow().to_pylist()}
        assert losses == pytest.approx({line: ledger[line] for line in ledger if line != "allowed_for"})


def test_a_ledger_of_stretches_that_were_asked_before_is_the_same_ledger():
    site = tk.sample()
    asked = ibis.memtable(site.ledger_intervals().to_pyarrow())
    again, ledger = (
        {row["line"]: row["lost_t"] for row in table.to_pyarrow().to_pylist()}
        for table in (site.ledger(priced=asked), site.ledger())
    )
    assert again == pytest.approx(ledger)
