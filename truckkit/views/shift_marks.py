"""The name of a mark: what was clicked, as it stands in an address.

>>> named("usage", "T 03/b", "standby")
'usage/T%2003%2Fb/standby'
>>> parted("usage/T%2003%2Fb/standby")
('usage', 'T 03/b', 'standby')
"""

from __future__ import annotations

from urllib.parse import quote, unquote

from truckkit.errors import unknown

KINDS = {
    "loads": 0,
    "ledger": 1,
    "usage": 2,
    "phase": 2,
    "queue": 2,
    "hang": 2,
    "payload": 1,
    "pareto": 1,
}
"""Every kind of mark, with how many words say which one it is."""


def named(kind: str, *words: str) -> str:
    """The name of one mark."""
    return "/".join([kind, *(quote(word, safe="") for word in words)])


def parted(mark: str) -> tuple[str, ...]:
    """What a mark is made of: its kind, and which one of it.

    >>> parted("bar/3")
    Traceback (most recent call last):
    ...
    truckkit.errors.UnknownName: no mark "bar/3" in the shift. It has ...
    """
    kind, *words = (unquote(word) for word in mark.split("/"))
    if KINDS.get(kind) != len(words):
        raise unknown("mark", mark[:80], KINDS, "the shift")
    return kind, *words
