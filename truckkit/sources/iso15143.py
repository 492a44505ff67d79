"""ISO/TS 15143-3 (AEMP 2.0): snapshots of a fleet and series of a machine, in XML and JSON.

Each part of a machine is a section by its name, such as ``Location`` or ``FuelRemaining``, and each of its
rows has its own ``time``: a part may be older than another. ``EquipmentHeader`` is a section too. Every row
has ``file`` (the file's name without its end), what the header says (``EquipmentID``, ``SerialNumber`` and so
on), and the part's own values as text; lengths, volumes and masses are told again in ``km``, ``m``, ``l`` and
``t`` by the units beside them. ``datetime`` may be an attribute or an element.

In the series of one machine the header stands beside the parts. A ``FaultCode`` has an ``event`` too, which
identifies it by its machine, time and code.
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

_HEADER, _FAULT = "EquipmentHeader", "FaultCode"
_IDENTITY = ("EquipmentID", "PIN", "SerialNumber", "file")
_LENGTHS = {"kilometre": 1.0, "kilometer": 1.0, "km": 1.0, "mile": 1.609344, "mi": 1.609344}
_HEIGHTS = {"metre": 1.0, "meter": 1.0, "m": 1.0, "foot": 0.3048, "feet": 0.3048, "ft": 0.3048}
_VOLUMES = {
    "litre": 1.0, "liter": 1.0, "l": 1.0, "gallon": 3.785411784, "us gallon": 3.785411784, "gal": 3.785411784,
    "imperial gallon": 4.54609,
}  # fmt: skip
_MASSES = {
    "kilogram": 0.001, "kg": 0.001, "tonne": 1.0, "metric ton": 1.0, "t": 1.0, "pound": 0.00045359237,
    "lb": 0.00045359237, "short ton": 0.90718474, "long ton": 1.0160469088,
}  # fmt: skip
_UNITS = {
    "Odometer": ("OdometerUnits", "km", "length", _LENGTHS),
    "Altitude": ("AltitudeUnits", "m", "length", _HEIGHTS),
    "FuelConsumed": ("FuelUnits", "l", "volume", _VOLUMES),
    "Payload": ("PayloadUnits", "t", "mass", _MASSES),
}
"""For a value the element that has its unit, ours, what it measures, and how much of ours each unit is.

Factors are those of NIST Special Publication 811; a gallon is that of the United States.
"""


def read(path: Path, spool: Spool) -> None:
    """Read all parts of all machines."""
    texts = Texts(spool)
    header: dict[str, str] = {}
    snapshot: str | None = None
    root = ""
    for event, names, element in walk(path, lambda names: len(names) == 1 or names[-1] == "Equipment"):
        name = names[-1]
        if event == "start":
            if len(names) == 1:
                root = name
                snapshot = element.get("snapshotTime")
            elif name == "Equipment":
                header = {}
        elif len(names) == 1 or name in ("Equipment", "Links", "Link"):
            continue
        elif name == _HEADER:
            header = {**_leaves(element), "file": path.stem}
            texts.add(_HEADER, {**header, "time": snapshot})
        else:
            _part(texts, name, header, _leaves(element))
    texts.end(f'it holds no part of a machine, and its root is "{root[:60]}"')


def take(document: dict[str, Any], spool: Spool) -> None:
    """Give all parts of all machines of a JSON document to a spool."""
    texts = Texts(spool)
    snapshot = document.get("snapshotTime")
    for machine in [document] if _HEADER in document else _each(document.get("Equipment")):
        if not isinstance(machine, dict):
            texts.refuse("Equipment", f"a machine is {told_of(machine)}", machine)
            continue
        header = {**_flat(machine.get(_HEADER)), "file": spool.path.stem}
        texts.add(_HEADER, {**header, "time": snapshot if isinstance(snapshot, str) else None})
        for name, parts in machine.items():
            for part in _each(parts) if name not in _NO_PARTS else ():
                if isinstance(part, dict):
                    _part(texts, name, header, _flat(part))
                else:
                    texts.refuse(name, f"{name[:60]} is {told_of(part)}", part)
    texts.end('its "Equipment" holds no machine')


_NO_PARTS = (_HEADER, "Links", "version", "snapshotTime")


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
    if section == _FAULT and time and (code := told.get("CodeIdentifier")):
        row["event"] = " ".join([next((header[key] for key in _IDENTITY if key in header), ""), time, code])
    if not time:
        texts.refuse(section, f"{section[:60]} has no datetime", row)
        return
    for name, (units, target, measure, factors) in _UNITS.items():
        if name not in told:
            continue
        unit = " ".join(told.get(units, target).lower().replace("_", " ").split())
        factor = factors.get(unit, factors.get(unit.removesuffix("s")))
        if factor is None:
            texts.refuse(section, f'{units} is "{unit[:60]}", which is no unit of {measure} here', row)
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
