"""What happened, as a reader meets it: ticks on the clock's slider, and steps from one mark to the next."""

from __future__ import annotations

from datetime import timedelta

import pytest
from driven import along
from stores import write
from strips import MIDNIGHT, intervals

from truckkit.store import Facts

pytestmark = pytest.mark.browser

MS = timedelta(milliseconds=1)
HOSTILE = "<img src=x onerror=\"document.title='ran'\">"
OVERSPEED, ALARM, CYCLE_1, CYCLE_2 = 61_234, 181_007, 120_500, 300_250


def then(ms):
    return (MIDNIGHT + ms * MS).replace(tzinfo=None)


@pytest.fixture(scope="session")
def eventful(tmp_path_factory, serve):
    """Ten minutes of two trucks: an overspeed, an alarm whose words are markup, and two cycles of T01."""
    cycle = {"truck": "T01", "source": "fms", "complete": False, "why": "unknown: load_min"}
    store = write(
        tmp_path_factory.mktemp("eventful") / "mine",
        Facts(name="Eventful mine", time_zone="UTC", simulated=True),
        trucks=[{"truck": truck, "given": True} for truck in ("T01", HOSTILE)],
        positions=[*along("T01", samples=600), *along(HOSTILE, samples=600, y=3000.0)],
        states=intervals({"T01": "RRRRRHHHHH", HOSTILE: "R" * 10}),
        events=[
            {
                "event": "E1",
                "truck": "T01",
                "at": then(OVERSPEED),
                "kind": "overspeed",
                "measured": 61.25,
                "unit": "km/h",
            },
            {"event": "E2", "truck": HOSTILE, "at": then(ALARM), "kind": HOSTILE, "description": HOSTILE},
        ],
        cycles=[
            {**cycle, "start": then(CYCLE_1), "stop": then(CYCLE_2)},
            {**cycle, "start": then(CYCLE_2), "stop": then(590_000)},
        ],
    )
    return serve(store)


def marked(page, url):
    """Opens a replay and waits until what happened is marked."""
    page.goto(url)
    page.locator(".replay[data-ready=true]").wait_for()
    page.locator(".track .marks[data-ticks='2']").wait_for(state="attached")


def stands(page, ms):
    """Whether the clock stands at a moment of the window, to the millisecond."""
    page.wait_for_function(
        "([root, ms]) => root.replay.playhead.now === ms", arg=[page.locator(".replay").element_handle(), ms]
    )


def test_steps_go_by_what_happened_and_by_the_haul_cycle_to_the_millisecond(page, eventful):
    marked(page, f"{eventful}/replay")
    length = page.get_by_label("Length of a step")
    on, back = page.get_by_label("Step on"), page.get_by_label("Step back")
    heard, label = page.locator(".replay > .heard"), page.locator(".track .marked")
    length.select_option("step event")
    on.click()
    stands(page, OVERSPEED)
    assert heard.inner_text() == label.inner_text() == "00:01:01.234, T01: overspeed 61.25 km/h"
    on.click()
    stands(page, ALARM)
    on.click()
    assert heard.inner_text() == "No event is after 00:03:01.007 in this window."
    back.click()
    stands(page, OVERSPEED)
    length.select_option("step haul cycle")
    on.click()
    stands(page, CYCLE_1)
    on.click()
    stands(page, CYCLE_2)
    assert heard.inner_text() == "00:05:00.250, T01: haul cycle starts"
    page.get_by_label("Follow a truck").select_option(f"follow {HOSTILE}")
    back.click()
    assert heard.inner_text() == f"No haul cycle of {HOSTILE} starts before 00:05:00.250 in this window."
    stands(page, CYCLE_2)


def test_markup_in_the_words_of_an_event_is_text(page, eventful):
    marked(page, f"{eventful}/replay?at=2026-11-22T00:02:00")
    page.get_by_label("Length of a step").select_option("step event")
    page.get_by_label("Step on").click()
    stands(page, ALARM)
    assert page.locator(".track .marked").inner_text() == f"00:03:01.007, {HOSTILE}: {HOSTILE}: {HOSTILE}"
    assert page.locator(".replay img[src=x]").count() == 0
    assert page.title() != "ran"


def test_a_mark_under_the_pointer_says_what_it_is(page, eventful):
    marked(page, f"{eventful}/replay")
    slider = page.locator(".track").bounding_box()
    x = 8 + (slider["width"] - 16) * OVERSPEED / 599_999
    page.locator(".track").hover(position={"x": x, "y": 15})
    label = page.locator(".track .marked")
    label.wait_for()
    assert label.inner_text() == "00:01:01.234, T01: overspeed 61.25 km/h"
    page.locator(".track").hover(position={"x": slider["width"] / 2, "y": 15})
    label.wait_for(state="hidden")
