"""What is behind an answer: its intervals, samples and SQL, who told of them, which generation."""

from __future__ import annotations

import pytest
from strips import MIDNIGHT, intervals, mine

import truckkit as tk
from truckkit.errors import BadRequest


@pytest.fixture(scope="module")
def site() -> tk.Site:
    return tk.sample().shift("2026-11-22 day")


def test_a_row_rests_on_the_intervals_of_its_truck_and_state(site):
    answer = site.time_in_state().filter(lambda row: (row.truck == "T02") & (row.state == "queue_load"))
    (row,) = answer.to_pyarrow().to_pylist()
    why = site.explain(answer)
    found = why.intervals.to_pandas()
    assert set(found.truck) == {"T02"}
    assert set(found.state) == {"queue_load"}
    assert len(found) == row["intervals"]
    assert (found.stop - found.start).dt.total_seconds().sum() / 60 == pytest.approx(row["spent_min"])


def test_the_samples_lie_within_those_intervals(site):
    answer = site.time_in_state().filter(lambda row: (row.truck == "T02") & (row.state == "load"))
    why = site.explain(answer)
    spent_s = answer.spent_min.sum().execute() * 60
    assert why.samples.count().execute() == pytest.approx(spent_s, abs=why.intervals.count().execute())
    assert set(why.samples.state.to_pyarrow().to_pylist()) == {"load"}


def test_cycles_of_a_row_are_those_of_its_truck(site):
    why = site.explain(site.productivity().filter(lambda row: row.truck == "T03"))
    assert why.cycles.count().execute() == site.truck("T03").cycles.count().execute()


def test_it_says_who_told_and_which_generation(site):
    why = site.explain(site.time_in_state())
    assert (why.told_by, why.detectors, why.generation) == ("fms", (), site.generation)
    found = site.using("detected")
    assert site.explain(found.time_in_state()).told_by == "fms"
    why = found.explain(found.time_in_state())
    assert why.told_by == "detected"
    assert len(why.detectors) == 1


def test_its_sql_runs_to_the_same_answer(site):
    answer = site.time_in_state()
    why = site.explain(answer)
    backend = answer.get_backend()
    assert backend.sql(why.sql).count().execute() == answer.count().execute()


def test_its_loads_are_those_that_brought_the_intervals(site):
    why = site.explain(site.time_in_state())
    assert why.loads.to_pyarrow()["source"].to_pylist() == ["simulated states, part 1"]


@pytest.mark.parametrize(
    "ask",
    [
        lambda site: site.summary(),
        lambda site: site.hang(by="shift"),
        lambda site: site.kpis(by="truck,crew"),
        lambda site: site.payload_policy(by="shift,loader"),
        lambda site: site.shift_change(),
        lambda site: site.productivity(),
        lambda site: site.worst_cycles(3),
        lambda site: site.ledger(),
    ],
)
def test_answers_of_every_kind_are_explained(site, ask):
    why = site.explain(ask(site))
    assert why.intervals.count().execute() > 0
    assert why.cycles.count().execute() > 0
    assert why.generation == site.generation


def test_a_hostile_name_is_shown_as_text():
    hostile = "<script>alert(1)</script>"
    site = mine(intervals({hostile: "RRLL"}), name=hostile)
    shown = site.explain(site.time_in_state())._repr_html_()
    assert "<script>" not in shown


def test_no_answer_is_refused(site):
    with pytest.raises(BadRequest, match="a int is no answer"):
        site.explain(3)


def test_rows_of_an_interval_are_explained_by_what_overlaps_it():
    site = mine(intervals({"T01": "RRLLHHHD"}))
    queue = site.states.filter(lambda row: row.state == "haul").select("truck", "start", "stop")
    found = site.explain(queue).intervals.to_pyarrow().to_pylist()
    assert [(row["state"], row["start"].minute) for row in found] == [("haul", 4)]
    assert found[0]["start"].date() == MIDNIGHT.date()
