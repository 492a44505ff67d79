"""The bytes of a file, decompressed where its name says so, in pieces and never without end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from truckkit.errors import BadInput
from truckkit.sources.streams import unreadable

PIECE = 8 << 20
_COMPRESSED = {".gz": "gzip", ".zst": "zstd"}
_ALWAYS, _TIMES = 1 << 30, 200
"""So many bytes may come of any file, and so many times its size of a large one."""


def pieces(path: Path) -> Iterator[bytes]:
    """The bytes of a file, in pieces of some megabytes; raises ``BadInput`` where they are cut off."""
    size, read = path.stat().st_size, 0
    most = max(_ALWAYS, _TIMES * size)
    compression = _COMPRESSED.get(path.suffix.lower())
    try:
        with pa.input_stream(str(path), compression=compression) as stream:
            while piece := stream.read(PIECE):
                read += len(piece)
                if compression and read > most:
                    raise BadInput(
                        f'"{path}" has {size:,} bytes that become more than {most:,}; '
                        "decompress it yourself if that is meant."
                    )
                yield piece
    except (pa.ArrowException, OSError, EOFError) as fault:
        raise unreadable(path, fault) from None
