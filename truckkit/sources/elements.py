"""XML as a stream of elements: no entities, no depth without end, no element too large for memory."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from truckkit.errors import BadInput

_DEEPEST, _LARGEST = 64, 16 << 20


class _Watched:
    """A file of which no more is read than an element may be long."""

    def __init__(self, file: IO[bytes], path: Path) -> None:
        self._file, self._path = file, path
        self.since = 0

    def read(self, size: int) -> bytes:
        piece = self._file.read(size)
        self.since += len(piece)
        if self.since > _LARGEST:
            raise BadInput(f'"{self._path}" holds an element of more than {_LARGEST:,} bytes; cut it up.')
        return piece


def walk(
    path: Path, holds: Callable[[list[str]], bool]
) -> Iterator[tuple[str, list[str], ElementTree.Element]]:
    """Each element within those that hold others, when it ends; and these when they start and end.

    ``holds`` is asked with the names from the root down, without their namespaces. Raises ``BadInput``.
    """
    above: list[tuple[ElementTree.Element, bool]] = []
    names: list[str] = []
    try:
        with path.open("rb") as file:
            watched = _Watched(file, path)
            for event, element in iterparse(watched, events=("start", "end"), forbid_dtd=True):
                if event == "start":
                    names.append(local(element.tag))
                    above.append((element, holds(names)))
                    if len(above) > _DEEPEST:
                        raise BadInput(f'"{path}" nests more than {_DEEPEST} elements; it is not meant.')
                    if above[-1][1]:
                        yield "start", names, element
                    continue
                if above[-1][1] or (len(above) > 1 and above[-2][1]):
                    watched.since = 0
                    yield "end", names, element
                    if len(above) > 1:
                        above[-2][0].remove(element)
                above.pop()
                names.pop()
    except DefusedXmlException:
        raise BadInput(f'"{path}" declares a document type or entities; bring it without them.') from None
    except (ElementTree.ParseError, LookupError, ValueError) as fault:
        if isinstance(fault, BadInput):
            raise
        raise BadInput(f'"{path}" is no whole XML: {fault}; bring the whole file, or save it anew.') from None


def local(tag: str) -> str:
    """A name without its namespace."""
    return tag.rpartition("}")[2]
