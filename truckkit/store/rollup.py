"""Roll-up: the day files of a month that is over become one file, sorted by truck and time.

A year of days is hundreds of files, and to plan a question over them takes longer than to answer it.
A month is rolled up where a week has passed since, as the data tells; rows that come later still find
their place in it. The file is made beside the store's publishes, which go on meanwhile; only the
swap takes the store's lock, and it is a publish like any other. So no publish has to wait while a
month is sorted, and none pays for it: a cron line or a timer does it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from truckkit import schema
from truckkit.errors import StoreBusy
from truckkit.store import attached, days, ddl, layout
from truckkit.store.draft import Draft
from truckkit.store.held import File, Held
from truckkit.store.pending import Pending
from truckkit.store.publish import rearrange

_WAITS = timedelta(days=7)
"""How long a month stays in days after its end, for data that comes late."""
_AGAIN_AFTER = 50
"""A month to which rows were added so often is sorted anew."""
_MOST_ROWS = 2_000_000
"""Rows that are sorted in memory at once, about."""
_MOST_TRIES = 3
_WAIT_S = 600.0
"""How long the swap waits for a publish that is under way."""


@dataclass(frozen=True)
class Rolled:
    """A month that was rolled up."""

    month: str
    """Year and month, such as 2026-10."""
    file: str
    replaced: tuple[str, ...]
    """The files that it stands for."""
    rows: int


def due(files: Sequence[File]) -> dict[date, list[File]]:
    """The months to roll up, by their first day, with the files that tell of each; the oldest first."""
    reached = max((file.stop for file in files if file.stop), default=None)
    months: dict[date, list[File]] = defaultdict(list)
    for file in files:
        if file.start:
            months[_month(file)].append(file)
    return {
        month: held
        for month, held in sorted(months.items())
        if reached
        and reached >= _end(month) + _WAITS
        and (any(file.kind == "day" for file in held) or held[0].appends >= _AGAIN_AFTER)
    }


def _end(month: date) -> datetime:
    following = (month + timedelta(days=31)).replace(day=1)
    return datetime.combine(following, datetime.min.time())


def rollup(
    folder: str | Path, most: int | None = None, progress: Callable[[str], None] = lambda _: None
) -> list[Rolled]:
    """Roll up the months of a store that are over, one after the other.

    Parameters
    ----------
    folder
        The store.
    most
        How many months at most; all where it is empty.
    progress
        Told what is being done.

    Returns
    -------
    list of Rolled
        One per month; none where no month has to be rolled up.

    Raises
    ------
    NoStore, DamagedStore, StoreBusy, CannotWrite
        The store is then as it was, or as the last month that was rolled up left it.

    Examples
    --------
    >>> import shutil, tempfile
    >>> import truckkit as tk
    >>> mine = shutil.copytree(tk.sample().store.folder, Path(tempfile.mkdtemp()) / "mine")
    >>> rollup(mine)
    []
    """
    folder = Path(folder)
    layout.current(folder)
    done: list[Rolled] = []
    with layout.lock(folder, name=layout.ROLLING):
        layout.clear_rolled(folder)
        tried = 0
        while most is None or len(done) < most:
            with Draft("500MB") as draft:
                con = draft.connection
                generation = layout.current(folder)
                attached.attach(con, folder, layout.catalog_file(generation), "old")
                held = Held(con, folder, generation)
                wanted = due(held.files)
                if not wanted:
                    return done
                month, files = next(iter(wanted.items()))
                progress(f"rolling up {month:%Y-%m}, {len(files)} files")
                made = _made(draft, folder, held, month, files)
            if not _swapped(folder, files, made):
                # Rows came into the month meanwhile; what was made does not hold them.
                layout.clear_rolled(folder)
                tried += 1
                if tried == _MOST_TRIES:
                    raise StoreBusy(
                        f'"{folder}" was given new rows of {month:%Y-%m} each time that it was '
                        "rolled up; run this again when they have come to an end."
                    )
                continue
            tried = 0
            replaced = tuple(file.file for file in files)
            done.append(Rolled(f"{month:%Y-%m}", made.file, replaced, sum(made.made.values())))
    return done


def _swapped(folder: Path, files: Sequence[File], made: File) -> bool:
    """Publish the month that was made in the place of its files; False where they are others by now."""
    names = {file.file for file in files}

    def fill(pending: Pending, generation: int) -> list[File] | None:
        held = pending.held.files
        if {file.file for file in held if file.start and _month(file) == _month(made)} != names:
            return None
        made.file = layout.month_file(_month(made), generation)
        (folder / layout.ROLLED).rename(folder / f"{made.file}.part")
        return [*(file for file in held if file.file not in names), made]

    with Draft("200MB") as draft:
        return rearrange(folder, draft, fill, _WAIT_S) is not None


def _month(file: File) -> date:
    assert file.start is not None
    return file.start.date().replace(day=1)


def _made(draft: Draft, folder: Path, held: Held, month: date, files: Sequence[File]) -> File:
    """Make the month's file, under the name that it has until it is swapped in."""
    con = draft.connection
    rows = sum(sum(file.made.values()) for file in files)
    con.execute(ddl.attach(str(folder / layout.ROLLED), "now", read_only=False, small=rows < days.SMALL_ROWS))
    for table in schema.of_kind("day"):
        telling = [file for file in files if file.made.get(table.name)]
        if not telling:
            continue
        con.execute(ddl.create(table, "now"))
        query = held.query(table, telling)
        columns, key = ddl.columns(table.names), ddl.columns(table.key)
        for condition, bounds in _parts(draft, table, query):
            con.execute(
                f"INSERT INTO now.{ddl.name(table.name)} ({columns}) SELECT {columns} FROM ({query}) "
                f"WHERE {condition} ORDER BY {key}",
                bounds,
            )
            con.execute("CHECKPOINT now")  # what is not written yet is in memory
    start = datetime.combine(month, datetime.min.time())
    file = days.described(con, File("", "month", start, _end(month), {}, None, None, None, 0))
    days.close(con, folder / layout.ROLLED)
    layout.sync(folder / layout.ROLLED)
    return file


def _parts(draft: Draft, table: schema.Table, query: str) -> Iterator[tuple[str, list[str]]]:
    """Conditions that cut the rows of a table, in the order of its key, into parts that fit in memory."""
    first = ddl.name(table.key[0])
    counted = draft.connection.execute(
        f"SELECT {first}, count(*) FROM ({query}) GROUP BY {first} ORDER BY {first}"
    ).fetchall()
    low, rows = None, 0
    for number, (name, count) in enumerate(counted):
        low = name if low is None else low
        rows += count
        if rows >= _MOST_ROWS or number == len(counted) - 1:
            yield f"{first} BETWEEN ? AND ?", [low, name]
            low, rows = None, 0
