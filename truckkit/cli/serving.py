"""The verbs that serve a store: serve, demo."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from truckkit.cli.speaking import StoreFolder, app, err, out, verb
from truckkit.errors import BadRequest
from truckkit.sample import SMALL
from truckkit.simulated import simulate as make_mine
from truckkit.site import open_site


@app.command()
@verb
def serve(
    store: StoreFolder,
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one.")] = 5006,
    address: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
) -> None:
    """Serve dashboards and REST from a store."""
    open_site(store)  # says at once what is wrong with it
    _serve(store, port, address)


@app.command()
@verb
def demo(port: Annotated[int, typer.Option(help="Port.")] = 5006) -> None:
    """Simulate a small mine into a temporary store and serve it."""
    store = Path(tempfile.mkdtemp(prefix="truckkit-demo-")) / "mine"
    with err.status("simulating a small mine") as status:
        # A first run would wait until the detector is compiled; what the dispatch system says is there now.
        loads = make_mine(store, SMALL, progress=status.update, detection=False)
    rows = sum(load.kept for load in loads)
    out.print(f"simulated {SMALL.trucks} trucks over {SMALL.hours:g} h: {rows:,} rows in {store}")
    _serve(store, port, "127.0.0.1")


def _serve(store: Path, port: int, address: str) -> NoReturn:
    """Panel's own command, in the place of this process, so that signals reach it."""
    out.print(f"truckkit is served at http://{address}:{port}/   REST at /api/docs   (Ctrl+C ends it)")
    sys.stdout.flush()
    command = [sys.executable, "-m", "panel", "serve", *map(str, _apps()), "--rest-provider", "truckkit"]
    command += ["--rest-endpoint", "api", "--port", str(port), "--address", address]
    command += [
        "--allow-websocket-origin",
        f"{address}:{port}",
        "--allow-websocket-origin",
        f"localhost:{port}",
    ]
    os.execve(sys.executable, command, {**os.environ, "TRUCKKIT_STORE": str(store.absolute())})


def _apps() -> list[Path]:
    """The apps of a wheel, or of the checkout that is installed in place."""
    package = Path(__file__).parent.parent
    for folder in (package / "apps", package.parent / "apps"):
        if folder.is_dir():
            return sorted(folder.glob("*.py"))
    raise BadRequest("the apps are missing from this installation of truckkit; install it again.")
