"""Detection as a whole: strips come out as they were drawn, and laws that hold whatever trucks send."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from sent import CHANNELS, LETTER_S, drawn, sent
from strips import LETTERS, MIDNIGHT

from truckkit.detection import Observed, detect
from truckkit.schema import CYCLE_STATES, STATES

TRIP = "RRRRRRRRQQQSLLLLLHHHHHHHHHHqqsDD"
DAY = (
    TRIP + "RRRRwwwwRRRRRRSLLLLLHHHHHHHHHHqqsDDRRRRRppppppppppppppRRRRSLLLLLHHHH...HHHHsDD"
    "RRRRRRRRXXXXXXXXXXXRRRRSLLLLHHHHHHHHsDDRRR"
)
"""All twelve states."""
UNTOLD = DAY.replace("p", "w")
"""The same, where no switch tells that the engine is off."""


def found(observed: Observed) -> str:
    return drawn(detect(observed).states)


# Strips ------------------------------------------------------------------------------------------


def test_each_of_the_twelve_states_is_found_where_it_was_drawn():
    assert set(DAY) == set(LETTERS)
    assert found(sent({"T01": DAY}).observed) == DAY


@pytest.mark.parametrize("channels", [(), ("payload_t",), ("body_up",), ("reverse",), CHANNELS[:3]])
def test_every_channel_is_optional(channels: tuple[str, ...]):
    assert found(sent({"T01": UNTOLD}, channels=channels).observed) == UNTOLD


def test_positions_alone_are_enough():
    alone = sent({"T01": UNTOLD})
    assert found(Observed(alone.positions, work_orders=alone.work_orders)) == UNTOLD
    bare = alone.positions.select(["truck", "at", "x_m", "y_m"])
    assert found(Observed(bare, work_orders=alone.work_orders)) == UNTOLD


@pytest.mark.parametrize("ways", [{"on_change": True}, {"reads": 1.0}, {"every": 0.2}, {"every": 5.0}])
def test_trucks_may_tell_of_changes_at_once_or_every_so_often(ways: dict):
    assert found(sent({"T01": DAY}, **ways).observed) == DAY


def test_a_receiver_that_shivers_changes_nothing():
    assert found(sent({"T01": DAY}, shaken=1.5).observed) == DAY


def test_a_sample_each_half_minute_tells_loading_from_dumping_and_both_from_driving():
    coarse = found(sent({"T01": DAY}, every=30.0, reads=30.0).observed)
    assert len(coarse) == len(DAY)
    works = {"L": "L", "D": "D", "p": "p", "X": "X"}
    for letter, told in works.items():
        assert {coarse[i] for i, drawn_letter in enumerate(DAY) if drawn_letter == letter} <= {told, "s"}


def test_a_parked_truck_stands_by_although_it_idles_for_a_moment_before_it_leaves():
    strip = TRIP + "RRRRR" + "p" * 14 + "RRRRSLLLLLHHHHHHHHsDDRRR"
    parked = sent({"T01": strip}, every=30.0, reads=30.0)
    assert found(parked.observed).count("p") == 14


def test_bounds_are_finer_than_the_samples():
    states = detect(sent({"T01": TRIP + TRIP}, on_change=True).observed).states.to_pylist()
    haul = [row for row in states if row["state"] == "haul"][1]
    begins = MIDNIGHT.replace(tzinfo=None) + timedelta(seconds=LETTER_S * (len(TRIP) + TRIP.index("H")))
    assert abs((haul["start"] - begins).total_seconds()) < 1


def test_a_fleet_shares_its_places():
    trucks = {f"T{number:02d}": "R" * number + TRIP * 2 for number in range(1, 5)}
    told = detect(sent(trucks).observed)
    assert sorted(told.places["place"].to_pylist()) == ["Dump 1", "Load 1"]
    assert {drawn(told.states, truck) for truck in trucks} == set(trucks.values())


def test_time_inside_a_work_order_is_down_wherever_the_truck_is():
    day = sent({"T01": TRIP * 2})
    start = MIDNIGHT.replace(tzinfo=None) + timedelta(seconds=LETTER_S * 18)
    order = pa.table({"truck": ["T01"], "start": [start], "stop": [start + timedelta(seconds=4 * LETTER_S)]})
    told = found(Observed(day.positions, day.telemetry, work_orders=order))
    assert told[18:22] == "XXXX"
    assert told[:18] + told[22:] == (TRIP * 2)[:18] + (TRIP * 2)[22:]


# Laws --------------------------------------------------------------------------------------------

MOMENTS = pa.timestamp("us")
HOSTILE = ("T'; DROP TABLE states; --", "<script>alert(1)</script>", "🚚", 'a"b\\c', "", "x" * 10_000)

switches = st.sampled_from([None, None, True, False])
apart = st.sampled_from([0, 1, 200, 1000, 1000, 1000, 5000, 30_000, 16_000, 3_600_000, 365 * 86_400_000])
steps_m = st.sampled_from([0.0, 0.0, 0.0, 1.0, 8.0, -8.0, 300.0, 1e7])
speeds = st.sampled_from([None, float("nan"), float("inf"), -5.0, 0.0, 0.0, 3.0, 30.0, 1e9])


@st.composite
def stretches(draw: st.DrawFn) -> tuple[pa.Table, pa.Table | None]:
    """Positions and telemetry of one truck, made of stretches in which it does the same."""
    at, x = 0, 0.0
    rows: list[dict[str, object]] = []
    read: list[dict[str, object]] = []
    knows = {name: draw(st.booleans()) for name in ("speed_kmh", "elevation_m", *CHANNELS, "fuel_pct")}
    for _stretch in range(draw(st.integers(0, 6))):
        every, step, speed = draw(apart), draw(steps_m), draw(speeds)
        payload = draw(st.sampled_from([None, -20.0, 0.0, 1.0, 290.0, float("nan"), 1e20]))
        told = {name: draw(switches) for name in CHANNELS[1:]}
        for _sample in range(draw(st.sampled_from([1, 2, 3, 30, 60]))):
            at, x = at + every, x + step
            rows.append({"at": at, "x_m": x, "y_m": 0.0, "speed_kmh": speed, "elevation_m": x / 10})
            read.append({"at": at, "payload_t": payload, "fuel_pct": payload, **told})
        if draw(st.booleans()) and rows:
            rows[-1]["x_m"] = draw(st.sampled_from([None, float("nan"), float("inf"), 1e300, 0.0]))
    columns = ("x_m", "y_m", *(name for name in ("speed_kmh", "elevation_m") if knows[name]))
    channels = [name for name in (*CHANNELS, "fuel_pct") if knows[name]]
    return _table(rows, columns), _table(read, channels) if draw(st.booleans()) else None


def _table(rows: list[dict[str, object]], columns: tuple[str, ...] | list[str]) -> pa.Table:
    first = np.datetime64(MIDNIGHT.replace(tzinfo=None), "ms")
    at = first + np.array([row["at"] for row in rows], np.int64).astype("timedelta64[ms]")
    kinds = {name: pa.bool_() if name in CHANNELS[1:] else pa.float64() for name in columns}
    told = {name: pa.array([row[name] for row in rows], kind) for name, kind in kinds.items()}
    return pa.table({"truck": pa.repeat("T01", len(rows)), "at": pa.array(at).cast(MOMENTS), **told})


def known(positions: pa.Table) -> list[object]:
    """The instants of which a position is known, in order; of rows of one instant the last stands."""
    last = {row["at"]: row["x_m"] for row in positions.to_pylist()}
    return sorted(at for at, x in last.items() if x is not None and abs(x) < 1e9)


@settings(max_examples=60)
@given(stretches())
def test_states_tile_the_time_from_the_first_sample_to_the_last_whatever_a_truck_sends(told):
    positions, telemetry = told
    states = detect(Observed(positions, telemetry)).states.to_pylist()
    at = known(positions)
    if len(at) < 2:
        assert states == []
        return
    assert (states[0]["start"], states[-1]["stop"]) == (at[0], at[-1])
    assert all(one["stop"] == other["start"] for one, other in pairwise(states))
    assert all(row["start"] < row["stop"] for row in states)
    assert all(0 <= row["confidence"] <= 1 and row["state"] in STATES for row in states)
    assert all(one["state"] != other["state"] for one, other in pairwise(states))


@settings(max_examples=40)
@given(stretches())
def test_a_gap_over_the_threshold_is_one_no_data_with_its_bounds(told):
    positions, telemetry = told
    at = known(positions)
    states = detect(Observed(positions, telemetry)).states.to_pylist()
    usual = float(np.median(np.diff(np.array(at, "datetime64[ms]")).astype(float))) if len(at) > 1 else 0.0
    threshold = timedelta(milliseconds=max(15_000.0, 4 * usual))
    gaps = [(one, other) for one, other in pairwise(at) if other - one > threshold]
    assume(len(gaps) < 20)  # a truck that is silent so often and evenly while it stays was there all the time
    apart = [gap for gap, before in zip(gaps, [(None, None), *gaps], strict=False) if gap[0] != before[1]]
    seen = [(row["start"], row["stop"]) for row in states if row["state"] == "no_data"]
    if apart == gaps:
        assert seen == gaps
    else:  # a lone sample between two gaps parts nothing
        assert sum((b - a for a, b in seen), timedelta()) == sum((b - a for a, b in gaps), timedelta())


@settings(max_examples=40)
@given(stretches(), st.randoms(use_true_random=False), st.sampled_from(HOSTILE))
def test_neither_the_order_of_rows_nor_rows_that_come_twice_nor_the_trucks_name_matter(told, random, name):
    once = [None if table is None else _first_of_each(table) for table in told]
    straight = detect(Observed(*once))
    mixed = []
    for table in once:
        if table is not None:
            rows = [*range(len(table)), *range(0, len(table), 3)]
            random.shuffle(rows)
            table = table.take(pa.array(rows, pa.int64()))
            table = table.set_column(0, "truck", pa.repeat(pa.scalar(name), len(table)))
        mixed.append(table)
    again = detect(Observed(*mixed))
    for one, other in ((straight.states, again.states), (straight.cycles, again.cycles)):
        assert set(other["truck"].to_pylist()) <= {name}
        assert one.drop("truck").equals(other.drop("truck"))
    assert straight.places.equals(again.places)


def _first_of_each(table: pa.Table) -> pa.Table:
    at = table["at"].to_numpy()
    return table.take(pa.array(np.sort(np.unique(at, return_index=True)[1])))


@settings(max_examples=20)
@given(
    st.text("RHQLDwX.sq", min_size=1, max_size=20).map(lambda said: TRIP + said + TRIP),
    st.sampled_from([0.0, 2.0, 10.0]),
)
@example(TRIP * 3, 0.0)
def test_phases_and_delay_sum_to_the_cycle_and_cycles_follow_one_another(strip, shaken):
    told = detect(sent({"T01": strip}, every=2.0, shaken=shaken).observed)
    cycles = told.cycles.to_pylist()
    loads = {row["start"] for row in told.states.to_pylist() if row["state"] == "load"}
    for cycle in cycles:
        spent = sum(cycle[f"{word}_min"] for word in CYCLE_STATES) + cycle["delay_min"]
        assert spent == pytest.approx((cycle["stop"] - cycle["start"]).total_seconds() / 60, abs=1e-4)
        assert cycle["delay_min"] > -1e-6
        assert cycle["start"] in loads
        assert cycle["complete"] == (cycle["why"] is None)
    assert all(one["stop"] == other["start"] for one, other in pairwise(cycles))


def test_the_same_samples_give_the_same_answer():
    day = sent({"T01": DAY, "T02": TRIP * 3}, shaken=2.0).observed
    one, other = detect(day), detect(day)
    assert one == other


def test_trucks_do_not_disturb_each_other():
    trucks = {f"T{number:02d}": "R" * number + TRIP * 2 for number in range(1, 4)}
    together = detect(sent(trucks).observed).states
    lone = sent({"T02": trucks["T02"]})
    assert drawn(detect(lone.observed).states, "T02") == drawn(together, "T02")


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_hardly_any_samples_are_no_fault(rows: int):
    day = sent({"T01": "RR"})
    told = detect(Observed(day.positions.slice(0, rows), day.telemetry.slice(0, rows)))
    assert told.states.num_rows == max(rows - 1, 0)
    assert told.cycles.num_rows == told.places.num_rows == 0


def test_channels_that_say_nothing_are_as_good_as_none():
    day = sent({"T01": UNTOLD})
    empty = day.telemetry.select(["truck", "at"])
    for name, kind in (*((each, pa.bool_()) for each in CHANNELS[1:]), ("payload_t", pa.float32())):
        empty = empty.append_column(name, pa.nulls(len(empty), kind))
    assert found(Observed(day.positions, empty, work_orders=day.work_orders)) == UNTOLD


def test_books_may_be_incomplete_or_wrong():
    day = sent({"T01": UNTOLD})
    noon = MIDNIGHT.replace(tzinfo=None)
    books = pa.table(
        {
            "truck": ["T01", "T01", "T77", "T01"],
            "start": pa.array([noon, noon + timedelta(days=2), noon, noon - timedelta(days=9)], MOMENTS),
            "stop": pa.array([noon - timedelta(1), None, None, noon - timedelta(days=8)], MOMENTS),
        }
    )
    expected = UNTOLD.replace("X", "w")
    assert found(Observed(day.positions, day.telemetry, work_orders=books, refuels=books)) == expected
