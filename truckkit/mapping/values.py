"""Values of a mapping's TOML: shown as TOML writes them, and held to what they may be."""

from __future__ import annotations

import math
import re
from typing import Any

_SHOWN = 60

_DIRECTIVES = {
    "%%", "%a", "%A", "%b", "%B", "%c", "%d", "%-d", "%f", "%g", "%G", "%h", "%H", "%-H", "%I", "%-I", "%j",
    "%-j", "%m", "%-m", "%M", "%-M", "%n", "%p", "%S", "%-S", "%T", "%u", "%U", "%V", "%w", "%W", "%x", "%X",
    "%y", "%-y", "%Y", "%z", "%Z",
}  # fmt: skip
"""What may stand in the form of a time (https://duckdb.org/docs/stable/sql/functions/dateformat)."""


def shown(value: Any) -> str:
    """A value as TOML writes it, cut where it is long.

    >>> shown("x"), shown(True), shown([1, "a"]), shown({"a": 1})
    ('"x"', 'true', '[1, "a"]', 'a table')
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return f"[{', '.join(map(shown, value[:4]))}{', …' if len(value) > 4 else ''}]"
    text = str(value)
    cut = text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
    return f'"{cut}"' if isinstance(value, str) else cut


def is_flag(value: Any) -> bool:
    """True for true and false."""
    return isinstance(value, bool)


def is_number(value: Any) -> bool:
    """True for a number that is one: TOML also has inf and nan."""
    return isinstance(value, (int, float)) and not is_flag(value) and math.isfinite(value)


def is_bounds(between: list[Any]) -> bool:
    """True for the least and the most that a number can be."""
    return len(between) == 2 and all(map(is_number, between)) and between[0] <= between[1]


def strange_directives(form: str) -> list[str]:
    """What stands in the form of a time and means nothing there.

    >>> strange_directives("%Y-%m-%d %-H:%Q")
    ['%Q']
    """
    return [each for each in re.findall(r"%-?.?", form, re.DOTALL) if each not in _DIRECTIVES]
