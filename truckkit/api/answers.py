"""Answers: JSON that a client need not hear twice, and pages that lead on."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Sequence
from urllib.parse import quote, urlencode

import ibis
from fastapi import Request
from fastapi.responses import Response

from truckkit import schema
from truckkit.api.pages import page
from truckkit.api.rows import encode, encode_rows
from truckkit.site import Site


def paged(
    request: Request,
    site: Site,
    rows: ibis.Table,
    table: schema.Table,
    limit: int,
    cursor: str | None,
    same: Sequence[str] = (),
) -> Response:
    """One page of a table's rows, in the order of its key, and the address of the next."""
    asked = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
    # Pages of one question may differ in length.
    question = _hash(
        request.scope["path"], *sorted(f"{name}={value}" for name, value in asked if name != "limit")
    )

    def content() -> bytes:
        found = page(rows, table, limit, cursor, site.generation, question, same)
        following = None
        if found.next:
            # Without a host: what stands in the request's Host header may be anything.
            query = urlencode([*asked, ("cursor", found.next.text())])
            following = f"{quote(request.scope['path'])}?{query}"
        rest = encode({"next": following, "generation": site.generation})
        return b'{"rows":' + encode_rows(found.rows) + b"," + rest[1:]

    return answered(request, site, content)


def answered(request: Request, site: Site, content: Callable[[], bytes]) -> Response:
    """The answer, or 304 where the client has it: a generation never changes what it says."""
    if site.generation is None:
        return _json(content(), {"Cache-Control": "no-store"})
    tag = f'"{_hash(_edition(request, site), request.scope["path"], request.scope["query_string"])}"'
    headers = {"ETag": tag, "Cache-Control": "private, max-age=0, must-revalidate"}
    held = [each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")]
    if tag in held:
        return Response(status_code=304, headers=headers)
    return _json(content(), headers)


def said(when: dt.datetime | None) -> str | None:
    """An instant as JSON has it."""
    return when.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z") if when else None


def _edition(request: Request, site: Site) -> str:
    """What tells this generation from those of the same number in another store, served here before."""
    generation, edition = getattr(request.app.state, "edition", (None, ""))
    if generation != site.generation:
        ledger = site.loads.aggregate(last=site.loads.at.max(), rows=site.loads.rows_in.sum()).to_pyarrow()
        edition = _hash(schema.VERSION, site.name, site.generation, *ledger.to_pylist())
        request.app.state.edition = (site.generation, edition)
    return str(edition)


def _json(content: bytes, headers: dict[str, str]) -> Response:
    return Response(content, media_type="application/json", headers=headers)


def _hash(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode("utf-8", "surrogatepass")).hexdigest()[:24]
