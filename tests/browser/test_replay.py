"""The replay as a reader meets it: where trucks are drawn, how time goes, what is said of holes."""

from __future__ import annotations

import base64
from datetime import timedelta

import pytest
from driven import SECOND, along, mine
from replay_pages import opened, settled, told, until
from stores import write
from strips import MIDNIGHT, intervals

from truckkit.store import Facts
from truckkit.views import chunks, scene
from truckkit.views.palette import STATE_COLOURS
from truckkit.views.replay import ReplayCanvas
from truckkit.views.setting import described

pytestmark = pytest.mark.browser

HEARD, NOT_HEARD, NEVER = 1, 2, 3
MINUTE, MS = timedelta(minutes=1), timedelta(milliseconds=1)
T01, T02, T03 = range(3)


@pytest.fixture(scope="session")
def driven(tmp_path_factory, serve):
    """Twenty minutes from 19:00 in Lima: T01 drives east with a hole of 5 min, T02 stands, T03 is late."""
    positions = [
        *along("T01", MIDNIGHT, 300),
        *along("T01", MIDNIGHT + 10 * MINUTE, 601, x=7000.0),
        *along("T02", MIDNIGHT + 250 * MS, 120, every=10 * SECOND, x=3000.0, y=3500.0, speed=0.0),
        *along("T03", MIDNIGHT + 15 * MINUTE, 60, y=1500.0),
    ]
    states = intervals({"T01": "HHHHH.....RRRRRRRRRR", "T02": "LLLLLLLLLLXXXXXXXXXX"})
    places = [
        {"place": "Crusher", "kind": "crusher", "x_m": 9000.0, "y_m": 2000.0, "given": True},
        {
            "place": "North face",
            "kind": "load",
            "x_m": 3000.0,
            "y_m": 3500.0,
            "radius_m": 80.0,
            "given": True,
        },
    ]
    store = write(
        tmp_path_factory.mktemp("driven") / "mine",
        Facts(name="Straight mine", time_zone="America/Lima", simulated=True),
        trucks=[{"truck": truck, "given": True} for truck in ("T01", "T02", "T03", "T04")],
        places=places,
        roads=[{"road": "Ramp", "from_place": "North face", "to_place": "Crusher", "length_m": 6185.0}],
        positions=positions,
        states=states,
    )
    return serve(store)


@pytest.fixture(scope="session")
def detected(tmp_path_factory, serve):
    """Ten minutes: FMS and detector tell of T01, the detector alone of T02; a loader moves at 5 min."""
    face = {"kind": "load", "x_m": 1000.0, "y_m": 2600.0, "given": True, "radius_m": 60.0}
    found = {**face, "given": False, "radius_m": 12.0}
    moved = (MIDNIGHT + 5 * MINUTE).replace(tzinfo=None)
    sure = [
        {**row, "confidence": 0.844}
        for row in intervals({"T01": "R" * 10, "T02": "L" * 10}, source="detected")
    ]
    store = write(
        tmp_path_factory.mktemp("detected") / "mine",
        Facts(name="Detected mine", time_zone="UTC", simulated=True),
        trucks=[{"truck": truck, "given": True} for truck in ("T01", "T02")],
        places=[
            {"place": "Face", **face},
            {"place": "Load 1", **found, "x_m": 1040.0},
            {"place": "Load 2", **found, "x_m": 2000.0, "stop": moved},
            {
                "place": "Load 2, stand 2",
                "given": False,
                "radius_m": 12.0,
                **face,
                "x_m": 2040.0,
                "start": moved,
            },
        ],
        positions=[*along("T01", samples=600), *along("T02", samples=600, y=3000.0, speed=0.0)],
        states=[*intervals({"T01": "H" * 10}), *sure],
    )
    return serve(store)


# How a test looks at a replay ------------------------------------------------------------------------


def at(page, text):
    """Goes to a time by typing it, as a reader does."""
    field = page.get_by_label("Time, to the millisecond")
    field.fill(text)
    field.press("Enter")


def spot(page, truck):
    """Where a truck is drawn [px, in the map]."""
    return told(page, f"[r.viewport.toScreenX(r.reads[{truck}].x), r.viewport.toScreenY(r.reads[{truck}].y)]")


def metres(page, x, y):
    """Where a point of the mine [m] lies [px, in the map], by the map's own scale."""
    return told(
        page,
        f"[r.viewport.toScreenX({x} - r.scene.origin[0]), r.viewport.toScreenY({y} - r.scene.origin[1])]",
    )


def colour(page, x, y):
    """The colour drawn at a point of the map."""
    return page.locator("canvas.markers").evaluate(
        """(canvas, [x, y]) => {
            const dpr = devicePixelRatio || 1;
            const context = canvas.getContext('2d');
            const [r, g, b] = context.getImageData(Math.round(x * dpr), Math.round(y * dpr), 1, 1).data;
            return '#' + [r, g, b].map((part) => part.toString(16).padStart(2, '0')).join('').toUpperCase();
        }""",
        [x, y],
    )


# What is drawn ---------------------------------------------------------------------------------------


def test_a_truck_is_drawn_where_it_was_in_the_colour_of_its_state(page, driven):
    opened(page, f"{driven}/replay?at=2026-11-21T19:02:00.500")
    until(page, "r.does[0].state === 'haul'")
    assert told(page, f"r.reads[{T01}].status") == HEARD
    # Half a second after the sample of 19:02:00 it is half of 10 m farther.
    assert spot(page, T01) == pytest.approx(metres(page, 1000 + 1205, 2000), abs=0.5)
    settled(page)
    assert colour(page, *spot(page, T01)) == STATE_COLOURS["haul"]


def test_a_found_place_is_drawn_for_its_time_and_never_over_one_of_the_mine(page, detected):
    opened(page, f"{detected}/replay?at=2026-11-22T00:04:59")
    shown = "r.ground.placesAt(r.ground.now).map(({ place }) => place)"
    assert told(page, shown) == ["Face", "Load 2"]
    written = told(page, "r.ground.names().length")
    at(page, "00:05:00")
    until(page, "r.ground.now === 300000")
    assert told(page, shown) == ["Face", "Load 2, stand 2"]
    assert told(page, "r.ground.drawn.age") == 1
    assert told(page, "r.ground.names().length") == written == 2
    page.locator(".legend").get_by_text("found place").wait_for()


def test_the_replay_says_what_was_detected_and_lets_one_choose_who_tells(page, detected):
    opened(page, f"{detected}/replay?at=2026-11-22T00:02&truck=T02")
    page.locator(".bar .told").first.get_by_text("states from fms (1 truck), detected (1 truck)").wait_for()
    page.locator(".card").get_by_text("detected, 84 % sure").wait_for()
    until(page, f"r.does[{T01}].state === 'haul'")
    page.get_by_role("group", name="Clock").get_by_label("Who tells of the states").select_option("detected")
    until(page, f"r.does[{T01}].state === 'return'")
    page.locator(".bar .told").first.get_by_text("states detected").wait_for()
    page.get_by_role("group", name="Clock").get_by_label("Who tells of the states").select_option("fms")
    until(page, f"r.does[{T01}].state === 'haul'")
    page.locator(".card").get_by_text("state not told").wait_for()
    # The address chooses too.
    opened(page, f"{detected}/replay?at=2026-11-22T00:02&source=detected")
    until(page, f"r.does[{T01}].state === 'return'")
    assert (
        page.get_by_role("group", name="Clock").get_by_label("Who tells of the states").input_value()
        == "detected"
    )


def test_where_one_source_tells_there_is_nothing_to_choose(page, driven):
    opened(page, f"{driven}/replay")
    assert page.locator(".clock select.source").is_hidden()


def test_names_of_trucks_that_stand_together_lie_beside_each_other(page, detected):
    opened(page, f"{detected}/replay?at=2026-11-22T00:02")
    # Beside each other at the middle of the map: the same spot twice.
    boxes = """(() => {
        const held = [], context = { drawImage: (_, x, y, w, h) => held.push([x, y, x + w, y + h]) };
        const { markers, viewport } = r;
        markers.hits = [0, 1].map((truck) => ({ truck, x: 300 + 4 * truck, y: 300 }));
        markers._drawNames(context, r.reads, -1, []);
        return held;
    })()"""
    one, other = told(page, boxes)
    assert one[0] >= other[2] or other[0] >= one[2] or one[1] >= other[3] or other[1] >= one[3]


def test_a_truck_is_never_driven_through_a_hole(page, driven):
    opened(page, f"{driven}/replay?at=2026-11-21T19:07:30&truck=T01")
    assert told(page, f"r.reads[{T01}].status") == NOT_HEARD
    assert spot(page, T01) == pytest.approx(metres(page, 1000 + 2990, 2000), abs=0.5)
    card = page.locator(".card")
    card.get_by_text("not heard since 19:04:59.000 (2 min 31 s)").wait_for()
    card.get_by_text("Next sample 19:10:00.000").click()
    until(page, "r.playhead.now === 600000")
    assert told(page, f"r.reads[{T01}].status") == HEARD
    # The trails that lead to a second later end before the hole and begin anew after it [m to the east].
    ways = """(() => {
        const trails = new r.markers.trails.constructor(), lines = [], { x } = r.reads[0];
        const line = { moveTo: (x) => lines.push([x]), lineTo: (x) => lines.at(-1).push(x) };
        const context = { beginPath: () => {}, stroke: () => {}, ...line };
        const reads = [{ ...r.reads[0], x: x + 10 }, ...r.reads.slice(1)];
        trails.draw(context, r.tracks, reads, 601000, 600000, 1, (truck) => truck > 0);
        for (const piece of trails.pieces.values()) if (piece.line) piece.lay(line);
        return lines.map((way) => way.map((x) => x + r.scene.origin[0]));
    })()"""
    drawn = told(page, ways)
    assert any(len(way) > 1 and max(way) == pytest.approx(3990) for way in drawn)
    assert any(len(way) > 1 and min(way) == pytest.approx(7000) for way in drawn)
    assert not any(min(way) < 6999 < max(way) for way in drawn)


def test_a_truck_that_was_not_heard_yet_is_not_on_the_map(page, driven):
    opened(page, f"{driven}/replay?truck=T03")
    assert told(page, f"r.reads[{T03}].status") == NEVER
    page.locator(".card").get_by_text("not heard yet in this window").wait_for()
    page.locator(".card").get_by_text("Next sample 19:15:00.000").wait_for()


def test_a_truck_of_which_nothing_is_told_in_the_window_is_said_so(page, driven):
    opened(page, f"{driven}/replay?truck=T04")
    page.locator(".card").get_by_text("was not heard in this window").wait_for()
    page.locator(".bar .told").first.get_by_text("3 of 4 trucks heard").wait_for()


def test_the_legend_counts_the_trucks_in_each_state(page, driven):
    opened(page, f"{driven}/replay?at=2026-11-21T19:02:00")
    entries = page.locator(".legend .entry.some")
    entries.filter(has_text="haul").get_by_text("1").wait_for()
    assert sorted(entries.all_inner_texts()) == ["haul\n1", "load\n1", "not heard\n1"]


def test_where_trucks_drove_is_drawn_again_for_a_zoom(page, driven):
    opened(page, f"{driven}/replay")
    until(page, "r.ground.backdrop")
    before = told(page, "r.ground.backdrop.frame.east - r.ground.backdrop.frame.west")
    page.get_by_role("group", name="Map").get_by_label("Zoom in").click()
    until(page, f"r.ground.backdrop.frame.east - r.ground.backdrop.frame.west < {before}")
    page.get_by_label("Hide where trucks drove").click()
    page.get_by_label("Show where trucks drove").wait_for()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_map_follows_the_theme_and_states_keep_their_colours(open_page, driven, scheme):
    page = opened(open_page(color_scheme=scheme), f"{driven}/replay?at=2026-11-21T19:02:00")
    page.wait_for_function(
        """([root, dark]) => {
            const [r, g, b] = getComputedStyle(root).getPropertyValue('--ground').match(/\\d+/g).map(Number);
            return (r + g + b < 200) === dark;
        }""",
        arg=[page.locator(".replay").element_handle(), scheme == "dark"],
    )
    until(page, "r.does[0].state === 'haul'")
    settled(page)
    assert colour(page, *spot(page, T01)) == STATE_COLOURS["haul"]


# How time goes ---------------------------------------------------------------------------------------


def test_play_advances_and_pause_stops(page, driven):
    opened(page, f"{driven}/replay")
    page.get_by_role("button", name="Play").click()
    until(page, "r.playhead.now > 2000")
    page.get_by_role("button", name="Pause").click()
    stood = told(page, "r.playhead.now")
    settled(page)
    assert told(page, "r.playhead.now") == stood
    assert stood == int(stood)
    assert page.get_by_role("button", name="Play").is_visible()


def test_speeds_are_chosen_and_an_odd_one_of_the_address_is_kept(page, driven):
    opened(page, f"{driven}/replay?speed=45")
    speed = page.get_by_label("Speed", exact=True)
    assert told(page, "r.playhead.speed") == 45
    assert speed.input_value() == "45"
    speed.select_option("600")
    assert told(page, "r.playhead.speed") == 600


def test_a_typed_time_goes_there_to_the_millisecond_by_the_clock_that_is_shown(page, driven):
    opened(page, f"{driven}/replay")
    at(page, "19:05:00.250")
    until(page, "r.playhead.now === 300250")
    field = page.get_by_label("Time, to the millisecond")
    assert field.input_value() == "2026-11-21 19:05:00.250"
    zone = page.get_by_label("Which clock the time is told by")
    assert zone.locator("option").all_inner_texts() == ["site time", "UTC"]
    zone.select_option("UTC")
    page.wait_for_function("(field) => field.value === '2026-11-22 00:05:00.250'", arg=field.element_handle())
    at(page, "2026-11-22 00:06:00.001")
    until(page, "r.playhead.now === 360001")
    at(page, "2026-11-21T19:07:00.5-05:00")
    until(page, "r.playhead.now === 420500")


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("yesterday", "“yesterday” is not a time"),
        ("19:61", "is not on any clock"),
        ("2026-02-30 10:00", "is not on any clock"),
        ("2031-01-01 00:00", "lies outside what is shown, 2026-11-21 19:00:00.000 – 2026-11-21 19:20:01.000"),
    ],
)
def test_a_typed_time_that_cannot_be_meant_is_told_and_time_stands(page, driven, typed, said):
    opened(page, f"{driven}/replay?at=2026-11-21T19:01:00")
    at(page, typed)
    page.get_by_role("alert").get_by_text(said).wait_for()
    assert told(page, "r.playhead.now") == 60_000
    page.get_by_label("Time, to the millisecond").press("Escape")
    page.get_by_role("alert").wait_for(state="hidden")


def test_a_stretch_is_repeated_until_it_is_let_go(page, driven):
    opened(page, f"{driven}/replay?at=2026-11-21T19:05:00&speed=1000")
    page.locator(".pane").focus()
    page.keyboard.press("[")
    at(page, "19:05:02")
    page.locator(".pane").focus()
    page.keyboard.press("]")
    assert told(page, "r.playhead.loop") == [300_000, 302_000]
    page.locator(".replay > .clock").get_by_role("button", name="Repeats 2026-11-21 19:05:00.000").wait_for()
    page.evaluate(
        """(root) => {
            const { playhead } = root.replay;
            let before = playhead.now;
            root.rounds = root.outside = 0;
            playhead.watch((what) => {
                if (what !== "tick") return;
                root.rounds += playhead.now < before;
                root.outside += playhead.now < 300000 || playhead.now >= 302000;
                before = playhead.now;
            });
        }""",
        page.locator(".replay").element_handle(),
    )
    page.keyboard.press(" ")
    page.wait_for_function("(root) => root.rounds > 1", arg=page.locator(".replay").element_handle())
    assert page.locator(".replay").evaluate("(root) => root.outside") == 0
    page.locator(".pane").focus()
    page.keyboard.press("l")
    until(page, "r.playhead.loop === null && r.playhead.now > 310000")


def test_timeline_and_strips_lie_beside_the_map_and_can_be_put_away(page, driven):
    opened(page, f"{driven}/replay")
    beside = page.get_by_role("region", name="Timeline of states")
    beside.wait_for()
    narrow = told(page, "r.viewport.width")
    page.get_by_role("button", name="Hide the timeline").click()
    beside.wait_for(state="hidden")
    page.get_by_role("button", name="Hide the signals").click()
    until(page, f"r.viewport.width > {narrow}")
    page.get_by_role("button", name="Show the timeline").click()
    beside.wait_for()


def test_newer_data_is_announced_and_the_newest_can_be_followed(page, serve, tmp_path):
    facts = Facts(name="Living mine", time_zone="UTC", simulated=True)

    def heard_between(start, stop, **more):
        write(
            tmp_path / "mine",
            facts,
            identity=f"minute {start}",
            positions=along("T01", MIDNIGHT + start * MINUTE, 60 * (stop - start)),
            **more,
        )

    heard_between(0, 5, trucks=[{"truck": "T01", "given": True}])
    opened(page, f"{serve(tmp_path / 'mine')}/replay")
    assert told(page, "r.scene.trucks[0].last") == 299_000
    heard_between(5, 10)
    page.get_by_role("button", name="Show the new data").click()
    until(page, "r.scene.trucks[0].last === 599000")
    page.get_by_role("button", name="Follow the newest data").click()
    until(page, "r.playhead.now === 599000")
    heard_between(10, 12)
    until(page, "r.scene.trucks[0].last === 719000 && r.playhead.now === 719000")
    # Whoever goes back in time is left there.
    page.get_by_label("Moment", exact=True).fill("1000")
    follow = page.get_by_role("button", name="Follow the newest data")
    assert follow.get_attribute("aria-pressed") == "false"


def test_the_slider_seeks(page, driven):
    opened(page, f"{driven}/replay")
    page.get_by_label("Moment", exact=True).fill("654321")
    until(page, "r.playhead.now === 654321")
    assert told(page, f"r.reads[{T01}].status") == HEARD


def test_steps_go_by_the_sample_and_by_the_second(page, driven):
    opened(page, f"{driven}/replay?at=2026-11-21T19:04:59&truck=T01")
    page.get_by_label("Length of a step").select_option("step sample")
    page.get_by_label("Step on").click()
    until(page, "r.playhead.now === 600000")
    page.get_by_label("Step back").click()
    until(page, "r.playhead.now === 299000")
    page.get_by_label("Follow a truck").select_option("follow nobody")
    page.get_by_label("Step on").click()
    until(page, "r.playhead.now === 300250")
    page.get_by_label("Length of a step").select_option("step 1 s")
    page.get_by_label("Step on").click()
    until(page, "r.playhead.now === 301250")


def test_following_keeps_the_truck_in_the_middle_and_dragging_lets_go(page, driven):
    opened(page, f"{driven}/replay")
    page.get_by_label("Follow a truck").select_option("follow T01")
    at(page, "19:03:00")
    until(page, "r.playhead.now === 180000 && r.reads[0].status === 1")
    settled(page)
    middle = told(page, "[r.viewport.width / 2, r.viewport.height / 2]")
    assert spot(page, T01) == pytest.approx(middle, abs=0.5)
    box = page.locator(".pane").bounding_box()
    page.mouse.move(box["x"] + 300, box["y"] + 300)
    page.mouse.down()
    page.mouse.move(box["x"] + 380, box["y"] + 340, steps=4)
    page.mouse.up()
    assert told(page, "r.followed()") == -1
    assert page.get_by_label("Follow a truck").input_value() == "-1"
    assert spot(page, T01)[0] > middle[0] + 60


def test_a_click_on_a_truck_follows_it_and_the_wheel_zooms_around_the_pointer(page, driven):
    opened(page, f"{driven}/replay?at=2026-11-21T19:02:00")
    settled(page)
    box, (x, y) = page.locator(".pane").bounding_box(), spot(page, T02)
    scale = told(page, "r.viewport.scale")
    page.mouse.move(box["x"] + x, box["y"] + y)
    page.locator(".tip").get_by_text("T02").wait_for()
    page.mouse.wheel(0, -300)
    until(page, f"r.viewport.scale > {scale} * 1.5")
    assert spot(page, T02) == pytest.approx([x, y], abs=1)
    page.mouse.click(box["x"] + x, box["y"] + y)
    until(page, "r.followed() === 1")
    page.get_by_label("Fit all").click()
    until(page, f"Math.abs(r.viewport.scale - {scale}) < 1e-9 && r.followed() === -1")


def test_everything_can_be_done_with_keys(page, driven):
    opened(page, f"{driven}/replay?at=2026-11-21T19:01:00")
    page.locator(".pane").focus()
    page.keyboard.press("ArrowRight")
    until(page, "r.playhead.now === 61000")
    page.keyboard.press("Shift+ArrowLeft")
    until(page, "r.playhead.now === 51000")
    page.keyboard.press("Space")
    until(page, "r.playhead.playing")
    page.keyboard.press("Space")
    until(page, "!r.playhead.playing")
    page.keyboard.press("ArrowUp")
    until(page, "r.playhead.speed === 120")
    page.keyboard.press("End")
    until(page, "r.playhead.now === r.playhead.length - 1")
    page.keyboard.press("Home")
    until(page, "r.playhead.now === 0")
    page.keyboard.press("f")
    until(page, "r.followed() === 0")
    page.keyboard.press("Shift+F")
    until(page, "r.followed() === -1")
    scale = told(page, "r.viewport.scale")
    page.keyboard.press("+")
    until(page, f"r.viewport.scale > {scale}")
    page.keyboard.press("0")
    until(page, f"Math.abs(r.viewport.scale - {scale}) < 1e-9")
    page.keyboard.press("?")
    page.get_by_role("dialog", name="Keys").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("dialog", name="Keys").wait_for(state="hidden")
    page.keyboard.press("t")
    page.keyboard.type("19:04:00.007")
    page.keyboard.press("Enter")
    until(page, "r.playhead.now === 240007")


def test_two_readers_at_once_each_have_their_own_time(open_page, driven):
    first = opened(open_page(), f"{driven}/replay?at=2026-11-21T19:01:00")
    second = opened(open_page(), f"{driven}/replay?at=2026-11-21T19:12:00")
    at(first, "19:02:00")
    until(first, "r.playhead.now === 120000 && r.reads[0].status === 1")
    assert told(second, "r.playhead.now") == 720_000


# What an address asks for ----------------------------------------------------------------------------


def test_an_address_opens_the_same_window_moment_truck_and_speed(page, driven):
    opened(
        page,
        f"{driven}/replay?start=2026-11-21T19:01:00.123&stop=2026-11-22T00:12:00.456Z"
        "&at=2026-11-22T00:11:00.789%2B00:00&truck=T02&speed=10",
    )
    assert page.locator(".replay > .bar .range").inner_text() == "2026-11-21 19:01:00.123 – 19:12:00.456"
    assert told(page, "[r.playhead.now, r.followed(), r.playhead.speed]") == [600_666, 1, 10]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("truck=T70", 'no truck "T70" in Straight mine; did you mean'),
        ("at=yesterday", '"yesterday" is not a time'),
        ("at=2031-01-01", "outside what Straight mine shows"),
        ("start=2026-11-21T19:10&stop=2026-11-21T19:05", "runs backwards"),
        ("start=2026-11-21T19:10", 'give both "start" and "stop"'),
        ("speed=fast", 'the speed "fast" is not a number'),
        ("speed=0", "between 0.1 and 1000"),
        ("speed=nan", "between 0.1 and 1000"),
        ("at=2026-11-21T19:10&at=2026-11-21T19:11", 'says "at" 2 times'),
    ],
)
def test_an_address_that_cannot_be_meant_gets_one_calm_sentence(page, driven, asked, words):
    page.goto(f"{driven}/replay?{asked}")
    said = page.get_by_role("status").filter(visible=True)
    said.get_by_text(words).wait_for()


def test_a_window_without_positions_says_when_the_next_one_is(page, driven):
    opened(page, f"{driven}/replay?start=2026-11-21T18:00&stop=2026-11-21T18:30")
    said = page.locator(".stage .note").inner_text()
    assert said == (
        "No positions between 2026-11-21 18:00:00.000 and 2026-11-21 18:30:00.000 (site time): "
        "none of the 4 trucks was heard. The next sample is of 2026-11-21 19:00:00.000."
    )
    assert page.get_by_role("button", name="Play").is_disabled()


# The browser's half by itself ------------------------------------------------------------------------


@pytest.fixture
def script(page):
    """The component's functions, in an empty page."""
    page.goto("about:blank")
    page.add_script_tag(content=ReplayCanvas._esm.replace("export function", "function"))
    return page.evaluate


def test_the_clock_stops_at_the_last_moment_and_begins_anew_from_there(script):
    steps = """() => {
        const head = new Playhead(10000), said = [];
        head.watch((what) => said.push(what));
        head.accelerate(600);
        head.play();
        head.advance(10);
        head.waiting = true;
        head.advance(1000);
        const waited = head.now;
        head.waiting = false;
        head.advance(1000);
        const ended = [head.now, head.playing];
        head.play();
        return { waited, ended, anew: head.now, said };
    }"""
    assert script(steps) == {
        "waited": 6000,
        "ended": [9999, False],
        "anew": 0,
        "said": ["speed", "play", "tick", "pause", "play"],
    }


READ = """async ([scene, packed, moments]) => {
    const bytes = packed.map((one) => Uint8Array.from(atob(one), (letter) => letter.charCodeAt(0)).buffer);
    const answer = async (what, { number, together }) => (
        what === 'positions' ? new Blob(bytes.slice(number, number + together)).arrayBuffer() : {}
    );
    const tracks = new Tracks(scene, answer, () => {});
    const [first, ...others] = bytes.keys();
    await tracks._fetch([first]);
    if (others.length) await tracks._fetch(others);
    return moments.map(([truck, at]) => {
        const out = tracks.read(truck, at, { status: 0, x: 0, y: 0, heading: 0, speed: 0, since: 0 });
        const x = Math.round((out.x + scene.origin[0]) * 100) / 100;
        return [out.status, x, Math.round(out.heading), out.since];
    });
}"""


def test_every_moment_is_read_from_chunks_as_it_was_stored_also_over_their_edges(script):
    many = [row for k in range(60) for row in along(f"T{k:02d}", MIDNIGHT, 620, x=1000.0 + k)]
    turning = along("T99", MIDNIGHT, 2, x=500.0)
    turning[0]["heading_deg"], turning[1]["heading_deg"] = 350.0, 20.0
    site = mine([*many, *turning]).between(MIDNIGHT, MIDNIGHT + 620 * SECOND)
    shown = scene.scene(site, scene.window(site))
    packed = [base64.b64encode(chunks.positions(site, shown, k)).decode() for k in range(3)]
    moments = [
        (7, 0),
        (7, 299_000),
        (7, 299_900),
        (7, 300_000),
        (7, 300_100),
        (7, 619_000),
        (60, 500),
        (60, 60_000),
    ]
    told = script(READ, [described(site, shown), packed, moments])
    assert told == [
        [HEARD, 1007.0, 90, 0],
        [HEARD, 3997.0, 90, 299_000],
        [HEARD, 4006.0, 90, 299_000],
        [HEARD, 4007.0, 90, 300_000],
        [HEARD, 4008.0, 90, 300_000],
        [HEARD, 7197.0, 90, 619_000],
        [HEARD, 505.0, 365, 0],
        [NOT_HEARD, 510.0, 20, 1000],
    ]


def test_a_position_that_jumps_is_not_driven_to(script):
    rows = along("T01", MIDNIGHT, 30)
    rows[10]["x_m"] = 50_000.0
    site = mine(rows)
    shown = scene.scene(site, scene.window(site))
    packed = [base64.b64encode(chunks.positions(site, shown, 0)).decode()]
    told = script(READ, [described(site, shown), packed, [(0, 9500), (0, 10_500), (0, 11_500)]])
    assert [x for _, x, _, _ in told] == [1090.0, 50_000.0, 1115.0]


@pytest.mark.parametrize(
    ("text", "hours"),
    [("2023-09-02 23:30", 3.5), ("2023-09-03 01:30", 4.5), ("01:30", 4.5), ("2023-09-03T04:30Z", 4.5)],
)
def test_typed_site_time_is_read_over_the_change_of_summer_time(script, text, hours):
    # Santiago, 2023-09-03: at 24:00 clocks went from UTC−4 to UTC−3.
    midnight, hour = 1_693_699_200_000, 3_600_000
    read = """([text, midnight, hour]) => {
        const offsets = [[0, -4 * hour], [midnight + 4 * hour, -3 * hour]];
        const clock = siteClock({ zone: 'test', offsets });
        return (readTime(text, clock, midnight + 12 * hour) - midnight) / hour;
    }"""
    assert script(read, [text, midnight, hour]) == hours


def test_an_hour_that_never_came_is_told(script):
    midnight, hour = 1_693_699_200_000, 3_600_000
    read = """([midnight, hour]) => {
        const offsets = [[0, -4 * hour], [midnight + 4 * hour, -3 * hour]];
        const clock = siteClock({ zone: 'test', offsets });
        try { return readTime('2023-09-03 00:30', clock, midnight); } catch (error) { return error.message; }
    }"""
    assert "does not exist" in script(read, [midnight, hour])


@pytest.mark.parametrize(
    ("scale", "words"), [(0.3, "200 m"), (0.02, "5 km"), (0.0001, "1000 km"), (40, "2 m"), (1, "100 m")]
)
def test_the_scale_is_a_round_length_that_fits(script, scale, words):
    bar = script("([scale]) => scaleBar(scale, 120)", [scale])
    assert bar["words"] == words
    assert 20 < bar["pixels"] <= 120


def test_states_are_drawn_by_pattern_as_well_as_colour(script):
    kinds = """() => Object.fromEntries(Object.keys(STATES).map((state) => {
        const canvas = stateSwatch(state, 'light', 32);
        const { data } = canvas.getContext('2d').getImageData(4, 4, 24, 24);
        const seen = new Set();
        for (let i = 0; i < data.length; i += 4) seen.add(data.slice(i, i + 4).join());
        return [state, data[3] === 0 ? 'outline' : seen.size > 1 ? 'pattern' : 'plain'];
    }))"""
    told = script(kinds)
    assert {state for state, kind in told.items() if kind == "outline"} == {"no_data"}
    assert {state for state, kind in told.items() if kind == "pattern"} == {
        "queue_load",
        "spot_load",
        "queue_dump",
        "spot_dump",
        "down",
    }


def test_the_legend_hides_a_states_trucks_and_shows_them_alone(page, driven):
    opened(page, f"{driven}/replay?at=2026-11-21T19:02:00")
    until(page, "r.markers.hits.length === 2 && r.does[0].state === 'haul'")
    haul = page.locator(".replay > .legend button[data-state=haul]")
    haul.click()
    until(page, "r.markers.hits.length === 1 && r.markers.hits[0].truck === 1")
    assert haul.get_attribute("aria-pressed") == "false"
    haul.click(modifiers=["Alt"])
    until(page, "r.markers.hits.length === 1 && r.markers.hits[0].truck === 0")
    haul.click(modifiers=["Alt"])
    until(page, "r.markers.hits.length === 2")
