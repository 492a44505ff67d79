"""What Pydantic found wrong with a request, in sentences of ours: what is there instead, and what to do.

>>> fault({"type": "greater_than_equal", "loc": ("query", "limit"), "input": "0", "ctx": {"ge": 1}})
{'parameter': 'limit', 'detail': 'limit is "0"; give a number from 1 on'}
>>> fault({"type": "extra_forbidden", "loc": ("body", "truk"), "input": 1}, ["truck", "start"])["detail"]
'no field "truk" here; did you mean "truck"? It has "start", "truck"'
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from fastapi import Request

from truckkit.errors import told, unknown

_INSTANT = "an instant in RFC 3339 with Z or an offset, such as 2026-11-22T21:00:00.250Z"
_OBJECT = "a JSON object, with Content-Type application/json"
_WANTED = {
    "int": "a whole number",
    "float": "a number",
    "finite_number": "a finite number",
    "string": "text",
    "bool": "true or false",
    "datetime": _INSTANT,
    "timezone": _INSTANT,
    "model": "a JSON object",
    "dict": "a JSON object",
}
"""What is wanted, by how the type of a fault begins."""


def faults(request: Request, found: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Each thing that is wrong with a request."""
    fields = _fields(request)
    return [fault(each, fields) for each in found]


def fault(found: Mapping[str, Any], fields: Collection[str] = ()) -> dict[str, str]:
    """What is wrong with one parameter, or with the body; ``fields`` are those that a body has."""
    kind, where = found["type"], str(found["loc"][-1])
    if found["loc"][0] == "body" and (len(found["loc"]) == 1 or kind == "json_invalid"):
        return {"parameter": "body", "detail": _of_body(found)}
    if kind == "extra_forbidden":
        detail = str(unknown("field", where[:60], fields, "this record")).replace(" in this record", " here")
        return {"parameter": where, "detail": detail.rstrip(".")}
    if kind == "missing":
        what = f"{where} is missing"
        return {"parameter": where, "detail": f"{what}; {_SENT.get(found['loc'][0], 'give it')}"}
    return {"parameter": where, "detail": f"{where} {_is(found)}; {_to_do(found)}"}


_SENT = {"header": "send it as a header", "body": "name it in the body"}


def _of_body(found: Mapping[str, Any]) -> str:
    if found["type"] == "json_invalid":
        return f"the body is not JSON from character {found['loc'][-1]} on; send {_OBJECT}"
    if found["type"] == "missing":
        return f"the body is missing; send {_OBJECT}"
    if found["type"] == "string_unicode":  # a key, for a value has its field named
        return f"the body has a field whose name is no text; send {_OBJECT}"
    return f"the body is {_said(found.get('input'))}; send {_OBJECT}"


def _is(found: Mapping[str, Any]) -> str:
    """What is there."""
    given, kind = found.get("input"), found["type"]
    if kind == "string_too_long":
        return f"has {len(given):,} characters" if isinstance(given, str) else "is too long"
    if kind == "timezone_aware":
        return f"is {_said(given)}, which has no zone"
    return f"is {_said(given)}"


def _to_do(found: Mapping[str, Any]) -> str:
    """What to do about it."""
    kind, bounds = found["type"], found.get("ctx", {})
    match kind:
        case "greater_than_equal":
            return f"give a number from {bounds['ge']:g} on"
        case "greater_than":
            return f"give a number above {bounds['gt']:g}"
        case "less_than_equal":
            return f"give a number up to {bounds['le']:,.15g}"
        case "less_than":
            return f"give a number below {bounds['lt']:,.15g}"
        case "string_too_long":
            return f"give {bounds['max_length']:,} at most"
        case "string_unicode":
            return "give text without halves of surrogate pairs"
        case "string_too_short":
            return "give some text"
        case "value_error":
            return str(found["msg"]).removeprefix("Value error, ")
    wanted = next((what for begins, what in _WANTED.items() if kind.startswith(begins)), None)
    return f"give {wanted}" if wanted else "see what the service's documents say of it"


def _said(given: Any) -> str:
    """What somebody sent, as JSON calls it."""
    if given is None or isinstance(given, bool):
        return {None: "null", True: "true", False: "false"}[given]
    if isinstance(given, Mapping):
        return "an object"
    if isinstance(given, bytes):
        return f"{len(given):,} bytes that are not said to be JSON"
    return told(given)


def _fields(request: Request) -> Collection[str]:
    """The fields that the body of this route has."""
    route = request.scope.get("route")
    for parameter in route.dependant.body_params if route is not None else ():
        return list(getattr(parameter.field_info.annotation, "model_fields", ()))
    return ()
