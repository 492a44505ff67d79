"""Errors as problem+json (RFC 9457): the sentence of the exception, and the request's number."""

from __future__ import annotations

import difflib
import logging
import uuid
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

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
        return problem(request, status, str(fault))

    @app.exception_handler(RequestValidationError)
    def invalid(request: Request, fault: RequestValidationError) -> Response:
        faults = [{"parameter": str(each["loc"][-1]), "detail": f"{each['msg']}."} for each in fault.errors()]
        said = "; ".join(f"{each['parameter']}: {each['detail'].rstrip('.')}" for each in faults)
        return problem(request, 422, f"the request cannot be answered: {said}.", faults)

    @app.exception_handler(HTTPException)
    def plain(request: Request, fault: HTTPException) -> Response:
        detail = str(fault.detail)
        if fault.status_code == 404:
            detail = f'there is nothing at "{request.url.path}"; the documents are at {app.state.docs}.'
        return problem(request, fault.status_code, detail, headers=fault.headers)

    @app.exception_handler(Exception)
    def unforeseen(request: Request, fault: Exception) -> Response:
        number = request_id(request)
        log.error("request %s failed", number, exc_info=fault)
        return problem(request, 500, "the server failed; its log says why, under this request's number.")


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
        "instance": request.url.path,
        "request_id": request_id(request),
    }
    if faults:
        content["errors"] = faults
    return Response(
        encode(content),
        status_code=status,
        media_type="application/problem+json",
        headers={"Cache-Control": "no-store", **(headers or {})},
    )


def request_id(request: Request) -> str:
    """The number under which the log tells of a request."""
    if not hasattr(request.state, "request_id"):
        request.state.request_id = uuid.uuid4().hex
    return str(request.state.request_id)


def only_known_parameters(request: Request) -> None:
    """Refuse parameters that the route does not know, with the nearest name that it does."""
    route = request.scope["route"]
    known = sorted({parameter.alias for parameter in route.dependant.query_params})
    for name in request.query_params:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
            hint = f'; did you mean "{near[0]}"?' if near else "."
            raise BadRequest(f'no parameter "{name[:60]}" here{hint} It has {listed(known)}.')
