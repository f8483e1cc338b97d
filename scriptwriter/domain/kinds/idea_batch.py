"""`brainstorm_ideas`: the ideas of one batch."""

from typing import Annotated, Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from scriptwriter.domain.base_values import MOST_IDEAS, Body, Title, Value, in_order

TYPE = "brainstorm_ideas"
IdeaStatus = Literal["finished", "writing", "unfinished"]


class Idea(Value):
    """One story idea as the model wrote it; `unfinished` means that the writing ended before its last word.

    Its JSON has a status only if it is not finished.
    """

    title: Title
    body: Body
    status: IdeaStatus = "finished"

    def __init__(self, /, *values: Any, **named: Any) -> None:
        super().__init__(**in_order(type(self), values), **named)

    @property
    def finished(self) -> bool:
        """Whether it is finished."""
        return self.status == "finished"

    @model_serializer(mode="wrap")
    def _json(self, plain: SerializerFunctionWrapHandler) -> dict[str, Any]:
        value = plain(self)
        if self.finished:
            del value["status"]
        return value


class Ideas(Value):
    """The ideas of a batch by index."""

    ideas: Annotated[tuple[Idea, ...], Field(max_length=MOST_IDEAS, strict=False)]
