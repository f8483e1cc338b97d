"""`brainstorm_idea`: a text that a person gave an idea, or a new title by a model."""

from typing import Annotated

from pydantic import Field

from scriptwriter.domain.base_values import Body, Camel, Id, Place, Title

TYPE = "brainstorm_idea"


class Version(Camel):
    """A version of an idea's text.

    `base` is the version that it was made from, "" for the model's original.
    """

    artifact_id: Id
    index: Place
    title: Title
    body: Body
    base: Annotated[str, Field(max_length=200)] = ""
