"""JSON documents: which format each is, read whole and within bounds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from truckkit.errors import BadInput
from truckkit.sources import iso15143, mf_json
from truckkit.sources.spool import Spool

_LARGEST = 128 << 20


def read(path: Path, spool: Spool) -> None:
    """Read a document of ISO 15143-3 or of OGC Moving Features; raises ``BadInput`` for any other."""
    document = _document(path)
    fleet = document.get("Fleet", document) if isinstance(document, dict) else None
    if isinstance(fleet, dict) and not {"Equipment", "EquipmentHeader"}.isdisjoint(fleet):
        iso15143.take(fleet, spool)
    else:
        mf_json.take(document, spool)


def _document(path: Path) -> Any:
    if path.stat().st_size > _LARGEST:
        raise BadInput(f'"{path}" is JSON of more than {_LARGEST:,} bytes; cut it into smaller files.')
    try:
        return json.loads(path.read_bytes().decode("utf-8-sig"), parse_constant=_no_number)
    except UnicodeDecodeError as fault:
        raise BadInput(f'"{path}" is not in UTF-8: {fault}; save it as UTF-8.') from None
    except RecursionError:
        raise BadInput(f'"{path}" nests its JSON too deep; it is not meant.') from None
    except ValueError as fault:
        raise BadInput(f'"{path}" is no whole JSON: {fault}; bring the whole file.') from None


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is no number in JSON")
