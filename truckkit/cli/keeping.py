"""The verbs that keep a store well over the years: rollup, export, prune, check, repair."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from truckkit import store as keeping
from truckkit import times
from truckkit.cli.speaking import StoreFolder, err, out, verb

verbs = typer.Typer(rich_markup_mode=None)
_WAIT_S = 60.0
"""How long a verb waits for a publish that is under way."""


@verbs.command()
@verb
def rollup(
    store: StoreFolder,
    most: Annotated[int | None, typer.Option(help="How many months at most.", min=1)] = None,
) -> None:
    """Make one file of each month that has been over for a week, for a timer once a night.

    Ingest and readers go on meanwhile.
    """
    with err.status("looking for months that are over") as status:
        done = keeping.rollup(store, most, status.update)
    for month in done:
        out.print(f"{month.month}: {len(month.replaced)} files are one, {month.rows:,} rows")
    out.print(f"{store}: {len(done)} months were rolled up.")


@verbs.command()
@verb
def export(
    store: StoreFolder,
    to: Annotated[
        Path, typer.Option(help="The folder to write; new, or an earlier export.", show_default=False)
    ],
) -> None:
    """Write what has changed as Parquet, a folder a table and day, for any other engine.

    Ingest and readers of the store go on meanwhile; who reads the folder finds each day whole.
    """
    with err.status("looking for what has changed") as status:
        done = keeping.export(store, to, status.update)
    if not done.files and not done.gone:
        out.print(f"{store}: {to} holds generation {done.generation} already.")
        return
    gone = f"; {len(done.gone)} days went" if done.gone else ""
    out.print(
        f"{store}: {done.rows:,} rows of {len(done.days)} days went to {to}, "
        f"{done.files} files of {done.bytes / 1e6:,.1f} MB{gone}."
    )


@verbs.command()
@verb
def prune(
    store: StoreFolder,
    before: Annotated[
        str, typer.Option(help="An instant with an offset, such as 2026-01-01T00:00Z.", show_default=False)
    ],
    everything: Annotated[bool, typer.Option("--all", help="Go on where nothing would be left.")] = False,
) -> None:
    """Take away what happened before an instant; the ledger stays, so that it cannot come in again."""
    at = times.instant(before, None)
    with err.status("pruning"):
        pruned = keeping.prune(store, at, everything=everything, wait_s=_WAIT_S)
    for name, rows in pruned.rows.items():
        out.print(f"{name}: {rows:,} rows went")
    if not pruned.rows:
        out.print(f"{store}: nothing happened before {at:%Y-%m-%d %H:%M:%S} UTC, so nothing went.")
        return
    out.print(
        f"{store}: {sum(pruned.rows.values()):,} rows of before {at:%Y-%m-%d %H:%M:%S} UTC went, "
        f"from {pruned.files} files."
    )


@verbs.command()
@verb
def check(store: StoreFolder) -> None:
    """Look through every file of a store; exit code 1 where something is wrong."""
    with err.status("checking") as status:
        found = keeping.check(store, progress=status.update)
    for finding in found:
        out.print(str(finding))
    if found:
        err.print(f"{store}: {len(found)} things are wrong.")
        raise typer.Exit(1)
    out.print(f"{store}: all is well.")


@verbs.command()
@verb
def repair(store: StoreFolder) -> None:
    """Go back to the newest generation that is whole, and set aside what is in its way."""
    with err.status("reading") as status:
        done = keeping.repair(store, wait_s=_WAIT_S, progress=status.update)
    out.print(f"{store}: {done}")
