"""`brainstorm_order`: the order of the keepers."""

from typing import Annotated

from pydantic import Field

from scriptwriter.domain.base_values import Camel, Id, Name, Ref

TYPE = "brainstorm_order"
MOST_ORDERED = 20_000


class Order(Camel):
    """The order of the keepers, and who made it."""

    order: Annotated[tuple[Ref, ...], Field(max_length=MOST_ORDERED, strict=False)]
    user_id: Id | None = None
    name: Name = ""
