"""Every page that is served opens: light and dark, on a phone and a laptop, whatever the names hold."""

from __future__ import annotations

from datetime import timedelta

import pytest
from stores import write
from strips import MIDNIGHT, interval

from truckkit.store import Facts

pytestmark = pytest.mark.browser

READY = {
    "": ".index h1",
    "index": ".index h1",
    "timeline": "canvas.strips[data-drawn]",
    "replay": "canvas",
    "shift": ".sheet[data-ready=true]",
    "quality": ".sheet[data-ready=true]",
    "api/docs": ".swagger-ui .info .title",
}
"""What is to be seen on each page once it is there."""

OURS = ("", "index", "timeline", "replay", "shift", "quality")
SCREENS = {"phone": {"width": 390, "height": 844}, "laptop": {"width": 1440, "height": 900}}


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", READY, ids=lambda path: path or "root")
def test_every_page_opens_in_light_and_dark_on_a_phone_and_a_laptop(open_page, address, path, scheme, screen):
    page = open_page(viewport=SCREENS[screen], color_scheme=scheme)
    answer = page.goto(f"{address}/{path}")
    assert answer.status == 200
    page.locator(READY[path]).first.wait_for()
    wider = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wider <= 0 or path == "api/docs"


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("path", OURS, ids=lambda path: path or "root")
def test_the_head_of_a_page_leads_everywhere_and_nothing_of_it_is_cut(open_page, address, path, screen):
    page = open_page(viewport=SCREENS[screen])
    page.goto(f"{address}/{path}")
    for name in ("Replay", "Timeline", "Shift", "Quality", "REST"):
        link = page.get_by_role("navigation", name="Pages").get_by_role("link", name=name)
        link.wait_for()
        box = link.bounding_box()
        assert box["x"] + box["width"] <= SCREENS[screen]["width"]
    box = page.get_by_label("Toggle theme").bounding_box()
    assert box["x"] + box["width"] <= SCREENS[screen]["width"]


def test_the_root_leads_on_to_every_page_by_its_links(page, address):
    page.goto(address)
    page.locator(".index .pages a", has_text="Timeline").click()
    page.locator(READY["timeline"]).wait_for()
    page.get_by_role("link", name="truckkit").click()
    page.locator(READY["index"]).wait_for()


def test_a_page_follows_the_systems_theme_and_then_the_readers_choice(open_page, address):
    page = open_page(color_scheme="dark")
    is_dark = """() => {
        const colour = getComputedStyle(document.body).getPropertyValue('background-color');
        return colour.match(/\\d+/g).slice(0, 3).every((part) => Number(part) < 80);
    }"""
    page.goto(f"{address}/index")
    page.locator(READY["index"]).wait_for()
    page.wait_for_function(is_dark)
    page.get_by_label("Toggle theme").click()
    page.wait_for_function(f"!({is_dark})()")
    page.wait_for_function("document.cookie.includes('truckkit_theme=light')")
    page.goto(f"{address}/timeline")
    page.locator(READY["timeline"]).wait_for()
    page.wait_for_function(f"!({is_dark})()")


def test_the_head_stands_without_a_views_scripts_and_says_what_to_do(page, faults, address):
    page.route("**/bokeh.min.js*", lambda route: route.abort())
    page.goto(f"{address}/replay")
    page.get_by_role("status").get_by_text("load it again").wait_for()
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Timeline").wait_for()
    faults.clear()  # the script that is not there is an error in the console


def test_a_page_says_so_where_the_server_does_not_answer_its_view(page, faults, address):
    page.add_init_script(
        "WebSocket = class extends WebSocket { constructor() { super('ws://127.0.0.1:9'); } };"
    )
    page.goto(f"{address}/index")
    page.get_by_role("status").get_by_text("The server does not answer").wait_for()
    faults.clear()  # the line that is not there is an error in the console


def test_a_page_whose_server_has_gone_says_so_in_its_head(page, faults, address):
    opened = []
    page.route_web_socket("**/ws*", lambda line: (opened.append(line), line.connect_to_server()))
    page.goto(f"{address}/index")
    page.locator(READY["index"]).first.wait_for()
    gone = page.locator("header").get_by_text("The server does not answer")
    assert not gone.is_visible()
    opened[0].close()
    gone.wait_for()
    faults.clear()


def test_a_reader_without_scripts_is_told_what_the_page_needs(page, address):
    # Where a debugger turns scripts off, Chromium still reads the page as one with scripts.
    told = page.request.get(f"{address}/replay").text().partition("<noscript>")[2].partition("</noscript>")[0]
    page.set_content(told)
    page.get_by_text("needs JavaScript").wait_for()
    assert page.get_by_role("link", name="REST").get_attribute("href") == "api/docs"


def test_a_replay_opens_without_the_scripts_of_a_component_library(page, address):
    asked = []
    page.on("request", lambda request: asked.append(request.url.rpartition("/")[2].partition("?")[0]))
    page.goto(f"{address}/replay")
    page.locator(READY["replay"]).first.wait_for()
    assert {name for name in asked if name.endswith(".js")} == {
        "bokeh.min.js",
        "bokeh-widgets.min.js",
        "bokeh-tables.min.js",
        "panel.min.js",
    }


# Names are hostile text ------------------------------------------------------------------------------


def markup(what: str) -> str:
    return f"<img src=x onerror=\"window.fired='{what}'\">\"'></script><script>window.fired='{what}'</script>"


@pytest.fixture(scope="session")
def hostile(tmp_path_factory, serve):
    """A mine in which every name holds markup that runs script."""
    truck, loader, load_place, dump_place = (markup(what) for what in ("truck", "loader", "load", "dump"))
    states, positions = [], []
    for k in range(40):
        start = MIDNIGHT + timedelta(minutes=3 * k)
        state, place = (("load", load_place), ("haul", None), ("dump", dump_place), ("return", None))[k % 4]
        stop = start + timedelta(minutes=3)
        states.append(interval(truck, state, start, stop, place=place, loader=loader))
        positions += [
            {
                "truck": truck,
                "at": (start + timedelta(seconds=s)).replace(tzinfo=None),
                "x_m": 10.0 * k + s,
                "y_m": 5.0 * s,
                "speed_kmh": 20.0,
                "heading_deg": 45.0,
            }
            for s in range(0, 180, 10)
        ]
    places = [
        {"place": load_place, "kind": "load", "x_m": 100.0, "y_m": 100.0, "radius_m": 50.0, "given": True},
        {"place": dump_place, "kind": "dump", "x_m": 400.0, "y_m": 700.0, "radius_m": 50.0, "given": True},
    ]
    shift = {
        "shift": markup("shift"),
        "start": MIDNIGHT.replace(tzinfo=None),
        "stop": (MIDNIGHT + timedelta(hours=12)).replace(tzinfo=None),
    }
    store = write(
        tmp_path_factory.mktemp("hostile") / "mine",
        Facts(name=markup("site"), time_zone="America/Lima", simulated=True),
        trucks=[{"truck": truck, "model": markup("model"), "given": True}],
        places=places,
        roads=[{"road": markup("road"), "from_place": load_place, "to_place": dump_place, "length_m": 900.0}],
        positions=positions,
        states=states,
        shifts=[shift],
    )
    return serve(store)


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("path", READY, ids=lambda path: path or "root")
def test_markup_in_names_runs_nothing_on_any_page(open_page, hostile, path, screen):
    page = open_page(viewport=SCREENS[screen])
    page.goto(f"{hostile}/{path}")
    page.locator(READY[path]).first.wait_for()
    if path in OURS:
        page.get_by_role("navigation", name="Pages").wait_for()
    size = SCREENS[screen]
    for share in (0.2, 0.4, 0.6, 0.8):
        page.mouse.move(size["width"] * share, size["height"] * 0.3)
        page.mouse.move(size["width"] * share, size["height"] * 0.5)
    assert page.evaluate("window.fired") is None
    assert page.evaluate("document.querySelectorAll('img[src=x]').length") == 0


def test_markup_in_names_shows_as_it_is_and_runs_nothing_where_names_are_told(page, hostile):
    page.goto(f"{hostile}/timeline")
    canvas = page.locator(READY["timeline"])
    canvas.wait_for()
    edge = canvas.bounding_box()
    page.mouse.move(edge["x"] + edge["width"] * 0.3, edge["y"] + 66)
    page.locator(".tip .what").get_by_text("<img src=x").wait_for()
    page.mouse.click(edge["x"] + edge["width"] * 0.3, edge["y"] + 66)
    page.locator(".moment .said").get_by_text("<img src=x").wait_for()
    for where in (
        f"truck={'<img src=x onerror=window.fired=1>'}",
        "start=<img src=x onerror=window.fired=1>",
    ):
        page.goto(f"{hostile}/timeline?{where}")
        page.get_by_text("<img src=x onerror").first.wait_for()
    assert page.evaluate("window.fired") is None


def test_the_same_markup_does_run_where_it_is_let_in(page, faults, hostile):
    page.goto(f"{hostile}/index")
    page.locator(READY["index"]).wait_for()
    page.evaluate("(name) => { document.body.insertAdjacentHTML('beforeend', name); }", markup("control"))
    page.wait_for_function("window.fired === 'control'")
    faults.clear()  # the picture that is not there is an error in the console


# The fixture itself ----------------------------------------------------------------------------------


def test_an_error_in_the_console_and_a_request_that_leaves_are_noticed(page, faults):
    page.goto("about:blank")
    page.evaluate("console.error('so it is noticed')")
    page.evaluate("fetch('http://truckkit.invalid/').catch(() => {})")
    page.evaluate("setTimeout(() => { throw new Error('uncaught') })")
    page.wait_for_event("pageerror") if not any("uncaught" in fault for fault in faults) else None
    assert "console: so it is noticed" in faults
    assert "left: http://truckkit.invalid/" in faults
    faults.clear()
