"""What REST answers look like: Pydantic models that are made from the schema.

A field's type, meaning and unit are the column's, so that they are written once.

>>> Cycle.model_fields["payload_t"].description
'Payload measured; empty where the measurement cannot be true. [t]'
>>> Page[Cycle].__name__
'CyclePage'
"""

from __future__ import annotations

from typing import Any, Generic, Literal, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, FiniteFloat, create_model

from truckkit import schema

_TYPES: dict[str, Any] = {
    schema.INSTANT: AwareDatetime,
    schema.TEXT: str,
    schema.NUMBER: FiniteFloat,
    schema.SHORT: FiniteFloat,
    schema.COUNT: int,
    schema.FLAG: bool,
}


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
        __config__=ConfigDict(extra="forbid"),
        __doc__=f"{table.row[0].upper()}{table.row[1:]}.",
        __module__=__name__,
        **fields,
    )


Truck = row_model("Truck", schema.TRUCKS)
Position = row_model("Position", schema.POSITIONS)
State = row_model("State", schema.STATE_INTERVALS)
Cycle = row_model("Cycle", schema.CYCLES)

Row = TypeVar("Row", bound=BaseModel)


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


# Made at run time, so that a type checker cannot know them.
TruckPage: Any = Page[Truck]  # type: ignore[valid-type]
PositionPage: Any = Page[Position]  # type: ignore[valid-type]
StatePage: Any = Page[State]  # type: ignore[valid-type]
CyclePage: Any = Page[Cycle]  # type: ignore[valid-type]


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
