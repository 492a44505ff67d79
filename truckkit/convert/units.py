"""Units: those of a mapping, turned into those of the schema."""

from __future__ import annotations

import re
from functools import cache

import pint

from truckkit.errors import BadMapping
from truckkit.mapping import Mapping

_RAISED = "¹²³⁰⁴-⁹"
_TOWER = re.compile(rf"(?:\*\*|\^) *\d\d|\d *(?:\*\*|\^|[{_RAISED}])|[{_RAISED}] *(?:\*\*|\^|[{_RAISED}])")
"""A power above 9, of a number or of a power: to work one out could take for ever."""

_UNIT = re.compile(r"(?!_)[\w°%µ][\w/*^. °%µ-]{0,39}")
"""What is read as a unit, where there is no tower in it."""


@cache
def _units() -> pint.UnitRegistry[float]:
    """All units that there are; to read them takes half a second, and most mappings name none."""
    return pint.UnitRegistry()


def check(using: Mapping) -> None:
    """Hold the units of a mapping to those of the schema; raises ``BadMapping`` with all that differ."""
    faults = []
    for kind in using.kinds:
        for wanted in kind.tables:
            for name, spec in wanted.columns.items():
                try:
                    conversion(spec.unit, wanted.into[name].unit)
                except BadMapping as fault:
                    faults.append(f"{wanted.into.name}.{name}: {str(fault).rstrip('.')}")
    if faults:
        raise BadMapping(f'the mapping "{using.name}" cannot be used: {"; ".join(faults)}.')


def conversion(given: str | None, wanted: str | None) -> tuple[float, float]:
    """What turns one unit into another: a factor, and what to add.

    >>> conversion("m/s", "km/h")
    (3.6, 0.0)
    >>> round(conversion("degF", "°C")[1], 3)
    -17.778
    """
    if given is None or given == wanted:
        return 1.0, 0.0
    if wanted is None:
        raise BadMapping(f'the unit "{given}" is given for a column that has none.')
    if not _UNIT.fullmatch(given) or _TOWER.search(given):
        raise BadMapping(
            f'the unit "{given[:40]}" is none; write one such as "km/h", '
            "with letters, / * ^ and powers up to 9."
        )
    try:
        zero, ten = (
            _units()
            .Quantity(value, given.replace("%", "percent"))
            .to(wanted.replace("%", "percent"))
            .magnitude
            for value in (0.0, 1e4)
        )
    except Exception as fault:
        # Of what is no unit, pint raises whatever Python does.
        why = str(fault).rstrip(".") or "it cannot be read as a unit"
        raise BadMapping(f'the unit "{given}" cannot be turned into "{wanted}": {why}.') from None
    return float(f"{(ten - zero) / 1e4:.14g}"), float(f"{zero:.14g}")
