"""What the FMS said beside what was detected, as strips of letters; one letter is a minute."""

from __future__ import annotations

import datetime as dt

import ibis
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from strips import LETTERS, intervals, mine

from truckkit import align
from truckkit.align import side_by_side

LETTER_OF = {state: letter for letter, state in LETTERS.items()}


def told(source: str, strips: dict[str, str]) -> ibis.Table:
    return ibis.memtable(mine(intervals(strips, source=source), ("T01",)).using(source).states.to_pyarrow())


def drawn(stretches: ibis.Table) -> list[str]:
    """Each row in the order of trucks and time: "T01 3 L=L", or with ≠ where the two differ."""
    rows = stretches.order_by("truck", "start").to_pyarrow().to_pylist()
    return [
        f"{row['truck']} {row['minutes']:g} "
        f"{LETTER_OF[row['fms']]}{'=' if row['agrees'] else '≠'}{LETTER_OF[row['detected']]}"
        for row in rows
    ]


def test_a_row_lasts_for_as_long_as_neither_source_changes_its_state():
    fms = told("fms", {"T01": "RRLLHHHD"})
    detected = told("detected", {"T01": "RLLLHHHH"})
    assert drawn(side_by_side(fms, detected)) == [
        "T01 1 R=R",
        "T01 1 R≠L",
        "T01 2 L=L",
        "T01 3 H=H",
        "T01 1 D≠H",
    ]


def test_time_that_one_of_the_two_does_not_tell_of_is_in_no_row():
    fms = told("fms", {"T01": "  LLHH", "T02": "LL"})
    detected = told("detected", {"T01": "LLL HHDD", "T03": "LL"})
    assert drawn(side_by_side(fms, detected)) == ["T01 1 L=L", "T01 2 H=H"]


def test_time_that_nobody_observed_is_a_state_as_any_other():
    assert drawn(side_by_side(told("fms", {"T01": "H..H"}), told("detected", {"T01": "HH.."}))) == [
        "T01 1 H=H",
        "T01 1 .≠H",
        "T01 1 .=.",
        "T01 1 H≠.",
    ]


def test_intervals_of_one_state_that_follow_each_other_are_one_stretch():
    halves = [*intervals({"T01": "LL"}), *intervals({"T01": "  LL"})]
    fms = ibis.memtable(mine(halves).states.to_pyarrow())
    assert drawn(side_by_side(fms, told("detected", {"T01": "LLLL"}))) == ["T01 4 L=L"]


def test_a_window_cuts_the_stretches_and_changes_nothing_else():
    strips = intervals({"T01": "RRLLHHHD"}) + intervals({"T01": "RLLLHHHH"}, source="detected")
    site = mine(strips).between("2026-11-22 00:02:30", "2026-11-22 00:06")
    assert drawn(site.reconcile()) == ["T01 1.5 L=L", "T01 2 H=H"]


def test_where_one_source_tells_nothing_there_are_no_rows():
    assert drawn(mine(intervals({"T01": "LLHH"})).reconcile()) == []


STRIPS = some.dictionaries(
    some.sampled_from(["T01", "T02"]), some.text(alphabet="LHD. ", max_size=12), max_size=2
)


@settings(max_examples=25)
@given(STRIPS, STRIPS, some.randoms())
def test_the_minutes_sum_to_the_time_that_both_tell_of_and_the_order_does_not_matter(ones, others, chance):
    fms, detected = told("fms", ones), told("detected", others)
    found = drawn(side_by_side(fms, detected))
    both = sum(
        one != " " and other != " "
        for truck in ones.keys() & others.keys()
        for one, other in zip(ones[truck], others[truck], strict=False)
    )
    assert sum(float(row.split()[1]) for row in found) == pytest.approx(both)

    rows = fms.to_pyarrow().to_pylist()
    chance.shuffle(rows)
    shuffled = ibis.memtable(rows, schema=fms.schema())
    assert drawn(side_by_side(shuffled, detected)) == found
    swapped = [f"{row[:-3]}{row[-1]}{row[-2]}{row[-3]}" for row in drawn(side_by_side(detected, fms))]
    assert swapped == found


def test_a_way_is_thinned_part_by_part_and_keeps_its_ends_and_extremes():
    start = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
    seconds = [*range(100), *range(1000, 1100)]
    rows = [
        {
            "truck": "T01",
            "at": (start + dt.timedelta(seconds=s)).replace(tzinfo=None),
            "x_m": 1000.0 if s == 37 else float(s),
            "y_m": 0.0,
            "speed_kmh": 99.0 if s == 1042 else 20.0,
        }
        for s in seconds
    ]
    positions = ibis.memtable(rows)
    found = align.thinned(positions, start, start + dt.timedelta(hours=1), 12).order_by("at").to_pyarrow()
    kept = [(at - start.replace(tzinfo=None)).total_seconds() for at in found["at"].to_pylist()]
    assert set(kept) >= {0, 37, 99, 1000, 1042, 1099}
    assert len(kept) < 20
    assert [part for part, s in zip(found["part"].to_pylist(), kept, strict=True) if s < 500] == [0] * sum(
        s < 500 for s in kept
    )
    assert set(found["part"].to_pylist()) == {0, 1}
