"""The JSON values of `transforms.execution_context`, and of a model's parameters and token usage."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, JsonValue

from scriptwriter.domain.base_values import Camel, Count, Id, Moment, Name, Place, Places, Value
from scriptwriter.domain.kinds.brief import MODEL, Brief

MOST_REPLY = 200_000
"""Characters of a model's reply that are read and stored. Ten ideas need about 3,000."""

Seconds = Annotated[float, Field(ge=0, le=1e9)]
Code = Annotated[str, Field(max_length=60)]
DETAIL = 500
"""Characters of a placeholder's value."""
Detail = Annotated[str, Field(max_length=DETAIL)] | int | float | bool | None
Details = Annotated[dict[Annotated[str, Field(max_length=40)], Detail], Field(max_length=20)]
"""Values of the placeholders of a text."""


class Fault(Value):
    """Why a run failed: a code of `error_texts.ERRORS`, and the values of its placeholders."""

    code: Code
    params: Details = Field(default_factory=dict)


class Waiting(Fault):
    """The automatic retry that a run waits for: why, for how long, until when; retry `number` of `of`."""

    seconds: Seconds
    until: Moment | None = None
    number: Count
    of: Count


class Begun(Camel):
    """Fields of every context: who began the step, and when."""

    user_id: Id | None = None
    started_by: Name | None = None
    timestamp: Moment | None = None


class RunContext(Begun):
    """The context of a run. The services and the worker write it through services/runs."""

    params: Brief
    model: Annotated[str, Field(max_length=MODEL)] | None = None
    seconds: Seconds | None = None
    """Duration of the attempts that have ended, together. None if none has."""
    tokens: Count | None = None
    """Tokens of all attempts that have ended. None if the endpoint reported none."""
    cost: Annotated[str, Field(max_length=40)] | None = None
    """Price of these tokens with its currency. None if the model has no price."""
    error: Fault | None = None
    stopped_by: Name | None = None
    skipped: Places | None = None
    """Indexes of the ideas that somebody gave up."""
    slots: Places | None = None
    """Indexes of the ideas that this attempt writes. None: every open one."""
    rephrase: bool | None = None
    """Whether this attempt asks for milder words, after a content filter stopped the last one."""
    automatic_retries: Count | None = None
    """Automatic retries since a person started or retried the run."""
    # Fields for the worker.
    attempt_started_at: Moment | None = None
    """When the current attempt began. None if no attempt is at work."""
    job: int | None = None
    """Id of the queue's job that started the attempt."""
    process: int | None = None
    """Id of the worker process that the run belongs to."""
    finished_before: Count | None = None
    """Finished ideas when the attempt began."""
    deaths: Count | None = None
    """Worker processes in a row that died during this run before one more idea was finished."""
    waiting: Waiting | None = None
    interrupted: bool | None = None
    """Whether the attempt continues one whose worker died."""
    asked: Any = Field(default=None, exclude=True, description="Of earlier versions; not read")


class ActParams(Value):
    """The action of a person, with the index of the idea and the verdict if it has them."""

    action: Literal["edit_idea", "restore_idea", "pick_idea", "arrange_keepers"]
    index: Place | None = None
    verdict: Literal["keep", "pass", "none"] | None = None


class ActContext(Begun):
    """The context of a person's act."""

    params: ActParams


_Key = Annotated[str, Field(max_length=100)]


class Parameters(Value):
    """Parameters of a model's request beside the prompt."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[_Key, JsonValue]  # pyright: ignore[reportIncompatibleVariableOverride]


class Usage(Value):
    """Tokens by kind, as the model's endpoint names them."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[_Key, Count]  # pyright: ignore[reportIncompatibleVariableOverride]
