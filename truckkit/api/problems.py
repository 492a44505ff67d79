"""Errors as problem+json (RFC 9457): the sentence of the exception, and the request's number."""

from __future__ import annotations

import difflib
import logging
from collections import Counter
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, get_args, get_origin
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from truckkit.api.rows import encode
from truckkit.errors import BadRequest, TruckkitError, listed

log = logging.getLogger("truckkit.api")

Statuses = Mapping[type[TruckkitError], int]


def answer_with_problems(app: FastAPI, statuses: Statuses) -> None:
    """Let every error of the app be answered as problem+json, with the statuses given."""

    @app.exception_handler(TruckkitError)
    def on_purpose(request: Request, fault: TruckkitError) -> Response:
        status = next((statuses[kind] for kind in type(fault).__mro__ if kind in statuses), 500)
        if status < 500:
            return problem(request, status, str(fault))
        # What is wrong on the server may name its folders, and those are nobody's business.
        log.error("request %s: %s", request.state.request_id, fault)
        kind = type(fault).__name__
        return problem(
            request,
            status,
            f"the store cannot be read now ({kind}); the server's log says why, under this request's number.",
        )

    @app.exception_handler(RequestValidationError)
    def invalid(request: Request, fault: RequestValidationError) -> Response:
        faults = [{"parameter": str(each["loc"][-1]), "detail": f"{each['msg']}."} for each in fault.errors()]
        said = "; ".join(f"{each['parameter']}: {each['detail'].rstrip('.')}" for each in faults)
        return problem(request, 422, f"the request cannot be answered: {said}.", faults)

    @app.exception_handler(HTTPException)
    def plain(request: Request, fault: HTTPException) -> Response:
        detail, headers = str(fault.detail), dict(fault.headers or {})
        if fault.status_code == 404:
            documents = f"{request.scope.get('root_path', '')}{app.state.docs}"
            detail = f'there is nothing at "{request.scope["path"]}"; the documents are at {documents}.'
        if fault.status_code == 405:
            headers["Allow"] = "GET, HEAD, OPTIONS"
            if request.method == "OPTIONS":
                return Response(status_code=204, headers=headers)
            detail = f"{request.method} is not known here: the service is read-only; use GET."
        return problem(request, fault.status_code, detail, headers=headers)


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
        "detail": detail,
        "instance": quote(request.scope["path"]),
        "request_id": request.state.request_id,
    }
    if faults:
        content["errors"] = faults
    return Response(
        encode(content),
        status_code=status,
        media_type="application/problem+json",
        headers={"Cache-Control": "no-store", **(headers or {})},
    )


async def only_known_parameters(request: Request) -> None:
    """Refuse parameters that the route does not know, with the nearest name, and those said twice."""
    route = request.scope["route"]
    known = {
        parameter.alias: _may_repeat(parameter.field_info.annotation)
        for parameter in route.dependant.query_params
    }
    for name, times in Counter(name for name, _ in request.query_params.multi_items()).items():
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
            hint = f'; did you mean "{near[0]}"?' if near else "."
            raise BadRequest(f'no parameter "{name[:60]}" here{hint} It has {listed(sorted(known))}.')
        if times > 1 and not known[name]:
            raise BadRequest(f'the parameter "{name}" is given {times} times; give it once.')


def _may_repeat(annotation: Any) -> bool:
    return any(get_origin(part) is list for part in (annotation, *get_args(annotation)))
