"""Owns the two bases of what the API's bodies hold. Knows none of them."""

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class Asked(BaseModel):
    """A body that was sent: JSON types are taken as they are, and a field that we do not know is an error."""

    model_config = ConfigDict(strict=True, extra="forbid", alias_generator=to_camel)


class Told(BaseModel):
    """A body that we send, made from a value of the services."""

    model_config = ConfigDict(
        from_attributes=True,
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
    )
