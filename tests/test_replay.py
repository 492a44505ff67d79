"""The replay's Python half: which window is shown, what the chunks hold, who answers, what is refused."""

from __future__ import annotations

import math
import struct
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from driven import SECOND, along, mine
from hypothesis import given, settings
from hypothesis import strategies as some
from strips import MIDNIGHT, intervals

import truckkit as tk
from truckkit import schema
from truckkit.errors import BadRequest, BadTime, UnknownName
from truckkit.site import Site
from truckkit.views import backdrop, chunks, points, scene, squares
from truckkit.views.answers import Answers
from truckkit.views.backdrop import Frame
from truckkit.views.plane import Plane
from truckkit.views.replay import Replay
from truckkit.views.scene import Scene
from truckkit.views.setting import described

GROUND = {"ask": "backdrop", "west": 0, "south": 0, "east": 9, "north": 9, "width": 5, "height": 5}
HOUR, MINUTE, MS = timedelta(hours=1), timedelta(minutes=1), timedelta(milliseconds=1)


def seen(site: Site, around: datetime | None = None) -> Scene:
    return scene.scene(site, scene.window(site, around))


@dataclass
class Columns:
    """A chunk as the browser reads it."""

    start: float
    stop: float
    begins: np.ndarray
    columns: dict[str, np.ndarray]

    def of(self, truck: int, column: str) -> list[float]:
        return self.columns[column][self.begins[truck] : self.begins[truck + 1]].tolist()


def read(packed: bytes) -> Columns:
    kind, trucks, rows, _, start, stop = struct.unpack_from("<4sIIIdd", packed)
    at = 32
    begins = np.frombuffer(packed, "<u4", trucks + 1, at)
    at += 4 * (trucks + 1)
    layout = {
        b"TKC1": {"at": "<i4", "x": "<f4", "y": "<f4", "heading": "<u2", "speed": "<u2"},
        b"TKS1": {"start": "<i4", "stop": "<i4", "code": "<u1", "teller": "<u1", "sure": "<u1"},
    }[kind]
    columns = {}
    for name, form in layout.items():
        columns[name] = np.frombuffer(packed, form, rows, at)
        at += columns[name].nbytes
    assert at == len(packed)
    return Columns(start, stop, begins, columns)


# The window ------------------------------------------------------------------------------------------


def test_a_store_of_years_shows_the_newest_twelve_hours_that_have_positions():
    old = intervals({"T01": "LLHH"}, MIDNIGHT - timedelta(days=900))
    site = mine([*along("T01"), *along("T01", MIDNIGHT + 20 * HOUR)], old)
    assert scene.window(site) == (MIDNIGHT + 20 * HOUR, MIDNIGHT + 20 * HOUR + MINUTE, True)


def test_a_store_of_years_shows_hours_around_the_moment_asked_for():
    old = intervals({"T01": "LLHH"}, MIDNIGHT - timedelta(days=900))
    site = mine([*along("T01"), *along("T01", MIDNIGHT + 40 * HOUR)], old)
    shown = scene.window(site, MIDNIGHT + 30 * SECOND)
    assert shown == (MIDNIGHT + 30 * SECOND - 6 * HOUR, MIDNIGHT + 30 * SECOND + 6 * HOUR, False)


def test_a_narrowed_site_is_shown_as_it_is_narrowed():
    site = mine([*along("T01"), *along("T01", MIDNIGHT + 72 * HOUR)])
    narrowed = site.between(MIDNIGHT - 5 * MS, MIDNIGHT + 60 * HOUR)
    assert scene.window(narrowed) == (MIDNIGHT - 5 * MS, MIDNIGHT + 60 * HOUR, False)


def test_a_window_without_positions_tells_when_trucks_were_heard_around_it():
    site = mine([*along("T01"), *along("T01", MIDNIGHT + 2 * HOUR)])
    empty = site.between(MIDNIGHT + HOUR, MIDNIGHT + HOUR + MINUTE)
    told = described(empty, seen(empty))
    assert told["trucks"] == []
    assert told["silent"] == ["T01"]
    assert told["around"] == {"before": -3_541_000, "after": 3_600_000}


def test_a_store_in_which_nothing_happened_is_described_without_a_fault():
    told = described(site := mine([], trucks=["T01"]), seen(site))
    assert (told["trucks"], told["length"], told["around"]) == ([], 0, {"before": None, "after": None})


def test_a_gap_is_three_usual_steps_and_at_least_ten_seconds():
    site = mine([*along("T01"), *along("T02", every=30 * SECOND), *along("T03", samples=2)])
    heard = {one.truck: (one.period_ms, one.gap_ms) for one in seen(site).heard}
    assert heard["T01"] == (1000, 10_000)
    assert heard["T02"] == (30_000, 90_000)
    assert heard["T03"][1] >= 10_000


def test_longer_chunks_where_positions_are_fewer():
    assert seen(mine(along("T01"))).chunk == HOUR
    many = [row for k in range(60) for row in along(f"T{k:02d}", samples=20)]
    assert seen(mine(many)).chunk == 5 * MINUTE


def test_trucks_that_know_no_grid_are_laid_flat_around_their_middle():
    rows = [
        {**row, "x_m": None, "y_m": None, "lon": -70.0 + k * 0.001, "lat": -33.0}
        for k, row in enumerate(along("T01"))
    ]
    shown = seen(mine(rows))
    assert not shown.plane.is_grid
    west, _, east, _ = shown.bounds
    assert east - west == pytest.approx(0.059 * 111_320 * np.cos(np.radians(33)), rel=1e-3)


def test_trucks_outside_the_grid_are_not_drawn_into_it():
    lost = [{**row, "x_m": None, "y_m": None, "lon": -70.0, "lat": -33.0} for row in along("T02")]
    assert seen(mine([*along("T01"), *lost])).trucks == ("T01",)


def test_a_place_at_zero_is_a_place_nobody_measured():
    places = [
        {"place": "Crusher", "kind": "crusher", "x_m": 1010.0, "y_m": 2000.0, "given": True},
        {"place": "Somewhere", "kind": "load", "x_m": 0.0, "y_m": 0.0, "given": True},
        {"place": "Nowhere", "kind": "load", "given": True},
    ]
    roads = [
        {"road": "1", "from_place": "Crusher", "to_place": "Crusher"},
        {"road": "2", "from_place": "Crusher", "to_place": "Nowhere"},
    ]
    site = mine(along("T01"), places=places, roads=roads)
    told = described(site, seen(site))
    assert [place["place"] for place in told["places"]] == ["Crusher"]
    assert [road["road"] for road in told["roads"]] == ["1"]


def test_a_found_place_is_told_of_where_the_mine_tells_of_none_and_for_how_long_it_was_so():
    hour = (MIDNIGHT + timedelta(hours=1)).replace(tzinfo=None)
    at = {"y_m": 2000.0, "kind": "load"}
    places = [
        {"place": "Face", "x_m": 1000.0, "given": True, **at},
        {"place": "Load 1", "x_m": 1050.0, "given": False, **at},
        {"place": "Load 2", "x_m": 1300.0, "given": False, "stop": hour, **at},
        {"place": "Load 2, stand 2", "x_m": 1340.0, "given": False, "start": hour, **at},
    ]
    site = mine([*along("T01"), *along("T01", MIDNIGHT + HOUR)], places=places)
    told = {row["place"]: row for row in described(site, seen(site))["places"]}
    assert {name: row["found"] for name, row in told.items()} == {
        "Face": False,
        "Load 2": True,
        "Load 2, stand 2": True,
    }
    assert (told["Load 2"]["start"], told["Load 2"]["stop"]) == (None, 3_600_000)
    assert told["Load 2, stand 2"]["start"] == 3_600_000
    early = site.between(MIDNIGHT, MIDNIGHT + MINUTE)
    assert [row["place"] for row in described(early, seen(early))["places"]] == ["Face", "Load 2"]


# Chunks ----------------------------------------------------------------------------------------------


def test_a_chunk_holds_every_position_to_the_millisecond_and_the_centimetre():
    rows = along("T01", MIDNIGHT + 250 * MS, 90, x=512_345.678)
    site = mine([*rows, *along("T02", samples=2, speed=0)]).between(MIDNIGHT, MIDNIGHT + 10 * MINUTE)
    shown = seen(site)
    chunk = read(chunks.positions(site, shown, 0))
    assert chunk.of(0, "at") == [250 + 1000 * k for k in range(90)]
    east = [row["x_m"] - shown.origin[0] for row in rows]
    assert chunk.of(0, "x") == pytest.approx(east, abs=0.01)
    assert chunk.of(0, "heading") == [9000] * 90
    assert chunk.of(1, "speed") == [0, 0]


def test_a_chunk_reaches_to_the_nearest_position_on_either_side_and_no_farther():
    many = [row for k in range(60) for row in along(f"T{k:02d}", MIDNIGHT - 7 * SECOND, 700)]
    site = mine(many).between(MIDNIGHT - MINUTE, MIDNIGHT + HOUR)
    shown = seen(site)
    assert shown.chunk == 5 * MINUTE
    second = read(chunks.positions(site, shown, 1))
    assert (second.start, second.stop) == (300_000, 600_000)
    assert second.of(7, "at") == [1000 * k for k in range(-1, 301)]


def test_what_is_unknown_or_cannot_be_is_marked_so():
    rows = along("T01", samples=5)
    rows[0] |= {"heading_deg": None, "speed_kmh": None}
    rows[1] |= {"heading_deg": float("nan"), "speed_kmh": -4.0}
    rows[2] |= {"x_m": float("nan")}
    rows[3] |= {"y_m": None}
    site = mine(rows)
    chunk = read(chunks.positions(site, seen(site), 0))
    assert chunk.of(0, "at") == [0, 1000, 4000]
    assert chunk.of(0, "heading") == [65535, 65535, 9000]
    assert chunk.of(0, "speed") == [65535, 65535, 360]


@pytest.mark.parametrize("number", [-1, 1, 10**9])
def test_a_chunk_outside_the_window_is_refused(number):
    site = mine(along("T01"))
    shown = seen(site)
    with pytest.raises(BadRequest, match="no stretch"):
        chunks.positions(site, shown, number)


@settings(max_examples=15)
@given(some.lists(some.integers(0, 599_999), min_size=1, max_size=60, unique=True))
def test_every_position_lies_in_exactly_one_chunk_whatever_the_times(at):
    rows = [row for ms in at for row in along("T01", MIDNIGHT + ms * MS, 1)]
    site = mine(rows).between(MIDNIGHT, MIDNIGHT + 600 * SECOND)
    shown = Scene(**{**vars(seen(site)), "chunk": MINUTE})
    inside = []
    for number in range(10):
        chunk = read(chunks.positions(site, shown, number))
        inside += [chunk.start + ms for ms in chunk.of(0, "at") if 0 <= ms < chunk.stop - chunk.start]
    assert inside == sorted(at)


def test_a_page_of_states_tiles_for_every_truck():
    site = mine(
        [*along("T01", samples=600), *along("T02", samples=600)], intervals({"T01": "LLHHHD", "T02": "  H  "})
    ).between(MIDNIGHT - MINUTE, MIDNIGHT + 10 * MINUTE)
    page = read(chunks.states(site, seen(site), 0))
    codes = list(schema.STATES)
    assert [codes[code] for code in page.of(0, "code")] == ["no_data", "load", "haul", "dump", "no_data"]
    assert [codes[code] for code in page.of(1, "code")] == ["no_data", "haul", "no_data"]
    for truck in (0, 1):
        assert page.of(truck, "start") == [0, *page.of(truck, "stop")[:-1]]
        assert page.of(truck, "stop")[-1] == 660_000


def test_the_last_position_before_a_hole_is_found_however_long_it_is():
    site = mine([*along("T01"), *along("T02", MIDNIGHT + 30 * HOUR)]).between(MIDNIGHT, MIDNIGHT + 32 * HOUR)
    shown = seen(site)
    found = chunks.last_known(site, shown, 31 * 3_600_000, [0, 1, 99])
    east = shown.origin[0]
    assert found["0"][:2] == [59_000, pytest.approx(1590 - east)]
    assert found["1"][0] == 30 * 3_600_000 + 59_000
    assert chunks.last_known(site, shown, 0, [0, 1]) == {}


def test_the_next_and_the_previous_sample_are_found_over_a_hole():
    site = mine([*along("T01"), *along("T02", MIDNIGHT + 30 * HOUR)]).between(MIDNIGHT, MIDNIGHT + 32 * HOUR)
    shown = seen(site)
    assert chunks.neighbour(site, shown, 59_000, None, forward=True) == 30 * 3_600_000
    assert chunks.neighbour(site, shown, 59_000, 0, forward=True) is None
    assert chunks.neighbour(site, shown, 30 * 3_600_000, None, forward=False) == 59_000
    assert chunks.neighbour(site, shown, 58_500, 0, forward=True) == 59_000


# The backdrop ----------------------------------------------------------------------------------------


def test_the_store_counts_the_same_pixels_as_datashader():
    site = mine([*along("T01", samples=400), *along("T02", samples=300, y=2050.0, speed=7.0)])
    shown = seen(site)
    frame = Frame(900.0, 1900.0, 5100.0, 2100.0, 420, 40)
    counted = backdrop._counted_in_store(site, shown, frame)
    assert counted.sum() == 700
    np.testing.assert_array_equal(counted, points.counted(points.points(site, shown), frame))


def test_north_is_at_the_top_and_what_nobody_drove_is_transparent():
    site = mine([*along("T01", samples=5, speed=0, x=10.0, y=95.0)])
    counted = backdrop._counted_in_store(site, seen(site), Frame(0, 0, 100, 100, 10, 10))
    assert counted[0, 1] == 5
    assert counted.sum() == 5


def test_a_long_window_is_counted_once_and_each_zoom_adds_up_its_squares(monkeypatch):
    site = mine([*along("T01", samples=400), *along("T02", samples=300, y=2050.0, speed=7.0)])
    shown = seen(site)
    monkeypatch.setattr(backdrop, "MOST_IN_MEMORY", 0)
    side = squares.SIDE_M * 100
    frame = Frame(0, 0, side * 40, side * 40, 40, 40)
    plain = backdrop._counted_in_store(site, shown, frame)
    monkeypatch.setattr(backdrop, "_counted_in_store", None)
    told, anybody = backdrop.values(site, shown, frame, "density", 700, ("a long window",))
    assert anybody
    np.testing.assert_array_equal(np.nan_to_num(told), plain)


@pytest.mark.parametrize("across_m", [120.1, 299.9, 1000.0])
def test_a_frame_that_is_rounded_up_to_whole_pixels_is_summed_and_not_read_again(monkeypatch, across_m):
    site = mine([*along("T01", samples=400)])
    shown = seen(site)
    monkeypatch.setattr(backdrop, "MOST_IN_MEMORY", 0)
    monkeypatch.setattr(backdrop, "_counted_in_store", None)
    pixels = math.ceil(across_m / squares.SIDE_M)
    frame = Frame(0, 0, across_m, across_m, pixels, pixels)
    assert backdrop.values(site, shown, frame, "density", 400, ("rounded",))[1]


@pytest.mark.parametrize(
    "sides",
    [
        (0, 0, 0, 1, 10, 10),
        (0, 1, 1, 0, 10, 10),
        (0, 0, float("nan"), 1, 10, 10),
        (0, 0, 1, 1, 0, 10),
        (0, 0, 1, 1, 9, 10**6),
    ],
)
def test_a_frame_that_cannot_be_drawn_is_refused(sides):
    with pytest.raises(BadRequest):
        Frame(*sides)


def test_a_plane_without_a_middle_is_the_grid():
    with pytest.raises(ValueError, match="grid"):
        Plane().metres(1.0, 2.0)


# Answers ---------------------------------------------------------------------------------------------


def test_an_answer_is_made_once_for_all_who_ask_at_the_same_time():
    answers, made, begun, go = Answers(), [], threading.Event(), threading.Event()

    def make() -> bytes:
        made.append(1)
        begun.set()
        assert go.wait(30)
        return b"answer"

    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(answers.get, "key", make)
        assert begun.wait(30)
        others = [pool.submit(answers.get, "key", make) for _ in range(3)]
        go.set()
        assert [one.result(30) for one in (first, *others)] == [b"answer"] * 4
    assert len(made) == 1


def test_a_failure_is_not_remembered():
    answers = Answers()

    def fail() -> bytes:
        raise BadRequest("no")

    with pytest.raises(BadRequest):
        answers.get("key", fail)
    assert answers.get("key", lambda: b"yes") == b"yes"


def test_memory_is_bounded_and_the_least_recently_wanted_goes_first():
    answers = Answers(most_bytes=10)
    for key in "abc":
        answers.get(key, lambda: b"1234")
    assert answers.held_bytes == 8
    answers.get("b", lambda: b"never")
    answers.get("d", lambda: b"5678")
    assert answers.get("b", lambda: b"anew") == b"1234"
    assert answers.get("c", lambda: b"anew") == b"anew"
    answers.get("large", lambda: bytes(11))
    assert answers.held_bytes <= 10


# What is asked for -----------------------------------------------------------------------------------


def test_what_cannot_be_meant_is_refused_at_the_call():
    site = mine(along("T01", samples=600))
    with pytest.raises(UnknownName, match='no truck "T1"'):
        Replay(site, truck="T1")
    for speed in (0, 1001, float("nan"), "60", True):
        with pytest.raises(BadRequest, match="speed"):
            Replay(site, speed=speed)
    with pytest.raises(BadTime, match="outside"):
        Replay(site, at="2031-01-01 00:00")
    with pytest.raises(BadTime):
        Replay(site, at="yesterday")
    with pytest.raises(BadTime):
        Replay(site, at=datetime(2026, 11, 22, 0, 0, 1))  # noqa: DTZ001 - it is refused


def test_a_moment_is_given_to_the_millisecond():
    replay = Replay(mine(along("T01", samples=600), zone="America/Lima"), at="2026-11-21 19:00:01.250")
    assert replay._canvas.at == datetime(2026, 11, 22, 0, 0, 1, 250_000, tzinfo=UTC).timestamp() * 1000


@pytest.fixture
def asked(monkeypatch):
    """Asks a replay as the browser does, and gives its answer."""

    def ask(replay: Replay, **question: object) -> dict[str, object]:
        said: list[dict[str, object]] = []
        monkeypatch.setattr(replay._canvas, "_send_msg", said.append)
        replay._answer({"id": "1", **question}, None)
        return said[0]

    return ask


def test_every_question_of_the_browser_is_answered(asked):
    replay = Replay(mine(along("T01", samples=600), intervals({"T01": "LLHH"})))
    assert asked(replay, ask="scene")["body"]["trucks"][0]["name"] == "T01"
    assert len(read(asked(replay, ask="positions", number=0)["body"]).of(0, "at")) == 600
    assert read(asked(replay, ask="states", number=0)["body"]).of(0, "code")[0] == list(schema.STATES).index(
        "load"
    )
    assert asked(replay, ask="last_known", before=1000, trucks=[0])["body"]["0"][0] == 0
    assert asked(replay, ask="neighbour", at=0, truck=None, forward=True)["body"] == 1000
    told = asked(replay, ask="backdrop", west=0, south=0, east=9000, north=9000, width=20, height=20)["body"]
    assert told["picture"].startswith(b"\x89PNG")


def test_states_are_told_by_the_source_that_the_browser_asks_for(asked):
    both = intervals({"T01": "LLHH"}) + intervals({"T01": "RRDD"}, source="detected")
    replay = Replay(mine(along("T01", samples=240), both))
    scene = asked(replay, ask="scene")["body"]
    assert scene["choices"] == [["FMS", ""], ["detected", "detected"]]
    assert (scene["told_by"], scene["told"]["detected"]) == ("", "states detected")
    said = {}
    for source in ("", "detected", "fms"):
        page = read(asked(replay, ask="states", number=0, source=source)["body"])
        said[source] = list(schema.STATES)[page.of(0, "code")[0]], page.of(0, "teller")[0]
    assert said == {"": ("load", 1), "detected": ("return", 2), "fms": ("load", 1)}


@pytest.mark.parametrize(
    "question",
    [
        {"ask": "states", "number": 0, "source": "hearsay"},
        {"ask": "states", "number": 0, "source": ["fms"]},
        {"ask": "positions", "number": "0"},
        {"ask": "positions", "number": 0.5},
        {"ask": "positions", "number": None},
        {"ask": "positions", "number": 77},
        {"ask": "states", "number": float("inf")},
        {"ask": "last_known", "before": 0, "trucks": "T01"},
        {"ask": "neighbour", "at": True, "truck": None, "forward": True},
        {**GROUND, "backdrop": "hearsay"},
        {**GROUND, "backdrop": ["speed"]},
        {**GROUND, "period": "yesteryear"},
        {**GROUND, "period": "2026-11-22/2026-11-21"},
        {**GROUND, "period": 5},
        {"ask": "loads", "number": 0.5},
        {"ask": "backdrop", "west": 1, "south": 0, "east": 0, "north": 1, "width": 5, "height": 5},
    ],
)
def test_a_question_that_cannot_be_meant_gets_a_sentence_and_no_traceback(asked, caplog, question):
    answer = asked(Replay(mine(along("T01"))), **question)
    assert "body" not in answer
    assert answer["failed"]
    assert "Traceback" not in caplog.text


def test_a_message_that_is_no_question_is_left_alone(asked):
    replay = Replay(mine(along("T01")))
    for data in (None, [], "scene", {}, {"ask": "__class__"}, {"ask": ["scene"]}):
        replay._asked(type("Event", (), {"data": data}))


def test_a_replay_in_a_cell_stands_on_the_ground_that_it_is_given():
    replay = tk.Replay(tk.sample(), backdrop="speed", compare="previous_shift")
    assert replay._canvas.shown["backdrop"] == "speed"
    assert replay._again()._canvas.shown == replay._canvas.shown
    with pytest.raises(UnknownName, match='"payload"'):
        tk.Replay(tk.sample(), backdrop="velocity")
    with pytest.raises(BadRequest, match="period"):
        tk.Replay(tk.sample(), period="yesterday")


def test_what_is_held_under_a_windows_name_is_of_that_window_though_it_moves_meanwhile(monkeypatch):
    replay = Replay(mine(along("T01", samples=600)))
    site = replay._site.session()
    whole = replay._window
    half = (whole[0], whole[0] + 300 * SECOND, whole[2])

    def moved(thing):
        # As another thread may, which takes newer data over.
        replay._window = half
        return 7

    with monkeypatch.context() as between:
        between.setattr("truckkit.views.replay.serial", moved)
        assert replay._scene(site).window == whole
    monkeypatch.setattr("truckkit.views.replay.serial", lambda _thing: 7)
    assert replay._scene(site).window == half
