"""`brainstorm_params`: what a writer asks for."""

from typing import Annotated, Literal

from pydantic import Field

from scriptwriter.domain.values import MOST_IDEAS, Body, Ref, Title, Value

PLATFORM, GENRE, WISHES, AVOID, MODEL = 100, 200, 20_000, 2_000, 200
"""Characters of each field."""
MOST_SOURCES = 4
"""Ideas that are merged into one."""


class Source(Value):
    """An idea that a run begins with, as it was then."""

    ref: Ref
    title: Title
    body: Body


class Brief(Value):
    """What a writer asks for; see graph.Brief for the meaning of each field."""

    platform: Annotated[str, Field(min_length=1, max_length=PLATFORM)]
    genre: Annotated[str, Field(min_length=1, max_length=GENRE)]
    other_requirements: Annotated[str, Field(max_length=WISHES)] = ""
    count: Annotated[int, Field(ge=1, le=MOST_IDEAS)] = 5
    audience: Literal["", "female", "male"] = ""
    avoid: Annotated[str, Field(max_length=AVOID)] = ""
    model: Annotated[str, Field(max_length=MODEL)] = ""
    task: Literal["brainstorm", "like", "merge", "title"] = "brainstorm"
    sources: Annotated[tuple[Source, ...], Field(max_length=MOST_SOURCES, strict=False)] = ()
