"""Base classes of the request and response bodies."""

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class RequestBody(BaseModel):
    """A request body: JSON types are not converted, and unknown fields are refused."""

    model_config = ConfigDict(strict=True, extra="forbid", alias_generator=to_camel)


class ResponseBody(BaseModel):
    """A response body, made from a value that a service returned."""

    model_config = ConfigDict(
        from_attributes=True,
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
    )
