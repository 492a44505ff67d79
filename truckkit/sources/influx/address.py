"""Addresses of InfluxDB servers; what opens them is never shown."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlsplit

from truckkit.errors import BadRequest, listed

_SCHEMES = {"influx": "http", "influxs": "https"}
_OPTIONS = ("rp", "org", "version")
_EXAMPLE = 'write one such as "influx://127.0.0.1:8086/fleet"'


@dataclass(frozen=True)
class Address:
    """Where a database is, and what opens it."""

    label: str
    """The address without user, password and token: what the ledger and errors show."""
    base: str
    """The server's own address, for HTTP."""
    database: str
    policy: str | None = None
    org: str | None = None
    version: str | None = None
    user: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)


def is_address(text: str) -> bool:
    """True for an address of a server, false for a path.

    >>> is_address("influx://127.0.0.1:8086/fleet"), is_address("fleet.lp")
    (True, False)
    """
    return str(text).partition("://")[0] in _SCHEMES and "://" in str(text)


def is_other_address(text: str) -> bool:
    """True for what is written as an address, and is none of a server that is read.

    >>> is_other_address("http://127.0.0.1:8086"), is_other_address("a/b.csv")
    (True, False)
    """
    return bool(re.match(r"[A-Za-z][A-Za-z0-9+.-]+:/", text)) and not is_address(text)


def read(url: str) -> Address:
    """An address as a user writes it; a token comes from the environment, as ``INFLUX_TOKEN``.

    >>> read("influx://reader:secret@127.0.0.1:8086/fleet?rp=raw").label
    'influx://127.0.0.1:8086/fleet?rp=raw'
    """
    try:
        split = urlsplit(url)
        port = split.port
    except ValueError:
        # A bracket that nothing closes, or a port that is no number.
        raise BadRequest(_no_address(url)) from None
    database = unquote(split.path.strip("/"))
    if split.scheme not in _SCHEMES or not split.hostname or not database:
        raise BadRequest(_no_address(url))
    options = {name: values[-1] for name, values in parse_qs(split.query, keep_blank_values=True).items()}
    if unknown := [name for name in options if name not in _OPTIONS]:
        raise BadRequest(
            f'"{_without_secrets(url)}" says {listed(unknown)}; an address takes {listed(_OPTIONS)} '
            "(a token comes from the environment, as INFLUX_TOKEN)."
        )
    if options.get("version", "1") not in ("1", "2", "3"):
        raise BadRequest(f'"{_without_secrets(url)}" says version={options["version"]}; it is 1, 2 or 3.')
    host = f"[{split.hostname}]" if ":" in split.hostname else split.hostname
    place = f"{host}:{port or 8086}"
    policy = f"?rp={options['rp']}" if options.get("rp") else ""
    return Address(
        label=f"{split.scheme}://{place}/{database}{policy}",
        base=f"{_SCHEMES[split.scheme]}://{place}",
        database=database,
        policy=options.get("rp") or None,
        org=options.get("org") or os.environ.get("INFLUX_ORG"),
        version=options.get("version"),
        user=unquote(split.username) if split.username else None,
        password=unquote(split.password) if split.password else None,
        token=os.environ.get("INFLUX_TOKEN") or None,
    )


def _no_address(url: str) -> str:
    return f'"{_without_secrets(url)}" is no address of an InfluxDB; {_EXAMPLE}.'


def _without_secrets(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}".partition("?")[0][:120]
