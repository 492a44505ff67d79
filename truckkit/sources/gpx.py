"""GPX 1.0 and 1.1: the points of tracks, one section ``trkpt`` (https://www.topografix.com/GPX/1/1/).

A row has ``file`` (the file's name without its end), ``track``, ``segment`` (the first being 1), ``time``,
``lat``, ``lon``, ``ele`` [m], ``speed`` [m/s] and ``course`` [deg], the last two from GPX 1.0 or from an
extension of any namespace. A point without a time is refused; waypoints and routes are no samples.
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

from truckkit.errors import BadInput
from truckkit.sources.elements import local, walk
from truckkit.sources.spool import Spool
from truckkit.sources.texts import Texts

_HOLDS = (["gpx", "trk"], ["gpx", "trk", "trkseg"])
_TOLD = {"time", "ele", "speed", "course"}


def read(path: Path, spool: Spool) -> None:
    """Read the points of all tracks."""
    texts = Texts(spool)
    track, segment = "", 0
    for event, names, element in walk(path, lambda names: len(names) == 1 or names in _HOLDS):
        if names[0] != "gpx":
            raise BadInput(f'"{path}" is no GPX: its root is "{names[0][:60]}".')
        if event == "start":
            if names[-1] == "trk":
                track, segment = "", 0
            segment += names[-1] == "trkseg"
        elif names == ["gpx", "trk", "name"]:
            track = (element.text or "").strip()
        elif names[-1] == "trkpt":
            _point(texts, {"file": path.stem, "track": track or None, "segment": str(segment)}, element)
    texts.flush()


def _point(texts: Texts, row: dict[str, str | None], element: ElementTree.Element) -> None:
    row |= {"lat": element.get("lat"), "lon": element.get("lon")}
    for inner in element.iter():
        name = local(inner.tag)
        if name in _TOLD and inner.text and not row.get(name):
            row[name] = inner.text.strip()
    if row.get("time"):
        texts.add("trkpt", row)
    else:
        texts.refuse("trkpt", "the point has no time", row)
