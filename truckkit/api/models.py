"""What REST answers look like: Pydantic models that are made from the schema.

A field's type, meaning and unit are the column's, so that they are written once.

>>> Cycle.model_fields["payload_t"].description
'Payload measured; empty where the measurement cannot be true. [t]'
>>> Page[Cycle].__name__
'CyclePage'
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    FiniteFloat,
    create_model,
)
from pydantic_core import PydanticKnownError

from truckkit import schema
from truckkit.store.records import settable

_TYPES: dict[str, Any] = {
    schema.INSTANT: AwareDatetime,
    schema.TEXT: str,
    schema.NUMBER: FiniteFloat,
    schema.SHORT: FiniteFloat,
    schema.COUNT: int,
    schema.FLAG: bool,
}


def _none_required(document: dict[str, Any]) -> None:
    document.pop("required", None)


def row_model(name: str, table: schema.Table) -> type[BaseModel]:
    """The model of one row: a field for each column, null where the column may be empty.

    >>> row_model("Truck", schema.TRUCKS).__doc__
    'One haul truck.'
    """
    fields: dict[str, Any] = {}
    for column in table:
        unit = f" [{column.unit}]" if column.unit else ""
        fields[column.name] = (
            _TYPES[column.type] if column.required else _TYPES[column.type] | None,
            Field(
                description=column.meaning + unit,
                json_schema_extra={"x-unit": column.unit} if column.unit else None,
            ),
        )
    return create_model(
        name,
        # Whoever asks for columns gets those alone, so the documents require none.
        __config__=ConfigDict(extra="forbid", json_schema_extra=_none_required),
        __doc__=f"{table.row[0].upper()}{table.row[1:]}.",
        __module__=__name__,
        **fields,
    )


Row = TypeVar("Row", bound=BaseModel)


def _sayable(text: str) -> str:
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("it holds a character that no text may hold: NUL, or half of a surrogate pair")
    return text


def _written(when: Any) -> Any:
    # Pydantic would take a number, or one in quotes, for seconds since 1970.
    if isinstance(when, str) and re.match(r"\d{4}-", when):
        return when
    raise PydanticKnownError("datetime_type")


Instant = Annotated[AwareDatetime, BeforeValidator(_written)]
"""An instant that a client writes: RFC 3339."""

_SAID: dict[str, Any] = {
    schema.TEXT: Annotated[str, Field(min_length=1, max_length=10_000), AfterValidator(_sayable)],
    schema.INSTANT: Instant,
}


def change_model(name: str, table: schema.Table, *, required: Collection[str] = ()) -> type[BaseModel]:
    """The model of what a client sends for a record: the columns that are theirs to say.

    >>> sorted(change_model("Remark", schema.ANNOTATIONS, required=["remark"]).model_fields)
    ['remark', 'start', 'stop', 'truck']
    """
    fields: dict[str, Any] = {}
    for column in settable(table):
        said = _SAID[column.type]
        must = column.name in required
        fields[column.name] = (
            said if column.required else said | None,
            Field(... if must else None, description=column.meaning),
        )
    return create_model(
        name,
        __config__=ConfigDict(extra="forbid"),
        __doc__=f"What is said of {table.row}.",
        __module__=__name__,
        **fields,
    )


class Page(BaseModel, Generic[Row]):
    """One page of rows, in the order of their key."""

    model_config = ConfigDict(extra="forbid")

    rows: list[Row] = Field(description="The rows; none where nothing fits the question.")
    next: str | None = Field(
        description="Address of the next page on this server; null on the last. "
        "It holds for this generation: once there is a newer one, it answers 410."
    )
    generation: int | None = Field(
        description="The generation of the store that answered; null where there are none."
    )

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
        """``CyclePage`` reads better in the documents than ``Page[Cycle]``."""
        return f"{params[0].__name__}Page"


_NAMES = {
    "trucks": "Truck",
    "positions": "Position",
    "telemetry": "Reading",
    "channels": "ChannelReading",
    "states": "State",
    "cycles": "Cycle",
    "events": "Event",
    "places": "Place",
    "roads": "Road",
    "shifts": "Shift",
    "maintenance": "WorkOrder",
    "refuels": "Refuel",
    "annotations": "Annotation",
    "findings": "Finding",
    "latest": "Latest",
    "loads": "Load",
    "rejects": "Reject",
    "plans": "Plan",
    "limits": "Limit",
    "rosters": "RosterShift",
    "tyres": "Tyre",
    "usage_models": "UsageModel",
    "revisions": "Revision",
    "watermarks": "Watermark",
    "site": "Mine",
    "files": "File",
    "sources": "SourceOfTruck",
    "loaders": "Loader",
    "rows": "RowsOfTable",
}

# Made at run time, so that a type checker cannot know them.
ROWS: dict[str, Any] = {
    table: row_model(name, {**schema.TABLES, **schema.ABOUT}[table]) for table, name in _NAMES.items()
}
"""The model of a row of each table that is a resource."""
PAGES: dict[str, Any] = {table: Page[row] for table, row in ROWS.items()}  # type: ignore[valid-type]
"""The model of a page of each."""

NewWorkOrder = change_model("NewWorkOrder", schema.MAINTENANCE, required=("truck", "start"))
WorkOrderChange = change_model("WorkOrderChange", schema.MAINTENANCE)
NewAnnotation = change_model("NewAnnotation", schema.ANNOTATIONS, required=("start", "remark"))
AnnotationChange = change_model("AnnotationChange", schema.ANNOTATIONS)


class Closing(BaseModel):
    """When a record is over."""

    model_config = ConfigDict(extra="forbid")

    stop: Instant = Field(description="First instant after it.")


Truck, Position, State, Cycle = (ROWS[name] for name in ("trucks", "positions", "states", "cycles"))
TruckPage, PositionPage, StatePage, CyclePage = (
    PAGES[name] for name in ("trucks", "positions", "states", "cycles")
)


class Health(BaseModel):
    """That the service answers, and from what."""

    model_config = ConfigDict(extra="forbid")

    status: Literal["ready"] = Field(description="ready: the store is open and answers.")
    site: str = Field(description="Name of the mine.")
    version: str = Field(description="The truckkit that answers.")
    generation: int | None = Field(description="Newest generation of the store.")
    trucks: int = Field(description="Trucks that the site knows.")
    start: AwareDatetime | None = Field(description="First instant that the data tells of, UTC.")
    stop: AwareDatetime | None = Field(description="First instant after the data, UTC.")
    age_s: FiniteFloat | None = Field(
        description="How long ago the data stops; negative where it reaches into the future. [s]",
        json_schema_extra={"x-unit": "s"},
    )


class Live(BaseModel):
    """That the process answers."""

    model_config = ConfigDict(extra="forbid")

    status: Literal["live"] = Field(description="live: the process answers.")


class Ready(BaseModel):
    """That the store is open."""

    model_config = ConfigDict(extra="forbid")

    status: Literal["ready"] = Field(description="ready: the store is open and answers.")


class Fault(BaseModel):
    """One thing that is wrong with a request."""

    parameter: str = Field(description="The parameter that it is about.")
    detail: str = Field(description="What is wrong with it, and what to do.")


class Problem(BaseModel):
    """An error, as RFC 9457 has it."""

    type: str = Field(description="Which kind of problem it is; the address says more.")
    title: str = Field(description="The kind in words.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What is wrong here, what is there instead, and what to do.")
    instance: str = Field(description="The path that was asked for.")
    request_id: str = Field(description="Names this request in the log of the server.")
    errors: list[Fault] | None = Field(default=None, description="Each fault, where there may be several.")


def problem(description: str) -> dict[str, Any]:
    """What the documents say of a status that is a problem."""
    return {"model": Problem, "content": {"application/problem+json": {}}, "description": description}
