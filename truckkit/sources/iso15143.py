"""ISO/TS 15143-3 (AEMP 2.0): snapshots of a fleet and series of a machine, in XML and JSON.

Each part of a machine is a section by its name, such as ``Location`` or ``FuelRemaining``, and each of its
rows has its own ``time``: a part may be older than another. ``EquipmentHeader`` is a section too. Every row
has what the header says (``EquipmentID``, ``SerialNumber`` and so on), and the part's own values as text;
lengths are told again in ``km`` and ``m`` by the units beside them. ``datetime`` may be an attribute or an
element.
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from truckkit.errors import told as told_of
from truckkit.sources.elements import local, walk
from truckkit.sources.spool import Spool
from truckkit.sources.texts import Texts, as_text

_HEADER = "EquipmentHeader"
_UNITS = {
    "Odometer": ("OdometerUnits", "km", {"kilometre": 1.0, "kilometer": 1.0, "km": 1.0, "mile": 1.609344}),
    "Altitude": (
        "AltitudeUnits",
        "m",
        {"metre": 1.0, "meter": 1.0, "m": 1.0, "foot": 0.3048, "feet": 0.3048},
    ),
}


def read(path: Path, spool: Spool) -> None:
    """Read all parts of all machines."""
    texts = Texts(spool)
    header: dict[str, str] = {}
    snapshot: str | None = None
    for event, names, element in walk(path, lambda names: len(names) == 1 or names[-1] == "Equipment"):
        name = names[-1]
        if event == "start":
            if len(names) == 1:
                snapshot = element.get("snapshotTime")
            elif name == "Equipment":
                header = {}
        elif len(names) == 1 or name in ("Equipment", "Links", "Link"):
            continue
        elif name == _HEADER:
            header = _leaves(element)
            texts.add(_HEADER, {**header, "time": snapshot})
        else:
            _part(texts, name, header, _leaves(element))
    texts.flush()


def take(document: dict[str, Any], spool: Spool) -> None:
    """Give all parts of all machines of a JSON document to a spool."""
    texts = Texts(spool)
    snapshot = document.get("snapshotTime")
    for machine in _each(document.get("Equipment")):
        if not isinstance(machine, dict):
            texts.refuse("Equipment", f"a machine is {told_of(machine)}", machine)
            continue
        header = _flat(machine.get(_HEADER))
        texts.add(_HEADER, {**header, "time": snapshot if isinstance(snapshot, str) else None})
        for name, parts in machine.items():
            for part in _each(parts) if name not in (_HEADER, "Links") else ():
                if isinstance(part, dict):
                    _part(texts, name, header, _flat(part))
                else:
                    texts.refuse(name, f"{name[:60]} is {told_of(part)}", part)
    texts.flush()


def _each(given: Any) -> list[Any]:
    return given if isinstance(given, list) else [] if given is None else [given]


def _flat(given: Any) -> dict[str, str]:
    """The innermost values of an object, by their names."""
    flat: dict[str, str] = {}
    waiting = [given]
    while waiting:
        within = waiting.pop()
        for name, value in within.items() if isinstance(within, dict) else ():
            if isinstance(value, dict):
                waiting.append(value)
            elif value is not None:
                flat.setdefault(name, as_text(value))
    return flat


def _part(texts: Texts, section: str, header: Mapping[str, str], told: dict[str, str]) -> None:
    time = next((told.pop(key) for key in list(told) if key.lower() == "datetime"), None)
    row: dict[str, str | None] = {**header, **told, "time": time}
    if not time:
        texts.refuse(section, f"{section[:60]} has no datetime", row)
        return
    for name, (units, target, factors) in _UNITS.items():
        if name not in told:
            continue
        unit = told.get(units, target).strip().lower()
        factor = factors.get(unit, factors.get(unit.removesuffix("s")))
        if factor is None:
            texts.refuse(section, f'{units} is "{unit[:60]}", which is no unit of length here', row)
            return
        try:
            row[target] = repr(float(told[name]) * factor)
        except ValueError:
            row[target] = told[name]  # the mapping tells that it is no number
    texts.add(section, row)


def _leaves(element: ElementTree.Element) -> dict[str, str]:
    """The attributes and innermost elements, by their names."""
    told = {local(name): said for name, said in element.attrib.items()}
    for inner in element.iter():
        if inner is not element and len(inner) == 0 and inner.text and inner.text.strip():
            told.setdefault(local(inner.tag), inner.text.strip())
    return told
