"""`brainstorm_ideas`: the ideas of one batch."""

from typing import Annotated, Literal

from pydantic import Field

from scriptwriter.domain.values import MOST_IDEAS, Body, Title, Value


class Idea(Value):
    """An idea as the model wrote it; it has a status only while it is not written to its end."""

    title: Title
    body: Body
    status: Literal["writing", "unfinished"] | None = None

    @property
    def finished(self) -> bool:
        """Whether it is written to its end."""
        return self.status is None


class Ideas(Value):
    """The ideas of a batch, each at its place."""

    ideas: Annotated[tuple[Idea, ...], Field(max_length=MOST_IDEAS, strict=False)]
