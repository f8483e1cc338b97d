"""`brainstorm_params`: the brief, what a writer asks for."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field

from scriptwriter.domain.base_values import MOST_IDEAS, Body, Ref, Title, Value, in_order
from scriptwriter.domain.errors import UserError
from scriptwriter.domain.typed_text import storable, visible_or_empty

TYPE = "brainstorm_params"
Audience = Literal["", "female", "male"]
"""Target audience: 女频, 男频, or "" for everybody."""
Task = Literal["brainstorm", "like", "merge", "title"]
"""What a run does: new ideas, more like one, a merge of several, another title for one."""

PLATFORM, GENRE, WISHES, AVOID, MODEL = 100, 200, 20_000, 2_000, 200
"""Limits of the fields, in characters."""
MOST_SOURCES = 4
"""Most ideas in a merge."""


class Source(Value):
    """An input idea of a run with its text at that time; `ref` is "artifact_id#index"."""

    ref: Ref
    title: Title
    body: Body

    def __init__(self, /, *values: Any, **named: Any) -> None:
        super().__init__(**in_order(type(self), values), **named)


class Brief(Value):
    """The brief of a run: the ideas that a writer asks for.

    `avoid` is what the ideas must not contain. `model` is the name of an offered model ("" for the default).
    `sources` are the input ideas of the task: one for `like` and `title`, two or more for `merge`.
    """

    platform: Annotated[str, Field(min_length=1, max_length=PLATFORM)]
    genre: Annotated[str, Field(min_length=1, max_length=GENRE)]
    other_requirements: Annotated[str, Field(max_length=WISHES)] = ""
    count: Annotated[int, Field(ge=1, le=MOST_IDEAS)] = 5
    audience: Audience = ""
    avoid: Annotated[str, Field(max_length=AVOID)] = ""
    model: Annotated[str, Field(max_length=MODEL)] = ""
    task: Task = "brainstorm"
    sources: Annotated[tuple[Source, ...], Field(max_length=MOST_SOURCES, strict=False)] = ()

    def __init__(self, /, *values: Any, **named: Any) -> None:
        super().__init__(**in_order(type(self), values), **named)

    @classmethod
    def parse(cls, values: Mapping[str, Any]) -> Self:
        """The brief in a form or a request, trimmed.

        Raises UserError: `platform_required`, `genre_required`, `…_too_long`, `count_out_of_range`,
        `audience_unknown`.
        """
        platform, genre = _line(values, "platform", PLATFORM), _line(values, "genre", GENRE)
        rest = (
            _text(values, "other_requirements", WISHES),
            _count(values.get("count")),
            _audience(values.get("audience")),
            _text(values, "avoid", AVOID),
            _line(values, "model", MODEL),
        )
        for name, text in (("platform", platform), ("genre", genre)):
            if not text:
                raise UserError(f"{name}_required")
        return cls(platform, genre, *rest)

    @classmethod
    def unknown(cls, count: int = 1, wishes: str = "") -> Self:
        """A placeholder for an unreadable brief, with only these fields. It is never stored."""
        return cls.model_construct(platform="", genre="", count=count, other_requirements=wishes)

    def again(self) -> Self:
        """The same brief for an ordinary brainstorm."""
        return self.model_copy(update={"task": "brainstorm", "sources": ()})


def _text(values: Mapping[str, Any], name: str, limit: int) -> str:
    value = values.get(name) or ""
    if not isinstance(value, str):
        value = str(value)
    value = storable(value).strip()
    if len(value) > limit:
        raise UserError(f"{name}_too_long", limit=limit)
    return visible_or_empty(value)


def _line(values: Mapping[str, Any], name: str, limit: int) -> str:
    return " ".join(_text(values, name, limit).split())


def _audience(value: Any) -> Audience:
    known: dict[Any, Audience] = {None: "", "": "", "any": "", "female": "female", "male": "male"}
    try:
        return known[value]
    except (KeyError, TypeError):
        raise UserError("audience_unknown") from None


def _count(value: Any) -> int:
    try:
        count = 5 if value in (None, "") else int(value)
    except (TypeError, ValueError, OverflowError):
        count = 0
    if not 1 <= count <= MOST_IDEAS:
        raise UserError("count_out_of_range")
    return count
