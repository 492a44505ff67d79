"""What the ground tells, seen in a browser: kinds, periods, two maps side by side, loads, the address."""

from __future__ import annotations

from datetime import UTC

import pytest
from ibis import _
from replay_pages import begun, seek, told, until

import truckkit as tk
from truckkit.views import palette

pytestmark = pytest.mark.browser


def open_choice(page):
    page.locator(".pane").focus()
    page.keyboard.press("g")
    return page.get_by_role("dialog", name="Backdrop")


def there(page, map_, kind):
    until(page, f"(r.grounds.maps[{map_}].picture.answer || {{}}).kind === '{kind}'")


def test_each_kind_has_a_scale_with_its_unit_and_says_the_value_under_the_pointer(page, address):
    begun(page, f"{address}/replay")
    choice = open_choice(page)
    kinds = choice.get_by_label("What the ground tells")
    scale = page.get_by_role("group", name="What the ground tells", exact=True)
    there(page, 0, "density")
    scale.get_by_text("positions on").wait_for()
    for kind, unit in (("speed", "km/h"), ("payload", "t over each"), ("state", "haul")):
        kinds.select_option(kind)
        there(page, 0, kind)
        scale.get_by_text(unit, exact=kind == "speed").wait_for()
    kinds.select_option("speed")
    there(page, 0, "speed")
    page.keyboard.press("Escape")
    assert choice.is_hidden()
    x, y = told(page, "[r.viewport.toScreenX(r.reads[0].x), r.viewport.toScreenY(r.reads[0].y)]")
    pane = page.locator(".pane").bounding_box()
    page.mouse.move(pane["x"] + x, pane["y"] + y)
    here = scale.get_by_text("here: ")
    here.wait_for()
    sample = tk.sample()
    side, x_m, y_m = told(
        page,
        "[r.ground.backdrop.frame.side, r.reads[0].x + r.scene.origin[0], r.reads[0].y + r.scene.origin[1]]",
    )
    west, south = x_m // side * side, y_m // side * side
    square = sample.positions.filter(_.x_m >= west, _.x_m < west + side, _.y_m >= south, _.y_m < south + side)
    mean = square.speed_kmh.mean().to_pyarrow().as_py()
    said = float(here.inner_text().removeprefix("here: ").removesuffix(" km/h"))
    assert said == pytest.approx(mean, abs=0.3)


def test_a_ground_that_is_drawn_anew_is_not_asked_for_anew(page, address):
    begun(page, f"{address}/replay")
    until(page, "r.ground.backdrop && !r.ground.picture.waiting && !r.ground.stale")
    asked = page.locator(".replay").evaluate(
        """async (root) => {
            const { ground, viewport } = root.replay, { picture } = ground, asked = [];
            const ask = picture.ask;
            picture.want = () => asked.push("wanted");
            picture.ask = (what, ...more) => { asked.push(what); return ask(what, ...more); };
            ground.redraw();
            viewport.changed("test");
            while (ground.stale) await new Promise(requestAnimationFrame);
            await picture._fetch();
            const drawnAnew = asked.join();
            viewport.zoom(4);
            while (ground.drawn.scale !== viewport.scale) await new Promise(requestAnimationFrame);
            await picture._fetch();
            return [drawnAnew, asked.join()];
        }"""
    )
    assert asked == ["", "wanted,backdrop"]


def test_the_ground_of_states_has_the_colour_of_the_state_most_of_the_time(page, address):
    begun(page, f"{address}/replay?backdrop=state")
    there(page, 0, "state")
    until(page, "r.ground.backdrop.tinted")
    # In the workshop a truck is down: hatched, so a pixel is of the state's colour or of its ink.
    found = page.locator(".replay").evaluate(
        """(root) => {
            const { frame, codes, tinted } = root.replay.ground.backdrop, seen = {};
            const { data } = tinted.getContext("2d").getImageData(0, 0, frame.width, frame.height);
            codes.forEach((code, k) => {
                const hex = [0, 1, 2].map((c) => data[4 * k + c].toString(16).padStart(2, "0")).join("");
                if (code) (seen[code - 1] ||= {})["#" + hex.toUpperCase()] = true;
            });
            for (const code of Object.keys(seen)) seen[code] = Object.keys(seen[code]);
            return seen;
        }"""
    )
    states = list(palette.STATE_COLOURS)
    assert {"haul", "return", "load"} <= {states[int(code)] for code in found}
    for code, colours in found.items():
        state = states[int(code)]
        assert palette.STATE_COLOURS[state] in colours or palette.STATE_PATTERNS[state] != "plain"
        assert len(colours) == 1 or palette.STATE_PATTERNS[state] != "plain"


def test_another_period_stands_beside_the_map_with_the_same_view(page, address):
    begun(page, f"{address}/replay?backdrop=speed")
    there(page, 0, "speed")
    choice = open_choice(page)
    choice.get_by_label("Compare with", exact=True).select_option("other")
    choice.get_by_label("Compare with: its start").fill("2026-11-22 06:00")
    choice.get_by_label("Compare with: its stop").fill("2026-11-22 09:00")
    choice.get_by_label("Compare with: its stop").press("Enter")
    there(page, 1, "speed")
    page.keyboard.press("Escape")
    page.get_by_role("group", name="What the ground of the other map tells").get_by_text(
        "06:00 – 09:00"
    ).wait_for()
    first, second = (page.locator(name).bounding_box() for name in (".pane", ".second"))
    assert (first["y"], first["height"]) == (second["y"], second["height"])
    assert abs(first["width"] - second["width"]) <= 2
    # The second map moves the first: both are one view.
    x = told(page, "r.viewport.x")
    page.mouse.move(second["x"] + 100, second["y"] + 300)
    page.mouse.down()
    page.mouse.move(second["x"] + 160, second["y"] + 300, steps=3)
    page.mouse.up()
    assert told(page, "r.viewport.x") != x
    until(page, "r.grounds.beside.ground.drawn.x === r.viewport.x || r.grounds.beside.ground.moved[0] !== 0")
    # Both are coloured by one scale, or they could not be compared.
    until(
        page,
        "r.grounds.maps.every(({ picture }) => picture.scale.high"
        " === Math.max(...r.grounds.maps.map((map) => map.picture.answer.high)))",
    )
    address_said = told(page, "r.asAddress()")
    assert address_said["backdrop"] == "speed"
    assert address_said["compare"] == "2026-11-22T09:00:00.000Z/2026-11-22T12:00:00.000Z"


def test_the_address_opens_the_same_ground_and_an_empty_period_says_so(page, address):
    begun(page, f"{address}/replay?backdrop=payload&period=last_shift&compare=previous_shift")
    there(page, 0, "payload")
    page.get_by_role("group", name="What the ground tells", exact=True).get_by_text(
        "last shift, 2026-11-22 day"
    ).wait_for()
    other = page.get_by_role("group", name="What the ground of the other map tells")
    other.get_by_text(
        "one shift alone that was over before the window ends; choose another period."
    ).wait_for()
    said = told(page, "r.asAddress()")
    assert (said["backdrop"], said["period"], said["compare"]) == ("payload", "last_shift", "previous_shift")
    page.wait_for_url("**compare=previous_shift**")
    choice = open_choice(page)
    choice.get_by_label("Compare with", exact=True).select_option("")
    until(page, "!r.grounds.beside.shown()")
    choice.get_by_label("Of which period", exact=True).select_option("last_week")
    page.get_by_role("group", name="What the ground tells", exact=True).get_by_text("last week").wait_for()


def test_a_loaded_truck_shows_what_it_carries(page, address):
    begun(page, f"{address}/replay?view=1800,2200,0.4")
    seek(page, 60 * 60 * 1000)
    cycles = tk.sample().cycles.filter(_.full.notnull(), _.payload_t.notnull())
    at = told(page, "r.scene.start + r.playhead.now")
    rows = [
        row
        for row in cycles.select("truck", "full", "stop", "payload_t").to_pyarrow().to_pylist()
        if row["full"].replace(tzinfo=UTC).timestamp() * 1000
        <= at
        < row["stop"].replace(tzinfo=UTC).timestamp() * 1000
    ]
    until(page, "r.loads.held.size > 0")
    names = told(page, "r.scene.trucks.map(({ name }) => name)")
    carried = told(
        page, "r.scene.trucks.map((_, k) => (r.does[k].loaded ? r.loads.words(k, r.playhead.now) : ''))"
    )
    wanted = {row["truck"]: f"{round(row['payload_t'])} t" for row in rows}
    loaded = {name: words for name, words in zip(names, carried, strict=True) if words}
    assert loaded
    assert loaded.items() <= wanted.items()
    name = next(iter(loaded))
    page.locator(".replay").evaluate("(root, name) => root.replay.shared.follow(name)", name)
    page.locator(".card").get_by_text(f"carries {loaded[name]}").wait_for()
    until(page, f"[...r.markers._sprites._held.keys()].some((key) => key.includes('{loaded[name]}'))")
