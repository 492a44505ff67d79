"""The score: what each number means, drawn as strips of truth and of what a detector said."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pyarrow as pa
import pytest
import strips
from hypothesis import given
from hypothesis import strategies as st

from truckkit import schema
from truckkit.score import Told, Truth, score, score_of_some
from truckkit.score.places import places
from truckkit.score.strips import UNTOLD
from truckkit.score.strips import strips as as_strips
from truckkit.sources.simulator import Plan, simulate

TEN_S = timedelta(seconds=10)
MIDNIGHT = strips.MIDNIGHT.replace(tzinfo=None)
STRETCH = pa.schema([("truck", pa.string()), ("start", pa.timestamp("us")), ("stop", pa.timestamp("us"))])

Rows = list[dict[str, Any]]


def arrow(rows: Rows, table: schema.Table) -> pa.Table:
    fields = [field for field in table.schema.to_pyarrow() if field.name != "load_id"]
    plain = pa.schema([pa.field(field.name, field.type) for field in fields])
    return pa.Table.from_pylist(
        [{field.name: row.get(field.name) for field in fields} for row in rows], plain
    )


def drawn(letters: str | Mapping[str, str], letter: timedelta = TEN_S) -> Rows:
    """State intervals of one truck, or of several by name; a letter is ten seconds."""
    named = {"T01": letters} if isinstance(letters, str) else letters
    return strips.intervals(named, minute=letter)


def hauls(states: Rows, payload_t: float | None = 290.0) -> Rows:
    """A cycle from each loading to the next."""
    cycles = []
    for truck in sorted({row["truck"] for row in states}):
        mine = sorted((row for row in states if row["truck"] == truck), key=lambda row: row["start"])
        loads = [row["start"] for row in mine if row["state"] == "load"]
        ends = [*loads[1:], mine[-1]["stop"]]
        cycles += [
            {"truck": truck, "source": "fms", "start": a, "stop": b, "payload_t": payload_t, "complete": True}
            for a, b in zip(loads, ends[: len(loads)], strict=True)
        ]
    return cycles


def stretches(*rows: tuple[str, float, float]) -> pa.Table:
    """Stretches of time, in seconds from midnight."""
    at = [(truck, *(MIDNIGHT + timedelta(seconds=edge) for edge in edges)) for truck, *edges in rows]
    return pa.Table.from_pylist([dict(zip(STRETCH.names, row, strict=True)) for row in at], STRETCH)


def observed(states: Rows) -> pa.Table:
    found = pa.table({name: [row[name] for row in states] for name in STRETCH.names}, STRETCH)
    ends = found.group_by("truck").aggregate([("start", "min"), ("stop", "max")])
    return pa.table(
        dict(zip(STRETCH.names, (ends[name] for name in ends.column_names), strict=True)), STRETCH
    )


def told(states: Rows, cycles: Rows | None = None, seen: Rows | None = None, **more: Any) -> Told:
    known = {
        "places": None,
        "observed": observed(seen or states),
        "shifts": stretches().select(["start", "stop"]),
        **more,
    }
    cycles = hauls(states) if cycles is None else cycles
    return Told(arrow(states, schema.STATE_INTERVALS), arrow(cycles, schema.CYCLES), **known)


def truth(states: Rows, cycles: Rows | None = None, dropouts: pa.Table | None = None) -> Truth:
    cycles = hauls(states) if cycles is None else cycles
    return Truth(
        arrow(states, schema.STATE_INTERVALS),
        arrow(cycles, schema.CYCLES),
        None,
        stretches() if dropouts is None else dropouts,
    )


def compared(true: str, said: str, **more: Any) -> dict[str, Any]:
    """The score of one strip against another."""
    return score(told(drawn(said), seen=drawn(true)), truth(drawn(true), **more))


# Time in states ----------------------------------------------------------------------------------


def test_f1_weighs_states_by_time():
    found = compared("RRRRRRLLLL", "RRRRLLLLLL")
    assert found["f1"]["return"] == pytest.approx(2 * 4 / (6 + 4))
    assert found["f1"]["load"] == pytest.approx(2 * 4 / (4 + 6))
    assert found["macro_f1"] == pytest.approx(0.8)


def test_states_that_occur_in_neither_are_not_known_and_do_not_count():
    found = compared("RRLL", "RRLL")
    assert {word for word, value in found["f1"].items() if value is not None} == {"return", "load"}
    assert found["macro_f1"] == 1


def test_a_state_told_that_never_was_counts_as_nothing_right():
    assert compared("RRRR", "RRww")["f1"]["delay"] == 0


def test_time_of_which_nothing_is_told_is_no_data():
    found = compared("RRLL", "RR  ")
    assert found["f1"]["load"] == 0
    assert found["f1"]["no_data"] == 0


def test_a_truck_of_which_nothing_is_told_is_wrong_all_the_time():
    true = drawn({"T01": "RRLL", "T02": "RRLL"})
    found = score(told(drawn({"T01": "RRLL"}), seen=true), truth(true))
    assert found["f1"]["load"] == pytest.approx(2 * 1 / (2 + 1))


def test_a_truck_of_which_the_truth_does_not_tell_is_left_out():
    said = drawn({"T01": "RRLL", "T99": "DDDD"})
    assert score(told(said), truth(drawn({"T01": "RRLL"})))["macro_f1"] == 1


def test_time_before_the_first_sample_and_after_the_last_does_not_count():
    true, said = drawn("RRRRLLLL"), drawn(" RRRLLL ")
    found = score(told(said), truth(true))
    assert found["macro_f1"] == 1
    assert found["observed_h"] == pytest.approx(60 / 3600)


def test_within_a_dropout_no_data_is_right_and_a_guess_is_wrong():
    gone = stretches(("T01", 20, 40))
    assert compared("RRRRRRLL", "RR..RRLL", dropouts=gone)["macro_f1"] == 1
    guessed = compared("RRRRRRLL", "RRRRRRLL", dropouts=gone)
    assert guessed["f1"]["no_data"] == 0
    assert guessed["f1"]["return"] < 1


def test_overlapping_intervals_are_cut_where_the_later_one_starts():
    rows = drawn("RRRRRR") + drawn("   LLL")
    table = arrow(rows, schema.STATE_INTERVALS)
    strip = as_strips(table, UNTOLD)["T01"]
    assert ((strip.edges - strip.edges[0]) // 1_000_000).tolist() == [0, 30, 60]


# Boundaries --------------------------------------------------------------------------------------


def test_a_boundary_is_as_wrong_as_it_is_late():
    found = compared("RRRRRRLLLLLL", "RRRRRRRRLLLL")["boundary_s"]
    assert (found["p50"], found["counted"], found["missed"], found["spurious"]) == (20, 1, 0, 0)


def test_boundaries_pair_by_the_state_that_begins():
    # The truck drives off, and is said to stand; then it is said to drive off, half a minute late.
    calm = "H" * 9
    found = compared("RRRRRRLLLLLLHHH" + calm, "RRRRRRLLLLLLwww" + calm)["boundary_s"]
    assert (found["counted"], found["missed"], found["spurious"]) == (3, 0, 1)
    assert (found["p50"], found["p95"]) == (30, pytest.approx(57))


def test_a_boundary_without_a_partner_counts_a_minute():
    found = compared("RRRRRRRRLLRRRRRRRR", "RRRRRRRRRRRRRRRRRR")["boundary_s"]
    assert (found["p50"], found["missed"]) == (60, 2)


def test_chatter_counts_as_much_as_silence():
    calm = compared("R" * 20 + "L" * 20, "R" * 20 + "L" * 20)["boundary_s"]
    chatty = compared("R" * 20 + "L" * 20, "R" * 10 + "w" + "R" * 9 + "L" * 10 + "w" + "L" * 9)["boundary_s"]
    assert (calm["p95"], calm["spurious"]) == (0, 0)
    assert (chatty["p50"], chatty["spurious"]) == (60, 4)


def test_boundaries_at_the_edges_of_dropouts_do_not_count():
    gone = stretches(("T01", 80, 160))
    true = "R" * 8 + "R" * 4 + "L" * 4 + "L" * 4 + "H" * 8
    found = compared(true, "R" * 8 + "." * 8 + "L" * 4 + "H" * 8, dropouts=gone)["boundary_s"]
    assert (found["counted"], found["p95"]) == (1, 0)


# Cycles ------------------------------------------------------------------------------------------

CYCLE = "R" * 12 + "Q" * 3 + "S" * 3 + "L" * 12 + "H" * 20 + "s" * 3 + "D" * 6


def test_cycles_are_found_where_loading_and_dumping_start_in_time():
    found = compared(CYCLE * 3 + "RR", CYCLE * 3 + "RR")["cycles"]
    assert (found["recall"], found["precision"], found["true"], found["told"]) == (1, 1, 3, 3)


def test_a_dumping_that_starts_late_is_a_miss_at_the_finer_tolerance_alone():
    late = CYCLE[:-7] + "s" * 3 + "D" * 4
    found = compared(CYCLE * 3, CYCLE + late + CYCLE)["cycles"]["within_s"]
    assert found["15"]["recall"] == found["15"]["precision"] == pytest.approx(2 / 3)
    assert found["60"]["recall"] == 1


def test_a_cycle_that_the_end_of_the_record_cuts_does_not_count():
    found = compared(CYCLE + CYCLE[:30], CYCLE + CYCLE[:30])["cycles"]
    assert (found["recall"], found["true"], found["told"]) == (1, 1, 1)


def test_a_cycle_under_way_when_the_record_starts_does_not_count():
    found = compared("LLHHHHDD" + CYCLE, "LLHHHHDD" + CYCLE)["cycles"]
    assert (found["true"], found["told"]) == (1, 1)


def test_two_cycles_told_as_one_are_merged():
    said = CYCLE + CYCLE.replace("D", "R") + CYCLE.replace("L", "R") + CYCLE
    found = compared(CYCLE * 4, said)["cycles"]
    assert (found["merged"], found["split"]) == (1, 0)
    assert found["recall"] == pytest.approx(2 / 4)


def test_a_cycle_told_as_two_is_split():
    twice = CYCLE.replace("H" * 20, "H" * 4 + "D" * 2 + "R" * 4 + "L" * 2 + "H" * 8)
    found = compared(CYCLE * 3, CYCLE + twice + CYCLE)["cycles"]
    assert (found["merged"], found["split"]) == (0, 1)
    assert found["precision"] == pytest.approx(2 / 4)


def test_a_cycle_that_starts_in_a_dropout_is_excused_and_so_is_its_guess():
    start = 10 * (len(CYCLE) + 18)
    gone = stretches(("T01", start - 20, start + 20))
    late = CYCLE.replace("L" * 12, "." * 5 + "L" * 7)
    found = compared(CYCLE * 3, CYCLE + late + CYCLE, dropouts=gone)["cycles"]
    assert (found["recall"], found["precision"], found["true"], found["told"]) == (1, 1, 2, 2)


def test_tonnes_are_compared_shift_by_shift():
    true = drawn(CYCLE * 4)
    shifts = stretches(("", 0, 1180), ("", 1180, 2360)).select(["start", "stop"])
    said = [{**row, "payload_t": t} for row, t in zip(hauls(true), (290, 319, 261, 290), strict=True)]
    apart = score(told(true, said, shifts=shifts), truth(true))["tonnes_error"]
    together = score(told(true, said), truth(true))["tonnes_error"]
    assert apart == pytest.approx(29 / 580)
    assert together == pytest.approx(0)


def test_a_load_that_was_not_dumped_is_not_moved():
    true = drawn(CYCLE + CYCLE[:40])
    said = [{**row, "payload_t": t} for row, t in zip(hauls(true), (290, 999), strict=True)]
    assert score(told(true, said), truth(true))["tonnes_error"] == 0


def test_tonnes_are_not_known_without_payload():
    true = drawn(CYCLE * 2)
    assert score(told(true, hauls(true, None)), truth(true))["tonnes_error"] is None


# Places ------------------------------------------------------------------------------------------


def place(kind: str, x: float, y: float = 0.0, start: float | None = None, stop: float | None = None) -> dict:
    at = {
        edge: None if seconds is None else MIDNIGHT + timedelta(seconds=seconds)
        for edge, seconds in (("start", start), ("stop", stop))
    }
    return {"place": f"{kind} {x:g}", "kind": kind, "x_m": x, "y_m": y, "given": False, **at}


def found_places(true: Rows, said: Rows) -> dict[str, Any]:
    return places(arrow(true, schema.PLACES), arrow(said, schema.PLACES))


def test_a_place_is_found_by_kind_within_fifty_metres():
    found = found_places([place("load", 0), place("fuel", 500)], [place("load", 30, 40), place("fuel", 560)])
    assert (found["recall"], found["centre_m"]) == (0.5, 50)
    assert found_places([place("load", 0)], [place("dump", 0)])["recall"] == 0


def test_where_loads_are_tipped_kinds_are_alike():
    assert found_places([place("crusher", 0)], [place("dump", 10)])["recall"] == 1


def test_a_place_that_moved_is_looked_for_each_time_it_stood_still():
    true = [place("load", 0, start=0, stop=100), place("load", 200, start=100)]
    assert found_places(true, [place("load", 0)])["recall"] == 0.5
    assert (
        found_places(true, [place("load", 0, start=0, stop=90), place("load", 200, start=80)])["recall"] == 1
    )
    assert found_places(true, [place("load", 200, start=0, stop=90)])["recall"] == 0


def test_places_without_a_position_or_of_no_kind_are_left_out():
    found = found_places([place("load", 0), place("node", 5)], [{**place("load", 0), "x_m": None}])
    assert (found["recall"], found["true"], found["told"]) == (0, 1, 0)


# Truth that tells of some states alone -----------------------------------------------------------


def some(true: str, said: str) -> dict[str, Any]:
    rows = [row for row in drawn(true) if row["state"] in ("load", "dump")]
    whole = drawn(said)
    return score_of_some(told(whole), arrow(rows, schema.STATE_INTERVALS))


def test_stops_are_found_where_they_overlap_one_of_their_kind():
    found = some("RRLLLLHHHHDDRRRRLLLLHHHHDDR", "RRRLLLLHHHDDRRRRwwwwHHHHDDR")
    assert found["stops"]["states"]["load"] == {"recall": 0.5, "precision": 1, "true": 2, "told": 1}
    assert found["stops"]["states"]["dump"]["recall"] == 1
    assert (found["boundary_s"]["p50"], found["boundary_s"]["counted"]) == (0, 6)
    assert found["f1"]["haul"] is None
    assert found["tonnes_error"] is found["places"]["recall"] is None


def test_a_stop_of_the_wrong_kind_is_found_and_not_right():
    found = some("RRLLLLHHHHDDRR", "RRDDDDHHHHDDRR")["stops"]
    assert found["kind_right"] == 0.5
    assert (found["recall"], found["precision"]) == (0.5, 0.5)


def test_one_told_stop_cannot_be_two_true_ones():
    found = some("RRLLLRRRLLLRRRDDR", "RRLLLLLLLLLRRRDDR")["stops"]
    assert found["states"]["load"]["recall"] == 0.5


def test_cycles_are_known_where_loadings_and_dumpings_are():
    found = some(CYCLE * 3, CYCLE * 3)
    assert found["cycles"]["recall"] == found["cycles"]["precision"] == 1
    assert (found["macro_f1"], found["stops"]["recall"]) == (1, 1)


# Laws --------------------------------------------------------------------------------------------

WORD = st.sampled_from("QSLHqsDRwpX")
STRIP = st.lists(st.tuples(WORD, st.integers(1, 30)), min_size=1, max_size=40).map(
    lambda runs: "".join(letter * length for letter, length in runs)
)


def numbers(found: Any) -> list[float]:
    return (
        [each for value in found.values() for each in numbers(value)] if isinstance(found, dict) else [found]
    )


def shares(found: dict[str, Any]) -> list[float]:
    """Everything in a score that is a share."""
    rates = [rate for each in found["cycles"]["within_s"].values() for rate in each.values()]
    return [value for value in (found["macro_f1"], *found["f1"].values(), *rates) if value is not None]


@given(STRIP)
def test_what_is_told_as_it_was_scores_one_and_no_second(true):
    found = compared(true, true)
    assert set(shares(found)) <= {1.0}
    assert found["boundary_s"]["p95"] in (0, None)
    assert found["cycles"]["split"] == found["cycles"]["merged"] == 0
    assert found["tonnes_error"] in (0, None)


@given(STRIP, STRIP)
def test_shares_lie_between_nothing_and_all(true, said):
    found = compared(true, said)
    assert all(0 <= share <= 1 for share in shares(found))
    assert all(0 <= found["boundary_s"][name] <= 60 for name in ("p50", "p95") if found["boundary_s"][name])


@given(STRIP, STRIP, st.randoms())
def test_the_order_of_rows_does_not_matter(true, said, random):
    rows, wrong = (drawn({"T01": one, "T02": other}) for one, other in ((true, said), (said, true)))
    cycles, theirs = hauls(rows), hauls(wrong)
    before = score(told(wrong, theirs, seen=rows), truth(rows, cycles))
    for each in (rows, wrong, cycles, theirs):
        random.shuffle(each)
    after = score(told(wrong, theirs, seen=rows), truth(rows, cycles))
    assert numbers(after) == pytest.approx(numbers(before), nan_ok=False)


@given(st.lists(st.integers(13, 60), min_size=8, max_size=60), st.integers(-59, 59))
def test_shifted_boundaries_are_off_by_as_much(lengths, shift):
    # Every state is longer than the shift, and comes again only after seven others.
    true = "".join("RQSLHqsD"[number % 8] * length for number, length in enumerate(lengths))
    rows = drawn(true)
    by = timedelta(seconds=shift)
    moved = [
        {
            **row,
            "start": row["start"] if row is rows[0] else row["start"] + by,
            "stop": row["stop"] if row is rows[-1] else row["stop"] + by,
        }
        for row in rows
    ]
    found = score(told(moved, seen=rows), truth(rows))["boundary_s"]
    assert (found["p50"], found["p95"], found["counted"]) == (abs(shift), abs(shift), len(lengths) - 1)


@given(st.integers(2, 8), st.data())
def test_merging_two_cycles_counts_one_merged(count, data):
    true = drawn(CYCLE * count)
    cycles = hauls(true)
    first = data.draw(st.integers(0, count - 2))
    merged = [*cycles[:first], {**cycles[first], "stop": cycles[first + 1]["stop"]}, *cycles[first + 2 :]]
    found = score(told(true, merged), truth(true, cycles))["cycles"]
    assert (found["merged"], found["split"], found["told"]) == (1, 0, count - 1)
    split = score(told(true, cycles), truth(true, merged))["cycles"]
    assert (split["merged"], split["split"]) == (0, 1)


# A whole mine ------------------------------------------------------------------------------------


def test_the_truth_of_a_simulated_mine_scores_perfectly_against_itself():
    mine = simulate(Plan(trucks=4, hours=6, seed=3, noise="harsh"))
    tables = {name: mine.truth.table(name) for name in mine.truth.names}
    bounds = tables["states"].group_by("truck").aggregate([("start", "min"), ("stop", "max")])
    seen = pa.table(dict(zip(STRETCH.names, (bounds[name] for name in bounds.column_names), strict=True)))
    said = Told(tables["states"], tables["cycles"], tables["places"], seen, mine.observed.table("shifts"))
    found = score(said, Truth(**tables, dropouts=stretches()))
    assert found["macro_f1"] == found["cycles"]["recall"] == found["cycles"]["precision"] == 1
    assert found["boundary_s"]["p95"] == found["tonnes_error"] == found["places"]["centre_m"] == 0
    assert found["places"]["recall"] == 1
    assert found["observed_h"] == 24
    alone = score(said, Truth(tables["states"], None, None, stretches()))
    assert alone["cycles"] == found["cycles"]


def test_every_true_place_is_one_where_trucks_stood():
    mine = simulate(Plan(trucks=14, hours=8, seed=2))
    samples = mine.observed.table("positions").to_pandas()
    standing = samples[samples["speed_kmh"] == 0]
    for each in mine.truth.table("places").to_pylist():
        start, stop = each["start"], each["stop"] or samples["at"].max()
        near = standing[(standing["at"] >= start) & (standing["at"] < stop)]
        far = ((near["x_m"] - each["x_m"]) ** 2 + (near["y_m"] - each["y_m"]) ** 2) ** 0.5
        assert (far < each["radius_m"]).any(), each["place"]
