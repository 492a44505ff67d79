"""A real ``panel serve`` over stores on disk, and a page in Debian's chromium that forgives nothing.

The ``page`` fixture fails its test on any error in the console and on any request that leaves
127.0.0.1. Where chromium is absent the tests skip, unless ``TRUCKKIT_SYSTEM_TESTS=required``.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from system import missing

ROOT = Path(__file__).parent.parent.parent
PATIENCE_S = 90.0
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

Serve = Callable[[Path], str]


# The browser -----------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def chromium() -> Iterator[object]:
    """One chromium for all tests."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("playwright")
    path = shutil.which("chromium")
    if path is None:
        missing("Debian's chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def faults() -> Iterator[list[str]]:
    """What was wrong with the pages of a test; it fails where anything is left in it."""
    noticed: list[str] = []
    yield noticed
    if noticed:
        pytest.fail("the page was not clean:\n" + "\n".join(noticed))


@pytest.fixture
def open_page(chromium, faults) -> Iterator[Callable[..., object]]:
    """Makes pages whose faults fail the test; takes playwright's options for a context."""
    contexts = []

    def make(**options: object) -> object:
        options.setdefault("viewport", {"width": 1440, "height": 900})
        context = chromium.new_context(**options)
        contexts.append(context)
        context.route("**/*", lambda route: _stay_here(route, faults))
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.on("console", lambda said: said.type == "error" and faults.append(f"console: {said.text}"))
        page.on("pageerror", lambda error: faults.append(f"uncaught: {error}"))
        page.on("requestfailed", lambda asked: _note_failure(asked, faults))
        page.on("websocket", lambda socket_: _is_here(socket_.url) or faults.append(f"left: {socket_.url}"))
        return page

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def page(open_page):
    """A laptop's page that fails its test on console errors and on requests that leave this machine."""
    return open_page()


def _is_here(url: str) -> bool:
    return urlsplit(url).scheme in ("data", "blob", "about") or urlsplit(url).hostname == "127.0.0.1"


def _stay_here(route, faults: list[str]) -> None:
    if _is_here(route.request.url):
        route.continue_()
    else:
        faults.append(f"left: {route.request.url}")
        route.abort()


def _note_failure(request, faults: list[str]) -> None:
    # A page that is left or closed drops what it was still loading; that is no fault.
    if request.failure and "ERR_ABORTED" not in request.failure:
        faults.append(f"failed: {request.url}: {request.failure}")


# The server ------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def serve(tmp_path_factory) -> Iterator[Serve]:
    """Serves a store as a mine would, and gives the address; a store is served once."""
    running: dict[Path, tuple[subprocess.Popen[bytes], str]] = {}

    def start(store: Path) -> str:
        if store not in running:
            running[store] = _served(store, tmp_path_factory.mktemp("served") / "log.txt")
        return running[store][1]

    yield start
    for process, _ in running.values():
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _served(store: Path, log: Path) -> tuple[subprocess.Popen[bytes], str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    apps = sorted(str(app.relative_to(ROOT)) for app in (ROOT / "apps").glob("*.py"))
    command = [sys.executable, "-m", "panel", "serve", *apps]
    command += ["--rest-provider", "truckkit", "--rest-endpoint", "api"]
    command += [
        "--address",
        "127.0.0.1",
        "--port",
        str(port),
        "--allow-websocket-origin",
        f"127.0.0.1:{port}",
    ]
    with log.open("wb") as out:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, "TRUCKKIT_STORE": str(store)},
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    address = f"http://127.0.0.1:{port}"
    until = time.monotonic() + PATIENCE_S
    while not _answers(f"{address}/timeline"):
        if process.poll() is not None or time.monotonic() > until:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            pytest.fail(f"panel serve did not come up:\n{log.read_text('utf-8', 'replace')}")
        time.sleep(0.1)
    return process, address


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE_S) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, ConnectionError):
        return False


@pytest.fixture(scope="session")
def sample_store() -> Path:
    """The store of ``tk.sample()``."""
    import truckkit as tk

    return Path(tk.sample().store.folder)


@pytest.fixture(scope="session")
def address(serve: Serve, sample_store: Path) -> str:
    """Where the sample is served."""
    return serve(sample_store)
