"""What holds for every question of a site: empty shifts, hostile names, coverage, one line each."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import ibis
import pytest
from strips import MIDNIGHT, furnished, haul_cycle, intervals

import truckkit as tk
from truckkit import schema
from truckkit.errors import BadRequest, BadTime, TruckkitError
from truckkit.site import OfCycles, OfRoads, OfTime, OfTrust

Ask = Callable[[tk.Site], ibis.Table]

# A question that needs a plan, a limit or a work order says so where there is none; see below.
QUESTIONS: dict[str, Ask] = {
    "summary": lambda site: site.summary(),
    "productivity": lambda site: site.productivity(),
    "queues": lambda site: site.queues(longer="1min"),
    "hangs": lambda site: site.hangs(),
    "hang": lambda site: site.hang(by="loader,hour"),
    "bunching": lambda site: site.bunching(),
    "match_factor": lambda site: site.match_factor(by="loader,hour"),
    "cycle_split": lambda site: site.cycle_split(by="route", vs="14d"),
    "worst_cycles": lambda site: site.worst_cycles(10),
    "overspeed": lambda site: site.overspeed(),
    "overspeed_summary": lambda site: site.overspeed_summary(by="road,loaded"),
    "payload_policy": lambda site: site.payload_policy(by="loader,operator"),
    "overloads": lambda site: site.overloads(),
    "underload": lambda site: site.underload(),
    "carry_back": lambda site: site.carry_back(),
    "time_in_state": lambda site: site.time_in_state(),
    "shift_change": lambda site: site.shift_change(),
    "traverses": lambda site: site.traverses(),
    "segment_speeds": lambda site: site.segment_speeds(vs="1d"),
    "slower_segments": lambda site: site.slower_segments(vs="1d"),
    "road_condition": lambda site: site.road_condition(),
    "tkph": lambda site: site.tkph(),
    "fuel_per_tkm": lambda site: site.fuel_per_tkm(),
    "refuelling": lambda site: site.refuelling(),
    "idle": lambda site: site.idle(),
    "samples": lambda site: site.samples("coolant_c", during="haul", grade=">8%"),
    "maintenance_pareto": lambda site: site.maintenance_pareto(),
    "reconcile": lambda site: site.reconcile(),
    "quality": lambda site: site.quality(),
    "quality_summary": lambda site: site.quality_summary(),
    "late": lambda site: site.late(),
    "repeated": lambda site: site.repeated(),
    "queued": lambda site: site.queued(),
    "weighed_loads": lambda site: site.weighed_loads(),
    "payload_histogram": lambda site: site.payload_histogram(),
    "place_changes": lambda site: site.place_changes(),
    "tracks": lambda site: site.tracks(),
    "stops": lambda site: site.stops(),
    "trips": lambda site: site.trips(),
}
OF_EVERY_TRUCK: dict[str, Ask] = {
    "coverage": lambda site: site.coverage(),
    "truck_rates": lambda site: site.truck_rates(),
    "reliability": lambda site: site.reliability(),
    "time_usage": lambda site: site.time_usage("gmg"),
    "kpis": lambda site: site.kpis("gmg"),
    "usage_intervals": lambda site: site.usage_intervals("gmg"),
    "hourly_coverage": lambda site: site.hourly_coverage(),
    "fuel_range": lambda site: site.fuel_range(until=site.asked[1]),
}
"""Questions that answer for each truck whatever happened: its time is asked for, observed or not."""
OTHERS = {"ledger", "ledger_intervals", "losses", "before_after", "explain"}
"""Questions about one shift, one work order, one answer."""

LIMIT = [{"limit_name": "site", "kind": "speed", "most": 50.0}]
MARKUP = "<script>alert('T')</script>\"; DROP TABLE states; --"


@pytest.fixture(scope="module")
def nothing() -> tk.Site:
    """A mine of which nothing is known but a speed limit."""
    return furnished([], limits=LIMIT)


@pytest.fixture(scope="module")
def silent() -> tk.Site:
    """A shift in which nobody was heard, the day after one in which somebody was."""
    shift = {"shift": "night", "start": MIDNIGHT.replace(tzinfo=None) + timedelta(days=1)}
    shift["stop"] = shift["start"] + timedelta(hours=12)
    states = intervals({"T01": "RRQSLLHHHHsD", "T02": "RRRRQSLLHHHH"})
    return furnished(states, cycles=[haul_cycle()], limits=LIMIT, shifts=[shift]).shift("night")


ASKED = {
    name: member
    for room in (OfTime, OfCycles, OfRoads, OfTrust)
    for name, member in vars(room).items()
    if inspect.isfunction(member)
    and not name.startswith("_")
    and member.__annotations__.get("return") == "ibis.Table"
}


def test_every_question_is_tried_here():
    assert {*ASKED} == {*QUESTIONS, *OF_EVERY_TRUCK, *(OTHERS - {"explain"})}


@pytest.mark.parametrize("name", QUESTIONS)
def test_of_a_mine_of_which_nothing_is_known_there_are_no_rows(name, nothing):
    assert QUESTIONS[name](nothing).count().execute() == 0


@pytest.mark.parametrize("name", OF_EVERY_TRUCK)
def test_of_no_trucks_there_are_no_rows(name, nothing):
    assert OF_EVERY_TRUCK[name](nothing).count().execute() == 0


@pytest.mark.parametrize("name", sorted(set(QUESTIONS) - {"summary", "shift_change", "repeated", "late"}))
def test_a_shift_without_data_has_no_rows(name, silent):
    assert QUESTIONS[name](silent).count().execute() == 0


def test_a_shift_without_data_has_coverage_0(silent):
    assert silent.coverage().to_pyarrow()["coverage"].to_pylist() == [0, 0]
    usage = silent.time_usage("gmg").to_pyarrow().to_pylist()
    assert {(row["category"], row["spent_min"]) for row in usage} == {("no data", 720)}


@pytest.fixture(scope="module")
def named() -> dict[tuple[str, str], tk.Site]:
    """One shift twice: with names of a truck and a loader as they are, and with hostile ones."""
    sites = {}
    for truck, loader in (("T01", "SH1"), (MARKUP, MARKUP + "2")):
        states = [{**row, "loader": loader} for row in intervals({truck: "RRQSLLHHHHsDRRQQSLLHHHHHsD"})]
        cycles = [haul_cycle(truck, at, loader=loader) for at in (0, 13)]
        sites[truck, loader] = furnished(states, cycles=cycles, limits=LIMIT)
    return sites


@pytest.mark.parametrize("name", sorted({*QUESTIONS, *OF_EVERY_TRUCK}))
def test_names_that_are_markup_and_sql_change_nothing(name, named):
    answers = []
    for (truck, loader), site in named.items():
        rows = json.dumps({**QUESTIONS, **OF_EVERY_TRUCK}[name](site).to_pyarrow().to_pylist(), default=str)
        written = [json.dumps(each)[1:-1] for each in (loader, truck)]
        answers.append(rows.replace(written[0], "loader").replace(written[1], "truck"))
    assert sorted(answers[0]) == sorted(answers[1])


WITHOUT = {
    "samples",
    "reconcile",
    "quality",
    "quality_summary",
    "late",
    "repeated",
    "time_in_state",
    "tracks",
}


@pytest.mark.parametrize("name", sorted({*QUESTIONS, *OF_EVERY_TRUCK} - WITHOUT))
def test_an_answer_says_how_much_was_observed(name, nothing):
    columns = {**QUESTIONS, **OF_EVERY_TRUCK}[name](nothing).columns
    assert {"coverage", "doubt"} <= set(columns)


@pytest.mark.parametrize("name", sorted({*QUESTIONS, *OF_EVERY_TRUCK}))
def test_no_column_takes_the_name_of_a_table_method(name, nothing):
    answer = {**QUESTIONS, **OF_EVERY_TRUCK}[name](nothing)
    assert [column for column in answer.columns if hasattr(ibis.Table, column)] == []


def test_a_ledger_without_a_plan_says_which_shift_has_none(silent):
    with pytest.raises(BadRequest, match='no tonnes are planned for the circuit "all" in shift "night"'):
        silent.ledger()


def test_overspeed_without_a_limit_says_where_limits_come_from():
    with pytest.raises(BadRequest, match=r"site\.toml"):
        furnished(intervals({"T01": "HH"})).overspeed()


# What cannot be meant ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shift() -> tk.Site:
    """A shift in which a truck hauled twice, with a plan."""
    start = MIDNIGHT.replace(tzinfo=None)
    shifts = [{"shift": name, "start": start + timedelta(hours=12 * n)} for n, name in enumerate("abcd")]
    shifts = [{**row, "stop": row["start"] + timedelta(hours=12)} for row in shifts]
    return furnished(
        intervals({"T01": "RRQSLLHHHHsDRRQQSLLHHHHHsD"}),
        cycles=[haul_cycle(at=0), haul_cycle(at=13)],
        limits=LIMIT,
        shifts=shifts,
        trucks=[{"truck": "T01", "target_payload_t": 290.0}],
        plans=[{"shift": "a", "circuit": "all", "planned_t": 900.0}],
        maintenance=[
            {"truck": "T01", "work_order": "W1", "start": start, "stop": start + timedelta(hours=1)}
        ],
    ).shift("a")


ODD = [
    *(None, 5, 1e-300, float("nan"), 10**12),
    *("", "x", "0s", "250ms", "99999999999999d"),
    *(timedelta(days=-1), timedelta.max, [None], {}),
]


@pytest.mark.parametrize(
    ("question", "argument"),
    [
        (question, argument)
        for question, asked in sorted(ASKED.items())
        for argument in list(inspect.signature(asked).parameters)[1:]
    ],
)
def test_an_odd_argument_is_answered_or_refused_in_a_sentence(question, argument, shift):
    given = {"work_order": "W1"} if question == "before_after" else {}
    for odd in (*ODD, shift.trucks):
        with suppress(TruckkitError):
            if argument == "channels":
                getattr(shift, question)(odd).to_pyarrow()
            else:
                getattr(shift, question)(**{**given, argument: odd}).to_pyarrow()


COMPARING = ("slower_segments", "ledger", "losses", "ledger_intervals")


@pytest.mark.parametrize("question", COMPARING)
def test_a_question_that_compares_needs_something_to_compare_with(question, shift):
    with pytest.raises(BadRequest, match="vs is None, which is nothing to compare with; give a length"):
        getattr(shift, question)(vs=None)


@pytest.mark.parametrize("question", [*COMPARING, "cycle_split", "worst_cycles", "segment_speeds"])
def test_the_time_before_is_neither_nothing_nor_centuries(question, shift):
    for vs in ("0d", "9999999d", timedelta(days=-1)):
        with pytest.raises(BadTime, match=r'give (one|a length) such as "14d"'):
            getattr(shift, question)(vs=vs)


def test_a_table_given_for_something_else_is_not_printed(shift):
    with pytest.raises(BadRequest, match=r'^a summary cannot be compared with a Table; give vs="plan"'):
        shift.summary(vs=shift.trucks)
    with pytest.raises(BadRequest, match=r"is not what \.ledger_intervals\(\) told"):
        shift.losses(priced=shift.trucks)
    with pytest.raises(BadRequest, match=r"is not what \.quality\(\) told"):
        shift.quality_summary(shift.trucks)


def test_periods_are_of_whole_seconds(shift):
    for ask in (lambda: shift.productivity("1500ms"), lambda: shift.tkph(window="400ms")):
        with pytest.raises(BadRequest, match="not a whole number of seconds"):
            ask()


def test_a_ledger_of_several_shifts_names_some_of_them(shift):
    with pytest.raises(BadRequest, match=r'holds 4; .* one of its shifts: "a", "b", "c" and 1 more'):
        shift.between("2026-11-22", "2026-11-24").ledger()


# The notebook ------------------------------------------------------------------------------------


def test_the_notebook_asks_all_twenty_five(root: Path):
    cells = json.loads((root / "notebooks" / "shift_questions.ipynb").read_text("utf-8"))["cells"]
    headings = [
        int(number)
        for cell in cells
        if cell["cell_type"] == "markdown"
        for number in re.findall(r"^## (\d+)\.", "".join(cell["source"]), re.M)
    ]
    assert headings == list(range(1, 26))


UNITS = {
    "t",
    "m",
    "km",
    "kmh",
    "min",
    "s",
    "h",
    "l",
    "kpa",
    "pct",
    "tpm",
    "tph",
    "tkph",
    "tkm",
    "litres",
    "lph",
}
RATIOS = {
    "share",
    "factor",
    "cv",
    "index",
    "plan",
    "target",
    "change",
    "excess",
    "roughness",
    "hours",
    "worst",
}


def test_units_end_the_names_of_what_answers_measure(nothing):
    known = {column.name for table in schema.TABLES.values() for column in table}
    strange = {
        f"{name}.{column}"
        for name, ask in {**QUESTIONS, **OF_EVERY_TRUCK}.items()
        for column, kind in ask(nothing).schema().items()
        if kind.is_floating() and column not in known | {"coverage", "minutes"}
        if column.rpartition("_")[2] not in UNITS | RATIOS and "_per_" not in column
    }
    assert strange == set()
