"""How much a file may ask for while it is read: a small file can hold a whole day of computing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from truckkit.errors import BadInput


@dataclass(frozen=True)
class Limits:
    """What reading one file may take."""

    memory: int = 2 << 30
    """Address space beside the reader's own code [bytes]."""
    compute_s: int = 60
    """CPU seconds from one batch of rows to the next."""
    silent_s: float = 600.0
    """Seconds without a byte from the file's reader, as where a network drive hangs."""
    decoded: int = 8 << 30
    """Bytes that any file may decode to ..."""
    times: int = 100
    """... and more, where that is no more than so many times its size on the disk."""
    values: int = 256 << 20
    """Bytes that the values of any file with sections may become ..."""
    refused: int = 1_000_000
    """Rows of a file with sections that may be none."""
    broken: int = 256 << 20
    """Bytes of rows that are no rows, which are kept for the ledger."""

    def most_values(self, size: int) -> int:
        """... and more for a file of so many bytes, in proportion, up to what any may decode to."""
        return max(self.values, min(self.decoded, self.times * size))


class Bound:
    """Counts what a file decodes to; raises ``BadInput`` where that is out of all proportion.

    >>> bound = Bound(Path(__file__), Limits(decoded=1000, times=0))
    >>> bound.add(999)
    >>> bound.add(2)
    Traceback (most recent call last):
    ...
    truckkit.errors.BadInput: "...limits.py" decodes to more than 1,000 bytes, 0 times its size; ...
    """

    def __init__(self, path: Path, limits: Limits) -> None:
        self.limits = limits
        self._path = path
        self._most = max(limits.decoded, limits.times * path.stat().st_size)
        self._decoded = 0

    def add(self, decoded: int) -> None:
        """Count so many bytes more."""
        self._decoded += decoded
        self.hold(self._decoded)

    def hold(self, decoded: int) -> None:
        """Refuse a file that decodes to so many bytes or more."""
        if decoded > self._most:
            raise BadInput(
                f'"{self._path}" decodes to more than {self._most:,} bytes, {self.limits.times:,} times its '
                "size; if it is meant to be so, bring it in parts that decode to less."
            )
