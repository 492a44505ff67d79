"""Addresses on this server: one way to write a path, for routes, for links and for what says a path back.

A server decodes a path before an app sees it, and a truck called ``a/b`` is then two steps of the path. So
the service goes by the path as it was asked for, each part spelled in one way (``as_asked``), and a route
decodes the names in it one by one: ``{truck:name}`` takes slashes that nobody encoded too, as where a proxy
has decoded them, ``{page:part}`` takes none. An address is written without a host, for what a request says
of that may be anything.

No path can name what is called ``.`` or ``..`` for every client: browsers climb at ``%2E%2E`` as at ``..``.
Such a truck is asked for with the parameter ``truck``.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, unquote, unquote_to_bytes

from fastapi import Request
from starlette.convertors import Convertor, register_url_convertor
from starlette.types import Scope


def part(name: object) -> str:
    """A name as one part of a path.

    >>> part("a/../b"), part(".."), part("2026-11-22T21:00:00Z")
    ('a%2F..%2Fb', '%2E%2E', '2026-11-22T21:00:00Z')
    """
    # Instants read better with their colons, which mean nothing in a path that begins with a slash.
    spelled = quote(name if isinstance(name, bytes) else str(name), safe=":")
    return spelled.replace(".", "%2E") if spelled in (".", "..") else spelled


def as_asked(scope: Scope) -> dict[str, Any]:
    """The path of a request with each of its parts spelled in one way, and the root that it stands under.

    >>> as_asked({"raw_path": b"/api/%74rucks/a%2fb", "path": "/api/trucks/a/b"})
    {'path': '/api/trucks/a%2Fb', 'root_path': ''}
    """
    raw: bytes = scope.get("raw_path") or quote(scope["path"], errors="replace").encode()
    root = quote(scope.get("root_path", ""), safe="/%").encode()
    return {"path": _spelled(raw.partition(b"?")[0]), "root_path": _spelled(root)}


def here(request: Request) -> str:
    """The path that was asked for."""
    return str(request.scope["path"])


def address(request: Request, *parts: object) -> str:
    """The address of what these parts name, below where the service stands.

    >>> from types import SimpleNamespace
    >>> app = SimpleNamespace(state=SimpleNamespace(prefix="/api"))
    >>> address(Request({"type": "http", "app": app}), "v1", "trucks", "a/../b")
    '/api/v1/trucks/a%2F..%2Fb'
    """
    return "/".join([root(request.scope) + request.app.state.prefix, *map(part, parts)])


def root(scope: Scope) -> str:
    """What stands before every path of the service; below a mount ``root_path`` is that and the mount's."""
    return str(scope.get("app_root_path", scope.get("root_path", "")))


def _spelled(raw: bytes) -> str:
    return "/".join(part(unquote_to_bytes(each)) for each in raw.split(b"/"))


class _Part(Convertor[str]):
    """One part of a path as the name that it spells."""

    regex = "[^/]+"

    def convert(self, value: str) -> str:
        return unquote(value, errors="replace")

    def to_string(self, value: str) -> str:
        return part(value)


class _Name(_Part):
    """A name of which some slashes may not have been encoded."""

    regex = ".*"


register_url_convertor("part", _Part())
register_url_convertor("name", _Name())
