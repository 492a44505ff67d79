"""The replay as it runs: frames, the server's share, seeking, ten sessions at once, first pictures, peers.

    python bench/replay.py --quick              a day of 50 trucks, one short run of everything
    python bench/replay.py --store FOLDER       over a store of one's own, such as 50 trucks × 14 days
    python bench/replay.py --only play seek     parts of it
    python bench/replay.py --json               [{"name", "value", "unit", "goal", "peer"}]

A real ``panel serve`` answers a headless Chromium that draws without a graphics card. Where no store is given
one is simulated, of a day. Frames and shares are the median of several runs. What the main thread works for a
frame is CPU time in all its tasks, drawing included; a share is CPU of the server by wall time [% of a core].
A peer is what a Panel user would write for the same hour of the same trucks (``bench/peers``); a picture of
it is a frame in which some canvas was drawn anew. Browsers and server share the machine: where it has two
cores, what else runs on it shows in frames, not in CPU.
"""

from __future__ import annotations

import argparse
import math
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

from fleet import fleet
from measuring import Entry, entry, show
from playwright.sync_api import Browser, Page, TimeoutError
from replay_clients import Client, Crowd, answered
from replay_page import (
    SOFTWARE_WEBGL,
    Frames,
    chromium,
    frames,
    median,
    opened,
    percentile,
    pictures,
    spent_s,
)
from rest_service import ROOT, Service, growth, service

import truckkit as tk
from truckkit.sources.simulator import Plan
from truckkit.views.squares import SIDE_M

APPS = sorted((ROOT / "apps").glob("*.py"))
PEERS = {
    "HoloViews Pipe": "holoviews_pipe",
    "Bokeh ColumnDataSource": "bokeh_source",
    "deck.gl TripsLayer": "deckgl_trips",
}
BROWSERS, CLIENTS = 2, 8
OPENED_MS = 6000
"""How long a page is left alone before it is watched beside others: a page's making is not its playing."""

NOTHING = Frames(0.0, 0.0, 0.0, 0.0)
"""What is seen of a page that draws nothing in forty seconds."""

Rows = Iterator[Entry]


@dataclass(frozen=True)
class Asked:
    """How long and how often is measured."""

    seconds: float
    runs: int
    seeks: int
    crowd_s: float
    openings: int
    zooms: int


class Bench:
    """One run over one store."""

    def __init__(self, store: Path, asked: Asked, folder: Path) -> None:
        self.store, self.asked, self.folder = store, asked, folder
        site = tk.open(store)
        assert site.start
        assert site.stop
        self.start, self.stop = site.start, site.stop
        days = (site.stop - site.start) / timedelta(days=1)
        self.trucks = f"{len(site.truck_names)} trucks"
        self.what = f"{self.trucks} × {days:.3g} days"
        self.positions = site.positions.count().to_pyarrow().as_py()
        self.chance = random.Random(7)

    def served(self, stack: ExitStack, store: Path | None = None, peers: bool = False) -> Service:
        apps = APPS + [ROOT / "bench" / "peers" / f"{name}.py" for name in PEERS.values() if peers]
        log = self.folder / "panel.log"
        return stack.enter_context(service(store or self.store, log, "panel", apps))

    def whole(self) -> str:
        """The address of all that the store has."""
        return "replay?" + urlencode({"start": self.start.isoformat(), "stop": self.stop.isoformat()})

    # What is measured --------------------------------------------------------------------------

    def play(self) -> Rows:
        """The store's trucks, sixty and six hundred times as fast as they drove."""
        with ExitStack() as stack:
            server, browser = self.served(stack), stack.enter_context(chromium())
            for speed in (60, 600):
                found = self._playing(browser, server, speed)
                yield from _frames(f"{self.trucks}, {speed}×", found, "≥ 59", "≤ 20", "≤ 4", "≤ 2")

    def fleet(self) -> Rows:
        """Three hundred trucks."""
        store = self.folder / "fleet"
        fleet(store, 300)
        with ExitStack() as stack:
            server, browser = self.served(stack, store), stack.enter_context(chromium())
            found = self._playing(browser, server, 60)
            yield from _frames("300 trucks, 60×", found, "≥ 55", "", "", "≤ 3")

    def seek(self) -> Rows:
        """Moments whose positions are not in the page, of all that the store has."""
        with ExitStack() as stack:
            server, browser = self.served(stack), stack.enter_context(chromium())
            page = stack.enter_context(opened(browser, f"http://127.0.0.1:{server.port}/{self.whole()}"))
            _ready(page)
            _settle(server)
            name = f"seek over {self.what}"
            yield entry(f"{name}, the first of a session", self._seeks(page, 1)[0], "ms")
            at_once = self._seeks(page, self.asked.seeks)
            yield entry(f"{name}, right after it, median", statistics.median(at_once), "ms")
            yield entry(f"{name}, right after it, 95 of 100", percentile(at_once, 0.95), "ms")
            # The first jump has the server read ahead of the next ones, for some seconds.
            _settle(server)
            found = self._seeks(page, self.asked.seeks)
            yield entry(f"{name}, median", statistics.median(found), "ms", "≤ 40")
            yield entry(f"{name}, 95 of 100", percentile(found, 0.95), "ms", "≤ 120")

    def _seeks(self, page: Page, count: int) -> list[float]:
        """How long each of so many jumps took [ms]."""
        length = page.locator(".replay").evaluate("root => root.replay.scene.length")
        found: list[float] = []
        while len(found) < count:
            spent = page.locator(".replay").evaluate(_SEEK, self.chance.randrange(length))
            if spent is not None:
                found.append(spent)
            _settled(page)
        return found

    def crowd(self) -> Rows:
        """Ten sessions that play at once."""
        with ExitStack() as stack:
            server, browser = self.served(stack), stack.enter_context(chromium())
            url = f"http://127.0.0.1:{server.port}/replay"
            pages = [stack.enter_context(opened(browser, url)) for _ in range(BROWSERS)]
            crowd = stack.enter_context(Crowd(url, CLIENTS))
            for page in pages:
                _ready(page)
                _settled(page)
            _settle(server)
            for page in pages:
                page.locator(".replay").evaluate(_PLAY, 60)
            cpu, began = spent_s(server), time.perf_counter()
            crowd.play(self.asked.crowd_s)
            waited = crowd.waited()
            share = 100 * (spent_s(server) - cpu) / (time.perf_counter() - began)
            name = f"{BROWSERS + CLIENTS} sessions at once"
            yield entry(f"{name}: server", share, "% of a core", "≤ 10")
            yield entry(f"{name}: an answer, median", 1000 * statistics.median(waited), "ms")
            yield entry(f"{name}: an answer, 95 of 100", 1000 * percentile(waited, 0.95), "ms", "≤ 250")

    def opening(self) -> Rows:
        """From asking for the page to trucks on the map."""
        with ExitStack() as stack:
            browser = stack.enter_context(chromium())
            cold, warm = [], []
            for _ in range(self.asked.openings):
                with ExitStack() as once:
                    server = self.served(once)
                    cold.append(_opening(browser, server))
                    # What the first page left to be done is done when it is done.
                    _settle(server)
                    warm += [_opening(browser, server) for _ in range(2)]
            yield entry("first picture, warm server", statistics.median(warm), "s", "≤ 1.5")
            yield entry("first picture, server just started", statistics.median(cold), "s", "≤ 4")

    def backdrop(self) -> Rows:
        """Where trucks drove, in all that the store has."""
        with ExitStack() as stack:
            server = self.served(stack)
            url = f"http://127.0.0.1:{server.port}/{self.whole()}"
            with growth(server) as grown:
                first, zooms = answered(url, _backdrops, self.asked.zooms)
            name = f"backdrop of {self.positions / 1e6:.1f} M positions"
            yield entry(f"{name}, first picture", first, "s", "≤ 2.5")
            yield entry(f"{name}, a new zoom, median", 1000 * statistics.median(zooms), "ms", "≤ 300")
            yield entry(f"{name}, a new zoom, slowest", 1000 * max(zooms), "ms")
            yield entry(f"{name}, growth of memory", grown[0], "MB", "≤ 600")

    def peers(self) -> Rows:
        """One hour of the same trucks at sixty times, side by side."""
        hour = {"start": (self.stop - timedelta(hours=1)).isoformat(), "stop": self.stop.isoformat()}
        found: dict[str, list[Frames]] = {}
        with ExitStack() as stack:
            server = self.served(stack, peers=True)
            address = f"http://127.0.0.1:{server.port}"
            browser = stack.enter_context(chromium())
            for _ in range(self.asked.runs):
                with opened(browser, f"{address}/replay?{urlencode(hour)}", counted=True) as page:
                    _ready(page)
                    _settled(page)
                    page.locator(".replay").evaluate(_PLAY, 60)
                    page.wait_for_timeout(OPENED_MS)
                    found.setdefault("truckkit", []).append(pictures(page, server, self.asked.seconds))
                for name, app in PEERS.items():
                    if "deck.gl" not in name:
                        found.setdefault(name, []).append(self._peer(browser, server, app))
        with ExitStack() as stack:
            server = self.served(stack, peers=True)
            browser = stack.enter_context(chromium(*SOFTWARE_WEBGL))
            for name, app in PEERS.items():
                if "deck.gl" in name:
                    found[name] = [self._peer(browser, server, app)]
        each = {name: median(runs) for name, runs in found.items()}
        for figure, words, unit, best in (
            ("fps", "pictures", "per s", max),
            ("main_ms", "main thread a picture", "ms", min),
            ("server_share", "server", "% of a core", min),
        ):
            peers = [told for name, told in each.items() if name != "truckkit" and told.fps]
            peer = best(getattr(told, figure) for told in peers)
            for name, told in each.items():
                if not told.fps and figure != "fps":
                    continue
                beside = peer if name == "truckkit" else None
                yield entry(f"side by side, {words}: {name}", getattr(told, figure), unit, "", beside)

    def _playing(self, browser: Browser, server: Service, speed: int) -> Frames:
        with opened(browser, f"http://127.0.0.1:{server.port}/replay") as page:
            _ready(page)
            _settled(page)
            _settle(server)
            page.locator(".replay").evaluate(_PLAY, speed)
            page.wait_for_timeout(1500)
            return median([frames(page, server, self.asked.seconds) for _ in range(self.asked.runs)])

    def _peer(self, browser: Browser, server: Service, app: str) -> Frames:
        try:
            with opened(browser, f"http://127.0.0.1:{server.port}/{app}", counted=True) as page:
                page.wait_for_function("window.drawn.length > 3", timeout=40_000)
                page.wait_for_timeout(OPENED_MS)
                return pictures(page, server, self.asked.seconds)
        except TimeoutError:
            return NOTHING


_PLAY = "(root, speed) => { root.replay.playhead.accelerate(speed); root.replay.playhead.play(); }"
_SEEK = """
async (root, at) => {
  const { tracks, playhead } = root.replay;
  if (tracks.held.has(tracks.number(at))) return null;
  const began = performance.now();
  playhead.seek(at);
  await new Promise((done) => {
    const look = () => {
      if (root.dataset.ready === "true" && Number(root.dataset.now) === at) done();
      else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  });
  return performance.now() - began;
}
"""


def _ready(page: Page) -> None:
    page.locator(".replay[data-ready=true]").wait_for()


def _settled(page: Page) -> None:
    """Until the page waits for no positions."""
    page.wait_for_function(
        "root => root.replay.tracks.asked.size === 0 && root.replay.doings.asked.size === 0",
        arg=page.locator(".replay").element_handle(),
    )


def _settle(server: Service) -> None:
    """Until the server rests, for a minute at most."""
    for _ in range(60):
        cpu = spent_s(server)
        time.sleep(1)
        if spent_s(server) - cpu < 0.05:
            return


def _opening(browser: Browser, server: Service) -> float:
    began = time.perf_counter()
    with opened(browser, f"http://127.0.0.1:{server.port}/replay") as page:
        _ready(page)
        return time.perf_counter() - began


async def _backdrops(client: Client, zooms: int) -> tuple[float, list[float]]:
    """Seconds to the first picture of everything, and to each of some parts."""
    west, south, east, north = client.scene["bounds"]
    chance = random.Random(7)

    async def took(scale: float) -> float:
        wide, high = (east - west) * scale, (north - south) * scale
        left = west + chance.random() * (east - west - wide)
        low = south + chance.random() * (north - south - high)
        # As the page asks: some 1,400 pixels, and none finer than a square.
        side = max(SIDE_M, wide / 1400)
        pixels = {"width": math.ceil(wide / side), "height": math.ceil(high / side)}
        began = time.perf_counter()
        await client.ask("backdrop", west=left, south=low, east=left + wide, north=low + high, **pixels)
        return time.perf_counter() - began

    first = await took(1)
    return first, [await took(1 / 2 ** (1 + k % 4)) for k in range(zooms)]


def _frames(name: str, found: Frames, fps: str, p95: str, main: str, share: str) -> Rows:
    yield entry(f"{name}, mean", found.fps, "frames/s", fps)
    yield entry(f"{name}, 95 of 100 frames", found.p95_ms, "ms", p95)
    yield entry(f"{name}, main thread a frame", found.main_ms, "ms", main)
    yield entry(f"{name}, server", found.server_share, "% of a core", share)


PARTS: dict[str, Callable[[Bench], Rows]] = {
    "play": Bench.play,
    "fleet": Bench.fleet,
    "seek": Bench.seek,
    "crowd": Bench.crowd,
    "opening": Bench.opening,
    "backdrop": Bench.backdrop,
    "peers": Bench.peers,
}


def main() -> None:
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("--json", action="store_true")
    arguments.add_argument("--quick", action="store_true")
    arguments.add_argument("--store", type=Path, help="folder of the mine; left out: a day is simulated")
    arguments.add_argument("--only", nargs="*", choices=PARTS, default=list(PARTS))
    given = arguments.parse_args()
    asked = Asked(3, 1, 20, 8, 1, 8) if given.quick else Asked(6, 3, 60, 30, 3, 16)
    found: list[Entry] = []
    with tempfile.TemporaryDirectory() as scratch:
        store = given.store
        if store is None:
            store = Path(scratch) / "mine"
            print("no store given: simulating 50 trucks × 1 day, less than the goals mean", file=sys.stderr)
            tk.simulate(store, Plan(trucks=50, hours=24), detection=False)
        bench = Bench(store, asked, Path(scratch))
        for part in given.only:
            print(f"{part} …", file=sys.stderr)
            found += PARTS[part](bench)
    show(found, as_json=given.json)


if __name__ == "__main__":
    main()
