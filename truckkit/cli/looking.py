"""The verbs that look at a store: info, rejects, score."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from truckkit.cli.speaking import StoreFolder, out, shown, verb
from truckkit.overview import overview
from truckkit.scoring import scored
from truckkit.site import open_site

verbs = typer.Typer(rich_markup_mode=None)


@verbs.command()
@verb
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
        counts = (f"{load[each]:,}" for each in ("rows_in", "kept", "rejected", "duplicates"))
        loads.add_row(shown(load["source"]), *counts)
    out.print(loads)


@verbs.command()
@verb
def rejects(
    store: StoreFolder, most: Annotated[int, typer.Option(help="How many rows to show.", min=1)] = 50
) -> None:
    """The rows that loads refused, or that said again what was known, each with its reason."""
    rows = open_site(store).rejects
    shown = rows.order_by("load_id", "line").limit(most).to_pyarrow().to_pylist()
    for row in shown:
        out.print(f"{row['source']} row {row['line']}: {row['verdict']}: {row['reason']}")
    out.print(f"{len(shown):,} of {rows.count().execute():,} rows shown.")


@verbs.command()
@verb
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
