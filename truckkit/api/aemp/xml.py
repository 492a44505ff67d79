"""A document as XML: the same names as in JSON, a list as its element again and again.

>>> xml("Fleet", {"version": "1", "Equipment": [{"Model": "a<b"}]}).decode().partition(' version="1">')[2]
'<Equipment><Model>a&lt;b</Model></Equipment></Fleet>'
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from truckkit.errors import NoSuchFormat, told

_NAMESPACE = "http://standards.iso.org/iso/15143/-3"
_ATTRIBUTES = ("version", "snapshotTime", "datetime", "countedSince")
_IDENTITY = "EquipmentID"
# XML 1.0, 2.2: all other characters have no place in a document, not even as a reference.
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def xml(name: str, document: Mapping[str, Any]) -> bytes:
    """The document, in UTF-8, with ``name`` as its outermost element.

    Raises
    ------
    NoSuchFormat
        A machine's name holds what XML cannot: changed, it would be the name of another.
    """
    whole = _element(name, document, f" xmlns={quoteattr(_NAMESPACE)}")
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + whole.encode()


def _element(name: str, content: Any, more: str = "") -> str:
    if isinstance(content, list):
        return "".join(_element(name, each) for each in content)
    if isinstance(content, Mapping):
        said = "".join(
            f" {key}={quoteattr(_text(key, content[key]))}" for key in _ATTRIBUTES if key in content
        )
        inner = "".join(_element(key, each) for key, each in content.items() if key not in _ATTRIBUTES)
        return f"<{name}{more}{said}>{inner}</{name}>"
    # A bare carriage return would be read back as a new line.
    return f"<{name}>{escape(_text(name, content), {chr(13): '&#13;'})}</{name}>"


def _text(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    if name == _IDENTITY and _NO_XML.search(text):
        raise NoSuchFormat(
            f"the truck {told(text)} has a character in its name that XML cannot hold; "
            "ask for JSON with ?format=json."
        )
    return _NO_XML.sub("\ufffd", text)
