"""Whether a file is what its name says, by how it begins: a table is easily saved under another's name."""

from __future__ import annotations

import re
from pathlib import Path

from truckkit.errors import BadInput

_BEGINS = {
    b"PAR1": ("Parquet", ".parquet"),
    b"\x1f\x8b": ("compressed by gzip", ".gz"),
    b"\x28\xb5\x2f\xfd": ("compressed by zstd", ".zst"),
    b"PK\x03\x04": ("a zip archive, as workbooks are", ""),
    b"\xd0\xcf\x11\xe0": ("an old workbook", ""),
    b"%PDF": ("a PDF", ""),
}
"""How files begin, what they are then, and the end of name that is theirs, where they are read."""

_ENDS = {end: what for what, end in _BEGINS.values() if end}


def hold_to_name(path: Path) -> None:
    """Refuse a file that is of another kind than its name says; one that is empty is for others to judge."""
    with path.open("rb") as file:
        start = file.read(60)
    end = path.suffix.lower()
    for magic, (what, its_end) in _BEGINS.items():
        if start.startswith(magic):
            if its_end != end:
                raise BadInput(f'"{path}" is {what}, which its name does not say; {_advice(path, its_end)}.')
            return
    if start and end in _ENDS:
        raise BadInput(
            f'"{path}" is not {_ENDS[end]}, for it begins with {_quoted(start)}; '
            "bring the whole file, or give it the end of name that it has by rights."
        )


def _advice(path: Path, end: str) -> str:
    if not end:
        return "save what is in it as CSV or Parquet"
    if end == ".parquet":
        return f'call it "{path.name.partition(".")[0]}.parquet"'
    return f'call it "{path.name}{end}"'


def _quoted(start: bytes) -> str:
    """The beginning of a file, as text where it is text."""
    found = re.match(rb"[\x20-\x7e]{4,}", start)
    return f'"{found[0][:40].decode()}"' if found else "bytes " + start[:8].hex(" ")
