"""What a site's description may say, and what it must hold to."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Annotated

from pydantic import Field, field_validator, model_validator

from truckkit import schema, times
from truckkit.description.roster import Name, Number, Roster, Said, asks
from truckkit.errors import BadTime, listed
from truckkit.shifts import day_of

Share = Annotated[Number, Field(gt=0, le=1)]
Positive = Annotated[Number, Field(gt=0)]
Amount = Annotated[Number, Field(ge=0)]

_NUMBERS = (schema.NUMBER, schema.SHORT)
UNITS = {"speed": "km/h", "payload": "t", "tkph": "t km/h"}
"""The units of limits, by their kind."""
KINDS = (*UNITS, *(column.name for column in schema.TELEMETRY if column.type in _NUMBERS))
"""The kinds of limits: those that we have units for, and the channels."""
_DAY = timedelta(days=1)


class Limit(Said):
    """One limit; see ``schema.LIMITS``."""

    name: Name = Field(alias="limit_name", validation_alias="name")
    kind: Name
    road: Name | None = None
    model: Name | None = None
    loaded: bool | None = None
    most: Positive
    unit: str | None = None

    @field_validator("kind")
    @classmethod
    def _known_kind(cls, kind: str) -> str:
        if kind not in KINDS:
            near = difflib.get_close_matches(kind.casefold(), KINDS, n=1)
            hint = f'did you mean "{near[0]}"? ' if near else ""
            raise asks(f"{hint}write {', '.join(UNITS)} or a channel such as {KINDS[-1]}")
        return kind

    @model_validator(mode="after")
    def _in_our_unit(self) -> Limit:
        ours = UNITS.get(self.kind)
        if ours and self.unit not in (None, ours):
            raise ValueError(f'is in "{self.unit}"; give a limit of kind "{self.kind}" in "{ours}"')
        return self


class Tyre(Said):
    """One axle position of one model; see ``schema.TYRES``."""

    model: Name
    position: Name
    tyre: str | None = None
    rating_tkph: Positive
    empty_share: Share
    loaded_share: Share


class Plan(Said):
    """What is planned for one shift; see ``schema.PLANS``."""

    shift: Name
    circuit: Name = "all"
    planned_t: Amount | None = None
    planned_loads: Amount | None = None

    @model_validator(mode="after")
    def _plans(self) -> Plan:
        if self.planned_t is None and self.planned_loads is None:
            raise ValueError("plans neither planned_t nor planned_loads")
        if day_of(self.shift) is None:
            raise ValueError(
                f'is for the shift "{self.shift}"; name the local date and the word, as in "2026-11-22 day"'
            )
        return self


class Trust(Said):
    """When an answer is doubted."""

    coverage: Share


class Description(Said):
    """All that one ``site.toml`` says."""

    name: Name
    time_zone: Name
    crs: Name | None = None
    trust: Trust | None = None
    roster: tuple[Roster, ...] = ()
    limit: tuple[Limit, ...] = ()
    tyre: tuple[Tyre, ...] = ()
    plan: tuple[Plan, ...] = ()
    plans: Name | None = None
    limits: Name | None = None
    tyres: Name | None = None
    usage_models: tuple[Name, ...] = ()

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, zone: str) -> str:
        try:
            times.zone(zone)
        except BadTime as fault:
            raise ValueError(f"names {fault}") from None
        return zone

    @model_validator(mode="after")
    def _follow_each_other(self) -> Description:
        if repeated := twice([roster.name for roster in self.roster]):
            raise ValueError(f"has more than one roster {listed(repeated)}")
        in_turn = sorted(self.roster, key=lambda roster: roster.first or date.min)
        for before, after in pairwise(in_turn):
            if before.last is None or after.first is None or before.last >= after.first:
                raise ValueError(
                    f'its rosters "{before.name}" and "{after.name}" hold at once; '
                    "give the first a last day before the other's first"
                )
            if after.first - before.last > _DAY:
                raise ValueError(
                    f"no roster holds from {before.last + _DAY} to {after.first - _DAY}, "
                    f'between "{before.name}" and "{after.name}"'
                )
        return self


def twice(names: Sequence[str]) -> list[str]:
    """The names that stand there more than once."""
    return sorted({name for name in names if names.count(name) > 1})
