"""Base class of the values that the graph stores as JSON, and field types that several of them share."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

FIRST_YEAR, LAST_YEAR = 1970, 2100
NAME = 120
"""Characters of a person's name: 64 of a display name, and what an import may append."""
TITLE, BODY = 200, 20_000
"""Characters of an idea's title and body. The worker truncates longer text of a model."""
MOST_IDEAS = 10
"""Ideas of one batch, the most that a brief may ask for."""


class Value(BaseModel):
    """A JSON object of the graph: types are not converted, and unknown fields are refused."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
    )


def in_order(type_: type[Value], values: tuple[Any, ...]) -> dict[str, Any]:
    """Positional values by the names of the type's fields."""
    return dict(zip(type_.model_fields, values, strict=False))


class Camel(Value):
    """A Value whose JSON keys are in camel case."""

    model_config = ConfigDict(alias_generator=to_camel)


def _moment(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str) or len(value) > 40:
        raise ValueError("not a moment in ISO 8601")
    return datetime.fromisoformat(value)


def _in_range(moment: datetime) -> datetime:
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise ValueError("out of range")
    return moment


Moment = Annotated[AwareDatetime, BeforeValidator(_moment), AfterValidator(_in_range)]
"""A time in ISO 8601 with a zone, from FIRST_YEAR to LAST_YEAR."""
Id = Annotated[str, Field(min_length=1, max_length=200)]
Ref = Annotated[str, Field(max_length=70, pattern=r"^[A-Za-z0-9_-]{1,64}#(0|[1-9][0-9]?)$")]
"""A reference to an idea: "artifact_id#index"."""
Place = Annotated[int, Field(ge=0, lt=MOST_IDEAS)]
"""Index of an idea in its batch, from 0."""
Places = Annotated[tuple[Place, ...], Field(max_length=MOST_IDEAS, strict=False)]
Name = Annotated[str, Field(max_length=NAME)]
Title = Annotated[str, Field(max_length=TITLE)]
Body = Annotated[str, Field(max_length=BODY)]
Count = Annotated[int, Field(ge=0, le=2**53)]
