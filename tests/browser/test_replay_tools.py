"""What narrows the map and what measures on it: the trucks that are meant, a box, a line."""

from __future__ import annotations

from datetime import UTC, timedelta

import pytest
from ibis import _
from replay_pages import HALF_AN_HOUR, begun, seek, told, until

import truckkit as tk
from truckkit.views.palette import STATE_COLOURS

pytestmark = pytest.mark.browser


def test_the_map_draws_the_trucks_that_are_meant_and_the_one_that_is_followed(page, address):
    begun(page, f"{address}/replay")
    names = told(page, "r.scene.trucks.map(({ name }) => name)")
    page.locator(".replay").evaluate("(root, name) => root.replay.shared.narrow(new Set([name]))", names[1])
    until(page, "r.markers.hits.length === 1 && r.markers.hits[0].truck === 1")
    page.locator(".replay").evaluate("(root, name) => root.replay.shared.follow(name)", names[2])
    # The map goes to the truck that is followed, and may leave the other behind its edge.
    until(page, "['2', '1,2'].includes(r.markers.hits.map(({ truck }) => truck).join())")
    page.locator(".replay").evaluate("(root) => root.replay.shared.narrow(null)")
    until(page, "r.markers.hits.length > 3")


def test_a_box_leaves_the_trucks_that_were_in_it_for_the_stretch_that_is_repeated(page, address):
    begun(page, f"{address}/replay")
    page.get_by_role("button", name="Draw a box").click()
    pane = page.locator(".pane").bounding_box()
    view = told(page, "[r.viewport.x, r.viewport.y]")
    x, y = told(page, "[r.viewport.toScreenX(r.reads[0].x), r.viewport.toScreenY(r.reads[0].y)]")
    page.mouse.move(pane["x"] + x - 30, pane["y"] + y - 30)
    page.mouse.down()
    page.mouse.move(pane["x"] + x + 30, pane["y"] + y + 30, steps=3)
    page.mouse.up()
    page.locator(".inside").get_by_text("were here between 06:00 and 18:00").wait_for()
    assert told(page, "[r.viewport.x, r.viewport.y]") == view
    # For a moment alone it is those whose marks lie in the box.
    page.locator(".replay").evaluate(
        "(root, at) => root.replay.playhead.repeat([at, at + 1000])", HALF_AN_HOUR
    )
    page.locator(".inside").get_by_text("between 06:30:00 and 06:30:01").wait_for()
    there = told(page, f"r.markers.hits.filter((h) => Math.hypot(h.x - {x}, h.y - {y}) < 1).length")
    assert there >= 1
    inside = (
        f"r.reads.filter((one) => Math.abs(r.viewport.toScreenX(one.x) - {x}) <= 30"
        f" && Math.abs(r.viewport.toScreenY(one.y) - {y}) <= 30).length"
    )
    assert told(page, "r.shared.trucks.size") == told(page, inside)
    page.locator(".inside").get_by_role("button", name="Show all trucks").click()
    until(page, "r.shared.trucks === null && r.tools.box.box() === null")
    # Without a pointer the box is what is seen.
    page.locator(".pane").focus()
    page.keyboard.press("Shift+B")
    page.locator(".inside").get_by_text("6 of 6 trucks were here").wait_for()


def test_a_line_tells_how_long_its_legs_are(page, address):
    begun(page, f"{address}/replay")
    page.locator(".pane").focus()
    page.keyboard.press("m")
    pane = page.locator(".pane").bounding_box()
    page.mouse.click(pane["x"] + 200, pane["y"] + 200)
    page.mouse.click(pane["x"] + 300, pane["y"] + 200)
    page.mouse.click(pane["x"] + 300, pane["y"] + 275)
    scale = told(page, "r.viewport.scale")
    said = told(page, "r.tools.measure.corners().length")
    assert said == 3
    metres = 175 / scale
    told_length = f"{metres / 1000:.2f} km" if 999.5 < metres < 9995 else f"{metres:.0f} m"
    words = f"{told_length} in 2 legs"
    page.locator(".replay > .heard").get_by_text(words).wait_for()
    assert told(page, "r.followed()") == -1
    page.keyboard.press("Backspace")
    until(page, "r.tools.measure.corners().length === 2")
    page.keyboard.press("Escape")
    until(page, "!r.tools.measure.armed() && r.tools.measure.corners().length === 0")


# The picture against the store ---------------------------------------------------------------------------

DRAWN = """async (root, [name, x, y]) => {
    const { viewport, scene, shared, markers } = root.replay;
    markers._drawNames = () => {};
    shared.narrow(new Set([name]));
    viewport.centre(x - scene.origin[0], y - scene.origin[1]);
    viewport.scale = 2;
    viewport.changed("zoom");
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    const canvas = root.querySelector("canvas.markers"), half = 30;
    const cx = Math.round(canvas.width / 2), cy = Math.round(canvas.height / 2);
    const { data } = canvas.getContext("2d").getImageData(cx - half, cy - half, 2 * half, 2 * half);
    const sum = { ink: 0, x: 0, y: 0 }, colours = new Set();
    for (let i = 0; i < data.length; i += 4) {
        const ink = data[i + 3] / 255, k = i / 4;
        sum.ink += ink;
        sum.x += ink * (cx - half + (k % (2 * half)) + 0.5);
        sum.y += ink * (cy - half + Math.floor(k / (2 * half)) + 0.5);
        const parts = [data[i], data[i + 1], data[i + 2]];
        const hex = parts.map((part) => part.toString(16).padStart(2, '0')).join('');
        if (ink === 1) colours.add('#' + hex.toUpperCase());
    }
    return {
        ink: sum.ink, colours: [...colours],
        off: Math.hypot(sum.x / sum.ink - canvas.width / 2, sum.y / sum.ink - canvas.height / 2),
    };
}"""


def placed(site, moment):
    """Where each truck truly was [m]: on the straight line between its samples around the moment."""
    around = timedelta(seconds=3)
    rows = site.positions.filter(_.at.between(*(utc(moment + way * around) for way in (-1, 1))))
    told = rows.select("truck", "at", "x_m", "y_m").order_by("truck", "at").to_pyarrow().to_pylist()
    places = {}
    for truck in site.truck_names:
        own = [row for row in told if row["truck"] == truck]
        before = [row for row in own if row["at"] <= utc(moment)][-1]
        after = next(row for row in own if row["at"] > utc(moment))
        part = (utc(moment) - before["at"]) / (after["at"] - before["at"])
        places[truck] = tuple(before[axis] + part * (after[axis] - before[axis]) for axis in ("x_m", "y_m"))
    return places


def utc(moment):
    return moment.astimezone(UTC).replace(tzinfo=None)


def test_each_truck_is_drawn_where_the_store_has_it_in_the_colour_of_its_state(page, address, sample_store):
    site = tk.open(sample_store)
    begun(page, f"{address}/replay")
    page.get_by_label("Length of the trails").select_option("no trail")
    seen = set()
    for ms in (2_232_345, 12_007_900, 32_733_050):
        moment = site.start + timedelta(milliseconds=ms)
        now = utc(moment)
        states = (
            site.states.filter(_.start <= now, _.stop > now).select("truck", "state").to_pyarrow().to_pylist()
        )
        seek(page, ms)
        places = placed(site, moment)
        for row in states:
            drawn = page.locator(".replay").evaluate(DRAWN, [row["truck"], *places[row["truck"]]])
            # An arrow's own middle lies 0.8 px behind its truck.
            assert drawn["ink"] > 50, (moment, row, drawn)
            assert drawn["off"] <= 2, (moment, row, drawn)
            told_colours = set(drawn["colours"]) & set(STATE_COLOURS.values())
            assert told_colours == {STATE_COLOURS[row["state"]]}, (moment, row, drawn)
            seen.add(row["state"])
    assert len(seen) >= 4
