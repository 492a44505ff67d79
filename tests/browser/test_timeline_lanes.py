"""Two lanes, groups of rows, and what is kept ready so that a fleet's week moves."""

from __future__ import annotations

import csv
import struct
from datetime import timedelta

import pytest
from stores import write
from strips import MIDNIGHT, interval, intervals
from timeline_pages import PIXELS, drawn, mean_a_quarter, opened, settled, spot, totals

from truckkit.store import Facts
from truckkit.views.palette import STATE_COLOURS
from truckkit.views.timeline import StateStrips

pytestmark = pytest.mark.browser

MARKUP = "<img src=x onerror=document.title='ran'>"
TOLD = {"T01": "LLLLHHHHDD", "T02": "RRRRLLLLHH", "T03": "HHHHHHHHHH", MARKUP: "LLLLLLLLLL"}
FOUND = {"T01": "LLLHHHHHDD", "T02": "DDDDDDDDDD"}
MODELS = {"T01": "Model 10", "T02": "Model 9", "T03": None, MARKUP: f"Model {MARKUP}"}
LOADERS = {"T01": "SH1", "T02": "SH2", MARKUP: f"SH {MARKUP}"}


@pytest.fixture(scope="session")
def both(tmp_path_factory, serve):
    """Four trucks over ten minutes; of two of them both the FMS and the detector tell."""
    rows = [*intervals(TOLD), *intervals(FOUND, source="detected")]
    for row in rows:
        if row["state"] == "load" and row["source"] == "fms":
            row["loader"] = LOADERS[row["truck"]]
    store = write(
        tmp_path_factory.mktemp("both") / "mine",
        Facts(name="Both", time_zone="UTC", simulated=True),
        trucks=[{"truck": truck, "model": model, "given": True} for truck, model in MODELS.items()],
        states=rows,
    )
    return serve(store)


def down(page, row, share):
    """The colours at a share of the range: of the first lane, between the two, of the second."""
    d = drawn(page)
    x, top = round(d["left"] + share * d["width"]), round(d["head"] + row * d["rowHeight"])
    found = page.locator("canvas.strips").evaluate(PIXELS, [x, top, 1, d["rowHeight"]])
    tall = d["stripHeight"]
    return found[3 + tall // 2], found[3 + tall + 2], found[3 + tall + 4 + tall // 2]


def test_two_lanes_show_what_both_told_and_mark_where_they_differ(page, both):
    opened(page, f"{both}/timeline?lanes=both&truck=T01&truck=T02")
    load, haul = STATE_COLOURS["load"], STATE_COLOURS["haul"]
    fms, between, detected = down(page, 0, 0.05)
    assert (fms, detected) == (load, load)
    assert between == "#000000"  # nothing: the canvas is empty there
    fms, between, detected = down(page, 0, 0.35)
    assert (fms, detected) == (load, haul)
    assert between not in ("#000000", load, haul)


def test_the_share_of_time_in_which_lanes_agree_stands_beside_and_in_the_tip(page, both):
    opened(page, f"{both}/timeline?lanes=both")
    told = totals(page)
    assert told["T01, fms"]["load"] == "4:00"
    assert told["T01, detected"]["load"] == "3:00"
    agree = {name: told[f"{name}, fms"]["Lanes agree"] for name in ("T01", "T02", "T03")}
    assert agree == {"T01": "90 %", "T02": "0 %", "T03": "–"}
    _, y = spot(page, 1, 0)
    page.mouse.move(page.locator("canvas.strips").bounding_box()["x"] + 20, y)
    assert "the lanes agree 90 % of the 10 min of which both tell" in page.locator(".tip").inner_text()


def test_lanes_are_chosen_by_list_and_by_key_and_the_range_stays(page, both):
    opened(page, f"{both}/timeline?start=2026-11-22T00:02&stop=2026-11-22T00:06&source=detected")
    choice = page.get_by_label("Who tells of the states")
    choice.select_option("both")
    settled(page, "d.lanes.join() === 'fms,detected' && d.t0 === 120000 && d.t1 === 360000")
    assert totals(page)["T01, fms"]["Sum"] == "4:00"
    page.locator("canvas.strips").press("c")
    settled(page, "d.lanes.length === 0")
    assert choice.input_value() == "detected"
    assert totals(page)["T01"]["load"] == "1:00"


def test_rows_are_grouped_by_model_with_the_totals_of_each(page, both):
    opened(page, f"{both}/timeline?group=model")
    told = totals(page)
    assert list(told) == [
        f"Model {MARKUP}, 1 truck",
        MARKUP,
        "Model 9, 1 truck",
        "T02",
        "Model 10, 1 truck",
        "T01",
        "model not told, 1 truck",
        "T03",
    ]
    assert told["Model 9, 1 truck"]["load"] == told["T02"]["load"] == "4:00"
    assert page.title() != "ran"


def test_a_group_folds_by_a_click_on_its_head_and_by_keys(page, both):
    opened(page, f"{both}/timeline?group=model&truck=T01&truck=T02")
    assert drawn(page)["rows"] == 4
    _, y = spot(page, 0, 0)
    page.mouse.click(page.locator("canvas.strips").bounding_box()["x"] + 20, y)
    settled(page, "d.rows === 3")
    page.locator("canvas.strips").press("Shift+F")
    settled(page, "d.rows === 2")
    page.keyboard.press("Shift+F")
    settled(page, "d.rows === 4")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("f")
    settled(page, "d.rows === 3")


def test_grouped_by_loader_a_truck_is_with_the_one_that_loads_it_in_sight(page, both):
    opened(page, f"{both}/timeline?group=loader")
    heads = [name for name in totals(page) if "truck" in name]
    assert heads == [
        f"SH {MARKUP}, 1 truck",
        "SH1, 1 truck",
        "SH2, 1 truck",
        "loaded by nobody here, 1 truck",
    ]
    # After four minutes nobody loads T01 any more.
    page.locator("canvas.strips").press("+")
    settled(page, "d.t0 === 150000")
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    settled(page, "d.t0 === 300000")
    page.get_by_role("rowheader", name="loaded by nobody here, 2 trucks", include_hidden=True).wait_for(
        state="attached"
    )


def test_sorted_by_agreement_those_that_differ_most_come_first(page, both):
    opened(page, f"{both}/timeline?lanes=both&sort=agreement")
    assert [name for name in totals(page) if name.endswith("fms")][:3] == [
        "T02, fms",
        "T01, fms",
        f"{MARKUP}, fms",
    ]


def test_both_lanes_are_saved_as_csv(page, both):
    opened(page, f"{both}/timeline?lanes=both&truck=T01")
    with page.expect_download() as saved:
        page.get_by_role("button", name="as CSV").click()
    rows = list(csv.DictReader(saved.value.path().read_text("utf-8-sig").splitlines()))
    assert [(row["source"], row["state"], row["duration_s"]) for row in rows] == [
        ("fms", "load", "240.000"),
        ("fms", "haul", "240.000"),
        ("fms", "dump", "120.000"),
        ("detected", "load", "180.000"),
        ("detected", "haul", "300.000"),
        ("detected", "dump", "120.000"),
    ]


def test_the_picture_is_saved_as_it_is_drawn_on_the_ground_of_the_page(page, both):
    opened(page, f"{both}/timeline?lanes=both&truck=T01")
    with page.expect_download() as saved:
        page.get_by_role("button", name="as PNG").click()
    picture = saved.value.path().read_bytes()
    sides = page.locator("canvas.strips").evaluate("(canvas) => [canvas.width, canvas.height]")
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    assert list(struct.unpack(">II", picture[16:24])) == sides


@pytest.mark.parametrize(("word", "said"), [("lanes=3", 'no lanes "3"'), ("group=pit", 'no group "pit"')])
def test_an_address_that_asks_for_unknown_lanes_or_groups_is_told_which_there_are(page, both, word, said):
    page.goto(f"{both}/timeline?{word}")
    page.get_by_text(said).wait_for()


# What is kept ready ----------------------------------------------------------------------------------


@pytest.fixture
def script(page):
    """The component's functions, in an empty page."""
    page.goto("about:blank")
    page.add_script_tag(content=StateStrips._esm.replace("export function", "function"))
    # Rows of some hundred intervals each, of which many are short.
    page.evaluate(
        """() => {
            let seed = 7;
            const chance = () => (seed = (seed * 48271) % 2147483647) / 2147483647;
            const rows = [0], starts = [], stops = [], codes = [];
            for (let row = 0; row < 3; row += 1) {
                let at = -5000;
                for (let k = 0; k < 500; k += 1) {
                    const length = 1 + Math.floor(chance() ** 6 * 600000);
                    starts.push(at);
                    stops.push(at += length);
                    codes.push(Math.floor(chance() * 12));
                }
                rows.push(codes.length);
            }
            window.told = { rows: Uint32Array.from(rows), starts: Int32Array.from(starts),
                stops: Int32Array.from(stops), codes: Uint8Array.from(codes) };
        }"""
    )
    return page.evaluate


def test_sums_of_any_range_are_those_that_a_walk_over_its_intervals_gives(script):
    wrong = script(
        """() => {
            const sumsOf = summaries(told, 12), wrong = [];
            for (let row = 0; row < 3; row += 1) {
                const last = told.stops[told.rows[row + 1] - 1];
                const third = Math.floor(last / 3);
                for (const [from, to] of [[0, last], [-9000, last + 9], [third, 2 * third], [7777, 7778]]) {
                    const walked = new Float64Array(12);
                    for (let i = told.rows[row]; i < told.rows[row + 1]; i += 1) {
                        const start = Math.max(told.starts[i], from), stop = Math.min(told.stops[i], to);
                        walked[told.codes[i]] += Math.max(0, stop - start);
                    }
                    const found = sumsOf(row, from, to);
                    if (!walked.every((ms, code) => ms === found[code])) wrong.push([row, from, to]);
                }
            }
            return wrong;
        }"""
    )
    assert wrong == []


def test_coarser_rows_are_short_and_lose_no_time_of_any_state(script):
    found = script(
        """() => [4000, 60000, 900000].map((pixel) => {
            const [items, row] = coarseRows(told, 12)(1, pixel);
            const sums = new Float64Array(12), truth = new Float64Array(12);
            for (let i = items.rows[row]; i < items.rows[row + 1]; i += 1) {
                if (items.codes[i] === MIXED) items.mixed[i].forEach((ms, code) => { sums[code] += ms; });
                else sums[items.codes[i]] += items.stops[i] - items.starts[i];
            }
            for (let i = told.rows[1]; i < told.rows[2]; i += 1) {
                truth[told.codes[i]] += told.stops[i] - told.starts[i];
            }
            const last = told.stops[told.rows[2] - 1], count = items.rows[row + 1] - items.rows[row];
            const most = Math.min(500, 16 * (last + 5000) / pixel + 2);
            return { same: truth.every((ms, code) => ms === sums[code]), count, most };
        })"""
    )
    assert [each["same"] for each in found] == [True] * 3
    assert all(each["count"] <= each["most"] for each in found)
    assert found[2]["count"] < 200


def test_a_state_shorter_than_a_pixel_shows_however_coarse_the_row(page, tmp_path_factory, serve):
    # States of half a minute over a week; one of a millisecond among them shares its pixel with some thirty.
    at, rows = MIDNIGHT, []
    for k in range(20_000):
        rows.append(interval("T01", ("haul", "return")[k % 2], at, at + timedelta(seconds=30)))
        at += timedelta(seconds=30)
    middle = rows[10_000]
    middle["stop"] -= timedelta(milliseconds=1)
    rows.append(interval("T01", "down", middle["stop"], middle["stop"] + timedelta(milliseconds=1)))
    store = write(
        tmp_path_factory.mktemp("long") / "mine",
        Facts(name="Long", time_zone="UTC", simulated=True),
        trucks=[{"truck": "T01", "given": True}],
        states=rows,
    )
    opened(page, f"{serve(store)}/timeline?start=2026-11-22T00:00&stop=2026-11-29T00:00")
    d = drawn(page)
    top = round(d["head"] + 4)
    area = [d["left"], top, d["width"], d["stripHeight"]]
    seen = page.locator("canvas.strips").evaluate(PIXELS, area)
    assert set(seen) >= {
        STATE_COLOURS["haul"],
        STATE_COLOURS["return"],
        STATE_COLOURS["down"],
    }
    assert totals(page)["T01"]["down"] == "<0:01"


# Beside a map ----------------------------------------------------------------------------------------


def test_a_stretch_meant_in_a_replay_narrows_totals_of_both_lanes_and_the_strips_of_telemetry(page, address):
    opened(page, f"{address}/replay")
    page.get_by_role("button", name="Compare fms with detected").click()
    settled(page, "d.lanes.length === 2")
    mean_a_quarter(page)
    page.get_by_role("button", name="click clears it").wait_for()
    told = totals(page)
    # A quarter of twelve hours, as far as the mouse hits a minute.
    assert {row["Sum"][:2] for row in told.values()} <= {"2:", "3:"}
    page.wait_for_function(
        "(canvas) => Boolean(JSON.parse(canvas.dataset.drawn).stretch)",
        arg=page.locator(".signals canvas[data-drawn]").element_handle(),
    )
