"""Records that people keep, over REST: work orders and annotations, made, changed and closed.

Nothing else changes data. Whoever writes shows a key of the role ``write``. A new record comes with an
``Idempotency-Key``, so that a request whose answer was lost can be sent again; a change names in ``If-Match``
the version that it goes out from, so that nobody undoes what another has written meanwhile.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Request
from fastapi import Path as OfPath
from fastapi.responses import Response
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from truckkit import schema
from truckkit.api import logs, models
from truckkit.api.access import Who, may_write
from truckkit.api.addresses import address
from truckkit.api.pages import sayable
from truckkit.api.recall import names
from truckkit.api.rows import encode_rows
from truckkit.errors import BadRequest, NoStore, UnknownName, told
from truckkit.site import Site
from truckkit.store.records import Change, record

Writer = Annotated[Who, Depends(may_write)]
Once = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        description="Names this request among those of your key: sent again, it changes nothing more.",
    ),
]
Version = Annotated[
    str | None,
    Header(
        alias="If-Match", max_length=200, description="The ETag of the record that the change goes out from."
    ),
]
Name = Annotated[str, OfPath(alias="record", description="Name of the record.", max_length=10_000)]

WAIT_S = 5.0
"""How long a request waits for another process that publishes."""

# A packed answer has a weak tag; of a record that is the same version.
_TAG = re.compile(r'(?:W/)?"(\d{1,18})\.\d{1,18}"')
_NO_JSON = models.problem("The body is not said to be JSON.")
_OF_CHANGES: dict[int | str, dict[str, Any]] = {
    404: models.problem("No such record, or no such truck."),
    415: _NO_JSON,
    412: models.problem("Somebody else has changed the record since."),
    428: models.problem("If-Match is wanted, with the ETag of the record."),
}
_OF_NEW: dict[int | str, dict[str, Any]] = {
    404: models.problem("No such truck."),
    409: models.problem("There is a record of that name already."),
    415: _NO_JSON,
}


@dataclass(frozen=True)
class _Kept:
    """A table of records, as the documents tell of it."""

    table: schema.Table
    word: str
    new: type[BaseModel]
    change: type[BaseModel]

    @property
    def path(self) -> str:
        return f"/{self.table.name}"


_KEPT = (
    _Kept(schema.MAINTENANCE, "work order", models.NewWorkOrder, models.WorkOrderChange),
    _Kept(schema.ANNOTATIONS, "annotation", models.NewAnnotation, models.AnnotationChange),
)


def records(site: Callable[[], Site], folder: Path | None) -> APIRouter:
    """The routes of records over a site; they write to the store in the folder."""
    router = APIRouter(tags=["records"])
    for kept in _KEPT:
        _routes(router, kept, site, folder)
    return router


def _routes(router: APIRouter, kept: _Kept, site: Callable[[], Site], folder: Path | None) -> None:
    row, word, operation = models.ROWS[kept.table.name], kept.word, kept.word.replace(" ", "_")

    # A name may hold a slash; so this comes before the record alone.
    @router.post(
        f"{kept.path}/{{record:name}}/close",
        response_model=row,
        responses=_OF_CHANGES,
        summary=f"Close one {word}",
        operation_id=f"close_{operation}",
    )
    def close(
        request: Request, who: Writer, name: Name, said: models.Closing, if_match: Version = None
    ) -> Response:
        """Say when it was over."""
        return _changed(request, who, name, {"stop": said.stop}, if_match, "closed")

    @router.get(
        f"{kept.path}/{{record:name}}",
        response_model=row,
        responses={304: {"description": "The client has this version."}, 404: _OF_CHANGES[404]},
        summary=f"One {word}",
        operation_id=operation,
    )
    def one(request: Request, name: Name) -> Response:
        """One record; its ETag is what a change of it names in If-Match."""
        answer = _told(site(), kept, name, 200)
        tag = answer.headers["etag"]
        if names(",".join(request.headers.getlist("if-none-match")), tag.strip('"')):
            return Response(status_code=304, headers={"ETag": tag})
        return answer

    def new(request: Request, who: Writer, said: BaseModel, once: Once) -> Response:
        values = said.model_dump(exclude_none=True)
        made = record(_folder(folder), Change(kept.table, values, who.name, once), WAIT_S)
        if not made.repeated:
            logs.audit(request, f"{word} created", record=made.key)
        answer = _told(site(), kept, made.key, 201)
        answer.headers["Location"] = address(request, "v1", kept.table.name, made.key)
        if made.repeated:
            answer.headers["Idempotency-Replayed"] = "true"
        return answer

    def change(
        request: Request, who: Writer, name: Name, said: BaseModel, if_match: Version = None
    ) -> Response:
        return _changed(request, who, name, said.model_dump(exclude_unset=True), if_match, "changed")

    def _changed(
        request: Request, who: Who, name: str, values: dict[str, Any], if_match: str | None, action: str
    ) -> Response:
        if not values:
            raise BadRequest(f"the request says nothing to change of the {word}; name a field.")
        _sayable_name(site(), kept, name)
        # A change goes out from a version, so that it cannot happen twice.
        change = Change(kept.table, values, who.name, secrets.token_hex(16), name, _version(if_match))
        record(_folder(folder), change, WAIT_S)
        logs.audit(request, f"{word} {action}", record=name, fields=sorted(values))
        return _told(site(), kept, name, 200)

    # FastAPI reads which body a route takes from its annotations.
    new.__annotations__["said"], change.__annotations__["said"] = kept.new, kept.change
    router.add_api_route(
        kept.path,
        new,
        methods=["POST"],
        status_code=201,
        response_model=row,
        responses=_OF_NEW,
        summary=f"New {word}",
        description=f"Make one {word}; sent again with the same Idempotency-Key, it changes nothing more.",
        operation_id=f"new_{operation}",
    )
    router.add_api_route(
        f"{kept.path}/{{record:name}}",
        change,
        methods=["PATCH"],
        response_model=row,
        responses=_OF_CHANGES,
        summary=f"Change one {word}",
        description="Fields that are not named stay as they are; null empties one.",
        operation_id=f"change_{operation}",
    )


def _folder(folder: Path | None) -> Path:
    if folder is None:
        raise NoStore("this site has no store, so there is nothing to write to; serve a store.")
    return folder


def _version(if_match: str | None) -> int:
    if if_match is None:
        raise HTTPException(
            428, "a change names the version that it goes out from; send If-Match with the ETag."
        )
    found = _TAG.fullmatch(if_match.strip())
    if not found:
        raise BadRequest(f"If-Match is {told(if_match)}; send the ETag of the record as it was answered.")
    return int(found[1])


def _sayable_name(site: Site, kept: _Kept, name: str) -> None:
    # DuckDB takes no such text, so no record has it as its name.
    if not sayable(name):
        raise _no_such(site, kept, name)


def _no_such(site: Site, kept: _Kept, name: str) -> UnknownName:
    return UnknownName(f'no {kept.word} "{name[:60]}" in {site.name}; {kept.path} lists what there is.')


def _told(site: Site, kept: _Kept, name: str, status: int) -> Response:
    """One record as it is now."""
    _sayable_name(site, kept, name)
    rows = site.table(kept.table.name)
    found = rows.filter(rows[kept.table.key[0]] == name).to_pyarrow()
    if not found.num_rows:
        raise _no_such(site, kept, name)
    version, load = found["version"][0].as_py(), found["load_id"][0].as_py()
    headers = {"ETag": f'"{version}.{load}"', "Cache-Control": "private, max-age=0, must-revalidate"}
    return Response(encode_rows(found)[1:-1], status, headers, "application/json")
