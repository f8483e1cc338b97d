"""Owns a project's way out of the database and into it: its whole graph, as a file holds it."""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC
from typing import Any, TypeVar
from uuid import uuid4

from sqlmodel import SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from scriptwriter import graph
from scriptwriter.database import transaction
from scriptwriter.errors import UserError
from scriptwriter.models import (
    Artifact,
    HumanTransform,
    LlmPrompt,
    LlmTransform,
    Membership,
    Project,
    Transform,
    TransformInput,
    TransformOutput,
    User,
)
from scriptwriter.services.access import require
from scriptwriter.transfer import (
    ArtifactInFile,
    HumanInFile,
    LinkInFile,
    LlmInFile,
    ProjectFile,
    ProjectInFile,
    PromptInFile,
    TransformInFile,
    with_ids,
)

_OF_THE_WORKER = ("job", "attemptStartedAt", "waiting", "interrupted")
"""What a context says to the one that runs the generation, and to nobody else."""

_Table = TypeVar("_Table", bound=SQLModel)


async def export(project_id: str, user_id: str) -> ProjectFile:
    """The whole graph of a project, for a member; what is being written is taken as if it was stopped now.

    Raises UserError `project_not_found`.
    """
    async with transaction() as session:
        project, _, _ = await require(session, project_id, user_id)
        artifacts = await _rows(session, Artifact, project_id, Artifact.created_at, Artifact.id)
        transforms = await _rows(session, Transform, project_id, Transform.created_at, Transform.id)
        llm = {row.transform_id: row for row in await _rows(session, LlmTransform, project_id)}
        human = {row.transform_id: row for row in await _rows(session, HumanTransform, project_id)}
        inputs = await _rows(session, TransformInput, project_id, TransformInput.id)
        outputs = await _rows(session, TransformOutput, project_id, TransformOutput.id)
        prompts = await _rows(session, LlmPrompt, project_id)
    ids = _Ids(artifacts, transforms)
    exporter = ids.person(user_id)
    turn = {row.id: number for number, row in enumerate(transforms)}
    prompts.sort(key=lambda row: (turn[row.transform_id], row.prompt_role != "primary", row.prompt_role))
    return ProjectFile(
        exporter=exporter,
        project=ProjectInFile(
            name=project.name, description=project.description, project_type=project.project_type
        ),
        artifacts=[_artifact(row, ids) for row in artifacts],
        transforms=[_transform(row, ids, llm.get(row.id), human.get(row.id)) for row in transforms],
        inputs=[_link(row.transform_id, row.artifact_id, row.input_role, ids) for row in inputs],
        outputs=[_link(row.transform_id, row.artifact_id, row.output_role, ids) for row in outputs],
        prompts=[
            PromptInFile(
                transform_id=ids.known[row.transform_id],
                prompt_text=row.prompt_text,
                prompt_role=row.prompt_role,
            )
            for row in prompts
        ],
    )


async def take_in(file: ProjectFile, user_id: str) -> str:
    """A new project of `user_id` with the graph of `file`; returns its id.

    The file's exporter becomes `user_id`; everybody else in it stays a name. Raises UserError `signed_out`.
    """
    # One random beginning, then a count: the new ids stand in the order of the old ones.
    beginning = str(uuid4())[:-12]
    rows = (*file.artifacts, *file.transforms)
    new = {row.id: f"{beginning}{number:012x}" for number, row in enumerate(rows)}
    people = {file.exporter: user_id} if file.exporter else {}

    def renamed(text: str | None) -> str | None:
        return with_ids(text, lambda name: new.get(name) or _person(name, people))

    async with transaction() as session:
        if await session.get(User, user_id) is None:
            raise UserError("signed_out")
        project = Project(id=str(uuid4()), **file.project.model_dump())
        session.add(project)
        await session.flush()
        session.add(Membership(project_id=project.id, user_id=user_id, role="owner"))
        session.add_all(
            Artifact(
                **row.model_dump(exclude={"id", "data", "metadata"}),
                id=new[row.id],
                project_id=project.id,
                data=renamed(row.data) or "",
                metadata_json=row.metadata,
            )
            for row in file.artifacts
        )
        session.add_all(
            Transform(
                **row.model_dump(exclude={"id", "llm", "human", "execution_context"}),
                id=new[row.id],
                project_id=project.id,
                status=row.streaming_status,
                execution_context=renamed(row.execution_context),
            )
            for row in file.transforms
        )
        await session.flush()
        session.add_all(_sides_and_links(file, project.id, new))
        return project.id


def _sides_and_links(file: ProjectFile, project_id: str, new: dict[str, str]) -> Iterable[SQLModel]:
    for row in file.transforms:
        ids: dict[str, Any] = {"transform_id": new[row.id], "project_id": project_id}
        if row.llm:
            yield LlmTransform(**ids, **row.llm.model_dump())
        if row.human:
            yield HumanTransform(**ids, **row.human.model_dump())
    for link in file.inputs:
        yield TransformInput(
            project_id=project_id,
            transform_id=new[link.transform_id],
            artifact_id=new[link.artifact_id],
            input_role=link.role,
        )
    for link in file.outputs:
        yield TransformOutput(
            project_id=project_id,
            transform_id=new[link.transform_id],
            artifact_id=new[link.artifact_id],
            output_role=link.role,
        )
    for prompt in file.prompts:
        yield LlmPrompt(
            id=str(uuid4()),
            project_id=project_id,
            transform_id=new[prompt.transform_id],
            prompt_text=prompt.prompt_text,
            prompt_role=prompt.prompt_role,
        )


def _person(name: str, people: dict[str, str]) -> str | None:
    """Who a person of the file is here: somebody of their own, whom nobody can sign in as."""
    if not name.startswith("user-"):
        return None
    return people.setdefault(name, f"imported-{uuid4()}")


async def _rows(session: AsyncSession, table: type[_Table], project_id: str, *order: Any) -> list[_Table]:
    found = await session.exec(
        select(table).where(col(table.project_id) == project_id).order_by(*order)  # pyright: ignore
    )
    return list(found)


class _Ids:
    """The names that rows and people have in a file."""

    def __init__(self, artifacts: Sequence[Artifact], transforms: Sequence[Transform]) -> None:
        self.known = {row.id: f"artifact-{number}" for number, row in enumerate(artifacts, start=1)}
        self.known |= {row.id: f"transform-{number}" for number, row in enumerate(transforms, start=1)}
        self._people = {
            user: f"user-{number}"
            for number, user in enumerate(dict.fromkeys(_people(artifacts, transforms)), start=1)
        }

    def person(self, user_id: str) -> str | None:
        return self._people.get(user_id)

    def renamed(self, text: str | None) -> str | None:
        return with_ids(text, lambda name: self.known.get(name) or self._people.get(name))


def _people(artifacts: Sequence[Artifact], transforms: Sequence[Transform]) -> Iterable[str]:
    for text in (*(row.execution_context or "{}" for row in transforms), *(row.data for row in artifacts)):
        value = json.loads(text)
        if isinstance(value, dict) and isinstance(value.get("userId"), str):
            yield value["userId"]


def _artifact(row: Artifact, ids: _Ids) -> ArtifactInFile:
    growing = row.streaming_status == "streaming"
    data = ids.renamed(row.data) or ""
    if growing:
        ideas = graph.ended(graph.ideas_from_json(row.partial_data))
        data = json.dumps(graph.ideas_to_json(ideas), ensure_ascii=False)
    return ArtifactInFile(
        id=ids.known[row.id],
        type=row.type,
        type_version=row.type_version,
        data=data,
        metadata=row.metadata_json,
        created_at=row.created_at.astimezone(UTC),
        streaming_status="cancelled" if growing else row.streaming_status,  # pyright: ignore[reportArgumentType]
        streaming_progress=row.streaming_progress,
    )


def _transform(
    row: Transform, ids: _Ids, llm: LlmTransform | None, human: HumanTransform | None
) -> TransformInFile:
    context = json.loads(row.execution_context or "{}")
    for name in _OF_THE_WORKER:
        context.pop(name, None)
    active = row.streaming_status in ("pending", "running")
    return TransformInFile(
        id=ids.known[row.id],
        type=row.type,  # pyright: ignore[reportArgumentType]
        type_version=row.type_version,
        execution_context=ids.renamed(json.dumps(context)),
        created_at=row.created_at.astimezone(UTC),
        streaming_status="cancelled" if active else row.streaming_status,  # pyright: ignore[reportArgumentType]
        progress_percentage=row.progress_percentage,
        error_message=row.error_message,
        retry_count=row.retry_count,
        max_retries=row.max_retries,
        llm=LlmInFile(**llm.model_dump(exclude={"transform_id", "project_id"})) if llm else None,
        human=HumanInFile(**human.model_dump(exclude={"transform_id", "project_id"})) if human else None,
    )


def _link(transform_id: str, artifact_id: str, role: str | None, ids: _Ids) -> LinkInFile:
    return LinkInFile(transform_id=ids.known[transform_id], artifact_id=ids.known[artifact_id], role=role)
