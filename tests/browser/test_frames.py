"""What is drawn sixty times a second is drawn rightly: copied trucks, moved playheads, room for names."""

from __future__ import annotations

import io

import pytest
from driven import along
from PIL import Image
from replay_pages import settled
from stores import write
from strips import intervals

from truckkit.store import Facts
from truckkit.views.assets import assets
from truckkit.views.palette import STATE_COLOURS

pytestmark = pytest.mark.browser


@pytest.fixture(scope="session")
def hauling(tmp_path_factory, serve):
    """Ten minutes: T01 hauls east, T02 queues."""
    store = write(
        tmp_path_factory.mktemp("hauling") / "mine",
        Facts(name="Straight mine", time_zone="UTC", simulated=True),
        trucks=[{"truck": truck, "given": True} for truck in ("T01", "T02")],
        positions=[*along("T01", samples=600), *along("T02", samples=600, y=3000.0, speed=0.0)],
        states=intervals({"T01": "H" * 10, "T02": "Q" * 10}),
    )
    return serve(store)


@pytest.fixture
def playing(page, hauling):
    """A replay that plays at sixty times."""
    page.goto(f"{hauling}/replay")
    page.locator(".replay[data-ready=true]").wait_for()
    page.locator("canvas.plot[data-drawn]").wait_for()
    page.wait_for_function(
        "({ replay: { doings, reads } }) => doings.held.size && reads.every((read) => read.status === 1)",
        arg=page.locator(".replay").element_handle(),
    )
    page.locator(".replay").evaluate(
        "(root) => { root.replay.playhead.seek(60000); root.replay.playhead.play(); }"
    )
    return page


SEEN = """
(root) => {
  const { viewport, reads, markers, playhead } = root.replay, dpr = devicePixelRatio;
  const x = viewport.toScreenX(reads[0].x), y = viewport.toScreenY(reads[0].y);
  const context = markers.canvas.getContext("2d");
  const [r, g, b] = context.getImageData(Math.round(x * dpr), Math.round(y * dpr), 1, 1).data;
  const colour = "#" + [r, g, b].map((part) => part.toString(16).padStart(2, "0")).join("").toUpperCase();
  return { colour, playing: playhead.playing, east: reads[0].x, copied: [...markers._sprites._held.keys()] };
}
"""


def test_while_time_goes_fast_a_truck_is_drawn_where_it_is_in_the_colour_of_its_state(playing):
    replay = playing.locator(".replay")
    playing.wait_for_function("root => root.replay.playhead.now > 63000", arg=replay.element_handle())
    first = replay.evaluate(SEEN)
    playing.wait_for_function(
        "([root, east]) => root.replay.reads[0].x > east + 50", arg=[replay.element_handle(), first["east"]]
    )
    seen = replay.evaluate(SEEN)
    assert seen["playing"]
    assert seen["colour"] == STATE_COLOURS["haul"]
    # Clockwise from north, 16 of 64: east.
    assert "16 true true haul" in seen["copied"]


def test_while_time_goes_the_playhead_moves_over_strips_that_stay_as_they_were_drawn(playing):
    plot, needle = playing.locator("canvas.plot"), playing.locator(".signals .now")
    replay = playing.locator(".replay").element_handle()
    playing.wait_for_function("root => root.replay.playhead.now > 90000", arg=replay)
    # What was still to come is drawn once it has.
    playing.wait_for_function("plot => !JSON.parse(plot.dataset.drawn).waiting", arg=plot.element_handle())
    settled(playing)
    before, drawn = needle.evaluate("line => line.style.transform"), plot.get_attribute("data-drawn")
    playing.wait_for_function("root => root.replay.playhead.now > 150000", arg=replay)
    assert needle.evaluate("line => line.style.transform") != before
    assert plot.get_attribute("data-drawn") == drawn
    playing.locator(".replay").evaluate(
        "root => { root.replay.playhead.pause(); root.replay.playhead.seek(300000); }"
    )
    # The strips' window is the whole of ten minutes.
    playing.wait_for_function(
        """([line, plot]) => {
            const { left, width } = JSON.parse(plot.dataset.drawn);
            const [, x] = /([\\d.]+)px/.exec(line.style.transform);
            return Math.abs(Number(x) - (left + width / 2)) < 2;
        }""",
        arg=[needle.element_handle(), plot.element_handle()],
    )


def test_the_line_over_the_states_is_seen_where_the_clock_stands(playing):
    playing.locator(".replay").evaluate(
        "root => { root.replay.playhead.pause(); root.replay.playhead.seek(300000); }"
    )
    strips, line = playing.locator("canvas.strips"), playing.locator(".timeline .line")
    # The strips show the whole of ten minutes.
    playing.wait_for_function(
        """([strips, line]) => {
            const { left, width } = JSON.parse(strips.dataset.drawn), edge = line.getBoundingClientRect();
            const middle = strips.getBoundingClientRect().left + left + width / 2;
            return Math.abs((edge.left + edge.right) / 2 - middle) < 1;
        }""",
        arg=[strips.element_handle(), line.element_handle()],
    )
    edge = line.bounding_box()
    seen = Image.open(io.BytesIO(playing.screenshot(clip=edge))).convert("RGB")
    accent = line.evaluate("line => getComputedStyle(line).getPropertyValue('--accent')").strip()
    wanted = tuple(bytes.fromhex(accent.removeprefix("#")))
    assert seen.getpixel((seen.width // 2, seen.height // 2)) == wanted


def test_strips_that_stand_give_way_to_a_copy_that_looks_the_same_until_they_change(playing):
    playing.locator(".replay").evaluate("root => root.replay.playhead.pause()")
    for drawn, over in (("canvas.strips", ".timeline .copy"), ("canvas.plot", ".signals .copy")):
        canvas, copy = playing.locator(drawn), playing.locator(over)
        pair = [canvas.element_handle(), copy.element_handle()]
        resting = (
            "([canvas, copy]) => getComputedStyle(canvas).opacity === '0' && copy.style.visibility === ''"
        )
        playing.wait_for_function(resting, arg=pair)
        assert canvas.bounding_box() == copy.bounding_box()
        same = """([canvas, copy]) => {
            const over = canvas.parentElement.querySelector("canvas.over:not([hidden])");
            const layers = over ? [canvas, over] : [canvas];
            const pixels = (pictures) => {
                const whole = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d");
                for (const picture of pictures) whole.drawImage(picture, 0, 0);
                return whole.getImageData(0, 0, canvas.width, canvas.height).data;
            };
            const one = pixels(layers), other = pixels([copy]);
            return one.some(Boolean) && one.every((value, k) => value === other[k]);
        }"""
        assert playing.evaluate(same, pair)
        # What is drawn again is seen again, and the keys still reach it.
        canvas.focus()
        before = canvas.get_attribute("data-drawn")
        awake = """([canvas, copy]) => new Promise((done) => {
            const look = () => {
                if (!canvas.classList.contains("resting") && copy.style.visibility === "hidden") done(true);
                else requestAnimationFrame(look);
            };
            canvas.dispatchEvent(new KeyboardEvent("keydown", { key: "+", bubbles: true }));
            look();
        })"""
        assert playing.evaluate(awake, pair)
        playing.wait_for_function(
            "([canvas, before]) => canvas.dataset.drawn !== before", arg=[pair[0], before]
        )
        playing.wait_for_function(resting, arg=pair)
        assert playing.evaluate(same, pair)


def test_a_box_is_free_where_it_touches_none_that_is_taken_however_large_they_are(page):
    page.goto("about:blank")
    free = page.evaluate(
        """(source) => {
            const Taken = new Function(source + '; return Taken;')();
            const taken = new Taken();
            const own = taken.add([-200, -200, 300, 10]);
            taken.add([500, 500, 510, 510]);
            const asked = [[0, 0, 20, 20], [0, 11, 20, 20], [400, 400, 600, 600], [511, 500, 700, 600]];
            return [...asked.map((box) => taken.free(box)), taken.free(asked[0], own)];
        }""",
        assets("taken.js"),
    )
    assert free == [False, True, False, True, True]
