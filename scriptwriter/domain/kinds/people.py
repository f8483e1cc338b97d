"""What persons make: `brainstorm_idea`, `brainstorm_verdict` and `brainstorm_order`."""

from typing import Annotated, Literal

from pydantic import Field

from scriptwriter.domain.base_values import Body, Camel, Id, Name, Place, Ref, Title

REASON = 100
"""Characters of the reason for a verdict."""
MOST_ORDERED = 20_000


class Version(Camel):
    """A text of an idea; `base` is the version that it was made from, "" for the model's original."""

    artifact_id: Id
    index: Place
    title: Title
    body: Body
    base: Annotated[str, Field(max_length=200)] = ""


class Verdict(Camel):
    """What one person says of an idea; `user_id` is None for somebody who is known by name alone."""

    artifact_id: Id
    index: Place
    user_id: Id | None = None
    name: Name = ""
    verdict: Literal["keep", "pass", "none"]
    reason: Annotated[str, Field(max_length=REASON)] = ""
    title: Title = ""


class Order(Camel):
    """The order of the keepers, and who made it."""

    order: Annotated[tuple[Ref, ...], Field(max_length=MOST_ORDERED, strict=False)]
    user_id: Id | None = None
    name: Name = ""
