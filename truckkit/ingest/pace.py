"""How far a long load is, and about how long the rest of it takes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path

import pyarrow as pa

from truckkit.ingest.staging import Progress
from truckkit.sources.streams import Rows

_EARLY = 0.02
"""Before so much is done, nobody can tell how long the rest takes."""


def left(elapsed_s: float, share: float) -> str:
    """Words for the time that the rest of a load takes, at the pace so far; none where that is a guess.

    >>> left(60, 0.25), left(60, 0.01), left(1, 0.5)
    (', about 3 min left', '', ', about 1 s left')
    """
    if not _EARLY < share < 1:
        return ""
    rest_s = elapsed_s * (1 - share) / share
    return f", about {f'{rest_s / 60:.0f} min' if rest_s >= 90 else f'{rest_s:.0f} s'} left"


class Pace:
    """Tells of files one after another: which, how many rows of it, and how long the rest takes.

    A file that was loaded before takes no time, and does not count.
    """

    def __init__(
        self, paths: Iterable[Path], progress: Progress, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._sizes = {path: path.stat().st_size for path in paths}
        self._progress = progress
        self._clock = clock
        self._started = clock()
        self._at = 0
        self._done = 0
        self._all = sum(self._sizes.values())

    def begin(self, path: Path) -> None:
        """Begin a file."""
        self._at += 1
        self._tell(path, 0, 0)

    def known(self, path: Path) -> None:
        """The file was loaded before."""
        self._all -= self._sizes[path]

    def follow(self, path: Path, rows: Rows) -> None:
        """Tell of the rows of a file as they come."""
        came = text = 0

        def batch(each: pa.RecordBatch) -> None:
            nonlocal came, text
            came += each.num_rows
            # Where each text begins takes four bytes here, and what parts it from the next one in the file.
            text += each.nbytes - 3 * each.num_rows * each.num_columns
            share = came / rows.expected if rows.expected else text / max(self._sizes[path], 1)
            is_told = bool(rows.expected) or path.suffix.lower() == ".csv"
            self._tell(path, came, min(share, 1) * self._sizes[path] if is_told else 0)

        rows.came = batch

    def end(self, path: Path) -> None:
        """The file is read."""
        self._done += self._sizes[path]

    def _tell(self, path: Path, rows: int, read: float) -> None:
        which = f" ({self._at} of {len(self._sizes)})" if len(self._sizes) > 1 else ""
        told = f": {rows:,} rows" if rows else ""
        share = (self._done + read) / max(self._all, 1)
        self._progress(f"reading {path.name}{which}{told}{left(self._clock() - self._started, share)}")
