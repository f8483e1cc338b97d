"""What each kind of JSON text in the graph holds, declared once: limits included, unknown keys refused.

`read` turns a stored text into its value, and whatever is none into an Unreadable, which names the place: a
row that an import, a person or another version wrote is shown as unreadable where it stands, and disturbs
nobody else. `write` makes the text of a value. A new kind of artifact is a new entry of ARTIFACTS.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar, cast

from pydantic import ValidationError

from scriptwriter.domain import strict_json
from scriptwriter.domain.base_values import Value
from scriptwriter.domain.kinds.brief import Brief, Source
from scriptwriter.domain.kinds.idea_batch import Idea, Ideas
from scriptwriter.domain.kinds.people import Order, Verdict, Version
from scriptwriter.domain.run_context import ActContext, Parameters, RunContext, Usage

__all__ = ["ARTIFACTS", "CONTEXTS", "Brief", "Idea", "Ideas", "Order", "Source", "Verdict", "Version"]

V = TypeVar("V", bound=Value)

ARTIFACTS: Mapping[str, type[Value]] = {
    "brainstorm_params": Brief,
    "brainstorm_ideas": Ideas,
    "brainstorm_idea": Version,
    "brainstorm_verdict": Verdict,
    "brainstorm_order": Order,
}
"""The value of an artifact by its type."""
CONTEXTS: Mapping[str, type[Value]] = {"llm": RunContext, "human": ActContext}
"""The context of a transform by its type."""
RECORDS: Mapping[str, type[Value]] = {"model_parameters": Parameters, "token_usage": Usage}
"""What is kept of a model's answer, by its column."""
LONGEST = 2_000_000
"""Characters of a text that is read at all; the longest order of keepers takes 1,500,000."""
_REMEMBERED = 20_000
"""Characters of a text that is kept with its value: 8,192 such texts take at most some 300 MB."""
_REASONS = {
    "missing": "missing",
    "extra_forbidden": "unknown_key",
    "string_too_long": "too_long",
    "too_long": "too_many",
    "literal_error": "unknown_kind",
    "value_error": "moment",
    "timezone_aware": "moment",
}
"""Of pydantic's types of errors; each other one is `wrong`. Only moments are checked by code of ours."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A text that is no value of its kind: why (a key of texts.FILE_PROBLEMS), and where in it."""

    reason: str
    place: str = ""


def read(kind: str, text: str | None) -> Value | Unreadable:
    """The value of an artifact's data or of a transform's context; `kind` is the row's `type`.

    While a run looks for another title, its `brainstorm_idea` holds ideas as a batch does.
    """
    declared = ARTIFACTS.get(kind) or CONTEXTS.get(kind) or RECORDS.get(kind)
    if declared is None:
        return Unreadable("unknown_kind")
    value = read_as(declared, text)
    if declared is Version and isinstance(value, Unreadable):
        ideas = read_as(Ideas, text)
        return value if isinstance(ideas, Unreadable) else ideas
    return value


def read_as(declared: type[V], text: str | None) -> V | Unreadable:
    """The value of a text that should be of one type; a text that is read again and again is read once."""
    value = _read_once(declared, text) if text and len(text) <= _REMEMBERED else _read(declared, text)
    return cast("V | Unreadable", value)


def take(declared: type[V], value: object) -> V | Unreadable:
    """The same of JSON that is parsed already: a value of jsonb."""
    try:
        return declared.model_validate(value)
    except ValidationError as error:
        return Unreadable(*refusal(error))


def write(value: Value) -> str:
    """The text of a value. Raises ValueError for what `read` would not take, as a NUL in a text."""
    # Of a record every key is the endpoint's, and may well be null.
    text = value.model_dump_json(exclude_none=not value.model_extra)
    if "\\u0000" in text:
        strict_json.read(text)
    return text


def _read(declared: type[Value], text: str | None) -> Value | Unreadable:
    if not text:
        return Unreadable("empty")
    if len(text) > LONGEST:
        return Unreadable("too_long")
    try:
        return take(declared, strict_json.read(text))
    except strict_json.Refused as refused:
        return Unreadable(refused.reason, refused.place)


_read_once = lru_cache(maxsize=8_192)(_read)


def refusal(error: ValidationError) -> tuple[str, str]:
    """Reason and place of the first thing that a type refuses."""
    [first, *_] = error.errors(include_url=False, include_context=False, include_input=False)
    place = "".join(map(strict_json.step, first["loc"])).removeprefix(".")
    return _REASONS.get(first["type"], "wrong"), place
