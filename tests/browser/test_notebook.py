"""The tour in a real JupyterLab: every cell runs, and what it draws is alive."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

pytestmark = pytest.mark.browser

TOUR = Path(__file__).parent.parent.parent / "notebooks" / "tour.ipynb"
PATIENCE_S = 120.0

# Panel asks its own CDN for style sheets and a shim, in notebooks even where it has them inline. Where there
# is no internet the requests fail and nothing else does, which is what this test shows.
ASKED_IN_VAIN = {"cdn.holoviz.org"}

NO_NEWS = {"fetchNews": "false", "checkForUpdates": False}


@pytest.fixture(scope="module")
def lab(tmp_path_factory) -> Iterator[str]:
    """A JupyterLab of its own, with a copy of the tour; gives the address that opens it."""
    pytest.importorskip("jupyterlab")
    home = tmp_path_factory.mktemp("lab")
    shutil.copy(TOUR, home / "tour.ipynb")
    settings = home / "settings" / "@jupyterlab" / "apputils-extension" / "notification.jupyterlab-settings"
    settings.parent.mkdir(parents=True)
    settings.write_text(json.dumps(NO_NEWS), encoding="utf-8")
    folders = {
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "IPYTHONDIR": "ipython",
    }
    log = home / "log.txt"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
                *("--ServerApp.ip=127.0.0.1", "--ServerApp.port=0", f"--ServerApp.root_dir={home}"),
            ],
            cwd=home,
            env={**os.environ, **{name: str(home / folder) for name, folder in folders.items()}},
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield _address(process, home / "runtime", log)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _address(process: subprocess.Popen[bytes], runtime: Path, log: Path) -> str:
    """Where the tour is, once the server has written down where it listens."""
    until = time.monotonic() + PATIENCE_S
    while True:
        for written in runtime.glob("jpserver-*.json"):
            server = json.loads(written.read_text("utf-8") or "{}")
            if server.get("port"):
                return f"http://127.0.0.1:{server['port']}/lab/tree/tour.ipynb?token={server['token']}"
        if process.poll() is not None or time.monotonic() > until:
            pytest.fail(f"JupyterLab did not come up:\n{log.read_text('utf-8', 'replace')}")
        time.sleep(0.1)


@pytest.fixture(scope="module")
def tour(chromium, lab) -> Iterator[object]:
    """The tour, open in JupyterLab, with all its cells run and no way to the internet."""
    context = chromium.new_context(viewport={"width": 1400, "height": 1000})
    left: set[str] = set()
    uncaught: list[str] = []

    def stay_here(route) -> None:
        host = urlsplit(route.request.url).hostname
        if host in (None, "127.0.0.1"):
            route.continue_()
        else:
            left.add(host)
            route.abort()

    context.route("**/*", stay_here)
    page = context.new_page()
    page.set_default_timeout(PATIENCE_S * 1000)
    page.on("pageerror", lambda error: uncaught.append(str(error)))
    page.goto(lab)
    # Whoever asks to run before the kernel is there is asked which kernel.
    page.locator("#jp-main-statusbar", has_text="| Idle").wait_for()
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text("Run All Cells", exact=True).click()
    page.wait_for_function(
        r"""() => {
            const prompts = [...document.querySelectorAll(".jp-CodeCell .jp-InputPrompt")];
            return prompts.length > 0 && prompts.every((prompt) => /\[\d+\]/.test(prompt.textContent));
        }"""
    )
    yield page
    context.close()
    assert left <= ASKED_IN_VAIN
    assert uncaught == []


def test_every_cell_of_the_tour_runs_without_error_in_jupyterlab(tour):
    faults = tour.locator('.jp-OutputArea-output[data-mime-type="application/vnd.jupyter.error"]')
    assert faults.all_text_contents() == []


def test_a_plot_and_a_timeline_are_drawn_in_their_cells(tour):
    for code, drawn in (("hvplot.hist", ".bk-Canvas canvas"), ("tk.Timeline", "canvas.strips[data-drawn]")):
        cell = tour.locator(".jp-CodeCell", has_text=code)
        cell.scroll_into_view_if_needed()
        cell.locator(drawn).first.wait_for(state="attached")


def test_the_replay_plays_in_its_cell(tour):
    cell = tour.locator(".jp-CodeCell", has_text="tk.Replay")
    cell.scroll_into_view_if_needed()
    replay = cell.locator("[data-ready=true]")
    replay.wait_for()
    before = int(replay.get_attribute("data-now"))
    cell.get_by_role("button", name="Play").click()
    tour.wait_for_function(
        "([replay, now]) => replay.dataset.playing === 'true' && Number(replay.dataset.now) > now + 5000",
        arg=[replay.element_handle(), before],
    )
