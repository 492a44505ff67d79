"""What the answers look like: Pydantic models that are made from the parts.

>>> Location.model_fields["Latitude"].description
'Latitude, WGS84. [deg]'
"""

from __future__ import annotations

from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, FiniteFloat, create_model

from truckkit.api.aemp.sections import SECTIONS, Section

_CLOSED = ConfigDict(extra="forbid")


class Link(BaseModel):
    """Where something else is."""

    model_config = _CLOSED

    rel: str = Field(description="What is there: self, first, prev, next or last.")
    href: str = Field(description="Address on this server.")


def _may(kind: Any, meaning: str) -> Any:
    return kind | None, Field(default=None, description=meaning)


def _must(kind: Any, meaning: str) -> Any:
    return kind, Field(description=meaning)


def _part(section: Section) -> type[BaseModel]:
    fields: dict[str, Any] = {
        "datetime": _must(AwareDatetime, "When it was so, UTC."),
        "countedSince": _may(
            AwareDatetime, "From when it is counted, UTC; left out where it is the machine's own counter."
        ),
    }
    for value in section.values:
        if value.units:
            fields[value.units[0]] = _may(str, f"Unit: {value.units[1]}.")
        fields[value.name] = _may(FiniteFloat if value.type is float else value.type, value.meaning)
    return create_model(
        f"Aemp{section.name}", __config__=_CLOSED, __doc__=f"{section.name} of a machine.", **fields
    )


# Made at run time, so that a type checker cannot know them.
PARTS: dict[str, Any] = {section.name: _part(section) for section in SECTIONS}
"""The model of each part."""
Location = PARTS["Location"]

_FRAME: dict[str, Any] = {
    "version": _must(str, "Version of this shape."),
    "Links": _must(list[Link], "This page and those around it."),
}
_SNAPSHOT: dict[str, Any] = {
    "snapshotTime": _may(AwareDatetime, "When the newest data was brought in, UTC; left out where none was.")
}

EquipmentHeader: Any = create_model(
    "AempEquipmentHeader",
    __config__=_CLOSED,
    __doc__="Which machine it is.",
    Model=_may(str, "Make and model."),
    EquipmentID=_must(str, "Name of the haul truck."),
)
_MACHINE: dict[str, Any] = {
    "EquipmentHeader": _must(EquipmentHeader, "Which machine it is."),
    **{
        section.name: _may(PARTS[section.name], f"The newest {section.name}; left out where it is not known.")
        for section in SECTIONS
        if section.newest
    },
}
Machine: Any = create_model(
    "AempEquipment", __config__=_CLOSED, __doc__="The newest known of a machine.", **_MACHINE
)
Fleet: Any = create_model(
    "AempFleet",
    __config__=_CLOSED,
    __doc__="A page of the machines.",
    **_FRAME,
    **_SNAPSHOT,
    Equipment=_must(list[Machine], "The machines, in the order of their names."),
)
OneMachine: Any = create_model(
    "AempOneEquipment", __config__=_CLOSED, __doc__="One machine.", **_FRAME, **_SNAPSHOT, **_MACHINE
)
Series: Any = create_model(
    "AempSeries",
    __config__=_CLOSED,
    __doc__="A page of one part of one machine, in the order of time.",
    **_FRAME,
    EquipmentHeader=_must(EquipmentHeader, "Which machine it is."),
    **{
        section.name: _may(
            list[PARTS[section.name]],  # type: ignore[valid-type,name-defined]
            f"Each {section.name}, where those were asked for.",
        )
        for section in SECTIONS
    },
)
