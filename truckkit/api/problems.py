"""Errors as problem+json (RFC 9457): the sentence of the exception, and the request's number."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, get_args, get_origin

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException
from starlette.routing import Match

from truckkit.api.addresses import address, here, root
from truckkit.api.faults import faults
from truckkit.api.logs import requests
from truckkit.api.rows import encode
from truckkit.errors import BadRequest, TruckkitError, listed
from truckkit.store.keys import struck_out

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")

Statuses = Mapping[type[TruckkitError], int]


def answer_with_problems(app: FastAPI, statuses: Statuses) -> None:
    """Let every error of the app be answered as problem+json, with the statuses given."""
    app.state.statuses = statuses

    @app.exception_handler(TruckkitError)
    async def on_purpose(request: Request, fault: TruckkitError) -> Response:
        return answer_of(request, fault)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, fault: RequestValidationError) -> Response:
        found = faults(request, fault.errors())
        # Bytes are handed on as they are where nothing says that they are JSON.
        other = any(each["loc"] == ("body",) and isinstance(each["input"], bytes) for each in fault.errors())
        said = "; ".join(each["detail"] for each in found)
        return problem(request, 415 if other else 422, f"{said}.", found)

    @app.exception_handler(HTTPException)
    async def plain(request: Request, fault: HTTPException) -> Response:
        detail, headers = str(fault.detail), dict(fault.headers or {})
        if fault.status_code == 400:  # so FastAPI calls what its reader of JSON gives up on
            return problem(
                request,
                422,
                "the body cannot be read: it is not text in UTF-8, lies in too many brackets or has a number "
                "of thousands of digits; send a plain JSON object.",
            )
        if fault.status_code == 404:
            documents = address(request, "docs")
            detail = f'there is nothing at "{here(request)[:200]}"; the documents are at {documents}.'
        if fault.status_code == 405:
            allowed = _allowed(app, request)
            headers["Allow"] = ", ".join(allowed)
            if request.method == "OPTIONS":
                return Response(status_code=204, headers=headers)
            detail = f"{request.method[:20]} is not known here; there is {listed(allowed)}."
        return problem(request, fault.status_code, detail, headers=headers)


def answer_of(request: Request, fault: TruckkitError) -> Response:
    """What is answered where truckkit raises: its sentence, or, of a fault of the server, a number."""
    statuses: Statuses = request.app.state.statuses
    status = next((statuses[kind] for kind in type(fault).__mro__ if kind in statuses), 500)
    if status < 500:
        return problem(request, status, str(fault))
    # What is wrong on the server may name its folders, and those are nobody's business.
    requests.error("store failed", request_id=request.state.request_id, fault=str(fault))
    return problem(
        request,
        status,
        f"the store cannot be read now ({type(fault).__name__}); the server's log says why, "
        "under this request's number.",
        headers={"Retry-After": "5"} if status == 503 else None,
    )


def _allowed(app: FastAPI, request: Request) -> list[str]:
    """The methods that a path has, in the order in which one meets them."""
    inside = request.scope.get("root_path", "") != root(request.scope)
    known = [
        method
        for method in _METHODS
        # What is mounted are files, and a mount itself would take any method.
        if (inside and method == "GET")
        or any(route.matches({**request.scope, "method": method})[0] is Match.FULL for route in app.routes)
    ]
    return [
        *(["GET", "HEAD"] if "GET" in known else []),
        *(each for each in known if each != "GET"),
        "OPTIONS",
    ]


def problem(
    request: Request,
    status: int,
    detail: str,
    faults: list[dict[str, str]] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """One error, as a response."""
    content: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        # A key that somebody put into an address is not said back, for answers are kept and passed on.
        "detail": struck_out(_whole(detail)),
        "instance": struck_out(here(request)),
        "request_id": request.state.request_id,
    }
    if faults:
        content["errors"] = [
            {name: struck_out(_whole(text)) for name, text in fault.items()} for fault in faults
        ]
    return Response(
        encode(content),
        status_code=status,
        media_type="application/problem+json",
        headers={"Cache-Control": "no-store", **(headers or {})},
    )


def _whole(text: str) -> str:
    """Text without halves of surrogate pairs, which JSON may bring and no answer can hold."""
    return text.encode("utf-8", "replace").decode()


async def only_known_parameters(request: Request) -> None:
    """Refuse parameters that the route does not know, with the nearest name, and those said twice."""
    route = request.scope["route"]
    known = {
        parameter.alias: _may_repeat(parameter.field_info.annotation)
        for parameter in route.dependant.query_params
    }
    for name, times in Counter(name for name, _ in request.query_params.multi_items()).items():
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
            hint = f'; did you mean "{near[0]}"?' if near else "."
            raise BadRequest(f'no parameter "{name[:60]}" here{hint} It has {listed(sorted(known))}.')
        if times > 1 and not known[name]:
            raise BadRequest(f'the parameter "{name}" is given {times} times; give it once.')


def _may_repeat(annotation: Any) -> bool:
    return any(get_origin(part) is list for part in (annotation, *get_args(annotation)))
