"""What is known of a run or an act beside its artifacts: `execution_context`, and what a model told."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, JsonValue

from scriptwriter.domain.base_values import Camel, Count, Id, Moment, Name, Place, Places, Value
from scriptwriter.domain.kinds.brief import MODEL, Brief

MOST_REPLY = 200_000
"""Characters of a model's reply that are read and kept; ten ideas need about 3,000."""

Seconds = Annotated[float, Field(ge=0, le=1e9)]
Code = Annotated[str, Field(max_length=60)]
DETAIL = 500
"""Characters of a text that fills a placeholder."""
Detail = Annotated[str, Field(max_length=DETAIL)] | int | float | bool | None
Details = Annotated[dict[Annotated[str, Field(max_length=40)], Detail], Field(max_length=20)]
"""What fills the placeholders of a text."""


class Fault(Value):
    """Why a run failed: a code of texts.ERRORS, and what fills its placeholders."""

    code: Code
    params: Details = Field(default_factory=dict)


class Waiting(Fault):
    """An automatic retry to come: why, after how many seconds, when, and which one of how many."""

    seconds: Seconds
    until: Moment | None = None
    number: Count
    of: Count


class Begun(Camel):
    """What every context says: by whom a step was begun, and when."""

    user_id: Id | None = None
    started_by: Name | None = None
    timestamp: Moment | None = None


class RunContext(Begun):
    """The context of a run, as services.transitions.context_of describes it."""

    params: Brief
    model: Annotated[str, Field(max_length=MODEL)] | None = None
    seconds: Seconds | None = None
    tokens: Count | None = None
    cost: Annotated[str, Field(max_length=40)] | None = None
    error: Fault | None = None
    stopped_by: Name | None = None
    skipped: Places | None = None
    slots: Places | None = None
    rephrase: bool | None = None
    automatic_retries: Count | None = None
    # What concerns the worker that runs it.
    attempt_started_at: Moment | None = None
    job: int | None = None
    process: int | None = None
    finished_before: Count | None = None
    deaths: Count | None = None
    waiting: Waiting | None = None
    interrupted: bool | None = None
    asked: Any = Field(None, exclude=True, description="Of earlier versions; not read")


class ActParams(Value):
    """What a person did: with which idea of a batch, and what they said of it."""

    action: Literal["edit_idea", "restore_idea", "pick_idea", "arrange_keepers"]
    index: Place | None = None
    verdict: Literal["keep", "pass", "none"] | None = None


class ActContext(Begun):
    """The context of a person's act."""

    params: ActParams


_Key = Annotated[str, Field(max_length=100)]


class Parameters(Value):
    """What a model was asked with, beside the prompt."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[_Key, JsonValue]  # pyright: ignore[reportIncompatibleVariableOverride]


class Usage(Value):
    """Tokens by kind, as the model's endpoint names them."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[_Key, Count]  # pyright: ignore[reportIncompatibleVariableOverride]
