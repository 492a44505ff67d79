"""Mappings: which column of a source is what, in which unit and time zone.

A mapping is a TOML file. It names the site, then for each kind of file the tables that its rows
become, and for each column where it comes from:

    name = "our-fms"
    time_zone = "Australia/Perth"          # of times without an offset

    [site]
    name = "Our mine"

    [[file]]
    match = "hauls*.csv*"

    [[file.table]]                         # the first table is the one that the ledger counts
    into = "cycles"
    prefer_equal = ["Full", "Assigned"]    # of two rows with one key, keep the one where these agree

    [file.table.columns]
    truck = "Truck"                                             # a column of the file
    source = { value = "fms" }                                  # a constant
    start = { from = "Assign", format = "%m/%d/%Y %H:%M" }      # a time in a form of its own
    haul_min = { from = "HaulTime", unit = "s", between = [0, 600] }
    state = { from = "Status", words = { QUE = "queue_load" } } # the file's words for ours
    from_place = { from = "Start", lookup = { file = "places*.csv*", key = "Id", answer = "Name" } }

Sources with sections, such as line protocol and InfluxDB, have ``[[measurement]]`` in the place of
``[[file]]``, and formats that set parts of themselves apart have a ``section`` beside ``match``:

    contract = "quarantine"                # or "evolve"
    lateness = "15min"                     # InfluxDB is read again from so long before a truck's newest point

    [[measurement]]
    name = "readings"
    ignore = ["firmware"]                  # known and not wanted; true: all of the measurement

    [[measurement.table]]
    into = "telemetry"

    [measurement.table.columns]
    truck = "name"                         # a tag or a field
    at = "time"                            # the time of a point

Under ``contract = "quarantine"`` a field that the mapping does not name is set aside, and a row in which a
field changes its type is refused; under ``"evolve"`` such a field is kept in ``channels``, and text is read
as a number. ``[site] crs`` is the grid into which longitude and latitude are projected where nothing says
``x_m`` and ``y_m``: an EPSG code, or ``"utm"`` for the zone of the first points.

``dbc = "ours.dbc"`` at the top names the file, beside the mapping, that says what the frames of CAN logs are;
each of its messages is then a measurement by its name. It counts as a part of the mapping: with another one
the same log is loaded anew.

``unknown_trucks = "refuse"`` at the top rejects rows of trucks that the store does not know.
``unit`` is the file's unit, converted to that of the schema. ``between`` empties a value outside
its bounds, and the row says so in ``fault``; ``missing`` lists values that mean nothing; ``scale``
and ``plus`` are for grids and counters. What cannot be read in a required column rejects the row.
"""

from __future__ import annotations

import tomllib
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from truckkit.errors import BadMapping, listed
from truckkit.mapping.model import Kind, Lookup, Mapping, Roster, Rows, Spec
from truckkit.mapping.reading import Reading

__all__ = ["Kind", "Lookup", "Mapping", "Roster", "Rows", "Spec", "of_columns", "read", "shipped"]

_DBC = "cp1252"
"""What DBCs are written in by the tools that make most of them; names are ASCII in any."""


def shipped() -> tuple[str, ...]:
    """Names of the mappings that come with truckkit.

    >>> "minez-fms" in shipped()
    True
    """
    folder = resources.files("truckkit") / "mappings"
    return tuple(
        sorted(file.name.removesuffix(".toml") for file in folder.iterdir() if file.name.endswith(".toml"))
    )


def read(name: str) -> Mapping:
    """A mapping by the name of a shipped one, or by the path of a TOML file.

    Raises ``BadMapping`` with all that is wrong with it.
    """
    beside: Traversable = Path(name).parent
    if name in shipped():
        beside = resources.files("truckkit") / "mappings"
        text = (beside / f"{name}.toml").read_text(encoding="utf-8")
    elif Path(name).is_file():
        try:
            text = Path(name).read_text(encoding="utf-8")
        except (UnicodeDecodeError, OSError) as fault:
            raise BadMapping(f'the mapping "{name}" cannot be read: {fault}.') from None
    else:
        raise BadMapping(f'no mapping "{name}"; truckkit brings {listed(shipped())}, or name a TOML file.')
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        raise BadMapping(f'the mapping "{name}" is not TOML: {fault}.') from None
    dbc = _dbc(name, content.get("dbc"), beside)
    return Reading(name).mapping(content, text + dbc, dbc)


def _dbc(name: str, said: Any, beside: Traversable) -> str:
    """The text of the DBC that a mapping names."""
    if said is None:
        return ""
    if not isinstance(said, str):
        raise BadMapping(f'the mapping "{name}" says dbc = {said!r}, which is no name of a file; quote it.')
    try:
        return (beside / said).read_bytes().decode(_DBC)
    except OSError as fault:
        raise BadMapping(
            f'the mapping "{name}" names the DBC "{beside / said}", which cannot be read: {fault.strerror}; '
            "say where it lies, from the mapping's folder."
        ) from None


def of_columns(into: str, columns: dict[str, Any]) -> Mapping:
    """The mapping of a file that fills one table, whatever the file is called.

    >>> of_columns("trucks", {"truck": "Unit", "given": {"value": True}}).kinds[0].columns
    ('Unit',)
    """
    table = {"into": into, "columns": columns}
    content = {"name": "columns", "file": [{"match": "*", "table": [table]}]}
    return Reading("columns").mapping(content, repr(columns))
