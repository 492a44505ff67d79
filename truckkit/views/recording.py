"""Pictures and films of a replay: the very same view in a browser without a window, frame by frame.

The view is served to that browser alone, on 127.0.0.1 and a free port, until the picture is made. All of it
runs in a thread of its own, so that it works in a script and in a notebook, whose event loop runs.
"""

from __future__ import annotations

import asyncio
import io
import logging
import math
import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

import panel as pn
from panel.viewable import Viewer
from PIL import Image

from truckkit.errors import BadRequest, CannotWrite, NoSuchFormat, SourceFailed

MOST_FRAMES = 36_000
"""Twenty minutes of film at 30 frames a second; more is a mistake in the speed."""

_FORMATS: dict[str, dict[str, Any]] = {
    ".mp4": {
        "codec": "libx264",
        "pix_fmt_out": "yuv420p",
        "output_params": ["-movflags", "+faststart"],
    },
    # A palette for each frame, so that no film has to be held whole.
    ".gif": {
        "codec": "gif",
        "pix_fmt_out": "pal8",
        "output_params": [
            "-filter_complex",
            "split[a][b];[a]palettegen=stats_mode=single[p];[b][p]paletteuse=new=1:dither=none",
        ],
    },
}
_SIZES = (64, 7680)
_PATIENCE_MS = 60_000
_FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_SURFACES = {False: "#ffffff", True: "#101417"}
_INSTALL = 'pip install "truckkit[record]" brings it.'
_log = logging.getLogger(__name__)
_Made = TypeVar("_Made")

_SURFACE = """
addEventListener("DOMContentLoaded", () => {
  const style = document.createElement("style");
  style.textContent = "html, body { margin: 0; height: 100%; background: COLOUR; }";
  document.head.append(style);
});
"""
# The picture of the ground comes by itself; a browser that has none to show does not wait for it.
_SEEK = """(root, at) => new Promise((resolve) => {
  const r = root.replay, wanted = Math.min(r.playhead.last, Math.max(0, Math.round(at - r.scene.start)));
  const until = performance.now() + 20000;
  r.playhead.pause();
  r.playhead.seek(wanted);
  const look = () => {
    const grounded = !r.ground || !r.ground.shown || r.ground.backdrop !== null || !r.scene.trucks.length;
    const told = !r.doings || !r.doings.held || r.doings.held.has(Math.floor(wanted / r.scene.page));
    const ready = root.dataset.ready === "true" && Number(root.dataset.now) === wanted;
    if ((ready && grounded && told) || performance.now() > until) {
      requestAnimationFrame(() => requestAnimationFrame(() => resolve(ready)));
    } else requestAnimationFrame(look);
  };
  look();
})"""


@dataclass(frozen=True)
class Film:
    """Which moments a film shows: frame ``k`` shows ``start`` + ``k`` · ``speed`` / ``fps``."""

    start: datetime
    stop: datetime
    speed: float
    fps: float

    def __post_init__(self) -> None:
        for name, value, least, most in (("speed", self.speed, 0.01, 100_000), ("fps", self.fps, 1, 60)):
            if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
                raise BadRequest(
                    f"the film's {name} is {value!r}; give a number from {least:g} to {most:,g}."
                )
        if self.stop <= self.start:
            raise BadRequest(f"the film would stop at {self.stop} before it starts; swap the two.")
        if self.frames > MOST_FRAMES:
            raise BadRequest(
                f"the film would have {self.frames:,} frames, more than {MOST_FRAMES:,}; "
                "record a shorter range, at a higher speed or fewer frames a second."
            )

    @property
    def frames(self) -> int:
        """How many frames there are: those whose moment lies before ``stop``."""
        microseconds = (self.stop - self.start) / timedelta(microseconds=1)
        return max(1, math.ceil(microseconds * self.fps / (self.speed * 1e6) - 1e-9))

    @property
    def length_s(self) -> float:
        """How long it runs [s]."""
        return self.frames / self.fps

    def moment(self, frame: int) -> datetime:
        """What a frame shows."""
        return self.start + timedelta(seconds=frame * self.speed / self.fps)


def still(view: Callable[[], Viewer], path: Path, at: datetime, size: tuple[int, int], dark: bool) -> None:
    """Saves one moment as PNG. ``view`` makes the replay that is shown."""
    if path.suffix.lower() != ".png":
        raise NoSuchFormat(f'a picture is a PNG, not "{path.name}"; give it a name that ends in .png.')
    width, height = _sized(size)

    def make() -> None:
        with _shown(view, width, height, dark) as page:
            picture = _at(page, at)
        _kept(path, lambda partial: partial.write_bytes(picture))

    _aside(make)


def record(view: Callable[[], Viewer], path: Path, film: Film, size: tuple[int, int], dark: bool) -> None:
    """Saves a film as MP4 or GIF. ``view`` makes the replay that is shown."""
    settings = _FORMATS.get(path.suffix.lower())
    if settings is None:
        raise NoSuchFormat(f'"{path.name}" is no film; give it a name that ends in .mp4 or .gif.')
    width, height = (side - side % 2 for side in _sized(size))
    writer = _wanted("imageio_ffmpeg", "a film needs imageio-ffmpeg")
    _log.info("%s: %d frames, %.1f s", path.name, film.frames, film.length_s)

    def make() -> None:
        def write(partial: Path) -> None:
            made = writer.write_frames(
                str(partial),
                (width, height),
                fps=film.fps,
                macro_block_size=2,
                ffmpeg_log_level="error",
                **settings,
            )
            made.send(None)
            try:
                with _shown(view, width, height, dark) as page:
                    for frame in range(film.frames):
                        image = Image.open(io.BytesIO(_at(page, film.moment(frame)))).convert("RGB")
                        made.send(image.tobytes())
                        if frame and frame % 100 == 0:
                            _log.info("%s: frame %d of %d", path.name, frame, film.frames)
            finally:
                made.close()

        _kept(path, write)

    _aside(make)


# The browser and its server ---------------------------------------------------------------------------


@contextmanager
def _shown(view: Callable[[], Viewer], width: int, height: int, dark: bool) -> Iterator[Any]:
    """A page that shows the view without its controls."""
    driver = _wanted("playwright.sync_api", "pictures and films need playwright")
    with _served(view) as address, driver.sync_playwright() as playwright:
        browser = _browser(playwright, driver)
        try:
            page = browser.new_page(viewport={"width": width, "height": height})
            page.set_default_timeout(_PATIENCE_MS)
            page.add_init_script(_SURFACE.replace("COLOUR", _SURFACES[dark]))
            page.goto(address)
            page.locator(".replay[data-ready]").wait_for()
            page.locator(".replay").evaluate("root => root.classList.add('film')")
            yield page
        except driver.TimeoutError:
            raise SourceFailed(
                "the browser did not show the replay within a minute; see whether the machine is busy."
            ) from None
        finally:
            browser.close()


def _at(page: Any, at: datetime) -> bytes:
    ready = page.locator(".replay").evaluate(_SEEK, at.timestamp() * 1000)
    if not ready:
        raise SourceFailed(f"the positions of {at.isoformat()} did not come; see the log, and try again.")
    picture: bytes = page.screenshot(type="png")
    return picture


def _browser(playwright: Any, driver: Any) -> Any:
    """Playwright's own chromium, or the system's."""
    found = next(filter(None, map(shutil.which, _BROWSERS)), None)
    own = Path(playwright.chromium.executable_path)
    if not own.exists() and found is None:
        raise SourceFailed("there is no browser to draw with; playwright install chromium brings one.")
    try:
        return playwright.chromium.launch(executable_path=None if own.exists() else found, args=list(_FLAGS))
    except driver.Error as error:
        raise SourceFailed(f"the browser does not start: {str(error).splitlines()[0]}") from None


@contextmanager
def _served(view: Callable[[], Viewer]) -> Iterator[str]:
    """Serves the view on a free port of this machine alone, with an event loop of its own."""
    started: dict[str, Any] = {}
    up = threading.Event()

    def run() -> None:
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        try:
            server = pn.io.server.get_server(
                {"/": view}, port=0, address="127.0.0.1", show=False, start=False
            )
            server.start()
            started.update(loop=loop, port=server.port)
            up.set()
            loop.run_forever()
            server.stop(wait=False)
            loop.run_until_complete(asyncio.sleep(0))
        except Exception as error:
            started["error"] = error
        finally:
            up.set()
            loop.close()

    thread = threading.Thread(target=run, name="truckkit-recording", daemon=True)
    thread.start()
    up.wait()
    if "error" in started:
        raise SourceFailed(f"the replay could not be served to the browser: {started['error']}")
    try:
        # Bokeh lets in what comes from the name localhost and its port, and nothing else.
        yield f"http://localhost:{started['port']}/"
    finally:
        started["loop"].call_soon_threadsafe(started["loop"].stop)
        thread.join(20)


# What is common to both ---------------------------------------------------------------------------------


def _wanted(name: str, why: str) -> Any:
    try:
        return import_module(name)
    except ImportError:
        raise SourceFailed(f"{why}; {_INSTALL}") from None


def _sized(size: tuple[int, int]) -> tuple[int, int]:
    least, most = _SIZES
    for name, side in zip(("width", "height"), size, strict=True):
        if isinstance(side, bool) or not isinstance(side, int) or not least <= side <= most:
            raise BadRequest(f"the {name} is {side!r}; give whole pixels from {least} to {most}.")
    return size


def _aside(make: Callable[[], _Made]) -> _Made:
    # Playwright's plain calls refuse a thread whose event loop runs, as a notebook's does.
    with ThreadPoolExecutor(1, thread_name_prefix="truckkit-record") as pool:
        return pool.submit(make).result()


def _kept(path: Path, write: Callable[[Path], Any]) -> None:
    """Writes beside the file, then puts it in its place: nobody finds half a film."""
    partial = path.with_name(f".partial-{path.name}")
    try:
        write(partial)
        partial.replace(path)
    except OSError as error:
        raise CannotWrite(f'"{path}" cannot be written: {error.strerror or error}') from error
    finally:
        partial.unlink(missing_ok=True)
