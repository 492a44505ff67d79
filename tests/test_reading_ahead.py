"""Chunks and tiles from a store's files: the same as from plain tables, one by one or at once."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from driven import along, mine
from stores import write
from strips import MIDNIGHT

import truckkit as tk
from truckkit.site import Site
from truckkit.store import Facts
from truckkit.views import chunks, scene, signal_tiles
from truckkit.views.answers import SHARED

MINUTE = timedelta(minutes=1)
MANY = [row for k in range(60) for row in along(f"T{k:02d}", MIDNIGHT - 7 * MINUTE, 1500, y=2000.0 + k)]
TRUCKS = [{"truck": f"T{k:02d}", "given": True} for k in range(60)]


@pytest.fixture(scope="module")
def stored(tmp_path_factory) -> Site:
    """Twenty-five minutes around midnight, so in the files of two days; the last truck has faults."""
    rows = [dict(row) for row in MANY]
    rows[-1]["x_m"] = None
    rows[-2]["x_m"] = 1e12
    rows[-3]["heading_deg"] = None
    folder: Path = tmp_path_factory.mktemp("ahead") / "mine"
    return tk.open(write(folder, Facts(name="ahead", time_zone="UTC"), positions=rows, trucks=TRUCKS))


def test_chunks_read_at_once_are_those_read_one_by_one(stored):
    shown = scene.scene(stored, scene.window(stored))
    assert shown.chunk == 5 * MINUTE
    one_by_one = {number: chunks.positions(stored, shown, number) for number in range(1, 5)}
    assert chunks.run(stored, shown, 1, 12) == one_by_one
    assert chunks.run(stored, shown, -1, 2)[1] == one_by_one[1]


def test_a_stores_files_give_the_chunks_that_its_rows_give_as_plain_tables(stored):
    shown = scene.scene(stored, scene.window(stored))
    plain = mine(stored.positions.to_pyarrow().to_pylist(), trucks=stored.truck_names)
    for number in range(5):
        assert chunks.positions(stored, shown, number) == chunks.positions(plain, shown, number)


def test_a_narrowed_site_reads_its_own_trucks_alone(stored):
    few = stored.truck("T07", "T08")
    shown = scene.scene(few, scene.window(few))
    assert shown.trucks == ("T07", "T08")
    assert chunks.positions(few, shown, 0) == chunks.positions(stored, shown, 0)


def test_longitudes_and_latitudes_are_laid_flat_alike(tmp_path):
    rows = [
        {**row, "x_m": None, "y_m": None, "lon": -70.0 + k * 0.001, "lat": -33.0}
        for k, row in enumerate(along("T01"))
    ]
    rows[3]["lat"] = 400.0
    site = tk.open(write(tmp_path / "mine", Facts(name="globe", time_zone="UTC"), positions=rows))
    shown = scene.scene(site, scene.window(site))
    assert not shown.plane.is_grid
    assert chunks.positions(site, shown, 0) == chunks.positions(mine(rows), shown, 0)


def test_a_tile_of_a_stores_files_is_that_of_its_rows_as_plain_tables(stored):
    window = scene.window(stored)
    plain = mine(stored.positions.to_pyarrow().to_pylist(), trucks=stored.truck_names)
    speed = next(one for one in signal_tiles.KNOWN if one.name == "speed_kmh")
    told = [
        signal_tiles.tile(site, "T03", speed, window, 10_000, level, 0)
        for site in (stored, plain)
        for level in (3, 6)
    ]
    assert told[:2] == told[2:]


def test_what_a_page_that_plays_will_want_is_remembered_when_it_asks(stored):
    replay = tk.Replay(stored, timeline=False, signals=False)
    question = {"ask": "positions", "number": 0, "run": 3}
    first = replay._answer_positions(question)
    held = len(SHARED)
    assert first == replay._answer_positions({"ask": "positions", "number": 0})
    replay._answer_positions({"ask": "positions", "number": 2})
    assert len(SHARED) == held


def test_a_page_that_stands_still_is_read_what_lies_around_it_too(stored):
    replay = tk.Replay(stored.truck(*stored.truck_names[1:]), timeline=False, signals=False)
    scene_ = replay._scene(replay._site)
    for number in range(1, 4):
        replay._answer_positions({"ask": "positions", "number": 2})
        held = len(SHARED)
        told = replay._answer_positions({"ask": "positions", "number": number})
        assert (told, len(SHARED)) == (chunks.positions(replay._site, scene_, number), held)


def test_chunks_that_are_asked_for_together_come_one_after_the_other(stored):
    replay = tk.Replay(stored.truck(*stored.truck_names[:-1]), timeline=False, signals=False)
    alone = [replay._answer_positions({"ask": "positions", "number": number}) for number in range(5)]
    assert replay._answer_positions({"ask": "positions", "number": 1, "together": 2}) == b"".join(alone[1:3])
    assert replay._answer_positions({"ask": "positions", "number": 3, "together": 4}) == b"".join(alone[3:])
