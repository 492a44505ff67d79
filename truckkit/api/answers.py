"""Answers: in the format that the client wants, which it need not hear twice, and pages that lead on."""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

import pyarrow as pa
from fastapi import Request
from fastapi.responses import Response

from truckkit.api.addresses import here
from truckkit.api.asked import Asked
from truckkit.api.formats import OF_ROWS, Format, chosen
from truckkit.api.kept import Body
from truckkit.api.pages import page
from truckkit.api.problems import problem
from truckkit.api.recall import Recall, names
from truckkit.api.rows import columns_in_pieces, encode, rows_in_pieces
from truckkit.api.streams import Streamed
from truckkit.errors import BadRequest, TooSlow
from truckkit.site import Site
from truckkit.store import Reading
from truckkit.version import VERSION

_PAGE = 1000
"""Rows of a page of JSON, where nobody says how many."""

GENERATION = "Truckkit-Generation"
"""The header that says which generation answered."""


def rows_of(
    request: Request,
    asked: Asked,
    *,
    format: str | None = None,
    limit: int | None = None,
    cursor: str | None = None,
    among: Iterable[str] = OF_ROWS,
) -> Response:
    """The rows asked for: a page of them where it is JSON or a page is asked for, else all, as they come."""
    settings = request.app.state.settings
    form = wanted(request, format, among)
    if limit is not None and limit > settings.page_rows:
        raise BadRequest(
            f"limit is {limit}, and a page holds {settings.page_rows} rows at most; "
            "ask for fewer and follow next, or leave limit out in a format that streams."
        )
    if form.encode is None or limit is not None or cursor is not None:
        most = limit if limit is not None else min(_PAGE, settings.page_rows)
        return answered(request, asked.site, lambda: _page(request, asked, form, most, cursor), form.name)
    return answered(request, asked.site, lambda: _all(request, asked, form), form.name, named(asked, form))


def table_of(
    request: Request, site: Site, name: str, form: Format, found: Callable[[], pa.Table]
) -> Response:
    """A whole answer of few rows, that has no pages."""

    def content() -> Body:
        table = found()
        if form.encode is None:
            return Body(_document(form, table, None, site.generation), form.media, {})
        return Body(b"".join(form.encode(table.schema, table.to_batches())), form.media, {})

    return answered(request, site, content, form.name, _disposition(name, form))


def answered(
    request: Request,
    site: Site,
    content: Callable[[], Body | Response],
    format: str = "json",
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The answer, or 304 where the client has it: a generation never changes what it says."""
    always = {"Vary": "Accept", **(headers or {})}
    try:
        if site.generation is None:
            return _sent(content(), {**always, "Cache-Control": "no-store"})
        tag = _hash(_edition(request, site), here(request), request.scope["query_string"], format)
        always |= {
            "ETag": f'"{tag}"',
            "Cache-Control": "private, max-age=0, must-revalidate",
            # Arrow, Parquet and lines have no room for it.
            GENERATION: str(site.generation),
        }
        held = ",".join(request.headers.getlist("if-none-match"))
        # A star stands for whatever there is, so it is seen first whether there is anything.
        any_will_do = held.strip() == "*"
        if names(held, tag) and not any_will_do:
            return Response(status_code=304, headers=always)
        recall: Recall | None = request.app.state.recall
        found: Body | Response | None = recall.kept.get(tag) if recall else None
        if found is None and recall:
            with recall.kept.alone(tag) as found:
                if found is None:
                    found = content()
                    if isinstance(found, Body):
                        recall.kept.put(tag, found)
        elif found is None:
            found = content()
        if recall and isinstance(found, Body):
            recall.remember(request.scope, site, tag, always)
        if any_will_do:
            if isinstance(found, Streamed):
                found.close()
            return Response(status_code=304, headers=always)
        return _sent(found, always)
    except TooSlow as fault:
        # The same again is as slow, but the server may be less busy then.
        return problem(request, 503, str(fault), headers={"Retry-After": "30"})


def wanted(request: Request, format: str | None, among: Iterable[str] = OF_ROWS) -> Format:
    """The format that a request wants."""
    return chosen(format, ",".join(request.headers.getlist("accept")) or "*/*", among)


def named(asked: Asked, form: Format) -> Mapping[str, str]:
    """What a browser calls the file that it saves."""
    return _disposition(asked.table.name, form)


def said(when: dt.datetime | None) -> str | None:
    """An instant as JSON has it."""
    return when.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z") if when else None


def _page(request: Request, asked: Asked, form: Format, limit: int, cursor: str | None) -> Body:
    parameters = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
    # Pages of one question may differ in length and in format.
    question = _hash(
        here(request),
        *sorted(f"{name}={value}" for name, value in parameters if name not in ("limit", "format")),
    )
    found = page(asked, limit, cursor, asked.site.generation, question)
    table, following = found.rows.select(asked.columns), None
    if found.next:
        # Without a host: what stands in the request's Host header may be anything.
        query = urlencode([*parameters, ("cursor", found.next.text())])
        following = f"{here(request)}?{query}"
    headers = {"Link": f'<{following}>; rel="next"'} if following else {}
    if form.encode is not None:
        return Body(b"".join(form.encode(table.schema, table.to_batches())), form.media, headers)
    return Body(_document(form, table, following, asked.site.generation), form.media, headers)


def _document(form: Format, table: pa.Table, following: str | None, generation: int | None) -> bytes:
    if form.name == "columns":
        name, rows = b'{"columns":', columns_in_pieces(table)
    else:
        name, rows = b'{"rows":', rows_in_pieces(table)
    rest = encode({"next": following, "generation": generation})
    return b"".join([name, *rows, b",", rest[1:]])


def _all(request: Request, asked: Asked, form: Format) -> Body | Response:
    """All rows: at once where they are not more than a page, else as they come."""
    assert form.encode is not None
    settings = request.app.state.settings
    if asked.few:
        found = asked.first(None, settings.page_rows + 1).select(asked.columns)
        if len(found) <= settings.page_rows:
            return Body(b"".join(form.encode(found.schema, found.to_batches())), form.media, {})
    reading = Reading(asked.parts(), asked.shape, settings.query_s)
    try:
        held: list[pa.RecordBatch] = []
        while sum(map(len, held)) <= settings.page_rows:
            batch = next(reading, None)
            if batch is None:
                return Body(b"".join(form.encode(asked.shape, held)), form.media, {})
            held.append(batch)
        rows = asked.number()
        if rows > settings.stream_rows:
            raise BadRequest(
                f"the answer has {rows:,} rows, and {settings.stream_rows:,} are sent at most; "
                "narrow the window or the trucks, or ask for pages with limit."
            )
        pieces = form.encode(asked.shape, itertools.chain(_passed(held), reading))
        # What fails before the first piece is still told as a problem.
        begun: Iterator[bytes] = itertools.chain([next(pieces)], pieces)
        return Streamed(_closing(begun, pieces), reading, form.media, {})
    except BaseException:
        reading.close()
        raise


def _passed(held: list[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    while held:
        yield held.pop(0)


def _closing(begun: Iterator[bytes], pieces: Any) -> Iterator[bytes]:
    try:
        yield from begun
    finally:
        pieces.close()


def _sent(found: Body | Response, headers: Mapping[str, str]) -> Response:
    if isinstance(found, Body):
        response = Response(found.content, headers={**headers, **found.headers})
        # As a header, for Starlette would add a charset to what has its own.
        response.headers["content-type"] = found.media
        return response
    found.headers.update(headers)
    return found


def _disposition(name: str, form: Format) -> Mapping[str, str]:
    return {"Content-Disposition": f'inline; filename="{name}.{form.ending}"'} if form.ending else {}


def _edition(request: Request, site: Site) -> str:
    """What tells this generation from those of the same number in another store, served here before."""
    generation, edition = getattr(request.app.state, "edition", (None, ""))
    if generation != site.generation:
        ledger = site.loads.aggregate(last=site.loads.at.max(), rows=site.loads.rows_in.sum()).to_pyarrow()
        edition = _hash(VERSION, site.name, site.generation, *ledger.to_pylist())
        request.app.state.edition = (site.generation, edition)
    return str(edition)


def _hash(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode("utf-8", "surrogatepass")).hexdigest()[:24]
