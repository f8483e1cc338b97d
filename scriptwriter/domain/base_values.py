"""Base of every value that the graph stores as JSON, and the types that several of them share."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

FIRST_YEAR, LAST_YEAR = 1970, 2100
NAME = 120
"""Characters of a person's name: 64 that people have here, and what an import adds to tell two apart."""
TITLE, BODY = 200, 20_000
"""Characters of an idea, whoever wrote it; a worker cuts what a model writes beyond."""
MOST_IDEAS = 10
"""Ideas of one batch: as many as a brief may ask for."""


class Value(BaseModel):
    """A JSON object of the graph: types are taken as they are, and a field that we do not know is refused."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
    )


def in_order(type_: type[Value], values: tuple[Any, ...]) -> dict[str, Any]:
    """Values that are given in the order of the type's fields, by name."""
    return dict(zip(type_.model_fields, values, strict=False))


class Camel(Value):
    """The same with keys in camel case, as most are stored."""

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
"""A moment in ISO 8601 with a zone, in the years that every reader knows."""
Id = Annotated[str, Field(min_length=1, max_length=200)]
Ref = Annotated[str, Field(max_length=70, pattern=r"^[A-Za-z0-9_-]{1,64}#(0|[1-9][0-9]?)$")]
"""An idea: "artifact_id#index"."""
Place = Annotated[int, Field(ge=0, lt=MOST_IDEAS)]
"""Of an idea in its batch, from 0."""
Places = Annotated[tuple[Place, ...], Field(max_length=MOST_IDEAS, strict=False)]
Name = Annotated[str, Field(max_length=NAME)]
Title = Annotated[str, Field(max_length=TITLE)]
Body = Annotated[str, Field(max_length=BODY)]
Count = Annotated[int, Field(ge=0, le=2**53)]
