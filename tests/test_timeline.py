"""The timeline's Python half: what is packed for the browser, what is shown first, what is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from strips import LETTERS, MIDNIGHT, interval, intervals, mine

import truckkit as tk
from truckkit import schema
from truckkit.errors import BadTime, UnknownName
from truckkit.site import Site
from truckkit.views import telling
from truckkit.views import timeline as module
from truckkit.views.address import Address
from truckkit.views.clock import instant, milliseconds, site_clock
from truckkit.views.intervals import CODES, UNSURE, Packed, pack
from truckkit.views.timeline import Timeline

LETTER_OF = {state: letter for letter, state in LETTERS.items()}
MINUTE = timedelta(minutes=1)


def packed(site: Site, start: datetime | None = None, stop: datetime | None = None) -> Packed:
    return pack(site.states, site.truck_names, start or site.start, stop or site.stop)


def strips_of(told: Packed, minute: timedelta = MINUTE) -> dict[str, str]:
    """What is packed, drawn as strips again."""
    drawn = {}
    for row, truck in enumerate(told.trucks):
        strip = ""
        for i in range(told.rows[row], told.rows[row + 1]):
            letter = LETTER_OF[list(schema.STATES)[told.codes[i]]]
            strip += letter * round((told.stops[i] - told.starts[i]) / (minute / timedelta(milliseconds=1)))
        drawn[truck] = strip
    return drawn


# Packing -------------------------------------------------------------------------------------------


def test_what_is_packed_are_the_states_of_each_truck_in_order():
    site = mine(intervals({"T02": "LLLHDRRR", "T01": "RRLLHHHD"}))
    assert strips_of(packed(site)) == {"T01": "RRLLHHHD", "T02": "LLLHDRRR"}


def test_time_that_no_interval_covers_is_no_data():
    site = mine(intervals({"T01": "RRLLHHHD", "T02": "  LL  D "}))
    assert strips_of(packed(site)) == {"T01": "RRLLHHHD", "T02": "..LL..D."}


def test_a_truck_of_which_nobody_tells_has_a_row_of_no_data():
    site = mine(intervals({"T01": "RRLL"}), trucks=("T00", "T09"))
    assert strips_of(packed(site)) == {"T00": "....", "T01": "RRLL", "T09": "...."}


def test_a_later_start_ends_an_interval_that_overlaps_it():
    rows = [
        interval("T01", "load", MIDNIGHT, MIDNIGHT + 4 * MINUTE),
        interval("T01", "haul", MIDNIGHT + 3 * MINUTE, MIDNIGHT + 6 * MINUTE),
    ]
    assert strips_of(packed(mine(rows))) == {"T01": "LLLHHH"}


def test_bounds_keep_their_milliseconds():
    start = MIDNIGHT + timedelta(milliseconds=1)
    told = packed(mine([interval("T01", "dump", start, start + timedelta(milliseconds=1))]), MIDNIGHT)
    assert [told.starts[1], told.stops[1]] == [1, 2]
    assert list(np.frombuffer(told.columns()["firsts"], np.int32)) == [0]
    assert list(np.frombuffer(told.columns()["stops"], np.int32)) == [1, 2]


def test_bounds_beyond_24_days_are_packed_wide_and_keep_their_milliseconds():
    late = MIDNIGHT + timedelta(days=40, milliseconds=7)
    rows = [interval("T01", "haul", MIDNIGHT, late), interval("T01", "dump", late, late + MINUTE)]
    told = packed(mine(rows))
    assert told.wide
    assert np.frombuffer(told.columns()["stops"], np.float64)[0] == 40 * 86_400_000 + 7


def test_an_interval_that_reaches_over_the_window_keeps_its_true_bounds():
    site = mine(intervals({"T01": "HHHHHHHH"})).between("2026-11-22 00:02", "2026-11-22 00:04")
    told = packed(site)
    assert (list(told.starts), list(told.stops)) == ([-120_000], [360_000])


def test_places_and_loaders_are_told_by_name_and_nothing_by_an_empty_one():
    rows = [
        interval("T01", "load", MIDNIGHT, MIDNIGHT + MINUTE, place="North", loader="SH3"),
        interval("T01", "haul", MIDNIGHT + MINUTE, MIDNIGHT + 2 * MINUTE),
    ]
    told = packed(mine(rows))
    assert [told.names[i] for i in told.places] == ["North", ""]
    assert [told.names[i] for i in told.loaders] == ["SH3", ""]


def test_two_sources_are_packed_as_rows_of_the_one_and_then_of_the_other():
    detected = intervals({"T01": "LLLLHHHD"}, source="detected")
    site = mine([*intervals({"T01": "RRLLHHHD", "T02": "LLLHDRRR"}), *detected])
    both = site.using("fms").states.union(site.using("detected").states)
    told = pack(both, site.truck_names, site.start, site.stop, ("fms", "detected"))
    rows = [told.codes[told.rows[row] : told.rows[row + 1]] for row in range(4)]
    letters = ["".join(LETTER_OF[list(schema.STATES)[code]] for code in codes) for codes in rows]
    assert letters == ["RLHD", "LHDR", "LHD", "."]


def test_two_lanes_are_packed_where_both_tell_and_one_where_one_does():
    both = [*intervals({"T01": "RRLL"}), *intervals({"T01": "RLLL"}, source="detected")]
    assert Timeline(mine(both), lanes=True)._strips.lanes == ["fms", "detected"]
    assert Timeline(mine(intervals({"T01": "RRLL"})), lanes=True)._strips.lanes == []


@pytest.mark.parametrize("asked", [{"group": "pit"}, {"sort": "nap"}])
def test_rows_are_ordered_and_grouped_by_what_there_is(asked):
    with pytest.raises(UnknownName, match=next(iter(asked.values()))):
        Timeline(mine(intervals({"T01": "RRLL"})), **asked)


def test_a_state_that_is_no_word_of_ours_is_refused_by_its_name():
    with pytest.raises(UnknownName, match='no state "nap"'):
        packed(mine([interval("T01", "nap", MIDNIGHT, MIDNIGHT + MINUTE)]))


@settings(max_examples=25)
@given(some.lists(some.text(alphabet=[*LETTERS, " "], min_size=1, max_size=30), min_size=1, max_size=4))
def test_packed_intervals_tile_the_window_of_every_truck(strips):
    site = mine(
        intervals({f"T{k}": strip for k, strip in enumerate(strips)}), trucks=("T0", "T1", "T2", "T3")
    )
    told = packed(site, MIDNIGHT, MIDNIGHT + 30 * MINUTE)
    for row in range(len(told.trucks)):
        mine_ = slice(told.rows[row], told.rows[row + 1])
        starts, stops = told.starts[mine_], told.stops[mine_]
        assert starts[0] == 0
        assert stops[-1] == 30 * 60_000
        assert list(starts[1:]) == list(stops[:-1])
        assert (stops > starts).all()


# What is shown first -------------------------------------------------------------------------------


def shift(name: str, start: datetime, hours: float) -> dict[str, object]:
    return {
        "shift": name,
        "start": start.replace(tzinfo=None),
        "stop": (start + timedelta(hours=hours)).replace(tzinfo=None),
    }


HOUR = timedelta(hours=1)


def test_a_window_of_a_shift_is_shown_whole():
    timeline = Timeline(mine(intervals({"T01": "RRLLHHHD"})))
    assert timeline.shown == (MIDNIGHT, MIDNIGHT + 8 * MINUTE)


def test_of_many_days_the_newest_shift_with_states_is_shown_first():
    shifts = [shift(f"{k}", MIDNIGHT + 12 * k * HOUR, 12) for k in range(6)]
    site = mine(intervals({"T01": "RH" * 24 + "." * 12}, minute=HOUR), shifts=shifts)
    assert Timeline(site).shown == (MIDNIGHT + 36 * HOUR, MIDNIGHT + 48 * HOUR)


def test_states_newer_than_every_shift_are_shown_first_and_can_be_gone_to():
    shifts = [shift(f"{k}", MIDNIGHT + 12 * k * HOUR, 12) for k in range(6)]
    later = intervals({"T09": "RH"}, MIDNIGHT + 240 * HOUR, HOUR, source="detected")
    timeline = Timeline(mine(intervals({"T01": "RH" * 36}, minute=HOUR) + later, shifts=shifts))
    assert timeline.shown == (MIDNIGHT + 240 * HOUR, MIDNIGHT + 242 * HOUR)
    assert [jump[0] for jump in timeline._strips.jumps[:3]] == ["Everything", "Newest", "5"]


def test_of_many_days_without_shifts_the_newest_24_hours_with_states_are_shown_first():
    site = mine(intervals({"T01": "RH" * 24 + "." * 12}, minute=HOUR))
    assert Timeline(site).shown == (MIDNIGHT + 24 * HOUR, MIDNIGHT + 48 * HOUR)


def test_the_range_asked_for_is_shown_and_the_rest_stays_there_to_move_to():
    site = mine(intervals({"T01": "RRLLHHHD"}), zone="America/Lima")
    timeline = Timeline(site, start="2026-11-21 19:02:00.250", stop="2026-11-21 19:03")
    first = MIDNIGHT + 2 * MINUTE + timedelta(milliseconds=250)
    assert timeline.shown == (first, MIDNIGHT + 3 * MINUTE)
    assert timeline._strips.span == 8 * 60_000


def test_too_many_intervals_are_cut_to_the_newest_days_and_the_view_says_so(monkeypatch):
    monkeypatch.setattr(module, "MOST_INTERVALS", 30)
    timeline = Timeline(mine(intervals({"T01": "RH" * 36}, minute=HOUR)))
    assert timeline._strips.span == 24 * 3_600_000
    assert timeline._strips.note == (
        "Too many intervals for one view: it holds 2026-11-24 00:00 to 2026-11-25 00:00. "
        "Narrow the site to see others."
    )


# What is chosen, and what is refused -----------------------------------------------------------------


def test_a_moment_chosen_in_the_browser_is_an_aware_instant_to_the_millisecond():
    timeline = Timeline(mine(intervals({"T01": "RRLLHHHD"})))
    timeline._strips.param.update(at=90_250, truck="T01")
    assert timeline.at == MIDNIGHT + timedelta(seconds=90, milliseconds=250)
    assert timeline.truck == "T01"


def test_a_moment_chosen_in_python_reaches_the_browser():
    timeline = Timeline(mine(intervals({"T01": "RRLLHHHD"})))
    timeline.at = MIDNIGHT + timedelta(milliseconds=61_001)
    assert timeline._strips.at == 61_001


def test_a_truck_that_is_not_there_is_refused_with_its_name():
    with pytest.raises(UnknownName, match='no truck "T70" in mine'):
        Timeline(mine(intervals({"T07": "RRLL"})), truck="T70")


@pytest.mark.parametrize(
    ("start", "stop", "words"),
    [
        ("2026-11-22 00:03", "2026-11-22 00:02", "stops before it starts"),
        (
            "2027-01-01 00:00",
            "2027-01-02 00:00",
            "outside the data of mine, which runs from 2026-11-22 00:00",
        ),
        ("yesterday", "2026-11-22 00:02", "yesterday"),
    ],
)
def test_a_range_that_cannot_be_shown_is_refused_in_a_sentence(start, stop, words):
    with pytest.raises(BadTime, match=words):
        Timeline(mine(intervals({"T01": "RRLLHHHD"})), start=start, stop=stop)


def test_an_address_says_each_word_once_and_its_source_is_one_of_ours():
    site = mine(intervals({"T01": "RRLL"}) + intervals({"T01": "LLRR"}, source="detected"))
    assert strips_of(packed(Address({"source": ["detected"]}).narrow(site))) == {"T01": "LLRR"}
    with pytest.raises(UnknownName, match='no source "fmss" in the address; did you mean "fms"'):
        Address({"source": ["fmss"]}).narrow(site)
    with pytest.raises(ValueError, match='says "start" 2 times'):
        Address({"start": ["a", "b"]}).one("start")


# Empty ---------------------------------------------------------------------------------------------------


def test_where_nobody_tells_of_states_the_view_says_so_and_where_there_are_some():
    site = mine(intervals({"T01": "RRLL"}, source="detected")).using("fms")
    message = Timeline(site)._strips.message
    assert message.startswith("No state intervals between 2026-11-22 00:00 and 2026-11-22 00:04 (site time)")
    assert 'The source "detected" has 2' in message


def test_a_window_with_no_state_at_all_says_which_window_and_what_to_do():
    site = mine(intervals({"T01": "RRLL"})).between("2026-11-25 00:00", "2026-11-26 00:00")
    assert Timeline(site)._strips.message == (
        "No state intervals between 2026-11-25 00:00 and 2026-11-26 00:00 (site time): nobody said what "
        "T01 did then; choose another window, or ingest what the fleet management system recorded."
    )


def test_a_mine_without_trucks_says_how_to_bring_some():
    assert Timeline(mine([]))._strips.message.startswith("No trucks in mine: nothing was ingested yet")


def test_the_view_says_who_told_of_the_states():
    alone = Timeline(mine(intervals({"T01": "RR"})))
    both = Timeline(mine(intervals({"T01": "RR", "T02": "RR"}) + intervals({"T03": "RR"}, source="detected")))
    assert alone._strips.told == "states from fms"
    assert both._strips.told == "states from fms (2 trucks), detected (1 truck)"


TOLD_BY_BOTH = intervals({"T01": "RRLL", "T02": "HHHH"}) + intervals(
    {"T01": "RLLL", "T02": "HHDD"}, source="detected"
)


def test_one_can_choose_where_more_than_one_source_tells_and_nowhere_else():
    alone = intervals({"T03": "RRLL"}, source="detected")
    assert telling.choices(mine(TOLD_BY_BOTH)) == [["FMS", ""], ["detected", "detected"]]
    assert telling.choices(mine(TOLD_BY_BOTH + alone)) == [
        ["FMS, else detected", ""],
        ["FMS alone", "fms"],
        ["detected alone", "detected"],
    ]
    assert telling.choices(mine(TOLD_BY_BOTH + alone).truck("T03")) == []
    assert telling.choices(mine(intervals({"T01": "RRLL"}))) == []


def test_another_source_keeps_the_range_the_moment_and_the_truck():
    timeline = Timeline(
        mine(TOLD_BY_BOTH),
        start="2026-11-22 00:01",
        stop="2026-11-22 00:03",
        at="2026-11-22 00:02",
        truck="T01",
    )
    timeline._strips.source = "detected"
    assert timeline.source == "detected"
    assert strips_of(timeline._packed) == {"T01": "RLLL", "T02": "HHDD"}
    assert timeline._strips.told == "states detected"
    assert timeline.shown == (MIDNIGHT + MINUTE, MIDNIGHT + 3 * MINUTE)
    assert (timeline.at, timeline.truck) == (MIDNIGHT + 2 * MINUTE, "T01")
    timeline.source = ""
    assert strips_of(timeline._packed) == {"T01": "RRLL", "T02": "HHHH"}
    assert (timeline._strips.source, timeline._strips.told) == ("", "states from fms")


def test_a_source_that_tells_nothing_here_can_be_left_again():
    site = mine(intervals({"T01": "RRLL"}) + intervals({"T02": "....DD"}, source="detected"))
    timeline = Timeline(site.between("2026-11-22 00:04", "2026-11-22 00:06").using("fms"))
    assert 'The source "detected" has 1' in timeline._strips.message
    timeline._strips.source = "detected"
    assert timeline._strips.message == ""
    assert strips_of(timeline._packed)["T02"] == "DD"


def test_how_sure_a_source_is_goes_to_the_browser_in_percent():
    rows = [
        interval("T01", "load", MIDNIGHT, MIDNIGHT + MINUTE, "detected", confidence=0.844),
        interval("T01", "haul", MIDNIGHT + MINUTE, MIDNIGHT + 2 * MINUTE, "detected"),
    ]
    told = packed(mine(rows, ("T02",)))
    assert (list(told.sure), list(told.tellers)) == ([84, UNSURE, UNSURE], [2, 2, 0])


# Site time in the browser ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "zone", ["America/Lima", "America/Santiago", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"]
)
def test_the_offsets_that_go_to_the_browser_are_the_zones_own_at_every_hour_of_a_year(zone):
    start, stop = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
    offsets = site_clock(ZoneInfo(zone), start, stop)["offsets"]
    for hour in range(0, 365 * 24):
        at = start + hour * HOUR
        held = [offset for since, offset in offsets if since <= milliseconds(at)][-1]
        assert timedelta(milliseconds=held) == at.astimezone(ZoneInfo(zone)).utcoffset()


@given(some.integers(min_value=0, max_value=4_000_000_000_000_000))
def test_an_instant_survives_the_way_to_the_browser_and_back_to_the_millisecond(microseconds):
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
    assert instant(milliseconds(at)) == at.replace(microsecond=at.microsecond // 1000 * 1000)


def test_every_state_has_the_code_of_its_place_in_the_schema():
    assert list(CODES) == list(schema.STATES)


def test_what_a_store_tells_is_packed_once_for_all_pages_that_show_the_same():
    site = tk.sample()
    packed = tk.Timeline(site)._packed
    assert tk.Timeline(site)._packed is packed
    part = tk.Timeline(site.truck("T01"))._packed
    assert (part.trucks, packed.trucks) == (("T01",), site.truck_names)
    assert tk.Timeline(site.between(site.start, site.stop - HOUR))._packed.stop < packed.stop
