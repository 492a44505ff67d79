"""Retention: what happened before an instant goes, and the ledger says so."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from truckkit import schema, times
from truckkit.errors import BadRequest
from truckkit.store import days, ddl, layout
from truckkit.store.draft import Draft
from truckkit.store.held import File, Held
from truckkit.store.pending import Pending
from truckkit.store.publish import PRUNED, rearrange


@dataclass(frozen=True)
class Pruned:
    """What a prune took away."""

    before: datetime
    rows: dict[str, int]
    """Rows by table; none where nothing happened before."""
    files: int
    """How many files went or became shorter."""


def prune(folder: str | Path, before: datetime, *, everything: bool = False, wait_s: float = 0.0) -> Pruned:
    """Take away the samples of before an instant, and the intervals that stop before it or then.

    An interval that is under way at the instant stays whole. What comes again of the time before is refused
    from then on, whatever mapping reads it. The ledger stays, and so do the rejects, the calendar, places and
    work orders. The prune has a row in the ledger too: its ``cursor`` is the instant, and ``made`` the rows
    that went, as negative numbers.

    Parameters
    ----------
    folder
        The store.
    before
        The instant, with its zone.
    everything
        True to allow that nothing is left.
    wait_s
        How long to wait for another process that publishes.

    Raises
    ------
    BadRequest
        Where nothing would be left, and ``everything`` was not said.
    NoStore, StoreBusy, CannotWrite
        The store is then as it was.

    Examples
    --------
    >>> from datetime import UTC
    >>> import truckkit as tk
    >>> prune(tk.sample().store.folder, datetime(2000, 1, 1, tzinfo=UTC), wait_s=30).rows
    {}
    """
    folder = Path(folder)
    layout.current(folder)
    cut = times.stored(before)
    gone: Counter[str] = Counter()
    touched: list[str] = []

    def fill(pending: Pending, generation: int) -> list[File] | None:
        held = pending.held.files
        left: list[File] = []
        for file in held:
            if file.kind == "rejects" or (file.first_at and file.first_at >= cut):
                left.append(file)
            elif file.last_stop is None or file.last_stop < cut:
                gone.update({name: rows for name, rows in file.made.items() if rows})
                touched.append(file.file)
            elif shorter := _shorter(draft.connection, folder, pending.held, file, generation, cut):
                gone.update({name: rows - shorter.made.get(name, 0) for name, rows in file.made.items()})
                touched.append(file.file)
                left += [shorter] if any(shorter.made.values()) else []
            else:
                left.append(file)
        if not +gone:
            return None
        if not everything and all(file.kind == "rejects" for file in left):
            reached = max((file.last_stop for file in held if file.last_stop), default=cut)
            raise BadRequest(
                f'before "{cut:%Y-%m-%d %H:%M:%S} UTC" lies all that "{folder}" holds, '
                f"until {reached:%Y-%m-%d %H:%M:%S} UTC; name an earlier instant, "
                "or say --all to keep nothing."
            )
        load.made = {name: -rows for name, rows in sorted(gone.items()) if rows}
        return left

    with Draft("300MB") as draft:
        load = draft.load(
            PRUNED, f"prune {cut.isoformat()} {datetime.now(UTC).timestamp()}", "prune", "positions"
        )
        load.cursor = times.aware(cut).isoformat()
        rearrange(folder, draft, fill, wait_s)
    return Pruned(before, {name: rows for name, rows in sorted(gone.items()) if rows}, len(touched))


def _shorter(
    con: duckdb.DuckDBPyConnection, folder: Path, held: Held, file: File, generation: int, cut: datetime
) -> File | None:
    """A file without what happened before the cut; nothing where that is nothing of it.

    Rows keep their order, so they need no sorting, however many they are.
    """
    keep = {
        table: f"{ddl.name(str(table.at))} >= TIMESTAMP '{cut}'"
        if table.stop is None
        else f"{ddl.name(table.stop)} > TIMESTAMP '{cut}'"
        for table in schema.of_kind("day")
        if file.made.get(table.name)
    }
    rows = {table: held.query(table, [file]) for table in keep}
    if not any(
        con.execute(f"SELECT 1 FROM ({rows[table]}) WHERE NOT ({keep[table]}) LIMIT 1").fetchall()
        for table in keep
    ):
        return None
    assert file.start is not None
    name = layout.month_file if file.kind == "month" else layout.day_file
    made = File(
        name(file.start.date(), generation), file.kind, file.start, file.stop, {}, None, None, None, 0
    )
    part = folder / f"{made.file}.part"
    con.execute(ddl.attach(str(part), "now", False, small=sum(file.made.values()) < days.SMALL_ROWS))
    for table, condition in keep.items():
        con.execute(ddl.create(table, "now"))
        columns = ddl.columns(table.names)
        con.execute(
            f"INSERT INTO now.{ddl.name(table.name)} ({columns}) "
            f"SELECT {columns} FROM ({rows[table]}) WHERE {condition}"
        )
    days.described(con, made)
    made.appends = file.appends
    days.close(con, part)
    if not any(made.made.values()):
        part.unlink()
    return made
