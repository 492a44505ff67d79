"""The pages of a shift and of trust, their Python half: what goes to the browser, what is behind a mark."""

from __future__ import annotations

import json
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from strips import furnished, haul_cycle, intervals, minute, shift

import truckkit as tk
from truckkit.errors import UnknownName
from truckkit.views import quantities
from truckkit.views.quality import QualitySheet
from truckkit.views.shift import CHARTS, ShiftSheet
from truckkit.views.shift_marks import KINDS, named, parted

HOSTILE = "<img src=x onerror=alert(1)>/&?#%"
STRIPS = {"T01": "RQSLLHHHHDRRQSLLHHHD", "T02": "RRRSLLLHHHHqDXXXXppw"}


def two_shifts(**tables: list[dict[str, object]]) -> tk.Site:
    """Twenty minutes of two trucks in the first of two shifts."""
    states = intervals(STRIPS)
    for row in states:
        row["loader"] = "SH1" if str(row["state"]).endswith("load") else None
    shifts = [shift("day", 0, 20, "A"), shift("night", 20, 40, "B")]
    return furnished(states, shifts=shifts, **tables)


def sample() -> ShiftSheet:
    return ShiftSheet(tk.sample())


def marks(sheet: ShiftSheet) -> list[str]:
    """Every mark that the charts hold."""
    found: list[str] = []

    def walk(told: object) -> None:
        if isinstance(told, dict):
            found.extend(
                str(told[word]) for word in ("mark", "queue", "hang") if isinstance(told.get(word), str)
            )
            for each in told.values():
                walk(each)
        elif isinstance(told, list):
            for each in told:
                walk(each)

    for chart in CHARTS:
        walk(getattr(sheet._charts, chart))
    return found


# What goes to the browser ----------------------------------------------------------------------------


def test_every_chart_of_the_sample_is_drawn_and_is_plain_text_and_numbers():
    charts = sample()._charts
    for chart in CHARTS:
        told = getattr(charts, chart)
        assert told
        assert not told.get("why")
        assert json.loads(json.dumps(told)) == told


def test_the_waterfall_runs_from_plan_to_what_was_dumped():
    ledger = sample()._charts.ledger
    assert ledger["plan_t"] - sum(bar["lost_t"] for bar in ledger["bars"]) == pytest.approx(
        ledger["actual_t"]
    )


def test_the_time_of_each_truck_closes_at_the_calendar_in_every_model():
    sheet = sample()
    for model in sheet._charts.models:
        sheet.model = model
        usage = sheet._charts.usage
        assert [sum(part["share"] for part in truck["parts"]) for truck in usage["trucks"]] == pytest.approx(
            [1] * 6
        )
        assert all(" of " in ratio["told"] for ratio in usage["ratios"])


def test_the_figures_are_those_of_the_summary():
    (row,) = tk.sample().shift("2026-11-22 day").summary().to_pyarrow().to_pylist()
    moved, loads, *_rest = sample()._charts.headline["figures"]
    assert (moved["figure"], loads["figure"]) == (quantities.tonnes(row["moved_t"]), f"{row['loads']:,}")
    assert quantities.tonnes(row["planned_t"]) in moved["told"]


def test_categories_of_one_look_are_told_apart_by_a_variant():
    parts = sample()._charts.usage["parts"]
    assert len({(part["state"], part["variant"]) for part in parts}) == len(parts)


# Behind the marks ------------------------------------------------------------------------------------


def test_every_kind_of_mark_is_on_the_page_and_lists_its_intervals():
    sheet = sample()
    found = [*marks(sheet), sheet._charts.ledger["loads"]]
    listed = set()
    for mark in found[:: max(1, len(found) // 40)] + found[-3:]:
        sheet.mark = mark
        behind = sheet._charts.behind
        assert behind["mark"] == mark
        assert bool(behind["rows"]) != bool(behind["why"])
        assert all(len(row["cells"]) == len(behind["columns"]) - 1 for row in behind["rows"])
        listed |= {parted(mark)[0]} if behind["rows"] else set()
    assert listed == {parted(mark)[0] for mark in found} == set(KINDS)


def test_the_intervals_behind_a_line_of_the_ledger_are_its_own():
    sheet = ShiftSheet(tk.sample(), mark="ledger/refuelling")
    expected = tk.sample().shift("2026-11-22 day").ledger_intervals("refuelling").to_pandas()
    assert len(sheet._charts.behind["rows"]) == len(expected)
    assert quantities.tonnes(expected.lost_t.sum()) in sheet._charts.behind["told"]


def test_each_interval_leads_to_a_replay_at_its_moment_in_utc():
    sheet = ShiftSheet(tk.sample(), mark="pareto/tyres")
    (row,) = sheet._charts.behind["rows"]
    address = urlsplit(row["replay"])
    asked = {name: values[0] for name, values in parse_qs(address.query).items()}
    assert (address.path, asked["truck"]) == ("replay", "T05")
    assert asked["at"] == "2026-11-22T20:10:43.555Z"
    assert row["cells"][1] == "17:10:43"
    assert asked["start"] < asked["at"] < asked["stop"]
    assert ":" not in address.query


def test_intervals_of_a_category_sum_to_its_segment():
    sheet = ShiftSheet(two_shifts(), "day", mark=named("usage", "T02", "standby"))
    (row,) = sheet._charts.behind["rows"]
    assert row["cells"][:4] == ["T02", "00:17:00", "00:19:00", "2 min"]


def test_a_mark_that_is_none_says_so_and_the_page_stays():
    sheet = ShiftSheet(tk.sample(), mark="bar/3")
    assert sheet._charts.behind["why"].startswith('no mark "bar/3" in the shift')
    assert sheet._charts.ledger["bars"]


# Which shift -----------------------------------------------------------------------------------------


def test_the_newest_shift_of_which_anything_is_told_is_shown_first():
    assert ShiftSheet(two_shifts()).shift == "day"
    assert ShiftSheet(two_shifts().shift("night")).shift == "night"


def test_another_shift_is_asked_anew_and_forgets_the_mark():
    sheet = ShiftSheet(two_shifts(), mark=named("usage", "T02", "standby"))
    sheet._charts.shift = "night"
    assert (sheet.shift, sheet.mark, sheet._charts.behind) == ("night", "", {})
    assert sheet._charts.message.startswith("Nothing is known between 2026-11-22 00:20 and 2026-11-22 00:40")
    sheet._charts.shift = "day"
    assert sheet._charts.message == ""
    assert [truck["truck"] for truck in sheet._charts.usage["trucks"]] == ["T01", "T02"]


def test_a_shift_a_model_or_a_truck_that_is_not_there_is_refused():
    with pytest.raises(UnknownName, match='no shift "dusk"'):
        ShiftSheet(two_shifts(), "dusk")
    with pytest.raises(UnknownName, match='no time usage model "ours"'):
        ShiftSheet(two_shifts(), model="ours")


# What is missing says so -----------------------------------------------------------------------------


def test_without_a_plan_a_sentence_stands_in_place_of_the_waterfall_and_the_losses_are_shown():
    sheet = ShiftSheet(two_shifts(cycles=[haul_cycle("T01", 0)]))
    ledger = sheet._charts.ledger
    assert ledger["why"].startswith('no tonnes are planned for the circuit "all" in shift "day"')
    assert {bar["name"] for bar in ledger["bars"]} >= {"queue load", "standby", "down other"}
    assert "plan_t" not in ledger
    assert sheet._charts.headline["figures"][0]["told"] == "no plan"


def test_of_some_trucks_the_losses_are_shown_for_a_plan_is_for_all():
    ledger = ShiftSheet(tk.sample().truck("T03"))._charts.ledger
    assert ledger["why"].startswith("A plan is for all trucks, and the page is narrowed to some")
    assert {bar["name"] for bar in ledger["bars"]} >= {"down breakdown"}


def test_without_a_calendar_the_whole_window_is_shown_and_a_sentence_says_so():
    sheet = ShiftSheet(furnished(intervals(STRIPS)))
    assert sheet.shift == ""
    assert sheet._charts.note == "This is the whole window, for the calendar of mine has no shifts."
    assert len(sheet._charts.usage["trucks"]) == 2


def test_without_a_calendar_a_long_window_is_cut_to_its_newest_24_hours():
    states = intervals({"T01": "RL" * 30}, minute=timedelta(hours=1))
    sheet = ShiftSheet(furnished(states))
    assert sheet._charts.note.startswith("This is the newest 24 h")
    assert "24 h" in sheet._charts.usage["told"]


def test_a_shift_without_cycles_or_orders_says_so_in_each_chart():
    charts = ShiftSheet(two_shifts())._charts
    assert charts.phases["why"] == "No complete cycle dumped in this shift."
    assert charts.pareto["why"] == "No work order overlaps this shift."
    assert charts.payload["why"] == "No load was dumped in this shift."


def test_a_mine_of_nothing_says_how_to_bring_something():
    assert ShiftSheet(furnished([]))._charts.message.startswith("No trucks in mine: nothing was ingested yet")
    assert QualitySheet(furnished([]))._charts.message.startswith(
        "No trucks in mine: nothing was ingested yet"
    )


def test_a_question_that_fails_leaves_a_sentence_and_the_other_charts(monkeypatch, caplog):
    monkeypatch.setattr(tk.Site, "maintenance_pareto", lambda site: 1 / 0)
    charts = ShiftSheet(two_shifts())._charts
    assert charts.pareto["why"] == "This could not be answered; the server's log says why."
    assert charts.usage["trucks"]
    assert "ZeroDivisionError" in caplog.text


# Names are hostile text ------------------------------------------------------------------------------


def test_names_go_to_the_browser_as_they_are_and_come_back_from_marks():
    states = [{**row, "truck": HOSTILE, "loader": HOSTILE} for row in intervals({"T": "QSLHHDR"})]
    site = furnished(states, shifts=[shift(HOSTILE, 0, 7)], maintenance=[
        {"work_order": "1", "truck": HOSTILE, "start": minute(1), "stop": minute(2), "component": HOSTILE}
    ])  # fmt: skip
    sheet = ShiftSheet(site, HOSTILE)
    assert sheet._charts.heading == HOSTILE
    assert sheet._charts.usage["trucks"][0]["truck"] == HOSTILE
    for mark in (named("usage", HOSTILE, "queue"), named("pareto", HOSTILE)):
        assert mark in marks(sheet)
        assert "<" not in mark
        sheet.mark = mark
        (row,) = sheet._charts.behind["rows"]
        assert row["cells"][0] == HOSTILE
        assert "<" not in row["replay"]


# The page of trust -----------------------------------------------------------------------------------


def test_coverage_says_each_hour_of_each_truck_and_where_it_is_too_little():
    site = furnished(intervals({"T01": "R" * 60 + "." * 60, "T02": "R" * 120}))
    t01, t02 = QualitySheet(site)._charts.coverage["trucks"]
    assert (t01["hours"], t02["hours"]) == ([1, 0], [1, 1])
    assert t01["doubt"].startswith("50 % of the time asked was observed")
    assert t02["doubt"] == ""


def test_findings_are_counted_by_kind_and_each_kind_leads_to_its_list():
    cycles = [haul_cycle("T01", 0), haul_cycle("T01", 60), haul_cycle("T01", 75)]
    sheet = QualitySheet(furnished(intervals({"T01": "R" * 100}), cycles=cycles))
    bars = {bar["mark"]: bar["found"] for bar in sheet._charts.kinds["bars"]}
    assert bars == {"gap/cycles.start": "1", "overlap/cycles.start": "1"}
    sheet._charts.mark = "gap/cycles.start"
    (row,) = sheet._charts.behind["rows"]
    assert row["cells"][:4] == ["T01", "00:24:00", "01:00:00", "36 min"]
    assert parse_qs(urlsplit(row["replay"]).query)["at"] == ["2026-11-22T00:24:00.000Z"]


def test_a_long_window_shows_its_newest_shift_or_day_and_another_can_be_chosen():
    states = intervals({"T01": "R" * 80}, minute=timedelta(hours=1))
    days = QualitySheet(furnished(states))
    assert days.when == "2026-11-25"
    days.when = "2026-11-23"
    assert len(days._charts.coverage["hours"]) == 24
    shifts = [shift("first", 0, 600), shift("last", 4000, 4600)]
    assert QualitySheet(furnished(states, shifts=shifts)).when == "last"
    with pytest.raises(UnknownName, match='no shift or day "2027-01-01"'):
        QualitySheet(furnished(states), "2027-01-01")


def test_the_ledger_of_loads_says_whether_it_adds_up():
    every = {"at": minute(0), "identity": "x", "mapping": "m", "made": "{}", "corrected": 0}
    counts = {"rows_in": 10, "kept": 7, "rejected": 2}
    loads = [
        {**every, **counts, "load_id": 1, "source": "/far/away/a.csv", "duplicates": 1},
        {**every, **counts, "load_id": 2, "source": "b.csv", "duplicates": 0},
    ]
    told = QualitySheet(furnished(intervals({"T01": "RR"}), loads=loads))._charts.loads
    assert "20 rows in is not 14 kept + 4 rejected + 1 duplicates" in told["told"]
    assert [(row["cells"][0], row["cells"][-1]) for row in told["rows"]] == [
        ("2: b.csv", "no"),
        ("1: a.csv", "yes"),
    ]


# Words -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("minutes", "words"),
    [(59.995, "1 h"), (60.0, "1 h"), (61.2, "1 h 1 min"), (0.5, "30 s"), (3.0, "3 min"), (None, "–")],
)
def test_a_length_of_time_reads_as_people_say_it(minutes, words):
    assert quantities.duration(minutes) == words
