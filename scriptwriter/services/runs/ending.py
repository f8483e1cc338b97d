"""How an attempt ends (finish, fail, postpone, leave, give_up), and how a person stops a run (stop).

Finished ideas stay in every case. An idea that was being written stays as well, marked `unfinished`, unless
the run goes on with another attempt.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from sqlalchemy import Text, cast, func, update
from sqlalchemy.exc import NoResultFound
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from scriptwriter.domain import graph, idea_acts, kinds
from scriptwriter.domain.errors import GenerationError, Superseded
from scriptwriter.domain.graph import Brief, Idea, Reply
from scriptwriter.domain.idea_acts import IdeaRef
from scriptwriter.domain.kinds import Unreadable
from scriptwriter.domain.run_context import Waiting
from scriptwriter.services.ideas.human_acts import acts_on
from scriptwriter.services.projects.access import ACTORS, require
from scriptwriter.services.runs.attempts import Attempt
from scriptwriter.services.runs.queue import defer_generation
from scriptwriter.services.runs.records import (
    changed,
    context_of,
    fault_of,
    ideas_of,
    readable_context,
    record,
    record_model,
    run_of,
    seconds_of_work,
    transition,
)
from scriptwriter.services.runs.retrying import next_attempt
from scriptwriter.store.database import transaction
from scriptwriter.store.tables import Artifact, Transform, User


async def finish(attempt: Attempt, ideas: Sequence[Idea], reply: Reply | None) -> None:
    """End the run as completed: `ideas` are all that were asked for. Raises Superseded.

    `reply` is None where this attempt asked no model, because an earlier one had written everything.
    """
    await _end(attempt, ideas, reply, "completed")


async def fail(attempt: Attempt, ideas: Sequence[Idea], reply: Reply | None, error: GenerationError) -> None:
    """End the run as failed, with the reason `error`. Raises Superseded."""
    await _end(attempt, ideas, reply, "failed", error)


async def postpone(
    attempt: Attempt, ideas: Sequence[Idea], reply: Reply, error: GenerationError, seconds: float
) -> None:
    """End the attempt but not the run: an automatic retry begins after `seconds`, for the missing ideas.

    Raises Superseded.
    """
    current = "running", attempt.number
    async with transaction() as session:
        transform = await session.get(Transform, attempt.transform_id, with_for_update=True)
        if transform is None or (transform.streaming_status, transform.retry_count) != current:
            raise Superseded(attempt.transform_id)
        context = await record(session, transform, reply, readable_context(transform))
        transform.execution_context = kinds.write(context)
        session.add(transform)
        kept = graph.kept(ideas)
        await session.exec(
            update(Artifact)
            .where(col(Artifact.id) == attempt.artifact_id)
            .values(partial_data=graph.to_json(kept), **graph.listed(kept))
        )
        await session.flush()
        not_before = datetime.now(UTC) + timedelta(seconds=seconds)
        waiting = Waiting(
            **dict(fault_of(error)),
            seconds=round(seconds),
            until=not_before,
            number=attempt.retries + 1,
            of=attempt.retries + attempt.retries_left,
        )
        await next_attempt(session, transform, waiting=waiting, automatic_retries=attempt.retries + 1)
        await defer_generation(session, transform.id, not_before=not_before)


async def leave(attempt: Attempt, reply: Reply) -> None:
    """Record what the model of a stopped attempt had answered; nothing where another attempt has begun."""
    stopped = "cancelled", attempt.number
    async with transaction() as session:
        transform = await session.get(Transform, attempt.transform_id, with_for_update=True)
        if transform is None or (transform.streaming_status, transform.retry_count) != stopped:
            return
        context = context_of(transform)
        if not isinstance(context, Unreadable):
            transform.execution_context = kinds.write(await record(session, transform, reply, context))
            session.add(transform)


async def give_up(transform_id: str, error: GenerationError, number: int | None = None) -> None:
    """End a run as failed, with the ideas that are committed, where its attempt broke or cannot begin.

    With `number`, only where that attempt is the current one.
    """
    async with transaction() as session:
        transform = await session.get(Transform, transform_id, with_for_update=True)
        if transform is None:
            return
        context = context_of(transform)
        ended = await transition(
            session,
            transform_id,
            "failed",
            attempt=number,
            error_message=error.text(),
            **changed(
                context,
                error=fault_of(error),
                seconds=seconds_of_work(context),
                attempt_started_at=None,
            ),
        )
        if not ended:
            return
        with suppress(NoResultFound):
            await _end_as_committed(session, await ideas_of(session, transform_id), "failed")


async def stop(project_id: str, transform_id: str, user_id: str) -> bool:
    """Stop a run for a person; its worker notices at its next write.

    Returns False if the run had already ended, or if another person stopped it first.
    Raises UserError: `project_not_found`, `not_allowed`, `run_not_found`.
    """
    async with transaction() as session:
        _, user, _ = await require(session, project_id, user_id, roles=ACTORS)
        return await stop_in(session, await run_of(session, project_id, transform_id), user)


async def stop_in(session: AsyncSession, transform: Transform, user: User) -> bool:
    """As `stop`, in the transaction of `session`, for a caller that has checked access."""
    context = context_of(transform)
    told = changed(
        context, seconds=seconds_of_work(context), stopped_by=user.shown_name, attempt_started_at=None
    )
    if not await transition(session, transform.id, "cancelled", attempt=None, **told):
        return False
    await _end_as_committed(session, await ideas_of(session, transform.id), "cancelled")
    return True


async def _end(
    attempt: Attempt,
    ideas: Sequence[Idea],
    reply: Reply | None,
    status: graph.TransformStatus,
    error: GenerationError | None = None,
) -> None:
    async with transaction() as session:
        transform = await session.get(Transform, attempt.transform_id, with_for_update=True)
        if transform is None:
            raise Superseded(attempt.transform_id)
        context = readable_context(transform)
        seconds = seconds_of_work(context)
        progress = graph.FINISHED
        if status != "completed":
            progress = graph.progress(len(graph.finished(ideas)), attempt.brief.count)
        if reply is None:
            await record_model(session, transform, context)
        else:
            context = await record(session, transform, reply, context)
        ended = await transition(
            session,
            attempt.transform_id,
            status,
            attempt=attempt.number,
            progress_percentage=progress,
            error_message=error.text() if error else None,
            **changed(
                context,
                seconds=seconds,
                attempt_started_at=None,
                error=fault_of(error) if error else context.error,
            ),
        )
        if not ended:
            raise Superseded(attempt.transform_id)
        if status == "completed" and attempt.brief.task == "title":
            version = await _version_with_title(session, attempt.brief, ideas[0].title)
            await _end_title(session, attempt.artifact_id, version)
        else:
            await _end_ideas(session, attempt.artifact_id, ideas, status, progress)


async def _end_ideas(
    session: AsyncSession, artifact_id: str, ideas: Sequence[Idea], status: str, progress: float
) -> None:
    """Move the ideas from `partial_data` to `data`; one that was being written becomes unfinished."""
    await session.exec(
        update(Artifact)
        .where(col(Artifact.id) == artifact_id)
        .values(
            data=graph.to_text(graph.ended(ideas)),
            streaming_status=status,
            streaming_progress=progress,
            partial_data=None,
            **graph.listed(ideas),
        )
    )


async def _end_as_committed(session: AsyncSession, artifact: Artifact, status: str) -> None:
    """End an artifact with the ideas of its last draft; an unreadable draft is kept unchanged."""
    ideas = graph.written(artifact.partial_data, artifact.data)
    if not isinstance(ideas, Unreadable):
        await _end_ideas(session, artifact.id, ideas, status, artifact.streaming_progress)
        return
    await session.exec(
        update(Artifact)
        .where(col(Artifact.id) == artifact.id)
        .values(
            data=func.coalesce(cast(col(Artifact.partial_data), Text), Artifact.data),
            partial_data=None,
            streaming_status=status,
        )
    )


async def _version_with_title(session: AsyncSession, brief: Brief, title: str) -> kinds.Version:
    """The version that a finished `retitle` run makes: the new title with the idea's newest text."""
    [source] = brief.sources
    ref = IdeaRef.parse(source.ref)
    versions = await acts_on(session, ref, graph.IDEA)
    newest = idea_acts.version(versions[-1], "", "edit") if versions else None
    return kinds.Version(
        artifact_id=ref.artifact_id,
        index=ref.index,
        title=title,
        body=newest.body if newest else source.body,
        base=newest.id if newest else "",
    )


async def _end_title(session: AsyncSession, artifact_id: str, version: kinds.Version) -> None:
    """Turn the artifact of a `retitle` run into `version`, the newest version of the idea from now on."""
    await session.exec(
        update(Artifact)
        .where(col(Artifact.id) == artifact_id)
        .values(
            data=kinds.write(version),
            titles=version.title,
            created_at=func.clock_timestamp(),
            streaming_status="completed",
            streaming_progress=graph.FINISHED,
            partial_data=None,
        )
    )
