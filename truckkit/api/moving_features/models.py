"""What the answers look like, shaped after OGC API – Moving Features (22-003r3) and MF-JSON (19-045r3)."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, FiniteFloat


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Link(_Closed):
    """Where something else is."""

    href: str = Field(description="Address on this server.")
    rel: str = Field(description="What is there: self, next, items, data, conformance, collection and so on.")
    type: str = Field(description="Its media type.")
    title: str | None = Field(default=None, description="In words.")


class Landing(_Closed):
    """Where to start."""

    title: str = Field(description="The service.")
    description: str = Field(description="What it is, and what it is not.")
    links: list[Link] = Field(description="What it has.")


class Conformance(_Closed):
    """What it conforms to."""

    conformsTo: list[str] = Field(  # noqa: N815 - the standard's name
        description="Conformance classes; none, for it has the shape of the standard and is not tested by it."
    )


class Spatial(_Closed):
    """Where."""

    bbox: list[list[FiniteFloat]] = Field(description="Least x, least y, greatest x, greatest y.")
    crs: str = Field(description="Coordinates of the box.")


class Temporal(_Closed):
    """When."""

    interval: list[list[AwareDatetime | None]] = Field(description="First and last instant, UTC.")


class Extent(_Closed):
    """Where and when."""

    spatial: Spatial | None = Field(default=None, description="Where; left out where nothing is known.")
    temporal: Temporal | None = Field(default=None, description="When; left out where nothing is known.")


class Collection(_Closed):
    """Features of one kind."""

    id: str = Field(description="Its name in addresses.")
    title: str = Field(description="In words.")
    description: str = Field(description="What its items are.")
    itemType: Literal["movingfeature"] = Field(description="What an item is.")  # noqa: N815
    extent: Extent | None = Field(default=None, description="Where and when; left out where not known.")
    links: list[Link] = Field(description="What it has.")


class Collections(_Closed):
    """The collections."""

    collections: list[Collection] = Field(description="There is one: the trucks.")
    links: list[Link] = Field(description="This answer.")


class Crs(_Closed):
    """Which coordinates."""

    type: Literal["Name"] = Field(description="They are named.")
    properties: dict[str, str] = Field(description="Their name.")


class Point(_Closed):
    """A place."""

    type: Literal["Point"] = Field(description="A place.")
    coordinates: list[FiniteFloat] = Field(description="x, y and, where known, height.")


class Feature(_Closed):
    """A truck that moves."""

    type: Literal["Feature"] = Field(description="A feature of GeoJSON.")
    id: str = Field(description="Name of the truck.")
    geometry: Point | None = Field(description="Its newest known place.")
    properties: dict[str, str | FiniteFloat | bool | None] = Field(description="What is known of the truck.")
    crs: Crs | None = Field(default=None, description="Which coordinates; left out: WGS84, degrees.")
    time: list[AwareDatetime] | None = Field(
        default=None, description="First and last instant of its positions, UTC; left out where it has none."
    )
    bbox: list[FiniteFloat] | None = Field(default=None, description="Least x, y, greatest x, y, of these.")
    links: list[Link] | None = Field(default=None, description="What it has.")


class Features(_Closed):
    """A page of trucks."""

    type: Literal["FeatureCollection"] = Field(description="A collection of GeoJSON.")
    features: list[Feature] = Field(description="The trucks, in the order of their names.")
    crs: Crs | None = Field(default=None, description="Which coordinates; left out: WGS84, degrees.")
    links: list[Link] = Field(description="This page, and the next where there is one.")
    numberMatched: int = Field(description="Trucks that fit.")  # noqa: N815
    numberReturned: int = Field(description="Trucks of this page.")  # noqa: N815


class MovingPoint(_Closed):
    """An unbroken way."""

    id: str = Field(description="Counts the unbroken ways.")
    type: Literal["MovingPoint"] = Field(description="A point that moves.")
    datetimes: list[AwareDatetime] = Field(description="Instants, UTC.")
    coordinates: list[list[FiniteFloat]] = Field(description="Where it was: x, y and, where known, height.")
    interpolation: Literal["Linear", "Discrete"] = Field(description="What is between.")
    crs: Crs = Field(description="Which coordinates.")


class Ways(_Closed):
    """The ways of one truck."""

    type: Literal["TemporalGeometrySequence"] = Field(description="Ways, one after the other.")
    geometrySequence: list[MovingPoint] = Field(description="The unbroken ways.")  # noqa: N815
    links: list[Link] = Field(description="This answer.")
    numberMatched: int = Field(description="Unbroken ways in the window.")  # noqa: N815
    numberReturned: int = Field(description="Unbroken ways of this answer.")  # noqa: N815


class Property(_Closed):
    """What is measured over time."""

    name: str = Field(description="The column.")
    type: Literal["TReal", "TBoolean"] = Field(description="What its values are.")
    form: str | None = Field(default=None, description="Its unit, by UN/CEFACT's common code.")
    description: str = Field(description="What it means, and its unit.")


class Properties(_Closed):
    """What is measured of one truck over time."""

    temporalProperties: list[Property] = Field(description="What there is.")  # noqa: N815
    links: list[Link] = Field(description="This answer.")
    numberMatched: int = Field(description="How many there are.")  # noqa: N815
    numberReturned: int = Field(description="How many of them are here.")  # noqa: N815


class Values(_Closed):
    """An unbroken stretch of one property."""

    datetimes: list[AwareDatetime] = Field(description="Instants, UTC.")
    values: list[FiniteFloat | bool] = Field(description="What was measured.")
    interpolation: Literal["Linear", "Step"] = Field(description="What is between.")


class PropertyValues(_Closed):
    """A page of one property."""

    temporalProperties: list[Values] = Field(description="The unbroken stretches.")  # noqa: N815
    links: list[Link] = Field(description="This page, and the next where there is one.")
    numberReturned: int = Field(description="Values of this page.")  # noqa: N815


Document = dict[str, Any]
"""An answer before it is encoded."""
