"""Writes the rows of a project's graph as a file. Pure.

Ids become ids of the file, persons become names, and fields for the worker are left out. A step that is
unreadable or fails graph_checks is left out with everything made from it; `left_out` counts these rows.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from scriptwriter.domain import graph, kinds
from scriptwriter.domain.base_values import Value
from scriptwriter.domain.errors import UnreadableFile
from scriptwriter.domain.kinds import Idea, Ideas, Unreadable
from scriptwriter.services.transfer import graph_checks, graph_values
from scriptwriter.services.transfer.file_format import (
    ArtifactInFile,
    HumanInFile,
    LinkInFile,
    LlmInFile,
    ProjectFile,
    ProjectInFile,
    PromptInFile,
    TransformInFile,
)
from scriptwriter.services.transfer.graph_checks import Link, Step, Thing
from scriptwriter.services.transfer.person_names import Names, unmarked

Cells = tuple[Any, ...]
"""A row of a table, in the order of the column tuples below."""
_Sides = Mapping[str, Mapping[str, Any]]
ARTIFACT = ("id", "type", "data", "created_at", "streaming_status", "streaming_progress", "partial_data")
TRANSFORM = (
    "id",
    "type",
    "execution_context",
    "created_at",
    "streaming_status",
    "progress_percentage",
    "error_message",
    "retry_count",
    "max_retries",
)
LLM = ("transform_id", "model_name", "model_parameters", "raw_response", "token_usage")
HUMAN = ("transform_id", "action_type", "change_description")
INPUT = ("transform_id", "artifact_id", "input_role")
OUTPUT = ("transform_id", "artifact_id", "output_role")
PROMPT = ("transform_id", "prompt_text", "prompt_role")


@dataclass(frozen=True, slots=True)
class Tables:
    """The rows of one project to export, by table. Artifacts and transforms are in order of creation."""

    artifacts: Sequence[Cells]
    transforms: Sequence[Cells]
    llm: Sequence[Cells]
    human: Sequence[Cells]
    inputs: Sequence[Cells]
    outputs: Sequence[Cells]
    prompts: Sequence[Cells]


def write(name: str, description: str, tables: Tables) -> bytes:
    """The file of a project: UTF-8 JSON."""
    return _File(tables).of(name, description).model_dump_json(indent=1).encode()


class _File:
    """The readable rows of a project, converted to the models of the file."""

    def __init__(self, tables: Tables) -> None:
        self._rows = sum(
            map(len, (tables.artifacts, tables.transforms, tables.inputs, tables.outputs, tables.prompts))
        )
        artifacts, transforms = _named(ARTIFACT, tables.artifacts), _named(TRANSFORM, tables.transforms)
        self._ids = {row["id"]: f"artifact-{number}" for number, row in enumerate(artifacts, start=1)}
        steps = {row["id"]: f"transform-{number}" for number, row in enumerate(transforms, start=1)}
        llm = {row["transform_id"]: row for row in _named(LLM, tables.llm)}
        human = {row["transform_id"]: row for row in _named(HUMAN, tables.human)}
        read = [value for row in artifacts if (value := _value(row)) is not None]
        contexts = {row["id"]: _context(row) for row in transforms}
        self._names = _Names([*(value for _, value in read), *contexts.values()])
        self._things: dict[str, Thing] = {}
        for row, value in read:
            with suppress(ValidationError, KeyError):
                thing = Thing(*self._artifact(row, value), "")
                self._things[thing.row.id] = thing
        self._steps: dict[str, Step] = {}
        for row in transforms:
            context = contexts[row["id"]]
            if context is not None:
                with suppress(ValidationError, KeyError):
                    step = self._transform(row, steps[row["id"]], context, llm, human)
                    self._steps[step.row.id] = step
        self._broken: set[str] = set()
        self._link(_named(INPUT, tables.inputs), steps, "input")
        self._link(_named(OUTPUT, tables.outputs), steps, "output")
        prompts = _named(PROMPT, tables.prompts)
        prompts.sort(key=lambda row: (len(row["prompt_role"] or ""), row["prompt_role"] or ""))
        for row in prompts:
            if step := self._steps.get(steps.get(row["transform_id"], "")):
                try:
                    step.prompts.append((PromptInFile(**row | {"transform_id": step.row.id}), ""))
                except ValidationError:
                    self._broken.add(step.row.id)

    def of(self, name: str, description: str) -> ProjectFile:
        """The file with all valid steps and their artifacts."""
        steps, things = self._kept()
        file = ProjectFile(
            project=ProjectInFile(name=name, description=description or None),
            artifacts=[thing.row for thing in self._things.values() if thing.row.id in things],
            transforms=[step.row for step in steps],
            inputs=[row for step in steps for row in _links(step, step.inputs)],
            outputs=[row for step in steps for row in _links(step, step.outputs)],
            prompts=[prompt for step in steps for prompt, _ in step.prompts],
        )
        rows = sum(map(len, (file.artifacts, file.transforms, file.inputs, file.outputs, file.prompts)))
        return file.model_copy(update={"left_out": self._rows - rows})

    def _kept(self) -> tuple[list[Step], set[str]]:
        kept: set[str] = set()
        things: set[str] = set()
        for step in graph_checks.in_order(self._steps.values())[0]:
            sources = {link.thing.row.id for link in step.inputs if link.thing.row.type != graph.PARAMS}
            if step.row.id in self._broken or not sources <= things:
                continue
            with suppress(UnreadableFile):
                graph_checks.check(step, self._things)
                kept.add(step.row.id)
                things |= {link.thing.row.id for link in (*step.inputs, *step.outputs)}
        return [step for step in self._steps.values() if step.row.id in kept], things

    def _artifact(self, row: Mapping[str, Any], value: Value) -> tuple[ArtifactInFile, Value]:
        growing = row["streaming_status"] == "streaming"
        if growing and isinstance(value, Ideas):
            value = Ideas(ideas=tuple(map(_ended, value.ideas)))
        value = graph_values.translated(value, self._ids.__getitem__, self._names.of)
        made = ArtifactInFile(
            id=self._ids[row["id"]],
            type=row["type"],
            data=kinds.write(value),
            created_at=_in_utc(row["created_at"]),
            streaming_status="cancelled" if growing else row["streaming_status"],
            streaming_progress=row["streaming_progress"],
        )
        return made, value

    def _transform(self, row: Mapping[str, Any], id: str, context: Value, llm: _Sides, human: _Sides) -> Step:
        active = row["streaming_status"] in ("pending", "running")
        context = graph_values.translated(context, self._ids.__getitem__, self._names.of)
        sides: dict[str, Any] = {}
        for name, model, known in (("llm", LlmInFile, llm), ("human", HumanInFile, human)):
            if side := known.get(row["id"]):
                sides[name] = model(**{key: each for key, each in side.items() if key != "transform_id"})
        made = TransformInFile(
            **dict(row)
            | sides
            | {
                "id": id,
                "execution_context": kinds.write(context),
                "created_at": _in_utc(row["created_at"]),
                "streaming_status": "cancelled" if active else row["streaming_status"],
            }
        )
        return Step(made, context, "")

    def _link(self, rows: Iterable[Mapping[str, Any]], steps: Mapping[str, str], side: str) -> None:
        for row in rows:
            step = self._steps.get(steps.get(row["transform_id"], ""))
            thing = self._things.get(self._ids.get(row["artifact_id"], ""))
            if step is None:
                continue
            if thing is None:
                self._broken.add(step.row.id)
                continue
            link = Link(thing, row[f"{side}_role"] or "", "")
            (step.inputs if side == "input" else step.outputs).append(link)


class _Names:
    """Names of persons in a file: each person's newest name, and no name twice."""

    def __init__(self, told: Iterable[Value | None]) -> None:
        self._names = Names()
        self._now: dict[str, str] = {}
        for user_id, name in (graph_values.person_in(value) for value in told if value is not None):
            if user_id is not None and name:
                self._now[user_id] = name

    def of(self, user_id: str | None, name: str) -> str:
        """The name of a person in the file. A name without an id means the person with that name."""
        if user_id is None and name == unmarked(name):
            user_id = next((known for known, now in self._now.items() if now == name), None)
        if user_id is None:
            return name and self._names.of(("", name), name)
        return self._names.of(user_id, self._now.get(user_id, name))


def _named(columns: Sequence[str], rows: Iterable[Cells]) -> list[dict[str, Any]]:
    return [dict(zip(columns, row, strict=True)) for row in rows]


def _value(row: Mapping[str, Any]) -> tuple[Mapping[str, Any], Value] | None:
    """An artifact's row with its value, which may be incomplete; None if it is unreadable."""
    text = row["data"]
    if row["streaming_status"] == "streaming" and row["partial_data"] is not None:
        text = json.dumps(row["partial_data"])
    value = kinds.read(row["type"], text)
    return None if row["type"] not in kinds.ARTIFACTS or isinstance(value, Unreadable) else (row, value)


def _context(row: Mapping[str, Any]) -> Value | None:
    value = kinds.read(row["type"], row["execution_context"] or "{}")
    return None if row["type"] not in kinds.CONTEXTS or isinstance(value, Unreadable) else value


def _in_utc(moment: datetime | None) -> Any:
    return moment and moment.astimezone(UTC)


def _ended(idea: Idea) -> Idea:
    return idea.model_copy(update={"status": "unfinished"}) if idea.status == "writing" else idea


def _links(step: Step, links: Iterable[Link]) -> Iterable[LinkInFile]:
    for link in links:
        yield LinkInFile(transform_id=step.row.id, artifact_id=link.thing.row.id, role=link.role or None)
