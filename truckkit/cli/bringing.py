"""The verbs that bring data in: ingest, simulate, detect."""

from __future__ import annotations

import signal
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, cast

import typer

from truckkit import times
from truckkit.cli.speaking import StoreFolder, err, out, verb
from truckkit.detecting import detect as find_out
from truckkit.errors import BadRequest
from truckkit.ingest import Polling
from truckkit.ingest import ingest as bring_in
from truckkit.mapping import shipped
from truckkit.simulated import simulate as make_mine
from truckkit.site import open_site
from truckkit.sources.influx import is_address
from truckkit.sources.simulator import Channels, Noise, Plan
from truckkit.store import Load
from truckkit.times import When

verbs = typer.Typer(rich_markup_mode=None)
PLAN = Plan()
_LONGEST = 160
"""Letters of a source that are shown; the ledger keeps all."""


@verbs.command()
@verb
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


def _short(source: str) -> str:
    """A source in so many letters that its counts stay in sight; a path and a measurement keep their ends.

    >>> _short("a.lp (gps)"), len(_short("x" * 9000))
    ('a.lp (gps)', 160)
    """
    return source if len(source) <= _LONGEST else f"{source[: _LONGEST - 40]}…{source[-39:]}"


def _tell(load: Load) -> None:
    source = _short(load.source)
    if load.known:
        out.print(f"{source}: loaded before, adds nothing")
    else:
        out.print(
            f"{source}: {load.rows_in:,} rows in = {load.kept:,} kept + {load.rejected:,} rejected "
            f"+ {load.duplicates:,} duplicates"
        )


@verbs.command()
@verb
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


@verbs.command()
@verb
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
