"""The command line: ``truckkit VERB STORE …``."""

from __future__ import annotations

import functools
import json
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, NoReturn, cast

import typer
from rich.console import Console
from rich.table import Table

from truckkit import times
from truckkit.detecting import detect as find_out
from truckkit.errors import BadRequest, TruckkitError
from truckkit.ingest import Polling
from truckkit.ingest import ingest as bring_in
from truckkit.mapping import shipped
from truckkit.overview import overview
from truckkit.sample import SMALL
from truckkit.scoring import scored
from truckkit.simulated import simulate as make_mine
from truckkit.site import open_site
from truckkit.sources.influx import is_address
from truckkit.sources.simulator import Channels, Noise, Plan
from truckkit.store import Load
from truckkit.times import When

app = typer.Typer(
    help="Analytics for mining haul trucks: bring data in, look at it, serve it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
out = Console(soft_wrap=True, markup=False, highlight=False)
err = Console(stderr=True, soft_wrap=True, markup=False, highlight=False)

PLAN = Plan()

StoreFolder = Annotated[Path, typer.Argument(help="The folder of the store.", show_default=False)]


def _spoken(command: Callable[..., None]) -> Callable[..., None]:
    """Errors that truckkit raises on purpose end the command with their sentence and exit code 2."""

    @functools.wraps(command)
    def spoken(*arguments: Any, **named: Any) -> None:
        try:
            command(*arguments, **named)
        except TruckkitError as fault:
            err.print(f"truckkit: {fault}")
            raise typer.Exit(2) from None

    return spoken


@app.command()
@_spoken
def ingest(
    store: StoreFolder,
    source: Annotated[
        list[str],
        typer.Argument(help="Files and folders; the mine's site.toml; or influx://host:8086/database."),
    ],
    mapping: Annotated[
        str | None, typer.Option(help=f"A TOML file, or one of: {', '.join(shipped())}.")
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="Of a server: from here, with an offset, whatever was read before.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="Of a server: to here, with an offset.")] = None,
    follow: Annotated[
        str | None, typer.Option(help="Of a server: go on reading, so often; 60s is once a minute.")
    ] = None,
) -> None:
    """Bring files, or what a server has, into a store; the same again adds nothing."""
    from_, to = (None if each is None else times.instant(each, None) for each in (since, until))
    if follow is not None:
        _follow(store, source, mapping, follow, from_, to)
        return
    with err.status("reading") as status:
        loads = bring_in(
            store, source, mapping, progress=status.update, remark=err.print, since=from_, until=to
        )
    for load in loads:
        _tell(load)
    fresh = [load for load in loads if not load.known]
    rows, kept = sum(load.rows_in for load in fresh), sum(load.kept for load in fresh)
    known = f", {len(loads) - len(fresh)} loaded before" if len(fresh) < len(loads) else ""
    out.print(f"{store}: {len(fresh)} loads, {rows:,} rows in, {kept:,} kept{known}.")


def _follow(
    store: Path, source: list[str], mapping: str | None, every: str, since: When | None, until: When | None
) -> None:
    """Read a server until a signal ends it; what is under way is finished."""
    if len(source) != 1 or not is_address(source[0]) or mapping is None or until is not None:
        raise BadRequest(
            "--follow reads one server, with a mapping and without --until, "
            "as in: truckkit ingest mine influx://127.0.0.1:8086/fleet --mapping fleet.toml --follow 60s"
        )
    length = times.length(every)
    if length < timedelta(seconds=1):
        raise BadRequest(f'--follow is "{every}"; a second is the least.')
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    polling = Polling(store, source[0], mapping, remark=_said_at)
    polling.follow(length, stop, loaded=_said_at, since=since)


def _said_at(line: str) -> None:
    """A line of a log."""
    err.print(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}Z {line}")


def _tell(load: Load) -> None:
    if load.known:
        out.print(f"{load.source}: loaded before, adds nothing")
    else:
        out.print(
            f"{load.source}: {load.rows_in:,} rows in = {load.kept:,} kept + {load.rejected:,} rejected "
            f"+ {load.duplicates:,} duplicates"
        )


@app.command()
@_spoken
def simulate(
    store: StoreFolder,
    trucks: Annotated[int, typer.Option(help="Haul trucks.")] = PLAN.trucks,
    hours: Annotated[float, typer.Option(help="Hours of operation, from 06:00 site time.")] = PLAN.hours,
    seed: Annotated[int, typer.Option(help="The same seed gives the same mine.")] = PLAN.seed,
    hz: Annotated[float, typer.Option(help="Positions a second; 0.2 is one every 5 s.")] = PLAN.hz,
    noise: Annotated[
        str, typer.Option(help="How bad sensors, clocks and radios are: none, typical or harsh.")
    ] = PLAN.noise,
    channels: Annotated[
        str, typer.Option(help="What trucks send: full, payload (with positions) or gps (positions alone).")
    ] = PLAN.channels,
) -> None:
    """Simulate a mine into a store; its true states and cycles stand there as source fms.

    The truth that "truckkit score" goes by is kept beside them, in the store's folder truth.
    """
    plan = Plan(trucks, hours, seed, hz, cast(Noise, noise), cast(Channels, channels))
    with err.status("simulating") as status:
        loads = make_mine(store, plan, progress=status.update)
    fresh = [load for load in loads if not load.known]
    if not fresh:
        out.print(f"{store}: this mine was simulated before; nothing is added.")
        return
    rows, kept = sum(load.rows_in for load in fresh), sum(load.kept for load in fresh)
    out.print(
        f"{store}: a simulated mine of {trucks} trucks over {hours:g} h, {rows:,} rows in = {kept:,} kept "
        f"+ {rows - kept:,} duplicates."
    )


@app.command()
@_spoken
def detect(store: StoreFolder) -> None:
    """Detect places, states and cycles anew, from all samples of a store."""
    with err.status("detecting") as status:
        find_out(store, progress=status.update)
    site = open_site(store).using("detected")
    rows = site.rows()
    if not rows["positions"]:
        out.print(f"{store}: it holds no positions, so there was nothing to detect from.")
        return
    out.print(f"{store}: {rows['cycles']:,} cycles and {rows['states']:,} states were detected.")


@app.command()
@_spoken
def info(
    store: StoreFolder, as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False
) -> None:
    """What is in a store: tables, rows, period, trucks, loads, rejects."""
    found = overview(open_site(store))
    if as_json:
        print(json.dumps(found, indent=2))
        return
    out.print(f"{found['site']}  {found['time_zone']}  generation {found['generation']}")
    out.print(
        f"{found['start'] or 'nothing has happened yet'} to {found['stop'] or ''}  {found['trucks']} trucks"
    )
    tables = Table("table", "rows", "detected", box=None)
    for name, rows in found["tables"].items():
        detected = found["detected"].get(name)
        tables.add_row(name, f"{rows:,}", "" if detected is None else f"{detected:,}")
    out.print(tables)
    loads = Table("load", "rows in", "kept", "rejected", "duplicates", box=None)
    for load in found["loads"]:
        loads.add_row(
            load["source"], *(f"{load[each]:,}" for each in ("rows_in", "kept", "rejected", "duplicates"))
        )
    out.print(loads)


@app.command()
@_spoken
def rejects(
    store: StoreFolder, most: Annotated[int, typer.Option(help="How many rows to show.", min=1)] = 50
) -> None:
    """The rows that loads refused, or that said again what was known, each with its reason."""
    rows = open_site(store).rejects
    shown = rows.order_by("load_id", "line").limit(most).to_pyarrow().to_pylist()
    for row in shown:
        out.print(f"{row['source']} row {row['line']}: {row['verdict']}: {row['reason']}")
    out.print(f"{len(shown):,} of {rows.count().execute():,} rows shown.")


@app.command()
@_spoken
def score(
    store: StoreFolder,
    truth: Annotated[
        Path | None, typer.Option(help="A file of true states; without it, what the simulator kept.")
    ] = None,
    mapping: Annotated[
        str | None,
        typer.Option(help="How to read that file: a mapping, or truck=…,state=…,start=…,stop=…"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """How far the detected states, cycles and places are from the truth."""
    found = scored(store, truth, mapping)
    if as_json:
        print(json.dumps(found, indent=2))
        return
    out.print(f"{found['trucks']} trucks, {found['observed_h']:,.1f} truck hours observed")
    table = Table("", "score", box=None)
    for name, value in _flat(found):
        table.add_row(name, value)
    out.print(table)


def _flat(found: dict[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    """Nested numbers as lines of a table; what is not known is left out."""
    for name, value in found.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{above}{name} ")
        elif value is not None:
            yield f"{above}{name}", f"{value:,}" if isinstance(value, int) else f"{value:.4f}"


@app.command()
@_spoken
def serve(
    store: StoreFolder,
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one.")] = 5006,
    address: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
) -> None:
    """Serve dashboards and REST from a store."""
    open_site(store)  # says at once what is wrong with it
    _serve(store, port, address)


@app.command()
@_spoken
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
    package = Path(__file__).parent
    for folder in (package / "apps", package.parent / "apps"):
        if folder.is_dir():
            return sorted(folder.glob("*.py"))
    raise BadRequest("the apps are missing from this installation of truckkit; install it again.")


if __name__ == "__main__":
    app()
