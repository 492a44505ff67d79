"""What the documents say of an answer that comes in several formats."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel

from truckkit.api.formats import FORMATS, OF_ROWS

_TEXT = {"schema": {"type": "string"}}
_GENERATION: dict[str, Any] = {
    "Truckkit-Generation": {
        "description": "The generation of the store that answered.",
        "schema": {"type": "string"},
    }
}
_BYTES = {"schema": {"type": "string", "format": "binary"}}


def of_rows(row: type[BaseModel] | None, among: Iterable[str] = OF_ROWS) -> dict[int | str, dict[str, Any]]:
    """The 200 of rows, in each format, and its headers."""
    fields = row.model_json_schema()["properties"] if row is not None else {}
    columns = {
        "type": "object",
        "required": ["columns", "next", "generation"],
        "properties": {
            "columns": {
                "type": "object",
                "properties": {name: {"type": "array", "items": field} for name, field in fields.items()},
                "additionalProperties": row is None,
            },
            "next": {"type": ["string", "null"]},
            "generation": {"type": ["integer", "null"]},
        },
    }
    content: dict[str, Any] = {}
    for name in among:
        if name == "columns":
            content[FORMATS[name].media] = {"schema": columns}
        elif name in ("geojson", "moving"):
            content[FORMATS[name].media] = {"schema": {"type": "object", "required": ["type", "features"]}}
        elif name != "json":
            content[FORMATS[name].bare] = _TEXT if name in ("csv", "ndjson") else _BYTES
    link = {"description": "The next page, where there is one.", "schema": {"type": "string"}}
    return {
        200: {
            "content": content,
            "headers": {"Link": link, "ETag": {"schema": {"type": "string"}}, **_GENERATION},
        },
        304: {"description": "The client has this answer."},
    }
