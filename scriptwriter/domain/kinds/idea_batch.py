"""`brainstorm_ideas`: the ideas of one batch."""

from typing import Annotated, Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from scriptwriter.domain.base_values import MOST_IDEAS, Body, Title, Value, in_order

IdeaStatus = Literal["finished", "writing", "unfinished"]


class Idea(Value):
    """One story idea as the model wrote it; `unfinished` is one whose writing ended before its last word.

    As JSON it has a status only while it is not finished.
    """

    title: Title
    body: Body
    status: IdeaStatus = "finished"

    def __init__(self, /, *values: Any, **named: Any) -> None:
        super().__init__(**in_order(type(self), values), **named)

    @property
    def finished(self) -> bool:
        """Whether it is written to its end."""
        return self.status == "finished"

    @model_serializer(mode="wrap")
    def _json(self, plain: SerializerFunctionWrapHandler) -> dict[str, Any]:
        value = plain(self)
        if self.finished:
            del value["status"]
        return value


class Ideas(Value):
    """The ideas of a batch, each at its place."""

    ideas: Annotated[tuple[Idea, ...], Field(max_length=MOST_IDEAS, strict=False)]
