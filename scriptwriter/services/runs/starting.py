"""Starts a run for a person: from a brief, or from existing ideas (more like one, a merge, another title).

One transaction stores everything: brief, empty ideas, transform, links, prompt, and the job for a worker.
A form has a random ticket, which assets/drafts.js stores together with the typed text. If the same form is
sent again, from any tab and to any process, it starts no second run.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from scriptwriter.domain import graph, idea_acts, kinds, prompts
from scriptwriter.domain.errors import UserError
from scriptwriter.domain.graph import Brief, Source, Task
from scriptwriter.domain.idea_acts import IdeaRef
from scriptwriter.domain.run_context import RunContext
from scriptwriter.services.ideas.human_acts import acts_on, find
from scriptwriter.services.ideas.tastes import NO_TASTE, Taste, taste_of
from scriptwriter.services.projects.access import ACTORS, is_id, require
from scriptwriter.services.projects.catalog import create_in
from scriptwriter.services.runs import budget
from scriptwriter.services.runs.queue import defer_generation
from scriptwriter.services.runs.records import begun, brief_behind, offered
from scriptwriter.settings import settings
from scriptwriter.store.database import transaction
from scriptwriter.store.tables import (
    Artifact,
    LlmPrompt,
    SentForm,
    Transform,
    TransformInput,
    TransformOutput,
    User,
)

MOST_MERGED = 4
TICKETS_KEPT = timedelta(days=31)
"""A day longer than a browser keeps a draft."""
_BRIEFS_READ = 100
"""How many of a project's newest briefs `start_again` looks through."""


async def start(
    project_id: str,
    brief: Brief,
    user_id: str,
    *,
    inputs: Sequence[tuple[str, str]] = (),
    ticket: str = "",
) -> str:
    """Start a run for `brief`; returns the transform's id, or "" where the form `ticket` has started one.

    `inputs` are further artifacts that the run works from: (artifact id, role).
    Raises UserError: `model_not_offered` (model), `project_not_found`, `not_allowed`, `already_running`
    (name: who started that one), and `too_many_starts`, `too_many_running` as budget.count_start does.
    """
    try:
        async with transaction() as session:
            _, user, _ = await require(session, project_id, user_id, roles=ACTORS)
            if await _take_ticket(session, user_id, ticket, project_id):
                return ""
            return await _start(session, project_id, brief, user, inputs=inputs)
    except IntegrityError as error:
        raise await budget.already_running(project_id, error) from error


async def start_project(name: str, brief: Brief, user_id: str, ticket: str = "") -> tuple[str, str]:
    """Create a project and start its first run, in one transaction; returns (project id, transform id).

    Where the form `ticket` has made a project already, returns that project's id and "".
    Raises UserError as `catalog.create` and `start` do.
    """
    project_id = str(uuid4())
    async with transaction() as session:
        if made := await _take_ticket(session, user_id, ticket, project_id):
            return made, ""
        await create_in(session, user_id, name, id=project_id)
        await session.flush()
        _, user, _ = await require(session, project_id, user_id, roles=ACTORS)
        return project_id, await _start(session, project_id, brief, user)


async def start_again(project_id: str, user_id: str) -> str:
    """Start a run with the project's newest brief, steered by all members' picks; returns the transform's id.

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
            # Skip briefs that were made by `like`, `merge` and `retitle`.
            brief = next((each for each in briefs if each.task == "brainstorm"), briefs[-1].again())
            offered(brief.model)
            return await _start(session, project_id, brief, user, await taste_of(session, project_id))
    except IntegrityError as error:
        raise await budget.already_running(project_id, error) from error


async def like(project_id: str, ref: IdeaRef, count: int, user_id: str) -> str:
    """Start a run for `count` (1 to 10) ideas like the idea `ref`; returns the transform's id.

    Raises UserError as `start` does, and `idea_not_found`, `count_out_of_range`.
    """
    if not 1 <= count <= 10:
        raise UserError("count_out_of_range")
    return await _start_from_ideas(project_id, "like", [ref], count, user_id)


async def merge(project_id: str, refs: Sequence[IdeaRef], user_id: str) -> str:
    """Start a run that merges 2 to MOST_MERGED ideas into one; returns the transform's id.

    Raises the UserErrors of `start`, and `idea_not_found`, `merge_needs_two` (limit).
    """
    refs = list(dict.fromkeys(refs))
    if not 2 <= len(refs) <= MOST_MERGED:
        raise UserError("merge_needs_two", limit=MOST_MERGED)
    return await _start_from_ideas(project_id, "merge", refs, 1, user_id)


async def retitle(project_id: str, ref: IdeaRef, user_id: str) -> str:
    """Start a run that finds another title for an idea; returns the transform's id.

    The finished run becomes a new version of that idea.
    Raises UserError as `start` does, and `idea_not_found`.
    """
    return await _start_from_ideas(project_id, "title", [ref], 1, user_id)


async def project_of_form(user_id: str, ticket: str) -> str:
    """The id of the project for which `user_id` sent the form `ticket`; "" if that form started nothing."""
    if not is_id(ticket):
        return ""
    async with transaction() as session:
        return await _project_of_form(session, user_id, ticket)


async def forget_old_forms(session: AsyncSession) -> None:
    """Delete the tickets that no browser keeps any more."""
    await session.exec(delete(SentForm).where(col(SentForm.sent_at) < datetime.now(UTC) - TICKETS_KEPT))


async def _take_ticket(session: AsyncSession, user_id: str, ticket: str, project_id: str) -> str:
    """Take the form `ticket` for `project_id`; returns "", or the id of the project that has it already.

    Waits for another transaction that is taking it; after a rollback of that one the form is free. A `ticket`
    that cannot be an id is ignored.
    """
    if not is_id(ticket):
        return ""
    values = {"user_id": user_id, "ticket": ticket, "project_id": project_id}
    taken = await session.exec(
        insert(SentForm).values(values).on_conflict_do_nothing().returning(col(SentForm.ticket))  # pyright: ignore[reportArgumentType, reportCallIssue]
    )
    return "" if taken.first() else await _project_of_form(session, user_id, ticket)


async def _project_of_form(session: AsyncSession, user_id: str, ticket: str) -> str:
    found = await session.exec(
        select(SentForm.project_id).where(SentForm.user_id == user_id, SentForm.ticket == ticket)
    )
    return found.first() or ""


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
    await budget.count_start(session, user.id, transform.id)
    return transform.id


async def _start_from_ideas(
    project_id: str, task: Task, refs: Sequence[IdeaRef], count: int, user_id: str
) -> str:
    async with transaction() as session:
        await require(session, project_id, user_id, roles=ACTORS)
        read = [await _newest_version(session, project_id, ref) for ref in refs]
        brief = await brief_behind(session, refs[0].artifact_id)
    sources = tuple(source for source, _ in read)
    # The person chooses no model here: use that of the idea's brief, or the default if it is not offered now.
    model = brief.model if settings().model(brief.model) else ""
    brief = Brief(**dict(brief) | {"task": task, "count": count, "sources": sources, "model": model})
    inputs = [(ref.artifact_id, ref.role) for ref in refs]
    inputs += [(version, "version") for _, version in read if version]
    return await start(project_id, brief, user_id, inputs=inputs)


async def _newest_version(session: AsyncSession, project_id: str, ref: IdeaRef) -> tuple[Source, str]:
    """The newest text of an idea, and the id of that version ("": the model's original)."""
    idea = await find(session, project_id, ref)
    versions = await acts_on(session, ref, graph.IDEA)
    if not versions:
        return Source(str(ref), idea.title, idea.body), ""
    newest = idea_acts.version(versions[-1], "", "edit")
    return Source(str(ref), newest.title, newest.body), newest.id
