"""Telemetry strips as a reader meets them: values at the playhead, gaps, trucks, names that are markup."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from driven import along
from stores import write
from strips import MIDNIGHT, intervals

from truckkit.store import Facts

pytestmark = pytest.mark.browser

HOSTILE = "<img src=x onerror=\"document.title='ran'\">"
MINUTE = 60_000


@pytest.fixture(scope="session")
def measured(tmp_path_factory, serve):
    """Half an hour of two trucks; T01 is not heard from minute 10 to 20, and a channel's name is markup."""
    after = MIDNIGHT + timedelta(minutes=20)
    positions = [
        *along("T01", samples=600, speed=36.0),
        *along("T01", after, samples=600, speed=18.0),
        *along(HOSTILE, samples=1800, y=3000.0, speed=54.0),
    ]
    own = [
        {"truck": "T01", "at": row["at"], "channel": HOSTILE, "number": 7.5}
        for row in positions
        if row["truck"] == "T01"
    ]
    store = write(
        tmp_path_factory.mktemp("measured") / "mine",
        Facts(name="Measured mine", time_zone="UTC", simulated=True),
        trucks=[{"truck": truck, "given": True} for truck in ("T01", HOSTILE)],
        positions=positions,
        states=intervals({"T01": "R" * 30, HOSTILE: "R" * 30}),
        channels=own,
    )
    return serve(store)


@pytest.fixture
def strips(page, measured):
    page.goto(f"{measured}/replay?truck=T01")
    page.locator(".replay[data-ready=true]").wait_for()
    pane = page.locator(".signals")
    pane.locator("canvas[data-drawn]").wait_for()
    return pane


def seek(page, ms):
    page.locator(".replay").evaluate("(root, ms) => root.replay.playhead.seek(ms)", ms)


def tick(strips, head, name):
    strips.locator("summary", has_text=head).click()
    strips.get_by_role("group", name=head).get_by_label(name, exact=True).click()
    strips.page.keyboard.press("Escape")


def until(strips, condition):
    """Waits until a condition over ``told``, what the strips say that they drew, holds."""
    strips.page.wait_for_function(
        "([canvas, wanted]) => new Function('told', `return ${wanted}`)(JSON.parse(canvas.dataset.drawn))",
        arg=[strips.locator("canvas.plot").element_handle(), condition],
    )


def drawn(strips):
    return json.loads(strips.locator("canvas.plot").get_attribute("data-drawn"))


def test_each_strip_says_what_was_measured_at_the_playhead_with_its_unit_and_a_gap_is_none(page, strips):
    value = strips.locator("[data-channel=speed_kmh]")
    value.get_by_text("36 km/h").wait_for()
    seek(page, 15 * MINUTE)
    value.get_by_text("–", exact=True).wait_for()
    seek(page, 25 * MINUTE)
    value.get_by_text("18 km/h").wait_for()
    # The line is of two parts, with nothing between them.
    until(strips, "!told.waiting && told.parts === 2")


def test_several_trucks_and_channels_stand_in_one_picture_and_names_are_text(page, strips):
    tick(strips, "Trucks", HOSTILE)
    tick(strips, "Channels", HOSTILE)
    strips.locator("[data-channel=speed_kmh]", has_text="T01 36 km/h").wait_for()
    strips.locator("[data-channel=speed_kmh]", has_text=f"{HOSTILE} 54 km/h").wait_for()
    strips.locator(".strip", has_text=HOSTILE).get_by_text("T01 7.5").wait_for()
    assert page.title() != "ran"
    assert strips.locator("img").count() == 0


def test_a_click_on_a_strip_and_its_keys_move_the_one_clock(page, strips):
    box = strips.locator("canvas.plot").bounding_box()
    told = drawn(strips)
    page.mouse.click(box["x"] + told["left"] + told["width"] / 2, box["y"] + 40)
    now = page.locator(".replay").evaluate("(root) => root.replay.playhead.now")
    assert abs(now - 15 * MINUTE) <= 30 * MINUTE / told["width"]
    page.keyboard.press("ArrowRight")
    page.locator(f".replay[data-now='{round(now) + 1000}']").wait_for()
    page.keyboard.press("+")
    until(strips, f"told.to - told.from < {told['to'] - told['from']}")


def test_the_followed_truck_is_the_one_whose_telemetry_shows(page, strips):
    page.get_by_label("Follow a truck").select_option(label=f"follow {HOSTILE}")
    strips.locator("[data-channel=speed_kmh]", has_text="54 km/h").wait_for()
    assert page.title() != "ran"
