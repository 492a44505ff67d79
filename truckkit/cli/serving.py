"""The verbs that serve a store: serve, demo."""

from __future__ import annotations

import os
import socket
import sys
import tempfile
from pathlib import Path
from typing import Annotated, NoReturn
from urllib.parse import urlsplit

import typer

from truckkit.api.loopback import is_loopback
from truckkit.cli.speaking import StoreFolder, err, out, verb
from truckkit.errors import BadRequest
from truckkit.sample import SMALL
from truckkit.simulated import simulate as make_mine
from truckkit.site import open_site
from truckkit.store.keys import Ring

verbs = typer.Typer(rich_markup_mode=None)
_LOGINS = ("PANEL_BASIC_AUTH", "PANEL_OAUTH_PROVIDER")


@verbs.command()
@verb
def serve(
    store: StoreFolder,
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one.")] = 5006,
    address: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    allow_origin: Annotated[
        list[str] | None,
        typer.Option(
            help="Host and port by which browsers reach it, such as mine.example:443; repeat for more."
        ),
    ] = None,
    open_to_all: Annotated[
        bool, typer.Option("--open-to-all", help="Serve other machines although the store has no keys.")
    ] = False,
) -> None:
    """Serve dashboards and REST from a store; other machines only where it has keys."""
    open_site(store)  # says at once what is wrong with it
    origins = allow_origin or []
    _refuse_to_be_open(store, address, origins, open_to_all)
    _serve(store, port, address, origins, open_to_all)


def _refuse_to_be_open(store: Path, address: str, origins: list[str], open_to_all: bool) -> None:
    """Refuse to serve beyond this machine without keys, and say what keys do not cover."""
    beyond = [each for each in (address, *map(_host, origins)) if not is_loopback(each)]
    if not beyond:
        return
    if not Ring(store).wanted:
        if not open_to_all:
            raise BadRequest(
                f'"{store}" has no keys, and at "{beyond[0][:60]}" other machines reach it; make one with '
                f'"truckkit keys add {store} NAME", or say --open-to-all to serve it to whoever asks.'
            )
        err.print(f"warning: whoever reaches {beyond[0][:60]} can read all of {store}, for it has no keys.")
    if not any(os.environ.get(name) for name in _LOGINS):
        err.print(
            "warning: keys are for REST alone, and the dashboards have no login; "
            f"set {_LOGINS[0]} and PANEL_COOKIE_SECRET, or {_LOGINS[1]}, as Panel's documents say."
        )


def _host(origin: str) -> str:
    """The host of an origin such as ``https://mine.example:443`` or ``[::1]:5006``.

    >>> _host("https://mine.example:443"), _host("localhost:5006"), _host("[::1]:5006")
    ('mine.example', 'localhost', '::1')
    """
    try:
        return urlsplit(origin if "//" in origin else f"//{origin}").hostname or origin
    except ValueError:
        return origin


@verbs.command()
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


def _serve(
    store: Path, port: int, address: str, origins: list[str] | None = None, open_to_all: bool = False
) -> NoReturn:
    """Panel's own command, in the place of this process, so that signals reach it."""
    port = port or _free(address)
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
    for origin in origins or ():
        command += ["--allow-websocket-origin", origin]
    environment = {**os.environ, "TRUCKKIT_STORE": str(store.absolute())}
    # What stands in the environment by chance does not open a store; only the flag does.
    environment.pop("TRUCKKIT_REST_OPEN", None)
    if open_to_all:
        environment["TRUCKKIT_REST_OPEN"] = "1"
    os.execve(sys.executable, command, environment)


def _free(address: str) -> int:
    """A port that nobody listens on; browsers are let in by its number, so it is known before they come."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.create_server((address.strip("[]"), 0), family=family) as found:
        port: int = found.getsockname()[1]
    return port


def _apps() -> list[Path]:
    """The apps of a wheel, or of the checkout that is installed in place."""
    package = Path(__file__).parent.parent
    for folder in (package / "apps", package.parent / "apps"):
        if folder.is_dir():
            return sorted(folder.glob("*.py"))
    raise BadRequest("the apps are missing from this installation of truckkit; install it again.")
