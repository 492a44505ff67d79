"""The timeline as a reader meets it: what is drawn, how it moves, what it says."""

from __future__ import annotations

import csv
import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from stores import write
from strips import LETTERS, MIDNIGHT, interval, intervals
from timeline_pages import colours, column, drawn, mean_a_quarter, opened, settled, spot, totals

from truckkit.store import Facts
from truckkit.views.palette import STATE_COLOURS, STATE_PATTERNS
from truckkit.views.timeline import StateStrips

pytestmark = pytest.mark.browser

STRIPS = {
    "T01": "RRLLHHHDRRLLHHHDRRLL",
    "T02": "XXXXXXwwwwww  ppQSLH",
    "T03": "....................",
    "T04": "qsD",
}
MS = timedelta(milliseconds=1)


@pytest.fixture(scope="session")
def strips(tmp_path_factory, serve):
    """A mine of four strips of 20 minutes, from 19:00 the evening before in Lima."""
    store = write(
        tmp_path_factory.mktemp("strips") / "mine",
        Facts(name="Strip mine", time_zone="America/Lima", simulated=True),
        trucks=[{"truck": truck, "given": True} for truck in STRIPS],
        states=intervals(STRIPS),
        shifts=[
            {
                "shift": "2026-11-21 night",
                "start": (MIDNIGHT - timedelta(hours=1)).replace(tzinfo=None),
                "stop": (MIDNIGHT + timedelta(hours=11)).replace(tzinfo=None),
            }
        ],
    )
    return serve(store)


@pytest.fixture(scope="session")
def moments(tmp_path_factory, serve):
    """Twelve hours of hauling in which a dump lasts 1 ms, and three states share a second."""
    haul, ms = [], MIDNIGHT

    def then(state, length):
        nonlocal ms
        haul.append(interval("T01", state, ms, ms + length, place="Crusher" if state == "dump" else None))
        ms += length

    then("haul", timedelta(hours=3))
    then("dump", MS)
    then("haul", timedelta(hours=3))
    then("queue_dump", 300 * MS)
    then("spot_dump", 300 * MS)
    then("dump", 400 * MS)
    then("haul", timedelta(hours=6) - 1001 * MS)
    store = write(
        tmp_path_factory.mktemp("moments") / "mine",
        Facts(name="Moments", time_zone="UTC", simulated=True),
        trucks=[{"truck": "T01", "given": True}],
        places=[{"place": "Crusher", "kind": "crusher", "given": True}],
        states=haul,
    )
    return serve(store)


@pytest.fixture(scope="session")
def detected(tmp_path_factory, serve):
    """Two trucks of which both tell, each its own; and the detector, half sure, of a third alone."""
    both = {"T01": "LLLLHHHHDD", "T02": "RRRRLLLLHH"}
    found = intervals({"T01": "LLLHHHHHDD", "T02": "DDDDDDDDDD", "T03": "HHHHHHHHHH"}, source="detected")
    store = write(
        tmp_path_factory.mktemp("detected") / "mine",
        Facts(name="Detected mine", time_zone="UTC", simulated=True),
        trucks=[{"truck": truck, "given": True} for truck in ("T01", "T02", "T03")],
        states=[*intervals(both), *({**row, "confidence": 0.5} for row in found)],
    )
    return serve(store)


# What is drawn ---------------------------------------------------------------------------------------


def test_every_minute_of_every_strip_has_the_colour_of_its_state(page, strips):
    opened(page, f"{strips}/timeline")
    for row, strip in enumerate(STRIPS.values()):
        seen = colours(page, row)
        for minute, letter in enumerate(strip.ljust(20)):
            state = LETTERS.get(letter, "no_data")
            if STATE_PATTERNS[state] == "plain":
                assert seen[round((minute + 0.5) / 20 * len(seen))] == STATE_COLOURS[state], (row, minute)


def test_totals_are_those_of_the_strips_and_add_up_to_the_visible_range(page, strips):
    opened(page, f"{strips}/timeline")
    told = totals(page)
    assert told["T01"] | {} == {
        "queue load": "",
        "spot load": "",
        "load": "6:00",
        "haul": "6:00",
        "queue dump": "",
        "spot dump": "",
        "dump": "2:00",
        "return": "6:00",
        "delay": "",
        "standby": "",
        "down": "",
        "no data": "",
        "Sum": "20:00",
    }
    assert (told["T02"]["down"], told["T02"]["no data"], told["T02"]["Sum"]) == ("6:00", "2:00", "20:00")
    assert told["T03"]["no data"] == "20:00"
    assert (told["T04"]["dump"], told["T04"]["no data"]) == ("1:00", "17:00")


def test_totals_follow_the_visible_range_to_the_millisecond(page, strips):
    opened(page, f"{strips}/timeline?start=2026-11-21T19:01:59.900&stop=2026-11-21T19:02:00.250")
    assert totals(page)["T01"] == totals(page)["T01"] | {"return": "0.100", "load": "0.250", "Sum": "0.350"}


def test_a_state_of_a_millisecond_shows_in_a_range_of_twelve_hours(page, moments):
    opened(page, f"{moments}/timeline")
    seen = colours(page, 0)
    assert seen.count(STATE_COLOURS["dump"]) >= 1
    assert seen[len(seen) // 4] == STATE_COLOURS["dump"]
    assert totals(page)["T01"]["dump"] == "<0:01"


def test_short_states_that_share_a_pixel_share_its_height(page, moments):
    opened(page, f"{moments}/timeline")
    d = drawn(page)
    seen = column(page, 0, d["left"] + d["width"] // 2)
    for state in ("queue_dump", "spot_dump", "dump"):
        assert seen.count(STATE_COLOURS[state]) >= 2, state


def test_a_state_of_a_millisecond_is_hit_by_the_pointer_and_told_to_the_millisecond(page, moments):
    opened(page, f"{moments}/timeline")
    page.mouse.move(*spot(page, 0, 0.25))
    tip = page.locator(".tip")
    assert tip.inner_text().split("\n")[:4] == [
        "T01 · dump",
        "2026-11-22 03:00:00.000 – 03:00:00.001",
        "0.001 s",
        "at Crusher",
    ]


def test_what_was_detected_says_so_and_how_sure_it_is(page, detected):
    opened(page, f"{detected}/timeline")
    assert page.locator(".told").inner_text().endswith("states from fms (2 trucks), detected (1 truck)")
    page.mouse.move(*spot(page, 2, 0.5))
    assert page.locator(".tip").inner_text().split("\n")[-1] == "detected, 50 % sure"
    page.mouse.move(*spot(page, 0, 0.5))
    assert "detected" not in page.locator(".tip").inner_text()
    page.mouse.click(*spot(page, 2, 0.5))
    page.locator(".said").get_by_text("detected, 50 % sure").wait_for()


def test_one_chooses_who_tells_and_the_range_and_the_moment_stay(page, detected):
    asked = "start=2026-11-22T00:01&stop=2026-11-22T00:06&at=2026-11-22T00:02&truck=T02"
    opened(page, f"{detected}/timeline?{asked}")
    choice = page.get_by_label("Who tells of the states")
    assert totals(page)["T02"]["return"] == "3:00"
    choice.select_option("detected")
    page.locator(".said").get_by_text("T02: dump, 10 min, detected, 50 % sure").wait_for()
    page.locator(".told").get_by_text("states detected").wait_for()
    assert (totals(page)["T02"]["dump"], totals(page)["T02"]["Sum"]) == ("5:00", "5:00")
    link = urlsplit(page.get_by_role("link", name="Open in replay").get_attribute("href"))
    assert parse_qs(link.query)["source"] == ["detected"]
    choice.select_option("")
    page.locator(".told").get_by_text("states from fms").wait_for()
    assert totals(page)["T02"]["return"] == "3:00"


def test_the_address_chooses_who_tells(page, detected):
    opened(page, f"{detected}/timeline?source=detected")
    assert page.get_by_label("Who tells of the states").input_value() == "detected"
    assert totals(page)["T02"]["dump"] == "10:00"


def test_a_source_that_tells_nothing_can_be_left_again(page, detected):
    page.goto(f"{detected}/timeline?truck=T03&source=fms")
    page.get_by_text('The source "detected" has 1').wait_for()
    assert page.locator("select.source").is_hidden()  # of T03 one source alone tells


def test_where_one_source_tells_there_is_nothing_to_choose(page, strips):
    opened(page, f"{strips}/timeline")
    assert page.locator("select.source").is_hidden()


def test_a_day_in_sight_is_named_by_itself_and_not_by_the_first_of_the_window(page, tmp_path_factory, serve):
    week = write(
        tmp_path_factory.mktemp("week") / "mine",
        Facts(name="Week", time_zone="UTC", simulated=True),
        trucks=[{"truck": f"T{number:02d}", "given": True} for number in range(60)],
        states=[
            *intervals({"T00": "LLHH"}),
            *intervals({"T55": "LLHHDD"}, MIDNIGHT + timedelta(days=7), timedelta(hours=1)),
        ],
    )
    page.add_init_script(
        """const write = CanvasRenderingContext2D.prototype.fillText;
        window.written = [];
        CanvasRenderingContext2D.prototype.fillText = function (text, ...more) {
            window.written.push(text);
            return write.call(this, text, ...more);
        };"""
    )
    opened(page, f"{serve(week)}/timeline")
    # And the rows start where somebody was observed.
    page.wait_for_function("() => window.written.includes('T55') && window.written.includes('Sun 29 Nov')")
    assert not page.evaluate("() => window.written.includes('Sun 22 Nov')")


def test_the_axis_says_site_time_and_its_zone(page, strips):
    opened(page, f"{strips}/timeline")
    assert page.locator(".range").inner_text() == "2026-11-21 19:00 – 19:20"
    assert (
        page.locator(".told").inner_text() == "20 min · site time America/Lima (UTC−05:00) · states from fms"
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_strips_keep_their_colours_in_light_and_dark_and_the_ground_follows(open_page, strips, scheme):
    page = opened(open_page(color_scheme=scheme), f"{strips}/timeline")
    page.wait_for_function(
        """([root, dark]) => {
            const [r, g, b] = getComputedStyle(root).getPropertyValue('--ground').match(/\\d+/g).map(Number);
            return (r + g + b < 200) === dark;
        }""",
        arg=[page.locator(".timeline").element_handle(), scheme == "dark"],
    )
    assert STATE_COLOURS["haul"] in colours(page, 0)


# How it moves ----------------------------------------------------------------------------------------


def test_the_wheel_zooms_around_the_pointer(page, strips):
    before = drawn(opened(page, f"{strips}/timeline"))
    page.mouse.move(*spot(page, 0, 0.25))
    page.mouse.wheel(0, -400)
    after = settled(page, "d.t1 - d.t0 < 1000000")
    pixel = (before["t1"] - before["t0"]) / before["width"]
    held = after["t0"] + 0.25 * (after["t1"] - after["t0"])
    assert held == pytest.approx(before["t0"] + 0.25 * (before["t1"] - before["t0"]), abs=pixel)


def test_dragging_moves_time_with_the_pointer_and_stops_at_the_end_of_the_data(page, strips):
    opened(page, f"{strips}/timeline?start=2026-11-21T19:05&stop=2026-11-21T19:10")
    d = drawn(page)
    x, y = spot(page, 1, 0.5)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - d["width"] / 5, y, steps=4)
    page.mouse.up()
    moved = settled(page, "d.t0 !== 300000")
    assert moved["t0"] == pytest.approx(360_000, abs=2 * 300_000 / d["width"])
    assert moved["t1"] - moved["t0"] == 300_000
    for _ in range(4):
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x - d["width"] / 2, y, steps=4)
        page.mouse.up()
    assert settled(page, "d.t1 === 1200000")["t0"] == 900_000


def test_buttons_zoom_move_and_show_everything(page, strips):
    opened(page, f"{strips}/timeline")
    page.get_by_label("Zoom in").click()
    assert settled(page, "d.t0 === 300000")["t1"] == 900_000
    page.get_by_label("Later").click()
    assert settled(page, "d.t0 === 600000")["t1"] == 1_200_000
    page.get_by_label("Show everything").click()
    assert settled(page, "d.t0 === 0")["t1"] == 1_200_000


def test_everything_can_be_done_with_keys(page, strips):
    opened(page, f"{strips}/timeline")
    page.locator("canvas.strips").focus()
    page.keyboard.press("+")
    settled(page, "d.t0 === 300000 && d.t1 === 900000")
    page.keyboard.press("ArrowRight")
    settled(page, "d.t0 === 360000")
    page.keyboard.press("Home")
    settled(page, "d.t0 === 0 && d.t1 === 1200000")
    page.keyboard.press("ArrowDown")
    page.keyboard.press(".")
    page.keyboard.press(".")
    said = page.locator(".moment .said")
    said.get_by_text("T01: load, 2 min").wait_for()
    assert page.locator(".moment strong").inner_text() == "2026-11-21 19:02:00.000"
    assert (
        page.locator(".heard[aria-live]").inner_text().startswith("T01, load, 2 min, 2026-11-21 19:02:00.000")
    )
    page.keyboard.press("?")
    page.get_by_role("dialog", name="Keys").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("dialog", name="Keys").wait_for(state="hidden")
    page.keyboard.press("Escape")
    page.locator(".moment .hint").wait_for()


def test_a_click_in_the_legend_hides_a_state_and_alt_click_shows_it_alone(page, strips):
    opened(page, f"{strips}/timeline")
    haul = page.locator('.legend button[data-state="haul"]')
    haul.click()
    assert haul.get_attribute("aria-pressed") == "false"
    settled(page, "d.hidden.includes('haul')")
    assert STATE_COLOURS["haul"] not in colours(page, 0)
    assert STATE_COLOURS["return"] in colours(page, 0)
    haul.click(modifiers=["Alt"])
    settled(page, "d.hidden.includes('return')")
    assert STATE_COLOURS["haul"] in colours(page, 0)
    assert STATE_COLOURS["return"] not in colours(page, 0)
    haul.click(modifiers=["Alt"])
    settled(page, "d.hidden.length === 0")
    assert totals(page)["T01"]["haul"] == "6:00"


def test_a_click_chooses_a_moment_and_links_it_to_the_replay(page, strips):
    opened(page, f"{strips}/timeline?truck=T01&truck=T02")
    d = drawn(page)
    page.mouse.click(*spot(page, 1, 0.5))
    link = page.get_by_role("link", name="Open in replay")
    link.wait_for()
    asked = {name: values[0] for name, values in parse_qs(urlsplit(link.get_attribute("href")).query).items()}
    assert asked["start"] == "2026-11-21T19:00:00.000-05:00"
    assert asked["stop"] == "2026-11-21T19:20:00.000-05:00"
    assert asked["truck"] == "T02"
    assert re.fullmatch(r"2026-11-21T19:(09:5|10:0)\d\.\d{3}-05:00", asked["at"])
    assert d["rows"] == 2


def test_a_choice_of_the_list_goes_there(page, strips):
    opened(page, f"{strips}/timeline?start=2026-11-21T19:05&stop=2026-11-21T19:10")
    page.get_by_label("Go to").select_option("2026-11-21 night")
    settled(page, "d.t0 === 0 && d.t1 === 1200000")


def test_two_fingers_zoom(open_page, strips):
    page = opened(open_page(has_touch=True, viewport={"width": 390, "height": 844}), f"{strips}/timeline")
    x, y = spot(page, 0, 0.5)
    touch = page.context.new_cdp_session(page)

    def fingers(kind, *apart):
        touch.send(
            "Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x + dx, "y": y} for dx in apart]}
        )

    fingers("touchStart", -30, 30)
    for half in (35, 45, 60):
        fingers("touchMove", -half, half)
    fingers("touchEnd")
    after = settled(page, "d.t1 - d.t0 < 1000000")
    assert (after["t0"] + after["t1"]) / 2 == pytest.approx(600_000, abs=15_000)


# What an address asks for ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("truck=T70", 'no truck "T70" in Strip mine; did you mean'),
        ("start=yesterday", "yesterday"),
        ("start=2026-11-21T19:10&stop=2026-11-21T19:05", "stops before it starts"),
        (
            "start=2031-01-01&stop=2031-01-02",
            "outside the data of Strip mine, which runs from 2026-11-21 19:00",
        ),
        ("source=fmss", 'no source "fmss"'),
        ("source=detected", 'The source "fms" has'),
        ("start=2026-11-21T19:05&start=2026-11-21T19:06", 'says "start" 2 times'),
    ],
)
def test_an_address_that_cannot_be_meant_gets_one_calm_sentence(page, strips, asked, words):
    page.goto(f"{strips}/timeline?{asked}")
    page.get_by_role("status").filter(visible=True, has_text=words).wait_for()


def test_an_address_opens_the_same_range_and_moment_to_the_millisecond(page, strips):
    opened(
        page,
        f"{strips}/timeline?start=2026-11-21T19:05:00.123&stop=2026-11-22T00:10:00.456Z&at=2026-11-22T00:07:00.789%2B00:00",
    )
    assert (drawn(page)["t0"], drawn(page)["t1"]) == (300_123, 600_456)
    assert page.locator(".moment strong").inner_text() == "2026-11-21 19:07:00.789"


# The words and numbers of the browser's half ---------------------------------------------------------


@pytest.fixture
def script(page):
    """The component's functions, in an empty page."""
    page.goto("about:blank")
    page.add_script_tag(content=StateStrips._esm.replace("export function", "function"))
    return page.evaluate


def test_displayed_totals_add_up_to_the_displayed_sum(script):
    thirds = [1_200_000 + 20_000, 1_200_000 + 20_000, 1_200_000 + 20_000 - 1, 1, *[0] * 8]
    assert script("(sums) => apportioned(sums, totalsUnit(3660000))", thirds) == [21, 20, 20, 0, *[0] * 8]
    assert script("(sums) => totalsWords(sums, totalsUnit(3660000))", thirds)[:5] == [
        "0:21",
        "0:20",
        "0:20",
        "<0:01",
        "",
    ]


@pytest.mark.parametrize(
    ("ms", "words"),
    [
        (0, "0 s"),
        (1, "0.001 s"),
        (372_000, "6 min 12 s"),
        (603_250, "10 min 3.250 s"),
        (15_120_000, "4 h 12 min"),
        (609_000_000, "7 days 1 h 10 min"),
    ],
)
def test_durations_are_said_with_their_units(script, ms, words):
    assert script("durationWords", ms) == words


def test_ticks_are_round_by_the_sites_clock_over_both_changes_of_summer_time(script):
    ticks = """([from, offset, later]) => {
        const clock = siteClock({zone: 'test', offsets: [[0, offset], [from + 3 * HOUR, later]]});
        const { found } = clock.ticks(from, from + 24 * HOUR, 12);
        return found.map(({at}) => [(at - from) / HOUR, clock.time(at, MINUTE)]);
    }"""
    start = 1_700_006_400_000  # 2023-11-15 00:00 UTC
    spring = script(ticks, [start, 0, 3_600_000])
    autumn = script(ticks, [start, 3_600_000, 0])
    for found in (spring, autumn):
        assert [hour for hour, _ in found] == sorted({hour for hour, _ in found})
        assert all(re.fullmatch(r"\d\d:00", time) for _, time in found)
    assert ["06:00" in {time for _, time in found} for found in (spring, autumn)] == [True, True]


# A stretch that is meant, the order of rows, and files ----------------------------------------------


def test_a_stretch_dragged_with_shift_narrows_the_totals_until_escape(page, strips):
    opened(page, f"{strips}/timeline")
    mean_a_quarter(page)
    page.get_by_role("button", name="click clears it").wait_for()
    assert drawn(page)["t0"] == 0
    assert re.fullmatch(r"4:5\d|5:0\d", totals(page)["T01"]["Sum"])
    page.locator("canvas.strips").focus()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="click clears it").wait_for(state="hidden")
    assert totals(page)["T01"]["Sum"] == "20:00"


def test_the_ends_of_a_stretch_are_set_at_the_moment_by_keys(page, strips):
    opened(page, f"{strips}/timeline?at=2026-11-21T19:05&truck=T01")
    page.locator("canvas.strips").focus()
    page.keyboard.press("[")
    page.get_by_role("button", name="click clears it").wait_for()
    assert totals(page)["T01"]["Sum"] == "15:00"


def test_rows_sorted_by_a_state_start_with_the_longest(page, strips):
    opened(page, f"{strips}/timeline")
    page.get_by_label("Sort").select_option("down")
    page.wait_for_function(
        "(table) => table.rows[1].cells[0].textContent === 'T02'",
        arg=page.locator("table.totals").element_handle(),
    )
    assert totals(page)["T02"]["down"] == "6:00"
    # T02 was down for the first six of 20 minutes, and nobody else was: its row is the first that is drawn.
    seen = [set(colours(page, row)) for row in range(4)]
    assert [STATE_COLOURS["down"] in each for each in seen] == [True, False, False, False]


def test_the_intervals_in_sight_are_saved_as_csv_in_site_time(page, strips):
    opened(page, f"{strips}/timeline?start=2026-11-21T19:01&stop=2026-11-21T19:03")
    with page.expect_download() as saved:
        page.get_by_role("button", name="as CSV").click()
    rows = list(csv.DictReader(saved.value.path().read_text("utf-8-sig").splitlines()))
    first = {"truck": "T01", "source": "fms", "state": "return", "start": "2026-11-21T19:00:00.000-05:00"}
    assert rows[0] | first == rows[0]
    assert float(rows[0]["duration_s"]) == 120
    assert {row["truck"] for row in rows} == {"T01", "T02", "T04"}


def test_a_cell_that_a_spreadsheet_would_run_is_text(script):
    assert script("csvCell", '=cmd|"x"') == '"\'=cmd|""x"""'
    assert [script("csvCell", cell) for cell in ("-1", -1, "T01")] == ["'-1", "-1", "T01"]
