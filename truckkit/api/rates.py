"""How often one may ask: so many requests a minute for each key, or each address without one.

A bucket that fills evenly, kept as one number: the time at which it is full again.

>>> rates = Rates(2, clock=lambda: 100.0)
>>> scope = {"client": ("10.0.0.7", 5)}
>>> rates.wait_s(scope), rates.wait_s(scope), rates.wait_s(scope)
(0.0, 0.0, 30.0)
"""

from __future__ import annotations

import ipaddress
import math
import time
from collections.abc import Callable, MutableMapping

from cachetools import LRUCache
from fastapi import Request, Response
from starlette.types import Scope

from truckkit.api import logs
from truckkit.api.problems import problem

_MOST = 10_000
"""Names that are remembered; beyond, those that asked longest ago are forgotten, and may ask anew."""


class Rates:
    """Counts the requests of each; 0 a minute is no bound."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._apart_s = 60.0 / per_minute if per_minute else 0.0
        self._clock = clock
        self._full: MutableMapping[str, float] = LRUCache(_MOST)

    def wait_s(self, scope: Scope) -> float:
        """How long until who asks may ask again; 0 where they may now, and then it is counted."""
        if not self._apart_s:
            return 0.0
        name = _name(scope)
        now = self._clock()
        full = max(self._full.get(name, now), now) + self._apart_s
        if full - now > 60.0 + 1e-6:
            return full - now - 60.0
        self._full[name] = full
        return 0.0


def too_often(request: Request, wait_s: float) -> Response:
    """429, with the time after which to come back."""
    after = max(1, math.ceil(wait_s))
    return problem(
        request,
        429,
        f"that was too often; ask again in {after} s, and more slowly.",
        headers={"Retry-After": str(after)},
    )


def _name(scope: Scope) -> str:
    who = scope.get("state", {}).get("who")
    if who is not None and who.by != "address":
        return f"{who.by} {who.name}"
    address = logs.client(scope) or ""
    if ":" not in address:
        return address
    try:
        # Whoever has one address of a network of IPv6 has them all.
        return str(ipaddress.ip_network((address.partition("%")[0], 64), strict=False))
    except ValueError:
        return address
