"""How smoothly the timeline moves: 300 trucks over 7 days, some 400,000 intervals, in headless Chromium.

    python bench/timeline_frames.py [--json] [--both] [--width 1440] [--height 900]

A store is written, ``panel serve`` serves its timeline, a mouse drags it and zooms it by the wheel, and its
rows scroll. Frames are what ``requestAnimationFrame`` sees; what a frame costs the main thread (script,
layout, paint) is told by Chromium's own metrics; CPU is of the whole browser. ``--both`` compares two lanes,
fms with detected, which is twice the intervals.
"""

from __future__ import annotations

import argparse
import itertools
import math
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from measuring import ROOT, Entry, entry, environment, show
from playwright.sync_api import CDPSession, Page, sync_playwright

from truckkit import schema
from truckkit.store import Draft, Facts, Pending, publish

START = datetime(2026, 11, 16)  # noqa: DTZ001 - as tables hold instants
CYCLE = {
    "queue_load": 6.0,
    "spot_load": 1.5,
    "load": 4.0,
    "haul": 21.0,
    "queue_dump": 3.0,
    "spot_dump": 1.0,
    "dump": 1.5,
    "return": 22.0,
}
"""Mean minutes of each state of a haul cycle: an hour in all, for 300 trucks × 7 days 400,000 intervals."""
STEPS = 240
"""Moves of the mouse in each of the ways in which the timeline is moved."""

FRAMES = """() => {
    window.frames_ = [];
    window.counting = true;
    const count = (at) => {
        window.frames_.push(at);
        if (window.counting) requestAnimationFrame(count);
    };
    requestAnimationFrame(count);
}"""


def measure(folder: Path, trucks: int, days: int, size: tuple[int, int], both: bool) -> list[Entry]:
    """Every figure of one run."""
    written = fleet(folder / "mine", trucks, days, ("fms", "detected") if both else ("fms",))
    with served(folder / "mine") as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": size[0], "height": size[1]})
        told = page.context.new_cdp_session(page)
        told.send("Performance.enable")
        received = _counted(told)
        # The server reads the store for the first time here; the figure is of a second page.
        _open(page, address, both)
        page.goto("about:blank")
        received.clear()
        begun = time.perf_counter()
        _open(page, address, both)
        opened = time.perf_counter() - begun
        name = f"{trucks} trucks × {days} days, {written:,} intervals{', two lanes' if both else ''}"
        found = [
            entry(f"{name}: drawn after opening the page", opened, "s", "≤ 1.5"),
            entry(f"{name}: sent to the browser", sum(received) / 1e6, "MB"),
        ]
        for way, move in (("drag", _drag), ("zoom", _zoom), ("scroll rows", _scroll)):
            page.get_by_label("Show everything").click(force=True)
            found += [*_while(page, told, way, move)]
        browser.close()
    return found


def _while(page: Page, told: CDPSession, way: str, move: Any) -> Iterator[Entry]:
    """Frames, and what they cost, while the timeline is moved."""
    edge = page.locator("canvas.strips").bounding_box()
    assert edge is not None
    x, y = edge["x"] + 0.3 * edge["width"], edge["y"] + 0.5 * edge["height"]
    page.mouse.move(x, y)
    before, cpu, wall = _metrics(told), _browser_cpu_s(), time.perf_counter()
    page.evaluate(FRAMES)
    move(page, x, y)
    frames = page.evaluate("() => { window.counting = false; return window.frames_; }")
    after, cpu, wall = _metrics(told), _browser_cpu_s() - cpu, time.perf_counter() - wall
    gaps = sorted(b - a for a, b in itertools.pairwise(frames))
    spent = 1000 * (after["TaskDuration"] - before["TaskDuration"]) / len(gaps)
    script = 1000 * (after["ScriptDuration"] - before["ScriptDuration"]) / len(gaps)
    yield entry(f"{way}: frames a second, mean", 1000 / statistics.fmean(gaps), "1/s", "≥ 55")
    yield entry(f"{way}: frame, p95", gaps[math.ceil(0.95 * len(gaps)) - 1], "ms", "≤ 20")
    yield entry(f"{way}: script, layout and paint a frame", spent, "ms")
    yield entry(f"{way}: script a frame", script, "ms")
    yield entry(f"{way}: CPU of the browser", 100 * cpu / wall, "% of a core")


def _drag(page: Page, x: float, y: float) -> None:
    # Drawn nearer first: all of the data in sight cannot be moved.
    for _ in range(4):
        page.mouse.wheel(0, -300)
    page.mouse.down()
    for k in range(STEPS):
        page.mouse.move(x + 150 * math.sin(k / 20), y)
    page.mouse.up()


def _zoom(page: Page, x: float, y: float) -> None:
    for k in range(STEPS):
        page.mouse.wheel(0, 60 * math.cos(k / 30 + math.pi))


def _scroll(page: Page, x: float, y: float) -> None:
    scroll = page.locator(".scroll")
    for k in range(STEPS // 2):
        scroll.evaluate("(box, by) => { box.scrollTop += by; }", 40 * math.cos(k / 20))
        page.evaluate("() => new Promise(requestAnimationFrame)")


def _open(page: Page, address: str, both: bool) -> None:
    page.goto(f"{address}/timeline?start={START.isoformat()}Z{'&lanes=both' if both else ''}")
    page.wait_for_selector("canvas.strips[data-drawn]", timeout=120_000)
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def _counted(told: CDPSession) -> list[int]:
    """Bytes that come to the page from now on, by the network and by its websocket."""
    received: list[int] = []
    told.send("Network.enable")
    told.on("Network.dataReceived", lambda said: received.append(said["encodedDataLength"]))
    told.on("Network.webSocketFrameReceived", lambda said: received.append(_length(said["response"])))
    return received


def _length(frame: dict[str, Any]) -> int:
    text = frame["payloadData"]
    return len(text) * 3 // 4 if frame["opcode"] == 2 else len(text)


def _metrics(told: CDPSession) -> dict[str, float]:
    return {each["name"]: each["value"] for each in told.send("Performance.getMetrics")["metrics"]}


def _browser_cpu_s() -> float:
    """User and system seconds of this process's living descendants that are a Chromium."""
    parents, used = {}, {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            name, _, rest = (folder / "stat").read_text().partition("(")[2].rpartition(")")
        except OSError:
            continue
        fields = rest.split()
        parents[int(folder.name)] = int(fields[1])
        if "chrom" in name:
            used[int(folder.name)] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return sum(seconds for pid, seconds in used.items() if _descends(pid, parents))


def _descends(pid: int, parents: dict[int, int]) -> bool:
    while pid in parents:
        if pid == os.getpid():
            return True
        pid = parents[pid]
    return False


# The store and its server ------------------------------------------------------------------------


def fleet(folder: Path, trucks: int, days: int, sources: tuple[str, ...]) -> int:
    """Writes a store of trucks that haul all the time; gives how many intervals it holds."""
    chance = np.random.default_rng(7)
    columns: dict[str, list[np.ndarray]] = {
        name: [] for name in ("truck", "state", "start", "stop", "loader")
    }
    of_source = []
    states, means = list(CYCLE), np.array(list(CYCLE.values())) * 60_000
    for truck in range(trucks):
        cycles = 26 * days
        lengths = np.maximum(1, chance.gamma(3, means / 3, (cycles, len(states)))).astype(np.int64).ravel()
        stops = np.cumsum(lengths) + int(chance.integers(0, 3_600_000))
        kept = stops < days * 86_400_000
        told = np.tile(np.array(states), cycles)
        loader = np.where(told == "load", f"SH{chance.integers(1, 9)}", None)
        for source in sources:
            moved = stops + (chance.normal(0, 20_000, len(stops)).astype(np.int64) if source != "fms" else 0)
            moved = np.maximum.accumulate(moved)
            starts = np.concatenate([moved[:1] - lengths[0], moved[:-1]])
            some = kept & (moved > starts)
            n = int(some.sum())
            columns["truck"].append(np.full(n, f"T{truck + 1:03d}"))
            for name, column in (("state", told), ("start", starts), ("stop", moved), ("loader", loader)):
                columns[name].append(column[some])
            of_source.append(np.full(n, source))
    made = {name: np.concatenate(parts) for name, parts in columns.items()}
    origin = np.datetime64(START, "us")
    for end in ("start", "stop"):
        made[end] = origin + made[end].astype("timedelta64[ms]")
    rows = _table("states", {**made, "source": np.concatenate(of_source)})
    names = [f"T{truck + 1:03d}" for truck in range(trucks)]
    models = [("Cat 797F", "Komatsu 930E", "Liebherr T 284")[k % 3] for k in range(trucks)]
    tables = {
        "trucks": _table("trucks", {"truck": names, "model": models, "given": [True] * trucks}),
        "states": rows,
    }
    with Draft() as draft:
        draft.site = Facts(name="Fleet", time_zone="UTC", simulated=True)
        load = draft.load("bench", "fleet", "rows", "states")
        for name, table in tables.items():
            draft.stage(schema.TABLES[name], draft.read(f"given_{name}", table), load)
        publish(folder, draft, _nothing)
    return len(rows)


def _nothing(_pending: Pending) -> None:
    """Nothing follows from these rows."""


def _table(name: str, columns: dict[str, Any]) -> pa.Table:
    fields = [field for field in schema.TABLES[name].schema.to_pyarrow() if field.name != "load_id"]
    length = len(next(iter(columns.values())))
    return pa.table(
        [
            pa.array(columns[f.name], f.type) if f.name in columns else pa.nulls(length, f.type)
            for f in fields
        ],
        pa.schema(fields),
    )


@contextmanager
def served(store: Path) -> Iterator[str]:
    """Serves the timeline of a store; gives the address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    here = f"127.0.0.1:{port}"
    process = subprocess.Popen(
        [sys.executable, "-m", "panel", "serve", "apps/timeline.py", "--address", "127.0.0.1",
         "--port", str(port), "--allow-websocket-origin", here],
        cwd=ROOT, env=environment(TRUCKKIT_STORE=str(store)),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        until = time.monotonic() + timedelta(minutes=2).total_seconds()
        while not _answers(f"http://{here}/timeline"):
            if process.poll() is not None or time.monotonic() > until:
                raise SystemExit("panel serve did not come up.")
            time.sleep(0.2)
        yield f"http://{here}"
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=90) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, ConnectionError):
        return False


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--json", action="store_true")
    asked.add_argument("--both", action="store_true", help="compare two lanes")
    asked.add_argument("--trucks", type=int, default=300)
    asked.add_argument("--days", type=int, default=7)
    asked.add_argument("--width", type=int, default=1440)
    asked.add_argument("--height", type=int, default=900)
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as made:
        size = (given.width, given.height)
        found = measure(Path(made), given.trucks, given.days, size, given.both)
    show(found, as_json=given.json)
