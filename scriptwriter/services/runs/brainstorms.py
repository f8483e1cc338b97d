"""Owns what a person does with a brainstorm: start, retry, stop. Knows workers only by the job it queues."""

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from scriptwriter.domain import graph, kinds, prompts
from scriptwriter.domain.errors import UserError
from scriptwriter.domain.graph import Brief
from scriptwriter.domain.run_context import RunContext
from scriptwriter.services.ideas.tastes import NO_TASTE, Taste, taste_of
from scriptwriter.services.projects.access import ACTORS, is_id, require
from scriptwriter.services.projects.catalog import create_in
from scriptwriter.services.runs import run_budget, sent_forms
from scriptwriter.services.runs.offered_models import offered
from scriptwriter.services.runs.queue import defer_generation
from scriptwriter.services.runs.retries import requeue
from scriptwriter.services.runs.stops import stop_in
from scriptwriter.services.runs.transitions import begun, begun_by, readable
from scriptwriter.settings import settings
from scriptwriter.store.database import transaction
from scriptwriter.store.tables import Artifact, LlmPrompt, Transform, TransformInput, TransformOutput, User

_BRIEFS_READ = 100
"""How far back the newest brief of a person is looked for."""


async def start(
    project_id: str,
    brief: Brief,
    user_id: str,
    *,
    inputs: Sequence[tuple[str, str]] = (),
    ticket: str = "",
) -> str:
    """Start a generation for `brief`; returns the transform's id. The worker and the shapes do the rest.

    `inputs` are artifacts, with their roles, that it begins with beside the brief. Where a form with this
    `ticket` has started one already, nothing is started, and "" is returned.
    Raises UserError: `model_not_offered` (model), `project_not_found`, `not_allowed`, `already_running`
    (name: who started that one), and `too_many_starts`, `too_many_running` as budget.count_start does.
    """
    try:
        async with transaction() as session:
            _, user, _ = await require(session, project_id, user_id, roles=ACTORS)
            if await sent_forms.take(session, user_id, ticket, project_id):
                return ""
            return await _start(session, project_id, brief, user, inputs=inputs)
    except IntegrityError as error:
        raise await _already_running(project_id, error) from error


async def start_project(name: str, brief: Brief, user_id: str, ticket: str = "") -> tuple[str, str]:
    """A new project and its first generation in one transaction; returns (project id, transform id).

    Where a form with this `ticket` has made a project already, it is that one, and the second id is "".
    Raises UserError as `projects.create` and `start` do.
    """
    project_id = str(uuid4())
    async with transaction() as session:
        if made := await sent_forms.take(session, user_id, ticket, project_id):
            return made, ""
        await create_in(session, user_id, name, id=project_id)
        await session.flush()
        _, user, _ = await require(session, project_id, user_id, roles=ACTORS)
        return project_id, await _start(session, project_id, brief, user)


async def start_again(project_id: str, user_id: str) -> str:
    """Start another generation with the project's newest brief, steered by everybody's picks.

    Returns the transform's id.

    Raises UserError as `start` and `offered` do, and `brief_not_found`.
    """
    try:
        async with transaction() as session:
            _, user, _ = await require(session, project_id, user_id, roles=ACTORS)
            newest = await session.exec(
                select(Artifact.data)
                .where(Artifact.project_id == project_id, Artifact.type == graph.PARAMS)
                .order_by(col(Artifact.created_at).desc())
                .limit(_BRIEFS_READ)
            )
            read = (kinds.read_as(Brief, data) for data in newest)
            briefs = [brief for brief in read if isinstance(brief, Brief)]
            if not briefs:
                raise UserError("brief_not_found")
            # What asked for more like one idea, or for a title, was no brief of a person's.
            brief = next((each for each in briefs if each.task == "brainstorm"), briefs[-1].again())
            offered(brief.model)
            return await _start(session, project_id, brief, user, await taste_of(session, project_id))
    except IntegrityError as error:
        raise await _already_running(project_id, error) from error


async def retry(
    project_id: str,
    transform_id: str,
    user_id: str,
    *,
    only: int | None = None,
    skip: int | None = None,
    rephrase: bool = False,
) -> None:
    """Go on with a generation that ended short: the next attempt asks for the missing ideas only.

    `only` asks for the one at that place (from 0), `skip` gives it up; `rephrase` asks for milder words.
    Raises UserError: `project_not_found`, `not_allowed`, `run_not_found`, `nothing_to_retry`,
    `run_unreadable`, `already_running`, `model_withdrawn` (model) as `offered` does, and `too_many_starts`,
    `too_many_running` as budget.count_start does.
    """
    try:
        async with transaction() as session:
            await require(session, project_id, user_id, roles=ACTORS)
            transform = await _llm_transform(session, project_id, transform_id)
            skipped = {*(readable(transform).skipped or ()), *([] if skip is None else [skip])}
            await requeue(
                session,
                transform,
                slots=None if only is None else (only,),
                skipped=tuple(sorted(skipped - {only})),
                rephrase=rephrase,
            )
            await run_budget.count_start(session, user_id, transform_id)
    except IntegrityError as error:
        raise await _already_running(project_id, error) from error


async def stop(project_id: str, transform_id: str, user_id: str) -> bool:
    """Stop a generation: finished ideas stay, the one being written stays unfinished, its worker leaves.

    False where it had ended already, or somebody else's stop was first.
    Raises UserError: `project_not_found`, `not_allowed`, `run_not_found`.
    """
    async with transaction() as session:
        _, user, _ = await require(session, project_id, user_id, roles=ACTORS)
        transform = await _llm_transform(session, project_id, transform_id)
        return await stop_in(session, transform, user)


async def _start(
    session: AsyncSession,
    project_id: str,
    brief: Brief,
    user: User,
    taste: Taste = NO_TASTE,
    inputs: Sequence[tuple[str, str]] = (),
) -> str:
    if settings().model(brief.model) is None:
        raise UserError("model_not_offered", model=brief.model)
    transform = Transform(
        id=str(uuid4()),
        project_id=project_id,
        type=graph.LLM,
        status="pending",
        execution_context=kinds.write(RunContext(**begun(user), params=brief)),
    )
    params = Artifact(
        id=str(uuid4()),
        project_id=project_id,
        type=graph.PARAMS,
        data=kinds.write(brief),
    )
    ideas = Artifact(
        id=str(uuid4()),
        project_id=project_id,
        type=graph.IDEA if brief.task == "title" else graph.IDEAS,
        data=graph.to_text(()),
        streaming_status="streaming",
        streaming_progress=0,
        partial_data=graph.to_json(()),
    )
    session.add_all([transform, params, ideas])
    await session.flush()
    ids: dict[str, Any] = {"project_id": project_id, "transform_id": transform.id}
    prompt = prompts.render(brief, steering=taste.steering)
    links = (*inputs, *taste.sources)
    session.add_all(
        [
            TransformInput(**ids, artifact_id=params.id, input_role="params"),
            TransformOutput(**ids, artifact_id=ideas.id, output_role="ideas"),
            *(TransformInput(**ids, artifact_id=id, input_role=role) for id, role in links),
            LlmPrompt(id=str(uuid4()), **ids, prompt_text=prompt, prompt_role=prompts.role_of(0)),
        ]
    )
    await session.flush()
    await defer_generation(session, transform.id)
    await run_budget.count_start(session, user.id, transform.id)
    return transform.id


async def _llm_transform(session: AsyncSession, project_id: str, transform_id: str) -> Transform:
    if not is_id(transform_id):
        raise UserError("run_not_found")
    found = await session.exec(
        select(Transform)
        .where(Transform.id == transform_id, Transform.project_id == project_id, Transform.type == graph.LLM)
        .with_for_update()
    )
    transform = found.first()
    if transform is None:
        raise UserError("run_not_found")
    return transform


async def _already_running(project_id: str, error: IntegrityError) -> Exception:
    if "one_active_llm_transform_per_project" not in str(error.orig):
        return error
    async with transaction() as session:
        found = await session.exec(
            select(Transform).where(
                Transform.project_id == project_id,
                Transform.type == graph.LLM,
                col(Transform.streaming_status).in_(("pending", "running")),
            )
        )
        running = found.first()
    return UserError("already_running", name=begun_by(running) or "?")
