"""The kinds of JSON text in the graph, each declared once as a type with its limits.

`read` turns a stored text into its value, or into Unreadable with the place: a row that an import or another
version wrote is shown as unreadable and affects nothing else. `write` makes the text of a value. A new kind
of artifact is a new file here and a new entry of ARTIFACTS.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar, cast

from pydantic import ValidationError

from scriptwriter.domain import strict_json
from scriptwriter.domain.base_values import Value
from scriptwriter.domain.kinds import brief, idea_batch, idea_verdict, idea_version, keeper_order
from scriptwriter.domain.kinds.brief import Brief, Source
from scriptwriter.domain.kinds.idea_batch import Idea, Ideas
from scriptwriter.domain.kinds.idea_verdict import Verdict
from scriptwriter.domain.kinds.idea_version import Version
from scriptwriter.domain.kinds.keeper_order import Order
from scriptwriter.domain.run_context import ActContext, Parameters, RunContext, Usage

__all__ = ["ARTIFACTS", "CONTEXTS", "Brief", "Idea", "Ideas", "Order", "Source", "Verdict", "Version"]

V = TypeVar("V", bound=Value)

ARTIFACTS: Mapping[str, type[Value]] = {
    brief.TYPE: Brief,
    idea_batch.TYPE: Ideas,
    idea_version.TYPE: Version,
    idea_verdict.TYPE: Verdict,
    keeper_order.TYPE: Order,
}
"""The value of an artifact by its type."""
CONTEXTS: Mapping[str, type[Value]] = {"llm": RunContext, "human": ActContext}
"""The context of a transform by its type."""
RECORDS: Mapping[str, type[Value]] = {"model_parameters": Parameters, "token_usage": Usage}
"""The records of a model's reply by their column."""
LONGEST = 2_000_000
"""Characters of the longest text that is read. The longest order of keepers has 1,500,000."""
_REMEMBERED = 20_000
"""Characters of the longest text whose value is cached. 8,192 such texts take at most some 300 MB."""
_REASONS = {
    "missing": "missing",
    "extra_forbidden": "unknown_key",
    "string_too_long": "too_long",
    "too_long": "too_many",
    "literal_error": "unknown_kind",
    "value_error": "moment",
    "timezone_aware": "moment",
}
"""Reasons by pydantic's error type. Any other is `wrong`. Only times have validators of this project."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """The result for a text that is not a valid value of its kind.

    The reason (a key of `import_texts.FILE_PROBLEMS`) and the place.
    """

    reason: str
    place: str = ""


def read(kind: str, text: str | None) -> Value | Unreadable:
    """The value of an artifact's `data` or a transform's context; `kind` is the row's `type`.

    While a run writes another title, its `brainstorm_idea` holds ideas like a batch.
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
    """Parse JSON text as a value of the type `declared`. Values of short texts are cached."""
    value = _read_once(declared, text) if text and len(text) <= _REMEMBERED else _read(declared, text)
    return cast("V | Unreadable", value)


def take(declared: type[V], value: object) -> V | Unreadable:
    """Validate JSON that is already parsed, such as a jsonb column, as a value of the type `declared`."""
    try:
        return declared.model_validate(value)
    except ValidationError as error:
        return Unreadable(*refusal(error))


def write(value: Value) -> str:
    """The text of a value. Raises ValueError for a value that `read` would refuse, such as one with NUL."""
    # A record has the keys of the model's endpoint, whose values may be null, so nulls are written.
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
    """Reason and place of the first error."""
    [first, *_] = error.errors(include_url=False, include_context=False, include_input=False)
    place = "".join(map(strict_json.step, first["loc"])).removeprefix(".")
    return _REASONS.get(first["type"], "wrong"), place
