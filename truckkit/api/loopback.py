"""Whether a request comes from this very machine, or an address is its own."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import MutableMapping
from functools import lru_cache
from typing import Any

_LOCAL_NAME = re.compile(rb"(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?", re.IGNORECASE)
_PASSED_ON = frozenset((b"forwarded", b"x-forwarded-for", b"x-real-ip", b"via"))


@lru_cache(maxsize=1024)
def is_loopback(address: str) -> bool:
    """True where an address, or the name of a machine, can only be this one.

    >>> [is_loopback(each) for each in ("127.0.0.1", "::1", "localhost", "0.0.0.0", "mine.example")]
    [True, True, True, False, False]
    """
    try:
        found = ipaddress.ip_address(address.strip("[]"))
    except ValueError:
        return address.lower() == "localhost"
    mapped = getattr(found, "ipv4_mapped", None)
    return bool((mapped or found).is_loopback)


def is_here(scope: MutableMapping[str, Any]) -> bool:
    """True where this machine asks for itself.

    A proxy of this machine passes on for others, which its headers tell. And a page of another site
    may have its own name resolved to this machine: then the host that it asks for is that name.

    >>> scope = {"client": ("127.0.0.1", 40000), "headers": [(b"host", b"localhost:5006")]}
    >>> is_here(scope), is_here({**scope, "headers": [(b"host", b"evil.example")]})
    (True, False)
    """
    client = scope.get("client")
    if not client or not is_loopback(client[0]):
        return False
    host = b""
    for name, value in scope["headers"]:
        if name in _PASSED_ON:
            return False
        if name == b"host":
            host = value
    return bool(_LOCAL_NAME.fullmatch(host))
