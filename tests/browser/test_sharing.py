"""A replay as it is handed on: its link, its picture, its film."""

from __future__ import annotations

import asyncio
import gc
from datetime import timedelta

import pytest
from system import missing

import truckkit as tk

pytestmark = pytest.mark.browser


def opened(page, url):
    page.goto(url)
    page.locator(".replay[data-ready=true]").wait_for()
    return page


def told(page):
    """What the replay shows, as its address would say it."""
    return page.locator(".replay").evaluate("root => root.replay.asAddress()")


def test_a_copied_link_opens_the_same_moment_truck_view_and_speed_elsewhere(open_page, address):
    page = opened(open_page(), f"{address}/replay?speed=120")
    page.get_by_label("Follow a truck").select_option(label="follow T02")
    page.locator(".replay").evaluate(
        """root => { const r = root.replay;
        r.playhead.seek(7200350); r.playhead.repeat([7200000, 7260250]); r.viewport.zoom(2.5); }"""
    )
    page.get_by_label("Length of the trails").select_option(label="trail 10 min")
    page.get_by_role("button", name="Hide where trucks drove").click()
    page.wait_for_function(
        "root => root.dataset.now === '7200350' && root.dataset.ready === 'true'",
        arg=page.locator(".replay").element_handle(),
    )
    page.get_by_role("button", name="Copy a link").click()
    page.locator(".share[data-address]").wait_for()
    before, link = told(page), page.locator(".share").get_attribute("data-address")
    page.wait_for_function("link => location.href === link", arg=link)

    after = told(opened(open_page(), link))
    (x, y, scale), (again_x, again_y, again_scale) = before.pop("view"), after.pop("view")
    assert abs(x - again_x) * scale < 1
    assert abs(y - again_y) * scale < 1
    assert again_scale == pytest.approx(scale)
    assert after == before
    assert (after["truck"], after["speed"], after["trail"], after["paths"]) == ("T02", 120, 600_000, False)


def test_a_picture_of_the_map_is_saved_with_its_moment_as_its_name(page, address):
    opened(page, f"{address}/replay")
    with page.expect_download() as saving:
        page.get_by_role("button", name="Save a picture").click()
    assert saving.value.suggested_filename.startswith("replay 2026-11-22 06.00.00")
    assert saving.value.path().read_bytes().startswith(b"\x89PNG")


def test_a_loop_is_recorded_once_and_saved(page, address):
    opened(page, f"{address}/replay?speed=600")
    page.locator(".replay").evaluate("root => root.replay.playhead.repeat([600000, 1000000])")
    with page.expect_download() as saving:
        page.get_by_role("button", name="Record a film").click()
    film = saving.value
    assert film.suggested_filename.endswith((".webm", ".mp4"))
    assert film.path().stat().st_size > 1000


# imageio-ffmpeg 0.8 leaves its pipes to the garbage collector (2026-11).
@pytest.mark.filterwarnings("ignore:Exception ignored in:pytest.PytestUnraisableExceptionWarning")
def test_a_film_made_in_a_running_loop_has_every_frame(chromium, tmp_path):
    try:
        import imageio_ffmpeg
    except ImportError:
        missing("imageio-ffmpeg")
    replay = tk.Replay(tk.sample())
    start = replay._first()

    # The tests' own browser keeps an event loop running in this thread, as a notebook does.
    assert asyncio.get_running_loop().is_running()
    film = replay.record(
        tmp_path / "shift.mp4", start, start + timedelta(minutes=20), speed=600, fps=10, width=321, height=240
    )
    frames = imageio_ffmpeg.read_frames(str(film))
    told = next(frames)
    pictures = list(frames)
    gc.collect()
    assert (told["size"], told["codec"], told["fps"]) == ((320, 240), "h264", 10)
    assert len(pictures) == 20
    assert pictures[0] != pictures[-1]
    assert [left.name for left in tmp_path.iterdir()] == ["shift.mp4"]
