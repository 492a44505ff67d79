"""Trails: what is kept of them between frames is what would be drawn anew, whatever was done before."""

from __future__ import annotations

import pytest
from driven import SECOND, along
from replay_pages import opened, told, until
from stores import write
from strips import MIDNIGHT, intervals

from truckkit.store import Facts

pytestmark = pytest.mark.browser


@pytest.fixture(scope="session")
def winding(tmp_path_factory, serve):
    """Twenty minutes: T01 drives with a hole of two minutes, T02 every 10 s, T03 stands."""
    positions = [
        *along("T01", MIDNIGHT, 400),
        *along("T01", MIDNIGHT + 520 * SECOND, 680, x=6200.0, y=2600.0),
        *along("T02", MIDNIGHT, 120, every=10 * SECOND, x=2000.0, y=3500.0),
        *along("T03", MIDNIGHT, 1200, x=4000.0, y=3000.0, speed=0.0),
    ]
    for k, row in enumerate(positions):
        # Bends, which are corners.
        if row["truck"] != "T03":
            row["y_m"] = 2000 + 1000 * (row["truck"] == "T02") + 40 * (k // 25 % 2)
    store = write(
        tmp_path_factory.mktemp("winding") / "mine",
        Facts(name="Winding mine", time_zone="UTC", simulated=True),
        trucks=[{"truck": truck, "given": True} for truck in ("T01", "T02", "T03")],
        positions=positions,
        states=intervals({"T01": "H" * 20, "T02": "R" * 20, "T03": "Q" * 20}),
    )
    return serve(store)


KEPT = """(() => {
    const { markers, tracks, reads, playhead, viewport } = r, trail = %d;
    const said = (trails) => {
        const lines = [];
        for (const [number, piece] of [...trails.pieces].sort(([one], [other]) => one - other)) {
            const moveTo = (x, y) => lines.push([number, x, y]), lineTo = (x, y) => lines.at(-1).push(x, y);
            piece.lay({ moveTo, lineTo }, piece.until < piece.to ? reads : null);
        }
        return JSON.stringify(lines);
    };
    const context = { beginPath: () => {}, moveTo: () => {}, lineTo: () => {}, stroke: () => {} };
    const anew = new markers.trails.constructor();
    anew.draw(context, tracks, reads, playhead.now, trail, viewport.scale, markers._hides);
    const [kept, made] = [said(markers.trails), said(anew)];
    return { same: kept === made, lines: JSON.parse(made).length, long: made.length };
})()"""


def right(page, trail=180_000, fewest=3):
    """Waits until the picture is of now, and sees that its trails are those that would be made anew."""
    until(page, "r.ground.now === r.playhead.now")
    kept = told(page, KEPT % trail)
    assert kept["same"]
    assert kept["lines"] >= fewest
    return kept


def played(page, to):
    """Lets time go to a moment [ms] and stops it."""
    told(page, "r.playhead.play()")
    until(page, f"r.playhead.now >= {to}")
    told(page, "r.playhead.pause()")


def test_kept_trails_are_those_made_anew_after_play_seeking_a_loop_zoom_pan_and_other_lengths(page, winding):
    opened(page, f"{winding}/replay?at=2026-11-22T00:06:00&speed=120")
    until(page, "r.reads.every((read) => read.status === 1)")
    right(page)
    played(page, 415_000)
    right(page)
    for at in (414_900, 300_000, 301_500, 650_250):
        told(page, f"r.playhead.seek({at})")
        until(page, f"r.ground.now === {at}")
        right(page)
    told(page, "r.playhead.repeat([640000, 760000])")
    told(page, "r.playhead.play()")
    until(page, "r.playhead.now > 700000")
    until(page, "r.playhead.now < 690000")
    told(page, "r.playhead.pause()")
    right(page)
    first = right(page)["long"]
    told(page, "r.viewport.zoom(3)")
    until(page, "r.ground.drawn.scale === r.viewport.scale")
    assert right(page)["long"] != first
    told(page, "r.viewport.pan(70, -30)")
    right(page)
    for words, trail in (("trail 1 min", 60_000), ("trail 10 min", 600_000)):
        page.get_by_label("Length of the trails").select_option(label=words)
        until(page, f"r.markers.trails._cut.endsWith(` ${{Math.round((6 * r.scene.chunk) / {trail})}}`)")
        right(page, trail)


def test_a_truck_that_is_hidden_has_no_trail_and_has_it_again_at_once(page, winding):
    opened(page, f"{winding}/replay?at=2026-11-22T00:06:00")
    until(page, "r.does.every(({ state }) => state)")
    hauling = page.get_by_role("group", name="States and marks").locator("[data-state=haul]")
    all_of_them = right(page)["lines"]
    hauling.click()
    until(page, "r.markers.hits.length === 2")
    assert right(page, fewest=1)["lines"] < all_of_them
    hauling.click()
    until(page, "r.markers.hits.length === 3")
    assert right(page)["lines"] == all_of_them


def test_an_older_piece_of_a_trail_is_fainter(page, winding):
    opened(page, f"{winding}/replay?at=2026-11-22T00:06:10")
    until(page, "r.reads.every((read) => read.status === 1)")
    faint = told(
        page,
        """(() => {
            const seen = [], trails = new r.markers.trails.constructor(), nothing = () => {};
            const context = { beginPath: nothing, moveTo: nothing, lineTo: nothing };
            context.stroke = () => seen.push(context.globalAlpha);
            trails.draw(context, r.tracks, r.reads, r.playhead.now, 180000, 1, () => false);
            return seen;
        })()""",
    )
    assert faint == sorted(faint, reverse=True)
    assert len(set(faint)) == len(faint) >= 6
    assert faint[0] > 0.8
    assert 0 < faint[-1] < 0.15
