"""What the service writes down: a line of JSON for each request, and one for each refusal and each change.

The lines go to the loggers ``truckkit.api`` and ``truckkit.audit`` of the standard library, so that the
handlers of whichever server carries the service take them. No line holds a key, or a query.

>>> quoted("/api/v1/no\\nforged line")
'/api/v1/no%0Aforged%20line'
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any
from urllib.parse import quote

import structlog
from fastapi import Request
from pydantic_core import to_json
from starlette.types import Scope

from truckkit.store.keys import struck_out

_LONGEST = 500


def _as_json(value: Any, **_: Any) -> str:
    return to_json(value, inf_nan_mode="null", fallback=repr).decode()


def _logger(name: str) -> Any:
    # Given to the logger itself: who embeds truckkit may configure structlog as they like.
    return structlog.wrap_logger(
        logging.getLogger(name),
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _without_keys,
            structlog.processors.JSONRenderer(serializer=_as_json),
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
    )


def _without_keys(_: Any, __: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = struck_out(value)
    return event


_API = logging.getLogger("truckkit.api")

requests = _logger("truckkit.api")
"""A line for each request, and for each fault of the server."""

audits = _logger("truckkit.audit")
"""A line for each refused login and for each change of data."""


def answered(scope: Scope, method: str, route: str, status: int, spent_s: float, size: int) -> None:
    """Write down that a request is over; status 0 where its client left before the answer."""
    if _API.isEnabledFor(logging.INFO):  # asked first, for it happens at every request
        requests.info(
            "request",
            request_id=scope["state"]["request_id"],
            method=method[:20],
            path=quoted(scope["path"]),
            route=route,
            status=status,
            ms=round(spent_s * 1000, 1),
            bytes=size,
            key=who(scope),
        )


def audit(request: Request, action: str, **more: Any) -> None:
    """Write down that somebody changed something: who, what, from where, in which request.

    >>> from starlette.requests import Request
    >>> scope = {"type": "http", "path": "/api/v1/annotations", "method": "POST", "headers": []}
    >>> audit(Request({**scope, "state": {"request_id": "7f"}}), "annotation created", annotation="a1")
    """
    state = request.scope.get("state", {})
    audits.warning(
        "change",
        action=action,
        key=who(request.scope),
        client=client(request.scope),
        request_id=state.get("request_id"),
        path=quoted(request.scope["path"]),
        **more,
    )


def refusal(scope: Scope, status: int, reason: str) -> None:
    """Write down that somebody was turned away, and why; never what they showed."""
    audits.warning(
        "refused",
        reason=reason,
        status=status,
        key=who(scope),
        client=client(scope),
        request_id=scope["state"]["request_id"],
        method=scope["method"],
        path=quoted(scope["path"]),
    )


def quoted(path: str) -> str:
    """A path as one word of ASCII, cut where it is long: none writes a line of its own into a log."""
    return quote(path[:_LONGEST], safe="/:%", errors="replace")


def who(scope: Scope) -> str | None:
    """The name of the key, or of the login, that asks; nothing where none is wanted."""
    found = scope.get("state", {}).get("who")
    return found.name if found else None


def client(scope: Scope) -> str | None:
    """The address that asks."""
    found = scope.get("client")
    return str(found[0])[:100] if found else None


def to_stderr_where_nobody_listens() -> None:
    """Write the lines to standard error, for servers that care for no loggers but their own."""
    log = logging.getLogger("truckkit")
    if not log.hasHandlers():
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("%(message)s"))
        log.addHandler(handler)
        log.setLevel(logging.INFO)
