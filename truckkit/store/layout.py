"""What a store's folder looks like: the names of its files, ``CURRENT`` and the lock.

    mine/
      CURRENT                        truckkit 1 42: the format, and the generation that readers open
      LOCK                           held while a publish is under way; says who holds it
      catalog-000042.duckdb
      day-2026-11-22-000041.duckdb
      month-2026-10-000040.duckdb
      rejects-000042.duckdb
      ROLLING, rolled-up.duckdb      a month that is being made of its days, and the lock of who makes it
      set-aside-…/                   what a repair took out of the way
      KEYS, KEYS.lock                who may ask over REST, and the lock of who changes that
      truth/                         of a simulated mine: what truly happened; no generation reads it

A file's number is the generation that made it. A file whose name ends in ``.part`` is being made.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import socket
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path

from truckkit import schema
from truckkit.errors import CannotWrite, DamagedStore, NewerStore, NoStore, StoreBusy, listed

CURRENT = "CURRENT"
LOCK = "LOCK"
ROLLING = "ROLLING"
"""The lock of who rolls months up; publishes go on meanwhile."""
ROLLED = "rolled-up.duckdb"
"""A month that is being made of its days."""
ASIDE = "set-aside-"
"""How the folders begin that hold what a repair has set aside."""
TRUTH = "truth"
KEYS = "KEYS"
"""Who may ask over REST."""
KEYS_LOCK = f"{KEYS}.lock"
KEYS_PART = f"{KEYS}.part"
GRACE_S = 15 * 60
"""How long a replaced generation stays readable."""

_FILE = re.compile(
    r"(?P<stem>catalog|rejects|day-\d{4}-\d\d-\d\d|month-\d{4}-\d\d)-(?P<generation>\d{6,})\.duckdb"
)
_PART = re.compile(rf"({CURRENT}|{_FILE.pattern})\.part(\.wal)?")


def catalog_file(generation: int) -> str:
    """The name of a generation's catalog."""
    return f"catalog-{generation:06d}.duckdb"


def rejects_file(generation: int) -> str:
    """The name of the file with the rows that a generation's loads refused."""
    return f"rejects-{generation:06d}.duckdb"


def day_file(day: date, generation: int) -> str:
    """The name of a day's file.

    >>> day_file(date(2026, 11, 22), 41)
    'day-2026-11-22-000041.duckdb'
    """
    return f"day-{day.isoformat()}-{generation:06d}.duckdb"


def month_file(day: date, generation: int) -> str:
    """The name of the file of the month in which a day lies.

    >>> month_file(date(2026, 10, 5), 40)
    'month-2026-10-000040.duckdb'
    """
    return f"month-{day:%Y-%m}-{generation:06d}.duckdb"


def is_store(folder: Path) -> bool:
    """True where the folder holds a published generation."""
    return (folder / CURRENT).is_file()


def stamp(folder: Path) -> tuple[int, int, int] | None:
    """What changes whenever the store moves on, in a hundredth of the time of reading it.

    A new file is a new inode, so that two changes within one tick of the clock are told apart. Nothing
    where the file cannot be looked at: ``current`` says why.
    """
    try:
        found = os.stat(f"{folder}/{CURRENT}")  # noqa: PTH116 - half the time of Path.stat, at every request
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def current(folder: Path) -> int:
    """The generation that readers open.

    Raises ``NoStore`` where there is none, ``NewerStore`` where this truckkit is too old for it.
    """
    if not folder.exists():
        raise NoStore(
            f'there is no store at "{folder}"; make one with "truckkit ingest" or "truckkit simulate".'
        )
    _refuse_file(folder)
    try:
        line = (folder / CURRENT).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise NoStore(
            f'"{folder}" is no store: it holds no file {CURRENT}; '
            'name the folder that "truckkit ingest" made, or say "truckkit repair" where it has lost that.'
        ) from None
    except (UnicodeDecodeError, OSError) as fault:
        raise NoStore(
            f'"{folder}" is no store: its file {CURRENT} cannot be read ({fault}); say "truckkit repair".'
        ) from None
    found = re.fullmatch(r"truckkit (\d+) (\d+)\s*", line)
    if not found:
        raise NoStore(
            f'"{folder}" is no store: its file {CURRENT} holds {line[:40]!r}, '
            'not "truckkit FORMAT GENERATION"; say "truckkit repair" where it is one.'
        )
    written, generation = (int(part) for part in found.groups())
    if written > schema.FORMAT:
        raise NewerStore(
            f'"{folder}" has format {written}, written by a newer truckkit; this one reads up to format '
            f"{schema.FORMAT}: upgrade truckkit."
        )
    return generation


def prepare(folder: Path) -> int:
    """The generation that a publish replaces, 0 for none; the folder is cleared of what was cut off.

    The caller holds the lock. Raises ``NoStore`` where the folder holds somebody's files and no
    store, ``DamagedStore`` where its generations have lost their ``CURRENT``.
    """
    if not is_store(folder):
        names = {path.name for path in folder.iterdir()}
        strange = sorted(name for name in names if not _is_ours(name) and not name.startswith((".", "lost+")))
        if strange:
            raise NoStore(
                f'"{folder}" holds {listed(strange, most=3)} and no store; '
                "name a folder that is new or empty."
            )
        made = [int(found["generation"]) for name in names if (found := _FILE.fullmatch(name))]
        if max(made, default=0) > 1:
            raise DamagedStore(
                f'"{folder}" is damaged: it holds generations up to {max(made)} and no file {CURRENT}; '
                f'write "truckkit {schema.FORMAT} {max(made)}" into one, or say "truckkit repair".'
            )
        if catalog_file(1) in names:
            # The catalog gets its name last, so the first generation is whole and only CURRENT is missing.
            point_to(folder, 1)
    clear(folder)
    return current(folder) if is_store(folder) else 0


def _is_ours(name: str) -> bool:
    known = (CURRENT, LOCK, TRUTH, ROLLING, ROLLED, f"{ROLLED}.wal", KEYS, KEYS_LOCK, KEYS_PART)
    return name in known or name.startswith(ASIDE) or bool(_FILE.fullmatch(name) or _PART.fullmatch(name))


def point_to(folder: Path, generation: int) -> None:
    """Make a generation the one that readers open; it is durable when this returns."""
    # Noted before anybody can see it.
    _POINTED[_place(folder)] = generation
    put_text(folder / CURRENT, f"truckkit {schema.FORMAT} {generation}\n")


_POINTED: dict[tuple[int, int], int] = {}
"""For each folder the last generation that this process made the one to open."""


def pointed_here(folder: Path) -> int | None:
    """The last generation that this process made the one that readers open."""
    return _POINTED.get(_place(folder))


def _place(folder: Path) -> tuple[int, int]:
    found = folder.stat()
    return found.st_dev, found.st_ino


def put_text(path: Path, text: str) -> None:
    """Replace a small file in one step; it is durable when this returns."""
    part = path.with_name(f"{path.name}.part")
    with part.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    sync(path.parent)


def sync(path: Path) -> None:
    """Make a file's content, or a folder's names, durable."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _refuse_file(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise NoStore(f'"{folder}" is a file, not a store; a store is a folder with a file {CURRENT} in it.')


@contextmanager
def lock(folder: Path, wait_s: float = 0.0, name: str = LOCK) -> Iterator[None]:
    """Hold the folder's lock, so that one process publishes at a time; ``name`` is that of another lock.

    Raises ``StoreBusy``, naming the process that holds it, when it is not free after ``wait_s``.
    """
    _refuse_file(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder / name, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as fault:
        raise CannotWrite(f'"{folder}" cannot be written: {fault.strerror}.') from None
    try:
        _acquire(handle, folder, time.monotonic() + wait_s)
        holder = {"process": os.getpid(), "host": socket.gethostname(), "since": _now()}
        os.ftruncate(handle, 0)
        os.pwrite(handle, json.dumps(holder).encode(), 0)
        try:
            yield
        finally:
            os.ftruncate(handle, 0)
    finally:
        os.close(handle)  # closing gives the lock back, as does the end of the process


def _acquire(handle: int, folder: Path, until: float) -> None:
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= until:
                raise StoreBusy(
                    f'"{folder}" is being written by {_holder(handle)}; run this again when it is done.'
                ) from None
            time.sleep(0.05)


def _holder(handle: int) -> str:
    try:
        holder = json.loads(os.pread(handle, 4096, 0))
        return f"process {holder['process']} on {holder['host']} since {holder['since']}"
    except (ValueError, KeyError):
        return "another process"


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def clear(folder: Path) -> None:
    """Remove what a publish that was cut off has left: files being made, and those of no generation yet.

    The caller holds the lock.
    """
    newest = current(folder) if is_store(folder) else 0
    for path in list(folder.iterdir()):
        made = _FILE.fullmatch(path.name)
        if _PART.fullmatch(path.name) or (made and int(made["generation"]) > newest):
            path.unlink(missing_ok=True)


def clear_rolled(folder: Path) -> None:
    """Remove what a roll-up that was cut off has left; the caller holds its lock."""
    for name in (ROLLED, f"{ROLLED}.wal"):
        (folder / name).unlink(missing_ok=True)


def generations(folder: Path) -> list[int]:
    """The generations whose catalog is there, whole or not; the oldest first.

    Raises ``NoStore`` where there is no folder.
    """
    if not folder.is_dir():
        current(folder)
    found = (_FILE.fullmatch(path.name) for path in folder.iterdir())
    return sorted(int(each["generation"]) for each in found if each and each["stem"] == "catalog")


def newest_file(folder: Path) -> int:
    """The highest generation that any file is of; 0 where there is none."""
    found = (_FILE.fullmatch(path.name) for path in folder.iterdir())
    return max((int(each["generation"]) for each in found if each), default=0)


def files_after(folder: Path, generation: int) -> list[str]:
    """The files that later generations than one have made."""
    found = (_FILE.fullmatch(path.name) for path in folder.iterdir())
    return sorted(each[0] for each in found if each and int(each["generation"]) > generation)


def sweep(
    folder: Path,
    in_use: Iterable[str],
    grace_s: float = GRACE_S,
    lists: Callable[[int], Collection[str]] = lambda _: (),
) -> list[str]:
    """Remove the files that no generation in its grace time reads, and what was cut off.

    ``in_use`` are the files that the newest generation reads, and ``lists`` tells those of another. The
    caller holds the lock. Returns the names of the files removed.
    """
    before = {path.name for path in folder.iterdir()}
    clear(folder)
    files: dict[str, list[int]] = defaultdict(list)
    for path in folder.iterdir():
        if found := _FILE.fullmatch(path.name):
            files[found["stem"]].append(int(found["generation"]))
    newest = current(folder)
    # A generation is read until another has stood in its place for the grace time.
    read = [
        replaced
        for replaced, successor in pairwise(sorted(files["catalog"]))
        if _age_s(folder, successor) <= grace_s
    ]
    wanted = {*in_use, catalog_file(newest), *(catalog_file(each) for each in read)}
    # A day that went into its month, or was pruned, has no file that follows: whether one that is read
    # still knows it tells the oldest of them.
    if read and any(f"{stem}-{max(made):06d}.duckdb" not in wanted for stem, made in files.items()):
        oldest = {name for name in lists(min(read)) if (folder / name).exists()}
        for stem, made in list(files.items()):
            last = f"{stem}-{max(made):06d}.duckdb"
            if last not in wanted and last not in oldest and max(made) <= min(read):
                (folder / last).unlink(missing_ok=True)
                made.remove(max(made))
    for stem, made in files.items():
        for first, following in pairwise([*sorted(made), newest]):
            name = f"{stem}-{first:06d}.duckdb"
            if name not in wanted and not any(first <= each < following for each in read):
                (folder / name).unlink(missing_ok=True)
    return sorted(before - {path.name for path in folder.iterdir()})


def _age_s(folder: Path, generation: int) -> float:
    try:
        return time.time() - (folder / catalog_file(generation)).stat().st_mtime
    except FileNotFoundError:
        return float("inf")
