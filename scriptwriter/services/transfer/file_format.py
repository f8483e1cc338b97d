"""Schema of a project's file: one model for each table of the graph, with the limits of the product.

The JSON texts in it (`data`, `execution_context`, …) are declared in scriptwriter.domain.
"""

from typing import Annotated, Literal

from pydantic import Field

from scriptwriter.domain.base_values import Moment, Value
from scriptwriter.domain.kinds.brief import MODEL

FORMAT = "scriptwriter-project"
MOST_BYTES = 20_000_000
MOST_ROWS = 20_000
"""Rows of all tables together."""
MOST_RUNS = 1_000
"""Runs of a project that a page opens without delaying other people."""

ArtifactId = Annotated[str, Field(pattern=r"^artifact-[1-9][0-9]{0,5}$")]
TransformId = Annotated[str, Field(pattern=r"^transform-[1-9][0-9]{0,5}$")]
Percent = Annotated[float, Field(ge=0, le=100)]
TypeVersion = Literal["v1"]
Ended = Literal["completed", "failed", "cancelled"]


class ProjectInFile(Value):
    """Name and description of the project."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    description: Annotated[str, Field(max_length=2_000)] | None = None
    project_type: Literal["script"] | None = "script"


class ArtifactInFile(Value):
    """A row of artifacts. One that is being written is exported as if it had been stopped."""

    id: ArtifactId
    type: str
    type_version: TypeVersion = "v1"
    data: str
    metadata: None = None
    created_at: Moment
    streaming_status: Ended = "completed"
    streaming_progress: Percent = 100.0


class LlmInFile(Value):
    """A row of llm_transforms."""

    model_name: Annotated[str, Field(min_length=1, max_length=MODEL)]
    model_parameters: str | None = None
    raw_response: str | None = None
    token_usage: str | None = None


class HumanInFile(Value):
    """A row of human_transforms."""

    action_type: str
    interface_context: None = None
    change_description: Annotated[str, Field(max_length=500)] | None = None


class TransformInFile(Value):
    """A row of transforms, with its row of llm_transforms or human_transforms."""

    id: TransformId
    type: Literal["llm", "human"]
    type_version: TypeVersion = "v1"
    execution_context: str | None = None
    created_at: Moment
    streaming_status: Ended
    progress_percentage: Percent
    error_message: Annotated[str, Field(max_length=2_000)] | None = None
    retry_count: Annotated[int, Field(ge=0, le=MOST_ROWS)] = 0
    max_retries: Annotated[int, Field(ge=0, le=10)] = 2
    llm: LlmInFile | None = None
    human: HumanInFile | None = None


class LinkInFile(Value):
    """An input or an output of a transform."""

    transform_id: TransformId
    artifact_id: ArtifactId
    role: str | None = None


class PromptInFile(Value):
    """A row of llm_prompts."""

    transform_id: TransformId
    prompt_text: str
    prompt_role: str = "primary"


Rows = Field(default=[], fail_fast=True)


class ProjectFile(Value):
    """A project's whole graph in order of creation. `left_out` is the number of unreadable rows."""

    format: Literal["scriptwriter-project"] = FORMAT
    exporter: str | None = Field(default=None, exclude=True, deprecated="Earlier versions wrote it; ignored.")
    left_out: Annotated[int, Field(ge=0)] = 0
    project: ProjectInFile
    artifacts: list[ArtifactInFile] = Rows
    transforms: list[TransformInFile] = Rows
    inputs: list[LinkInFile] = Rows
    outputs: list[LinkInFile] = Rows
    prompts: list[PromptInFile] = Rows
