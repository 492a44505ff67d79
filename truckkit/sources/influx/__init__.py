"""InfluxDB 1.x, 2.x and 3: what a server has, and its points, truck by truck and window by window.

    influx://[user:password@]host:8086/database[?rp=policy]      1.x, and whatever speaks InfluxQL
    influx://host:8086/bucket?org=name                           2.x, with INFLUX_TOKEN in the environment
    influx://host:8181/database                                  3, with INFLUX_TOKEN where it asks for one

``influxs://`` is the same over TLS. The server's own word says which it is; ``?version=`` says it where it
does not. An answer counts when it is whole, and never otherwise.
"""

from __future__ import annotations

import re

from truckkit.errors import SourceFailed
from truckkit.sources.influx.address import Address, is_address, is_other_address, read
from truckkit.sources.influx.asking import Measurement, Question, Server, instant
from truckkit.sources.influx.flux import Flux
from truckkit.sources.influx.influxql import InfluxQL
from truckkit.sources.influx.sql import SQL
from truckkit.sources.influx.wire import TooLarge, Wire

__all__ = [
    "Address",
    "Measurement",
    "Question",
    "Server",
    "TooLarge",
    "connect",
    "instant",
    "is_address",
    "is_other_address",
]

_DIALECTS: dict[str, type[InfluxQL] | type[Flux] | type[SQL]] = {"1": InfluxQL, "2": Flux, "3": SQL}


def connect(url: str) -> Server:
    """A server, by its address.

    Raises ``BadRequest`` for an address that is none, and ``SourceFailed`` where nothing answers there.
    """
    address = read(url)
    wire = Wire(address)
    version = address.version or _version(wire, address)
    return _DIALECTS[version](address, wire)


def _version(wire: Wire, address: Address) -> str:
    """The server's major version, as it tells it itself."""
    told = wire.ping()
    found = re.match(r"v?(\d+)", told)
    if not found or found[1] not in _DIALECTS:
        raise SourceFailed(
            f'"{address.label}" does not say which InfluxDB it is ("{told[:40]}"); '
            "add ?version=1, 2 or 3 to the address."
        )
    return found[1]
