"""What the address of a page asks for, as text: start, stop, at, truck, source, speed.

>>> Address({"truck": ["T01"], "at": ["2026-11-22 18:00:00.250"]}).one("at")
'2026-11-22 18:00:00.250'
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import panel as pn

from truckkit import errors, schema
from truckkit.errors import BadRequest

if TYPE_CHECKING:
    from truckkit.site import Site


@dataclass(frozen=True)
class Address:
    """The words after the ``?`` of an address; a name may stand there more than once."""

    words: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @classmethod
    def of_page(cls) -> Address:
        """What the page that is being made was asked for."""
        arguments: dict[str, list[bytes]] = pn.state.session_args
        return cls(
            {
                name: [value.decode("utf-8", "replace") for value in values]
                for name, values in arguments.items()
            }
        )

    def all(self, name: str) -> list[str]:
        """Every value of a name that is not empty."""
        return [value for value in self.words.get(name, ()) if value]

    def one(self, name: str) -> str:
        """The value of a name that may stand there once; empty where it does not."""
        values = self.all(name)
        if len(values) > 1:
            raise BadRequest(
                f'the address says "{name}" {len(values)} times: {errors.listed(values)}; leave one.'
            )
        return values[0] if values else ""

    def narrow(self, site: Site) -> Site:
        """The site as the address asks: told by its ``source``."""
        source = self.one("source")
        if not source:
            return site
        if source not in schema.SOURCES:
            raise errors.unknown("source", source, schema.SOURCES, "the address")
        return site.using(source)
