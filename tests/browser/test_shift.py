"""The page of a shift as a supervisor meets it: what it shows, what a click lists, what is handed over."""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from stores import write
from strips import MIDNIGHT, haul_cycle, intervals

from truckkit.store import Facts
from truckkit.views.shift_marks import named

pytestmark = pytest.mark.browser

READY = ".sheet[data-ready=true]"
HOSTILE = "<img src=x onerror=\"window.fired='name'\">"
IS_DARK = (
    "(node) => getComputedStyle(node).color.match(/\\d+/g).slice(0, 3).every((part) => Number(part) > 180)"
)


@pytest.fixture(scope="session")
def two_shifts(tmp_path_factory, serve):
    """A mine of two shifts whose every name holds markup, without a plan; nothing is told of the second."""
    states = []
    for row in intervals({HOSTILE: "QSLHHHHDRRQSLHHHHDRR", "T02": "RRSLHHHHDXXXXXRRppww"}):
        at_loader = str(row["state"]).endswith("load")
        place = HOSTILE if at_loader else None
        states.append({**row, "loader": HOSTILE if at_loader else None, "place": place})
    day = MIDNIGHT.replace(tzinfo=None)
    shifts = [
        {"shift": f"{HOSTILE} day", "start": day, "stop": day + timedelta(minutes=20), "crew": HOSTILE},
        {"shift": "night", "start": day + timedelta(minutes=20), "stop": day + timedelta(minutes=40)},
    ]
    phases = {"return": 2.0, "spot_load": 1.0, "load": 1.0, "haul": 4.0, "spot_dump": 0.0, "dump": 1.0}
    names = {"loader": HOSTILE, "load_place": HOSTILE, "dump_place": HOSTILE}
    store = write(
        tmp_path_factory.mktemp("two_shifts") / "mine",
        Facts(name=HOSTILE, time_zone="America/Lima", simulated=True),
        trucks=[{"truck": truck, "target_payload_t": 200.0, "given": True} for truck in (HOSTILE, "T02")],
        places=[{"place": HOSTILE, "kind": "load", "given": True}],
        states=states,
        cycles=[haul_cycle(HOSTILE, 1, phases, payload_t=210.0, **names)],
        shifts=shifts,
        maintenance=[
            {
                "work_order": HOSTILE,
                "truck": "T02",
                "start": day + timedelta(minutes=9),
                "stop": day + timedelta(minutes=14),
                "kind": "breakdown",
                "component": HOSTILE,
                "version": 1,
            }
        ],
    )
    return serve(store)


def opened(page, url):
    page.goto(url)
    page.locator(READY).wait_for()
    return page


def asked(page) -> dict[str, str]:
    """The words of the page's address."""
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def mark(page, *words):
    return page.locator(f'.mark[data-mark="{named(*words)}"]').first


# What it shows ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440, 3840])
def test_the_page_opens_in_light_and_dark_at_every_width_and_nothing_is_cut(
    open_page, address, width, scheme
):
    page = opened(
        open_page(viewport={"width": width, "height": 900}, color_scheme=scheme), f"{address}/shift"
    )
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    for pane in page.locator(".pane:not(.remarks)").all():
        box = pane.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
    page.wait_for_function(
        f"(node) => ({IS_DARK})(node) === {str(scheme == 'dark').lower()}",
        arg=page.locator("h1").element_handle(),
    )


def test_it_says_the_tonnes_with_their_unit_and_their_plan(page, address):
    opened(page, f"{address}/shift")
    figures = page.locator(".figures").inner_text()
    assert re.search(r"36,\d{3} t", figures)
    assert "of 40,000 t planned" in figures
    assert page.locator(".waterfall .row").count() > 10


def test_another_model_closes_at_the_calendar_too_and_is_in_the_address(page, address):
    opened(page, f"{address}/shift")
    page.get_by_label("Time usage model").select_option("caterpillar")
    page.locator(".usage .legend", has_text="production delay").wait_for()
    assert asked(page)["model"] == "caterpillar"
    widths = page.locator(".stacks .track").first.evaluate(
        "(track) => [...track.children].reduce((sum, piece) => sum + piece.getBoundingClientRect().width, 0) "
        "/ track.getBoundingClientRect().width"
    )
    assert widths == pytest.approx(1, abs=0.02)


# Behind a mark ---------------------------------------------------------------------------------------


def test_a_bar_of_the_ledger_lists_its_intervals_and_one_opens_in_the_replay(page, address):
    opened(page, f"{address}/shift")
    mark(page, "ledger", "refuelling").click()
    behind = page.locator(".behind")
    behind.get_by_text("refuelling", exact=True).wait_for()
    assert behind.locator("tbody tr").count() == 4
    link = behind.get_by_role("link", name=re.compile("^Replay of T0"))
    at = parse_qs(urlsplit(link.first.get_attribute("href")).query)["at"][0]
    assert at.endswith("Z")
    link.first.click()
    page.locator("[data-ready=true]").wait_for()
    assert asked(page)["at"] == at


def test_every_kind_of_mark_lists_something(page, address):
    opened(page, f"{address}/shift")
    for chart in ("waterfall", "stacks", "routes", "up", "down", "bins", "pareto"):
        chosen = page.locator(f".{chart} .mark").nth(1)
        chosen.click()
        page.locator(".behind tbody tr").first.wait_for()
        chosen.click()
        page.locator(".behind").wait_for(state="hidden")


def test_marks_are_reached_by_keys_alone(page, address):
    opened(page, f"{address}/shift")
    first = page.locator(".waterfall .mark").first
    first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.locator(".behind", has_text="queue dump").wait_for()
    assert page.locator('.waterfall .mark[tabindex="0"]').count() == 1
    page.keyboard.press("Escape")
    page.locator(".behind").wait_for(state="hidden")


# The address -----------------------------------------------------------------------------------------


def test_the_address_of_a_mark_opens_the_same_for_whoever_it_is_sent_to(open_page, address):
    page = opened(open_page(), f"{address}/shift?truck=T03")
    mark(page, "usage", "T03", "unscheduled maintenance").click()
    page.locator(".behind tbody tr").first.wait_for()
    said = page.locator(".behind").inner_text()
    page.wait_for_function("location.search.includes('mark=')")
    assert asked(page) == {
        "shift": "2026-11-22 day",
        "truck": "T03",
        "mark": "usage/T03/unscheduled%20maintenance",
    }
    other = opened(open_page(), page.url)
    other.locator(".behind tbody tr").first.wait_for()
    assert other.locator(".behind").inner_text() == said
    assert other.locator(".stacks .row .name").first.inner_text() == "T03"


def test_one_goes_to_the_next_shift_and_back_with_the_browsers_own_button(page, two_shifts):
    opened(page, f"{two_shifts}/shift")
    page.get_by_label("Next shift").click()
    page.locator(".message", has_text="Nothing is known between 2026-11-21 19:20").wait_for()
    assert asked(page)["shift"] == "night"
    page.go_back()
    page.locator(".stacks .mark").first.wait_for()
    assert asked(page)["shift"] == f"{HOSTILE} day"


def test_a_shift_that_is_not_there_stands_as_a_sentence(page, address):
    page.goto(f"{address}/shift?shift=yesterday")
    page.get_by_text('no shift "yesterday" in Simulated mine').wait_for()


# What is missing, and what is hostile ----------------------------------------------------------------


def test_without_a_plan_a_sentence_stands_where_the_waterfall_would_and_the_rest_is_there(page, two_shifts):
    opened(page, f"{two_shifts}/shift")
    page.locator(".ledger .why", has_text="No tonnes are planned").wait_for()
    assert page.locator(".ledger .mark").count() > 2
    assert page.locator(".stacks .mark").count() > 5


@pytest.mark.parametrize("width", [390, 1440])
def test_markup_in_names_shows_as_it_is_and_runs_nothing(open_page, two_shifts, width):
    page = opened(open_page(viewport={"width": width, "height": 900}), f"{two_shifts}/shift")
    for chosen in (named("usage", HOSTILE, "queue"), named("pareto", HOSTILE), named("loads")):
        page.goto(f"{two_shifts}/shift?mark={quote(chosen, safe='')}")
        page.locator(READY).wait_for()
        page.locator(".behind h2").wait_for()
        page.wait_for_timeout(200)
    assert page.get_by_text("<img src=x onerror").count() > 3
    assert page.evaluate("window.fired") is None
    assert page.locator("img").count() == 0


# What is handed over ---------------------------------------------------------------------------------


def test_what_is_printed_is_light_and_holds_the_charts_and_room_for_remarks(open_page, address):
    page = opened(open_page(color_scheme="dark"), f"{address}/shift?mark=loads")
    page.locator(".behind tbody tr").first.wait_for()
    page.emulate_media(media="print")
    page.locator(".remarks").wait_for()
    for gone in (".tools", ".behind", ".head", ".way >> nth=0"):
        assert not page.locator(gone).is_visible()
    for there in (
        ".waterfall",
        ".stacks",
        ".routes",
        ".loaders-grid",
        ".histogram",
        ".pareto .rows",
        ".worst table",
    ):
        assert page.locator(there).first.is_visible()
    assert page.locator(".worst tbody tr").count() == 10
    assert page.locator("h1").evaluate("(node) => getComputedStyle(node).color") == "rgb(0, 0, 0)"
    printed = page.pdf(prefer_css_page_size=True, print_background=True)
    assert printed.startswith(b"%PDF")
    assert re.findall(rb"/MediaBox \[0 0 (\d+)[.\d]* (\d+)", printed)[0] in (
        (b"594", b"841"),
        (b"595", b"842"),
    )
    assert 1 <= len(re.findall(rb"/Type /Page\b", printed)) <= 3
    page.emulate_media(media="screen")
    page.locator(".tools").wait_for()
    assert page.locator(".behind").is_visible()


def test_the_print_button_asks_the_browser_to_print(page, address):
    opened(page, f"{address}/shift")
    page.evaluate("window.print = () => { window.printed = true; }")
    page.get_by_role("button", name="Print this page").click()
    page.wait_for_function("window.printed")
