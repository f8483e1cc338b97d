"""Owns the file form of a project's whole graph: checked rows, with ids that mean nothing outside. Pure."""

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

from scriptwriter import graph
from scriptwriter.errors import UserError
from scriptwriter.graph import Brief

FORMAT = "scriptwriter-project"
MOST_BYTES = 20_000_000
MOST_ROWS = 20_000

_ID_KEYS = frozenset({"artifactId", "artifactIds", "base", "order", "ref", "userId", "version"})
"""Where the JSON texts of the graph name an artifact, an idea (`artifact#index`) or a person."""
_REF = re.compile(r"(.*?)(#\d{1,2})?", re.DOTALL)

Id = Annotated[str, Field(pattern=r"^[a-z]+-\d{1,6}$")]
Line = Annotated[str, Field(max_length=200)]
Words = Annotated[str, Field(max_length=2_000_000)]
Role = Annotated[str, Field(max_length=200)] | None


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ProjectInFile(_Row):
    """What a project is called."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    description: Words | None = None
    project_type: Line | None = "script"


class ArtifactInFile(_Row):
    """A row of artifacts; a growing one is written as if it had been stopped."""

    id: Id
    type: Line
    type_version: Line = "v1"
    data: Words
    metadata: Words | None = None
    created_at: AwareDatetime
    streaming_status: Literal["completed", "failed", "cancelled"] = "completed"
    streaming_progress: Annotated[float, Field(ge=0, le=100)] = 100.0

    @model_validator(mode="after")
    def _its_data_can_be_read(self) -> Self:
        value = _json_object(self.data)
        if self.type == graph.PARAMS:
            Brief.parse(value)
        if self.type == graph.IDEAS and not isinstance(value.get("ideas"), list):
            raise ValueError("an ideas artifact has a list of ideas")
        return self


class TransformInFile(_Row):
    """A row of transforms, with what is known of a model's or a person's side."""

    id: Id
    type: Literal["llm", "human"]
    type_version: Line = "v1"
    execution_context: Words | None = None
    created_at: AwareDatetime
    streaming_status: Literal["completed", "failed", "cancelled"]
    progress_percentage: Annotated[float, Field(ge=0, le=100)]
    error_message: Words | None = None
    retry_count: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    max_retries: Annotated[int, Field(ge=0, le=100)] = 2
    llm: "LlmInFile | None" = None
    human: "HumanInFile | None" = None

    @model_validator(mode="after")
    def _its_context_can_be_read(self) -> Self:
        context = _json_object(self.execution_context or "{}")
        for name in ("params", "error"):
            if not isinstance(context.get(name) or {}, dict):
                raise ValueError(f"a context's {name} is an object")
        if self.type == graph.LLM:
            Brief.parse(context.get("params") or {})
        if started := context.get("attemptStartedAt"):
            datetime.fromisoformat(started)
        return self


class LlmInFile(_Row):
    """A row of llm_transforms."""

    model_name: Line
    model_parameters: Words | None = None
    raw_response: Words | None = None
    token_usage: Words | None = None


class HumanInFile(_Row):
    """A row of human_transforms."""

    action_type: Line
    interface_context: Words | None = None
    change_description: Words | None = None


class LinkInFile(_Row):
    """An edge of the graph, into a transform or out of it."""

    transform_id: Id
    artifact_id: Id
    role: Role = None


class PromptInFile(_Row):
    """A row of llm_prompts."""

    transform_id: Id
    prompt_text: Words
    prompt_role: Line = "primary"


class ProjectFile(_Row):
    """A project's whole graph, in the order in which it was made; `exporter` wrote the file."""

    format: Literal["scriptwriter-project"] = FORMAT
    exporter: Id | None = None
    project: ProjectInFile
    artifacts: list[ArtifactInFile] = []
    transforms: list[TransformInFile] = []
    inputs: list[LinkInFile] = []
    outputs: list[LinkInFile] = []
    prompts: list[PromptInFile] = []

    @model_validator(mode="after")
    def _every_link_leads_somewhere(self) -> Self:
        artifacts = {row.id for row in self.artifacts}
        transforms = {row.id for row in self.transforms}
        if len(artifacts) < len(self.artifacts) or len(transforms) < len(self.transforms):
            raise ValueError("an id stands twice")
        for link in (*self.inputs, *self.outputs):
            if link.transform_id not in transforms or link.artifact_id not in artifacts:
                raise ValueError("a link leads nowhere")
        for links in (self.inputs, self.outputs):
            if len({(link.transform_id, link.artifact_id, link.role) for link in links}) < len(links):
                raise ValueError("a link stands twice")
        if any(prompt.transform_id not in transforms for prompt in self.prompts):
            raise ValueError("a prompt belongs to no transform")
        rows = sum(map(len, (artifacts, transforms, self.inputs, self.outputs, self.prompts)))
        if rows > MOST_ROWS:
            raise ValueError(f"more than {MOST_ROWS} rows")
        return self


def read(content: bytes) -> ProjectFile:
    """The project that a file holds. Raises UserError: `file_too_large` (limit), `file_unreadable`."""
    if len(content) > MOST_BYTES:
        raise UserError("file_too_large", limit=MOST_BYTES // 1_000_000)
    try:
        return ProjectFile.model_validate_json(content)
    except (ValidationError, UserError, RecursionError):
        raise UserError("file_unreadable") from None


def write(file: ProjectFile) -> bytes:
    """The file's content: UTF-8 JSON."""
    return file.model_dump_json(indent=1).encode()


def with_ids(text: str | None, new: Callable[[str], str | None]) -> str | None:
    """A JSON text of the graph in which every id that `new` knows is the one that it gives."""
    if text is None:
        return None
    return json.dumps(_renamed(json.loads(text), new), ensure_ascii=False)


def _renamed(value: Any, new: Callable[[str], str | None], *, named: bool = False) -> Any:
    if isinstance(value, Mapping):
        return {key: _renamed(each, new, named=key in _ID_KEYS) for key, each in value.items()}
    if isinstance(value, list):
        return [_renamed(each, new, named=named) for each in value]
    if named and isinstance(value, str) and (found := _REF.fullmatch(value)):
        known = new(found[1])
        return value if known is None else known + (found[2] or "")
    return value


def _json_object(text: str) -> dict[str, Any]:
    value = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    return value
