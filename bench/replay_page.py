"""Pages in a headless Chromium, and what their frames cost.

A frame is what ``requestAnimationFrame`` gives: the page is told of one when the one before is on its way to
the screen. What the main thread works is its CPU time in all tasks (script, style, layout, paint, and the
drawing of canvases), as DevTools' protocol tells it, so what other processes do on the machine is not in it.
"""

from __future__ import annotations

import os
import shutil
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright
from rest_service import Service

FLAGS = ("--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking")
SOFTWARE = ("--disable-gpu",)
SOFTWARE_WEBGL = ("--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist")
"""What a page that draws with WebGL needs on a machine without a graphics card."""

LAPTOP = {"width": 1440, "height": 900}

_FRAMES = """
(ms) => new Promise((done) => {
  const at = [];
  const tick = (time) => {
    at.push(time);
    if (time - at[0] < ms) requestAnimationFrame(tick);
    else done(at);
  };
  requestAnimationFrame(tick);
})
"""


_COUNT = """
(() => {
  window.drawn = [];
  let some = false;
  const watch = (thing, names) => {
    for (const name of names) {
      const done = thing.prototype[name];
      thing.prototype[name] = function (...given) {
        some = true;
        return done.apply(this, given);
      };
    }
  };
  watch(CanvasRenderingContext2D, ["clearRect"]);
  const drawing = ["drawArrays", "drawElements", "drawArraysInstanced", "drawElementsInstanced"];
  watch(WebGL2RenderingContext, ["clear", ...drawing]);
  const tick = (time) => {
    if (some) window.drawn.push(time);
    some = false;
    requestAnimationFrame(tick);
  };
  requestAnimationFrame(tick);
})();
"""


@dataclass(frozen=True)
class Frames:
    """What was seen of a page over some seconds."""

    fps: float
    p95_ms: float
    main_ms: float
    """CPU of the page's main thread for one frame [ms]."""
    server_share: float
    """CPU of the server [% of a core]."""


@contextmanager
def chromium(*flags: str) -> Iterator[Browser]:
    """Debian's Chromium, or the one that playwright brought."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=[*FLAGS, *(flags or SOFTWARE)]
        )
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened(browser: Browser, url: str, counted: bool = False) -> Iterator[Page]:
    """A page of its own, whose errors end the benchmark; ``counted`` for ``pictures``."""
    context = browser.new_context(viewport=LAPTOP)
    if counted:
        context.add_init_script(_COUNT)
    page = context.new_page()
    page.set_default_timeout(120_000)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(url)
    try:
        yield page
        assert not faults, (url, faults)
    finally:
        context.close()


def frames(page: Page, server: Service, seconds: float) -> Frames:
    """Watch a page that is busy already."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    cpu, began, worked = spent_s(server), time.perf_counter(), worked_s(session)
    at: list[float] = page.evaluate(_FRAMES, seconds * 1000)
    worked, wall, cpu = worked_s(session) - worked, time.perf_counter() - began, spent_s(server) - cpu
    session.detach()
    apart = [after - before for before, after in pairwise(at)]
    return Frames(
        fps=1000 * len(apart) / (at[-1] - at[0]),
        p95_ms=percentile(apart, 0.95),
        main_ms=1000 * worked / len(apart),
        server_share=100 * cpu / wall,
    )


def pictures(page: Page, server: Service, seconds: float) -> Frames:
    """Watch a page opened as ``counted``: a frame counts where some canvas was drawn since the one before."""
    seen_before = page.evaluate("window.drawn.length")
    seen = frames(page, server, seconds)
    drawn: list[float] = page.evaluate("from => window.drawn.slice(from)", seen_before)
    apart = [after - before for before, after in pairwise(drawn)]
    if not apart:
        return Frames(0.0, 1000 * seconds, 1000 * seconds, seen.server_share)
    fps = 1000 * len(apart) / (drawn[-1] - drawn[0])
    return Frames(fps, percentile(apart, 0.95), seen.main_ms * seen.fps / fps, seen.server_share)


def worked_s(session: Any) -> float:
    """CPU seconds of all tasks of the main thread since the page was opened."""
    told = {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}
    return float(told["TaskDuration"])


def spent_s(server: Service) -> float:
    """User and system seconds of the server."""
    told = Path(f"/proc/{server.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")


def percentile(values: list[float], share: float) -> float:
    """The value that so large a share of values does not exceed."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def median(found: list[Frames]) -> Frames:
    """Several watches in one: the median of each figure."""
    return Frames(
        *(statistics.median(getattr(each, name) for each in found) for name in Frames.__dataclass_fields__)
    )
