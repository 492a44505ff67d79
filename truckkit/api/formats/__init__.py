"""The formats of answers, and which of them a request wants.

>>> chosen(None, "text/csv;q=0.5, application/vnd.apache.arrow.stream").name
'arrow'
>>> chosen("csv", "*/*").media
'text/csv; charset=utf-8; header=present'
>>> chosen(None, "image/png")
Traceback (most recent call last):
truckkit.errors.NoSuchFormat: nothing here is "image/png"; ...
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import pyarrow as pa

from truckkit.api.formats.binary import arrow, parquet
from truckkit.api.formats.lines import csv, ndjson
from truckkit.api.formats.paths import geojson, moving_features
from truckkit.errors import BadRequest, NoSuchFormat, listed, unknown

__all__ = ["FORMATS", "OF_ROWS", "OF_TRACKS", "Format", "chosen"]

Encode = Callable[[pa.Schema, Iterable[pa.RecordBatch]], Iterator[bytes]]


@dataclass(frozen=True)
class Format:
    """One way to write an answer."""

    name: str
    media: str
    encode: Encode | None = None
    """Writes batches as they come; JSON has none, for it is a page with a ``next`` around its rows."""
    ending: str = ""

    @property
    def bare(self) -> str:
        """The media type without its parameters."""
        return self.media.partition(";")[0]


FORMATS: Mapping[str, Format] = {
    each.name: each
    for each in (
        Format("json", "application/json"),
        Format("columns", "application/vnd.truckkit.columns+json"),
        Format("ndjson", "application/x-ndjson", ndjson, "ndjson"),
        Format("csv", "text/csv; charset=utf-8; header=present", csv, "csv"),
        Format("arrow", "application/vnd.apache.arrow.stream", arrow, "arrows"),
        Format("parquet", "application/vnd.apache.parquet", parquet, "parquet"),
        Format("geojson", "application/geo+json", geojson, "geojson"),
        Format("moving", "application/vnd.ogc.mf+json", moving_features, "mf.json"),
        Format("xml", "application/xml"),
    )
}
OF_ROWS = ("json", "columns", "ndjson", "csv", "arrow", "parquet")
OF_TRACKS = (*OF_ROWS, "geojson", "moving")


def chosen(named: str | None, accept: str, among: Iterable[str] = OF_ROWS) -> Format:
    """The format that is named, else the one of these that the client likes best.

    Raises
    ------
    UnknownName
        No format has the name.
    BadRequest
        The format is none of those that the answer has.
    NoSuchFormat
        Nothing that the client accepts is among them.
    """
    known = [FORMATS[name] for name in among]
    if named is not None:
        if named in FORMATS and FORMATS[named] in known:
            return FORMATS[named]
        raise BadRequest(str(unknown("format", named[:60], (each.name for each in known), "this answer")))
    ranges = _ranges(accept)
    if not ranges:
        return known[0]
    best = max(known, key=lambda each: _liked(each.bare, ranges))
    if _liked(best.bare, ranges) <= 0:
        raise NoSuchFormat(
            f'nothing here is "{accept[:60]}"; accept one of {listed(each.bare for each in known)}, '
            "or name a format with ?format=."
        )
    return best


def liked(media: str, accept: str) -> float:
    """How much a client likes a media type, from 0, which refuses it, to 1.

    >>> liked("text/html", "text/*;q=0.5, */*"), liked("text/html", "text/html;q=0")
    (0.5, 0.0)
    """
    return _liked(media, _ranges(accept))


def _ranges(accept: str) -> list[tuple[str, float]]:
    return [_range(part) for part in accept.split(",") if part.strip()]


def _range(part: str) -> tuple[str, float]:
    media, *parameters = (each.strip().lower() for each in part.split(";"))
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return media, min(1.0, max(0.0, float(value)))
            except ValueError:
                return media, 0.0
    return media, 1.0


def _liked(media: str, ranges: list[tuple[str, float]]) -> float:
    """How much a client likes a media type, by the range that says it most closely."""
    family = media.partition("/")[0]
    for said in (media, f"{family}/*", "*/*"):
        qualities = [quality for name, quality in ranges if name == said]
        if qualities:
            return max(qualities)
    return 0.0
