"""The simulated mine: laws that hold for any seed, and what noise may and may not touch."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from truckkit.errors import BadRequest, BadTime, UnknownName
from truckkit.schema import CYCLE_STATES, STATES, TABLES
from truckkit.sources.simulator import Plan, Simulated, simulate
from truckkit.sources.simulator.calendar import shifts
from truckkit.sources.simulator.pacing import eased, passing, passings
from truckkit.sources.simulator.traffic import HEADWAY_MS, Traffic
from truckkit.sources.simulator.trucks import MODELS, drive

DAY = Plan(trucks=6, hours=12, seed=7)


@pytest.fixture(scope="module")
def mine() -> Simulated:
    return simulate(DAY)


@pytest.fixture(scope="module")
def positions(mine: Simulated) -> pd.DataFrame:
    return mine.observed.table("positions").to_pandas()


@pytest.fixture(scope="module")
def telemetry(mine: Simulated) -> pd.DataFrame:
    return mine.observed.table("telemetry").to_pandas()


@pytest.fixture(scope="module")
def states(mine: Simulated) -> pd.DataFrame:
    return mine.truth.table("states").to_pandas()


@pytest.fixture(scope="module")
def cycles(mine: Simulated) -> pd.DataFrame:
    return mine.truth.table("cycles").to_pandas()


def state_at(states: pd.DataFrame, samples: pd.DataFrame) -> pd.Series:
    """The true state at each sample; both in any order."""
    told = states.sort_values("start")[["truck", "start", "state"]]
    asked = samples.reset_index()[["index", "truck", "at"]].sort_values("at")
    found = pd.merge_asof(asked, told, left_on="at", right_on="start", by="truck")
    return found.set_index("index")["state"].reindex(samples.index)


def digest(made: Simulated) -> str:
    whole = hashlib.sha256()
    for rows in (made.observed, made.truth):
        for name in rows.names:
            for batch in rows.batches(name):
                whole.update(repr(batch.to_pydict() if batch.num_rows < 500 else batch.num_rows).encode())
                for column in batch.columns:
                    for buffer in column.buffers():
                        whole.update(buffer or b"")
    return whole.hexdigest()


# The truth ---------------------------------------------------------------------------------------


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 14), st.floats(0.2, 30))
def test_states_tile_time_and_loaders_take_turns_whatever_the_plan(seed, trucks, hours):
    plan = Plan(trucks=trucks, hours=hours, seed=seed)
    told = simulate(plan).truth.table("states").to_pandas().sort_values(["truck", "start"])
    assert set(told["truck"]) == {f"T{number:02d}" for number in range(1, trucks + 1)}
    for _, one in told.groupby("truck"):
        assert one["start"].iloc[0] == plan.start.replace(tzinfo=None)
        assert one["stop"].iloc[-1] == plan.stop.replace(tzinfo=None)
        assert (one["start"].to_numpy()[1:] == one["stop"].to_numpy()[:-1]).all()
        assert (one["stop"] > one["start"]).all()
    assert set(told["state"]) <= set(STATES)
    for _, one in told[told["state"] == "load"].sort_values("start").groupby("loader"):
        assert (one["start"].to_numpy()[1:] >= one["stop"].to_numpy()[:-1]).all()


def test_every_state_but_no_data_occurs_in_one_shift(states):
    assert set(states["state"]) == set(STATES) - {"no_data"}


def test_cycle_phases_sum_to_the_cycle(cycles):
    phases = cycles[[f"{state}_min" for state in CYCLE_STATES] + ["delay_min"]].sum(axis=1)
    lasted = (cycles["stop"] - cycles["start"]).dt.total_seconds() / 60
    assert np.allclose(phases, lasted)
    assert (cycles["delay_min"] > -1e-9).all()


def test_a_cycle_runs_from_one_loading_to_the_next(cycles, states):
    for truck, one in cycles.groupby("truck"):
        loadings = states[(states["truck"] == truck) & (states["state"] == "load")]["start"]
        assert one["start"].tolist() == loadings.tolist()
        assert one["stop"].tolist()[:-1] == loadings.tolist()[1:]
        assert one["complete"].tolist() == [True] * (len(one) - 1) + [False]
    assert (cycles["full"] > cycles["start"]).sum() >= len(cycles) - 6


def test_trucks_are_filled_as_a_payload_policy_would_have_it(cycles):
    share = cycles["payload_t"].dropna() / 290
    assert 0.95 < share.mean() < 1.0
    assert (share < 1.2).all()
    assert (share > 1.1).mean() < 0.1


def test_delays_are_of_a_minute_or_more(states):
    delays = states[(states["state"] == "delay") & (states["stop"] < states["stop"].max())]
    assert ((delays["stop"] - delays["start"]).dt.total_seconds() >= 60).all()


def test_loaders_advance_along_their_faces(mine):
    places = mine.truth.table("places").to_pandas()
    faces = places[places["kind"] == "load"]
    assert (faces.groupby("place").size() > 1).any()
    for _, face in faces.groupby("place"):
        assert (face["start"].to_numpy()[1:] >= face["stop"].to_numpy()[:-1]).all()
        assert (np.hypot(face["x_m"].diff(), face["y_m"].diff()).dropna() > 3).all()


def test_loaders_walk_to_other_faces_within_days():
    told = simulate(Plan(trucks=6, hours=24 * 5)).truth.table("states").to_pandas()
    loads = told[told["state"] == "load"]
    assert loads.groupby("loader")["place"].nunique().max() > 1


# What is driven ----------------------------------------------------------------------------------


def test_speed_is_the_derivative_of_position(positions):
    for _, one in positions.groupby("truck"):
        seconds = one["at"].diff().dt.total_seconds()
        moved = np.hypot(one["x_m"].diff(), one["y_m"].diff()) / seconds
        told = (one["speed_kmh"] + one["speed_kmh"].shift()) / 2 / 3.6
        assert (moved - told).abs().max() < 0.4


def test_trucks_drive_as_fast_as_trucks_can(positions, states):
    assert positions["speed_kmh"].between(0, 58).all()
    loaded = positions[state_at(states, positions) == "haul"]
    climbs = loaded["elevation_m"].diff() > 0.2
    assert loaded[climbs]["speed_kmh"].quantile(0.9) < 25


def test_accelerations_are_those_of_a_haul_truck(positions):
    for _, one in positions.groupby("truck"):
        change = one["speed_kmh"].diff() / 3.6 / one["at"].diff().dt.total_seconds()
        assert change.abs().max() < 1.3


def test_ramps_are_as_steep_as_ramps_are(mine):
    world = mine.truth.world
    line = world.mine.lines["Pit exit", "Ramp 1"]
    run = np.hypot(np.diff(line[:, 0]), np.diff(line[:, 1])).sum()
    assert 0.08 < (line[0, 2] - line[-1, 2]) / run < 0.1


def test_no_two_trucks_stand_in_one_another(positions):
    standing = positions[positions["speed_kmh"] == 0]
    second = standing["at"].dt.floor("1s")
    for _, moment in standing.groupby(second):
        if len(moment) > 1:
            x, y = moment["x_m"].to_numpy(), moment["y_m"].to_numpy()
            apart = np.hypot(x[:, None] - x, y[:, None] - y)[np.triu_indices(len(x), 1)]
            assert apart.min() > 12


def test_heading_turns_about_when_a_truck_reverses(positions, states):
    one = positions[positions["truck"] == "T01"]
    spot = states[(states["truck"] == "T01") & (states["state"] == "spot_load")].iloc[0]
    before = one[(one["at"] < spot["start"]) & (one["speed_kmh"] > 1)].iloc[-1]["heading_deg"]
    after = one[(one["at"] > spot["start"]) & (one["speed_kmh"] > 1)].iloc[0]["heading_deg"]
    assert abs((after - before + 180) % 360 - 180) > 150


def test_uphill_and_loaded_is_slower():
    path = np.column_stack([np.linspace(0, 1000, 500), np.zeros(500), np.linspace(0, 90, 500)])
    for model in MODELS:
        up, empty_up = drive(path, model, True), drive(path, model, False)
        down = drive(path[::-1], model, True)
        assert up.seconds > empty_up.seconds
        assert up.seconds > down.seconds
        assert up.litres > 3 * down.litres


def test_followers_keep_their_distance_and_do_not_overtake():
    traffic, way = Traffic(), [("a", "b", 0), ("b", "c", 0)]
    assert traffic.join(0, way, np.array([0.0, 60_000.0, 120_000.0])) == (0, 0)
    quick = np.array([0.0, 30_000.0, 60_000.0])
    wait, _ = traffic.join(10_000, way, quick)
    assert 10_000 + wait + 60_000 >= 120_000 + HEADWAY_MS


@given(st.floats(0.6, 1.15), st.floats(30, 900))
def test_a_paced_motion_passes_what_it_passes_however_it_is_reckoned(pace, seconds):
    marks = np.linspace(0, seconds, 20)
    one = passings(marks, seconds, np.array([pace]))[0]
    assert np.allclose(one, passing(marks, eased(seconds, pace)), atol=0.3)


# What is recorded --------------------------------------------------------------------------------


def test_tables_have_the_columns_of_the_schema_without_load_id(mine):
    for rows in (mine.observed, mine.truth):
        for name in rows.names:
            expected = tuple(column for column in TABLES[name].names if column != "load_id")
            for batch in rows.batches(name):
                assert tuple(batch.schema.names) == expected
                assert batch.num_rows < 400_000
                for column in TABLES[name]:
                    if column.required and column.name != "load_id":
                        assert batch[column.name].null_count == 0


def test_truth_is_not_among_what_is_observed(mine):
    assert not {"states", "cycles"} & set(mine.observed.names)
    with pytest.raises(UnknownName):
        mine.observed.batches("states")


def test_rows_come_by_day_truck_and_time():
    made = simulate(Plan(trucks=3, hours=30, hz=0.1))
    for name in ("positions", "telemetry"):
        told = made.observed.table(name).to_pandas()[["truck", "at"]]
        day = told["at"].dt.floor("1D")
        assert told.assign(day=day).sort_values(["day", "truck", "at"]).index.is_monotonic_increasing
        assert not told.duplicated().any()


@pytest.mark.parametrize("hz", [0.033, 0.2, 1, 5])
def test_positions_come_at_the_rate_that_was_asked_for(hz):
    at = simulate(Plan(trucks=1, hours=1, hz=hz)).observed.table("positions").to_pandas()["at"]
    assert abs(len(at) - 3600 * hz) <= 1
    assert abs(at.diff().dt.total_seconds().median() - 1 / hz) < 0.002


def test_each_truck_samples_at_milliseconds_of_its_own(positions):
    within = positions.groupby("truck")["at"].first().dt.microsecond // 1000
    assert within.nunique() == 6


def test_payload_changes_only_while_loading_and_dumping(telemetry, states):
    for _, one in telemetry.groupby("truck"):
        changed = one[one["payload_t"].diff().abs() > 1e-3]
        # The last of a load may still slide when the truck has driven off; its system tells of it at once.
        assert set(state_at(states, changed)) <= {"load", "dump"}


def test_payload_rises_by_buckets(telemetry, states):
    load = states[states["state"] == "load"].iloc[0]
    one = telemetry[
        (telemetry["truck"] == load["truck"]) & telemetry["at"].between(load["start"], load["stop"])
    ]
    steps = one["payload_t"].round(2).value_counts()
    assert 5 <= (steps >= 3).sum() <= 7


def test_reverse_is_selected_in_the_first_instant_of_spotting(mine, telemetry, states):
    first = telemetry[telemetry["reverse"] & ~telemetry.groupby("truck")["reverse"].shift(fill_value=False)]
    spots = states[states["state"].isin(["spot_load", "spot_dump"])]
    for truck, one in spots.groupby("truck"):
        assert set(one["start"]) <= set(first[first["truck"] == truck]["at"])


def test_body_is_up_from_the_first_instant_of_dumping(telemetry, states):
    first = telemetry[telemetry["body_up"] & ~telemetry.groupby("truck")["body_up"].shift(fill_value=False)]
    dumps = states[states["state"] == "dump"]
    assert sorted(zip(dumps["truck"], dumps["start"], strict=True)) == sorted(
        zip(first["truck"], first["at"], strict=True)
    )


def test_engines_stop_in_standby_and_repair_alone(telemetry, states):
    off = telemetry[~telemetry["engine_on"]]
    assert len(off) > 0
    assert set(state_at(states, off)) == {"standby", "down"}
    assert (off["engine_rpm"] == 0).all()


def test_fuel_falls_until_it_is_filled_in(mine, telemetry):
    refuels = mine.observed.table("refuels").to_pandas()
    assert len(refuels) > 0
    assert telemetry["fuel_pct"].between(5, 100).all()
    for row in refuels.itertuples():
        one = telemetry[telemetry["truck"] == row.truck]
        before = one[one["at"] <= row.start].iloc[-1]["fuel_pct"]
        after = one[one["at"] >= row.stop].iloc[0]["fuel_pct"]
        assert (after - before) * 45.42 == pytest.approx(row.fuel_l, rel=0.02)


def test_meters_never_run_backwards(telemetry):
    for _, one in telemetry.groupby("truck"):
        assert (one["odometer_km"].diff().dropna() >= -1e-9).all()
        assert (one["engine_h"].diff().dropna() >= -1e-9).all()


def test_work_orders_cover_the_time_down(mine, states):
    orders = mine.observed.table("maintenance").to_pandas()
    down = states[states["state"] == "down"]
    assert sorted(orders["start"]) == sorted(down["start"])


def test_roads_run_both_ways_between_places_that_exist(mine):
    roads, places = (mine.observed.table(name).to_pandas() for name in ("roads", "places"))
    pairs = set(zip(roads["from_place"], roads["to_place"], strict=True))
    assert pairs == {(b, a) for a, b in pairs}
    assert set(roads["from_place"]) <= set(places["place"])
    assert places["place"].is_unique
    assert roads["road"].is_unique


def test_true_places_are_places_that_the_office_knows(mine):
    known = mine.observed.table("places").to_pandas().set_index("place")
    for row in mine.truth.table("places").to_pandas().itertuples():
        given_ = known.loc[row.place]
        assert np.hypot(row.x_m - given_["x_m"], row.y_m - given_["y_m"]) < given_["radius_m"]


# Plans -------------------------------------------------------------------------------------------


def test_a_plan_gives_the_same_bytes_again_even_in_another_process():
    plan = Plan(trucks=3, hours=4, seed=3, noise="harsh")
    asked = (
        "from tests.test_simulator import digest;"
        "from truckkit.sources.simulator import Plan, simulate;"
        "print(digest(simulate(Plan(trucks=3, hours=4, seed=3, noise='harsh'))))"
    )
    told = subprocess.run(
        [sys.executable, "-c", asked],
        env={**os.environ, "PYTHONHASHSEED": "12345"},
        cwd=Path(__file__).parent.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == digest(simulate(plan)) == digest(simulate(plan))


def test_another_seed_gives_another_mine():
    one, other = (simulate(Plan(trucks=2, hours=2, seed=seed)) for seed in (1, 2))
    assert digest(one) != digest(other)
    assert not one.observed.table("places").equals(other.observed.table("places"))


def test_channels_can_be_missing():
    payload, gps = (simulate(Plan(trucks=2, hours=1, channels=known)) for known in ("payload", "gps"))
    told = payload.observed.table("telemetry")
    assert told["payload_t"].null_count == 0
    assert told["body_up"].null_count == told["engine_rpm"].null_count == told.num_rows > 0
    assert gps.observed.table("telemetry").num_rows == 0
    assert gps.observed.table("positions").num_rows == 7200


def test_a_night_in_which_the_clocks_change_has_its_own_length():
    told = shifts(Plan(hours=48, start=datetime(2026, 4, 4, 12, tzinfo=UTC)))
    lengths = {shift.name: (shift.stop - shift.start) / 3_600_000 for shift in told}
    assert lengths["2026-04-04 night"] == 13
    assert lengths["2026-04-05 day"] == 12


def test_shifts_follow_one_another():
    told = shifts(Plan(hours=24 * 14))
    assert all(one.stop == other.start for one, other in pairwise(told))
    assert told[0].name == "2026-11-22 day"
    assert len(told) == 28
    assert {shift.crew for shift in told} == {"A", "B", "C", "D"}


def test_plans_that_cannot_be_meant_are_refused_by_name():
    for wrong in (
        {"trucks": 0},
        {"hours": 0},
        {"seed": -1},
        {"hz": 50},
        {"noise": "loud"},
        {"channels": "none"},
    ):
        with pytest.raises(BadRequest, match=str(next(iter(wrong)))):
            Plan(**wrong)
    with pytest.raises(BadTime, match="time zone"):
        Plan(start=datetime(2026, 11, 22))  # noqa: DTZ001


# Noise -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["typical", "harsh"])
def noisy(request) -> Simulated:
    return simulate(Plan(trucks=6, hours=12, seed=7, noise=request.param))


def test_noise_does_not_touch_the_truth(mine, noisy):
    for name in mine.truth.names:
        assert noisy.truth.table(name).equals(mine.truth.table(name))


def test_noise_shakes_positions_by_as_much_as_it_says(noisy, positions):
    told = noisy.observed.table("positions").to_pandas().drop_duplicates(["truck", "at"])
    both = positions.merge(told, on=["truck", "at"], suffixes=("", "_told"))
    off = np.hypot(both["x_m"] - both["x_m_told"], both["y_m"] - both["y_m_told"])
    least, most = (0.5, 2.5) if noisy.plan.noise == "typical" else (1.5, 5)
    assert least < off.median() < most
    assert off.max() > 20


def test_noise_loses_rows_in_dropouts_alone(noisy, positions):
    told = noisy.observed.table("positions").to_pandas()
    lost = positions.merge(told[["truck", "at"]].drop_duplicates(), how="left", indicator=True)
    lost = lost[lost["_merge"] == "left_only"]
    inside = np.zeros(len(lost), dtype=bool)
    for truck, start, stop in noisy.dropouts():
        assert 20 < (stop - start).total_seconds() <= 600
        low, high = (pd.Timestamp(edge).tz_localize(None) for edge in (start, stop))
        inside |= ((lost["truck"] == truck) & lost["at"].between(low, high)).to_numpy()
    assert inside.all()
    assert len(lost) > 0


def test_noise_makes_rows_late_twice_and_empty(noisy):
    told = noisy.observed.table("positions").to_pandas()
    assert told.duplicated(["truck", "at"]).any()
    assert (told.groupby("truck")["at"].diff().dt.total_seconds() < 0).any()
    assert told["speed_kmh"].isna().any()
    assert told["x_m"].notna().all()


def test_noise_leaves_something_in_the_body(noisy, telemetry):
    told = noisy.observed.table("telemetry").to_pandas()
    assert telemetry["payload_t"].min() == 0
    assert told.groupby("truck")["payload_t"].quantile(0.2).max() > 0.5
    assert (told["payload_t"].dropna() >= 0).all()


def test_a_perfect_plan_drops_nothing(mine):
    assert mine.dropouts() == []
