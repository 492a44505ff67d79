"""Files: which kinds are read, and the rows of each as they were written.

CSV (plain, .gz, .zst) and Parquet are streams of rows of one kind. Line protocol, GPX, the JSON and XML of
``documents`` and ``iso15143``, and logs of CAN buses have sections, each with rows of its own kind. CSV comes
as text, so that what cannot be read as a number or a time can still be shown; Parquet comes with its own
types. Every row has its number in ``_line``, the first row of data being 1.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa

from truckkit.errors import BadInput, listed
from truckkit.sources import (
    apart,
    columnar,
    documents,
    frames,
    gpx,
    iso15143,
    j1939,
    line_protocol,
    poured,
    separated,
)
from truckkit.sources.named import hold_to_name
from truckkit.sources.spool import Section, Spool
from truckkit.sources.streams import Rows

_CSV = (".csv", ".csv.gz", ".csv.zst")
_FORMATS: Mapping[tuple[str, ...], poured.Reader] = {
    (".lp", ".lp.gz", ".lp.zst", ".line", ".influx", ".influx.gz"): line_protocol.read,
    (".gpx",): gpx.read,
    (".json", ".mfjson"): documents.read,
    (".xml",): iso15143.read,
    frames.ENDS: functools.partial(j1939.read, dbc=""),
}
"""For the ends of files that have sections, what reads them into a spool."""
_KINDS = (*_CSV, ".parquet", *(end for ends in _FORMATS for end in ends))


def found(paths: Sequence[Path]) -> list[Path]:
    """The files meant by these files and folders, in the order of their names."""
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            within = sorted(each for each in path.rglob("*") if each.is_file() and _is_read(each))
            if not within:
                raise BadInput(f'the folder "{path}" holds no file that ends in {listed(_KINDS)}.')
            files += within
        elif path.is_file():
            if not _is_read(path):
                raise BadInput(f'"{path}" is of a kind that is not read; truckkit reads {listed(_KINDS)}.')
            files.append(path)
        else:
            raise BadInput(f'there is no file or folder "{path}".')
    return files


def _is_read(path: Path) -> bool:
    return path.name.lower().endswith(_KINDS)


def has_sections(path: Path) -> bool:
    """True for a file whose rows are of several kinds, each a section by its name."""
    return _reader(path) is not None


def has_frames(path: Path) -> bool:
    """True for a log of a CAN bus, which nobody can read without a DBC."""
    return path.name.lower().endswith(frames.ENDS)


def sections(
    path: Path,
    scratch: Path,
    trucks: Mapping[str, str] | None = None,
    dbc: str = "",
    zone: str = "UTC",
) -> list[Section]:
    """The sections of a file that has some, read in a process of its own.

    Rows wait in the folder ``scratch`` until they are read. ``trucks`` says for sections which of their
    columns names the truck; ``dbc`` is the text of the one for CAN logs, and ``zone`` that of the local
    times in their heads.
    """
    reader = _reader(path)
    assert reader is not None
    hold_to_name(path)
    spool = Spool(path, scratch, trucks)
    if has_frames(path):
        reader = functools.partial(j1939.read, dbc=dbc, zone=zone)
    prepare = line_protocol.ready if reader is line_protocol.read else None
    poured.into(spool, poured.Opener(reader, dict(trucks or {}), prepare))
    if reader is line_protocol.read:
        line_protocol.hold_to_points(spool)
    return spool.sections()


def _reader(path: Path) -> poured.Reader | None:
    name = path.name.lower()
    return next((reader for ends, reader in _FORMATS.items() if name.endswith(ends)), None)


def identity(path: Path) -> str:
    """A hash of the file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def rows(path: Path) -> Rows:
    """Open a file and read its rows, in a process of its own.

    Raises ``BadInput`` for an empty file at once, and for one that is cut off, in another encoding
    or crafted when the stream gets there.
    """
    if path.stat().st_size == 0:
        raise BadInput(f'"{path}" is empty: there is not even a row of column names in it.')
    hold_to_name(path)
    opener = columnar.rows if path.name.lower().endswith(".parquet") else separated.rows
    return apart.rows(opener, path)


def columns(path: Path, names: Sequence[str]) -> pa.Table:
    """A small file's columns, for a mapping's look-ups."""
    opened = rows(path)
    missing = [name for name in names if name not in opened.names]
    if missing:
        raise BadInput(f'"{path}" has no column {listed(missing)} (found {listed(opened.names, most=30)}).')
    if twice := opened.ambiguous(names):
        raise BadInput(f'"{path}" has more than one column {listed(twice)}; rename one.')
    with opened.reading() as stream:
        return stream.read_all().select(list(names))
