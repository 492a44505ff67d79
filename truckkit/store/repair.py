"""Repair: back to the newest generation that is whole, with what is in its way set aside.

A store that is copied while it is in use is a store too. Files never change once they have a name, so a
copy holds each of them whole, those of the newest publish perhaps in part, and ``CURRENT`` of before
or after. ``cp -r`` will do where it takes less than the quarter of an hour for which replaced files stay
(``layout.GRACE_S``); for what takes longer run ``rsync -a`` twice, and the second run brings what the first
has missed. The copy opens; where it does not, ``repair`` makes it whole.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from truckkit.errors import DamagedStore, NoStore, StoreBusy
from truckkit.store import layout
from truckkit.store.check import Wholeness


@dataclass(frozen=True)
class Repaired:
    """What a repair did; as text, a sentence."""

    generation: int
    """The generation that readers open now."""
    of: int
    """The generation whose content that is; the same number where it was whole."""
    fault: str
    """What was wrong; empty where nothing was."""
    aside: Path | None
    """The folder with what was set aside."""
    removed: tuple[str, ...]
    """What cut-off publishes had left."""

    def __str__(self) -> str:
        left = f"{len(self.removed)} files that a cut-off publish had left were removed"
        if not self.fault:
            return left + "." if self.removed else "the store is whole; there was nothing to repair."
        aside = f'; what was in the way is in "{self.aside.name}"' if self.aside else ""
        what = f"{self.fault}, so the store went back to generation {self.of} (now {self.generation}){aside}"
        again = "ingest again what was loaded since: what is known already adds nothing"
        return f"{what}{f'; {left}' if self.removed else ''}; {again}."


def repair(
    folder: str | Path, wait_s: float = 0.0, progress: Callable[[str], None] = lambda _: None
) -> Repaired:
    """Make a store open again, from the newest generation of which every file is whole.

    Nothing that can be read is thrown away: newer files that are no whole generation go to a folder
    ``set-aside-…`` within the store. Leftovers of publishes that were cut off are removed.

    Parameters
    ----------
    folder
        The store.
    wait_s
        How long to wait for another process that publishes.
    progress
        Told which file is read.

    Raises
    ------
    DamagedStore
        Where no generation is whole; the folder is then as it was.
    NoStore, NewerStore, StoreBusy, CannotWrite
        The folder is then as it was.

    Examples
    --------
    >>> import truckkit as tk
    >>> print(repair(tk.sample().store.folder, wait_s=30))
    the store is whole; there was nothing to repair.
    """
    folder = Path(folder)
    made = layout.generations(folder)
    with layout.lock(folder, wait_s):
        current, fault = _current(folder, made)
        wholeness = Wholeness(folder, progress)
        if current:
            fault = wholeness.fault(current)
            if not fault:
                return Repaired(current, current, "", None, _cleared(folder))
        of = next((each for each in reversed(made) if each != current and not wholeness.fault(each)), None)
        if of is None:
            raise DamagedStore(
                f'"{folder}" cannot be repaired: {fault}, and none of its {len(made)} generations is whole; '
                "bring it back from a backup."
            )
        # Numbers are not used again: who has a file open by a name would go on reading what it was.
        generation = max(layout.newest_file(folder), current or 0) + 1
        aside = _set_aside(folder, of)
        part = folder / f"{layout.catalog_file(generation)}.part"
        shutil.copyfile(folder / layout.catalog_file(of), part)
        layout.sync(part)
        part.rename(folder / layout.catalog_file(generation))
        layout.point_to(folder, generation)
        return Repaired(generation, of, fault, aside, _cleared(folder))


def _current(folder: Path, made: list[int]) -> tuple[int | None, str]:
    """The generation that readers are sent to; nothing, and why, where that cannot be told."""
    try:
        return layout.current(folder), ""
    except NoStore:
        if not made:
            raise
        there = (folder / layout.CURRENT).exists()
        return None, f"{layout.CURRENT} {'says no generation' if there else 'is missing'}"


def _set_aside(folder: Path, of: int) -> Path | None:
    """Move what is newer than a generation out of the way, and ``CURRENT`` where it cannot be used."""
    names = layout.files_after(folder, of)
    try:
        layout.current(folder)
    except NoStore:
        names += [layout.CURRENT] if (folder / layout.CURRENT).exists() else []
    if not names:
        return None
    aside = folder / f"{layout.ASIDE}{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}"
    aside.mkdir()
    for name in names:
        (folder / name).rename(aside / name)
    layout.sync(folder)
    return aside


def _cleared(folder: Path) -> tuple[str, ...]:
    before = {path.name for path in folder.iterdir()}
    layout.clear(folder)
    try:
        with layout.lock(folder, name=layout.ROLLING):
            layout.clear_rolled(folder)
    except StoreBusy:
        pass  # a month is being made
    return tuple(sorted(before - {path.name for path in folder.iterdir()}))
