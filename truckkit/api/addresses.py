"""Addresses on this server, for links: without a host, for what a request says of it may be anything."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import Request


def address(request: Request, room: str, *parts: object) -> str:
    """The address of what lies below a room such as ``/v1/ogc``, in which the request is.

    A slash in a name is written as ``%2F``: a client would take the dots in ``a/../b`` for steps upwards.

    >>> asked = Request({"type": "http", "path": "/api/v1/ogc/collections"})
    >>> address(asked, "/v1/ogc", "items", "a/../b")
    '/api/v1/ogc/items/a%2F..%2Fb'
    """
    above, found, _below = str(request.scope["path"]).partition(room)
    return "/".join([quote(above) + found, *(quote(str(part), safe=":") for part in parts)])
