"""What the FMS said beside what was detected, as strips of letters; one letter is a minute."""

from __future__ import annotations

import datetime as dt

import ibis
import pyarrow as pa
import pytest
from engines import examples
from hypothesis import given
from hypothesis import strategies as some
from strips import LETTERS, MIDNIGHT, intervals, mine, table_of

from truckkit import align, schema
from truckkit.align import side_by_side

LETTER_OF = {state: letter for letter, state in LETTERS.items()}


def told(source: str, strips: dict[str, str]) -> ibis.Table:
    return table_of(schema.STATE_INTERVALS, intervals(strips, source=source))


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


@examples(25)
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


def samples(seconds: list[float], **columns: list[object]) -> ibis.Table:
    """Rows of one truck, so many seconds after midnight."""
    at = [MIDNIGHT.replace(tzinfo=None) + dt.timedelta(seconds=each) for each in seconds]
    return ibis.memtable(
        pa.table({"truck": ["T01"] * len(at), "at": pa.array(at, pa.timestamp("us")), **columns})
    )


def seconds(rows: ibis.Table, *columns: str) -> list[tuple[object, ...]]:
    """Rows in order of time, instants as seconds after midnight."""
    told = rows.order_by(columns[0]).select(*columns).to_pyarrow().to_pylist()
    zero = MIDNIGHT.replace(tzinfo=None)

    def counted(each: object) -> object:
        return (each - zero).total_seconds() if isinstance(each, dt.datetime) else each

    return [tuple(map(counted, row.values())) for row in told]


def test_an_interval_of_hours_holds_each_sample_from_its_start_to_before_its_stop():
    states = told("fms", {"T01": " " * 7 + "H" * 120 + "w"})
    start, stop = 7 * 60, 127 * 60
    asked = samples([start - 0.001, start, 3_600, stop - 0.001, stop, stop + 60])
    assert [state for _, state in seconds(align.in_intervals(asked, states, "state"), "at", "state")] == [
        None, "haul", "haul", "haul", "delay", None,
    ]  # fmt: skip


def test_a_truck_that_is_down_for_years_is_found_in_its_state_beside_short_ones():
    states = told("fms", {"T01": "LLX" + "X" * 2_000_000 + "R"})
    down, back = 120, 60 * (3 + 2_000_000)
    asked = samples([0, down - 0.001, down, down + 86_400, back - 0.001, back])
    assert [state for _, state in seconds(align.in_intervals(asked, states, "state"), "at", "state")] == [
        "load", "load", "down", "down", "down", "return",
    ]  # fmt: skip


def test_readings_that_say_the_same_are_one_stretch_until_another_or_a_silence():
    readings = samples([0, 5, 10, 15, 200, 205], loaded=[True, True, None, False, False, True])
    found = align.holding(readings, "loaded", dt.timedelta(seconds=90))
    assert seconds(found, "start", "stop", "loaded") == [
        (0, 15, True),
        (15, 105, False),
        (200, 205, False),
        (205, 295, True),
    ]


@examples(25)
@given(
    some.lists(
        some.tuples(some.integers(0, 900), some.booleans()), unique_by=lambda each: each[0], max_size=12
    ),
    some.sets(some.integers(0, 1000), min_size=1, max_size=12),
)
def test_samples_in_what_readings_hold_are_those_with_the_newest_reading_before_them(said, asked):
    readings = samples([at for at, _ in said], loaded=pa.array([word for _, word in said], pa.bool_()))
    found = align.in_intervals(
        samples(sorted(asked)), align.holding(readings, "loaded", dt.timedelta(seconds=90)), "loaded"
    )
    newest = {at: max((each for each in said if each[0] <= at), default=None) for at in asked}
    assert seconds(found, "at", "loaded") == [
        (at, reading[1] if reading and at < reading[0] + 90 else None)
        for at, reading in sorted(newest.items())
    ]


def test_a_period_without_samples_has_no_row():
    speeds = samples([0, 59.999, 180], speed_kmh=[10.0, 30.0, 5.0])
    found = align.resampled(speeds, "1min", mean_kmh=ibis._.speed_kmh.mean())
    assert seconds(found, "start", "mean_kmh") == [(0, 20.0), (180, 5.0)]
