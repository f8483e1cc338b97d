"""A worker's attempts at a generation: begin, drafts, end; the attempt's number fences every write."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import update
from sqlalchemy.exc import NoResultFound
from sqlmodel import col

from scriptwriter.domain import graph, kinds
from scriptwriter.domain.errors import GenerationError, Superseded
from scriptwriter.domain.graph import Brief, Idea, Reply
from scriptwriter.domain.kinds import Unreadable
from scriptwriter.domain.run_context import Waiting
from scriptwriter.services.runs.draft_statement import write_draft
from scriptwriter.services.runs.endings import end_artifact, end_as_it_is, end_title
from scriptwriter.services.runs.graph_steps import brief_of, ideas_of
from scriptwriter.services.runs.model_replies import record, record_unheard
from scriptwriter.services.runs.offered_models import offered
from scriptwriter.services.runs.queue import defer_generation
from scriptwriter.services.runs.remakes import version_with_title
from scriptwriter.services.runs.retries import next_attempt, prompt_of
from scriptwriter.services.runs.transitions import (
    changed,
    context_of,
    fault_of,
    readable,
    seconds_of_work,
    transition,
)
from scriptwriter.store.database import transaction
from scriptwriter.store.tables import Artifact, Transform


@dataclass(frozen=True, slots=True)
class Attempt:
    """One worker's turn at a transform; `number` is the fence.

    `ideas` are those of earlier turns, each at its place; `slots` are the places to write, from 0.
    `retries` and `retries_left` count the automatic ones.
    """

    transform_id: str
    project_id: str
    artifact_id: str
    number: int
    brief: Brief
    ideas: tuple[Idea, ...]
    slots: tuple[int, ...]
    prompt: str
    retries: int = 0
    retries_left: int = 0
    skipped: tuple[int, ...] = ()

    def missing_after(self, ideas: Sequence[Idea]) -> int:
        """How many ideas the brief still lacks when `ideas` are there."""
        return len(graph.open_slots(ideas, self.brief.count, self.skipped))

    @property
    def finished(self) -> tuple[Idea, ...]:
        """Those of `ideas` that are written to their end."""
        return graph.finished(self.ideas)


DEATHS = 5
"""How many workers may die in a row over a generation, without one more finished idea."""


async def begin(transform_id: str, job: int | None = None, process: int | None = None) -> Attempt | None:
    """Take the transform for `job`, run by `process`, and return what to do; None where there is nothing.

    A transform that is running already was left behind by a worker: this is its next attempt. Only where
    it is another job's it is not taken. Raises GenerationError `interrupted_too_often` after so many deaths,
    and as `offered` does where there is something to write.
    """
    async with transaction() as session:
        transform = await session.get(Transform, transform_id, with_for_update=True)
        if transform is None or transform.streaming_status not in ("pending", "running"):
            return None
        artifact = await ideas_of(session, transform_id)
        written = graph.written(artifact.partial_data, artifact.data)
        if isinstance(written, Unreadable):
            raise GenerationError("run_unreadable")
        kept = graph.kept(written)
        finished = len(graph.finished(kept))
        context = readable(transform)
        if transform.streaming_status == "running":
            if context.job not in (None, job):
                return None
            if (context.deaths or 0) >= DEATHS:
                raise GenerationError("interrupted_too_often", times=DEATHS, finished=finished)
            await next_attempt(session, transform, interrupted=True)
            await session.refresh(transform)
            context = readable(transform)
        brief = await brief_of(session, transform_id)
        retries = context.automatic_retries or 0
        slots = context.slots if context.slots is not None else graph.open_slots(kept, brief.count)
        told = changed(
            context,
            model=offered(brief.model).name if slots else context.model,
            attempt_started_at=datetime.now(UTC),
            finished_before=finished,
            job=job,
            process=process,
            waiting=None,
        )
        await transition(
            session,
            transform_id,
            "running",
            attempt=transform.retry_count,
            progress_percentage=graph.progress(finished, brief.count),
            **told,
        )
        return Attempt(
            transform_id,
            transform.project_id,
            artifact.id,
            transform.retry_count,
            brief,
            kept,
            slots,
            await prompt_of(session, transform),
            retries,
            max(transform.max_retries - retries, 0),
            context.skipped or (),
        )


async def check(attempt: Attempt) -> None:
    """Raises Superseded where somebody stopped the attempt or took it over."""
    async with transaction() as session:
        transform = await session.get(Transform, attempt.transform_id)
        current = transform and (transform.streaming_status, transform.retry_count)
        if current != ("running", attempt.number):
            raise Superseded(attempt.transform_id)


async def save_draft(attempt: Attempt, ideas: Sequence[Idea]) -> None:
    """Commit the ideas as far as they are written, and the progress. Raises Superseded."""
    done = graph.progress(len(graph.finished(ideas)), attempt.brief.count)
    if not await write_draft(attempt.transform_id, attempt.number, attempt.artifact_id, ideas, done):
        raise Superseded(attempt.transform_id)


async def finish(attempt: Attempt, ideas: Sequence[Idea], reply: Reply | None) -> None:
    """End the attempt well, with everything that was asked for. Raises Superseded.

    `reply` is None where this attempt asked no model: an earlier one had written everything.
    """
    await _end(attempt, ideas, reply, "completed")


async def fail(attempt: Attempt, ideas: Sequence[Idea], reply: Reply | None, error: GenerationError) -> None:
    """End the attempt with a reason; finished ideas stay, the one being written is unfinished.

    Raises Superseded.
    """
    await _end(attempt, ideas, reply, "failed", error)


async def postpone(
    attempt: Attempt, ideas: Sequence[Idea], reply: Reply, error: GenerationError, seconds: float
) -> None:
    """End the attempt for now: the next one begins by itself after `seconds`, with what is missing then.

    Raises Superseded.
    """
    current = "running", attempt.number
    async with transaction() as session:
        transform = await session.get(Transform, attempt.transform_id, with_for_update=True)
        if transform is None or (transform.streaming_status, transform.retry_count) != current:
            raise Superseded(attempt.transform_id)
        context = await record(session, transform, reply, readable(transform))
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
    """Keep what the model of a stopped attempt had answered; one that was overtaken keeps nothing."""
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
    """End a transform whose attempt broke, with the ideas that are committed.

    With `number` only where that attempt is the current one.
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
            await end_as_it_is(session, await ideas_of(session, transform_id), "failed")


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
        context = readable(transform)
        seconds = seconds_of_work(context)
        done = graph.FINISHED
        if status != "completed":
            done = graph.progress(len(graph.finished(ideas)), attempt.brief.count)
        if reply is None:
            await record_unheard(session, transform, context)
        else:
            context = await record(session, transform, reply, context)
        ended = await transition(
            session,
            attempt.transform_id,
            status,
            attempt=attempt.number,
            progress_percentage=done,
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
            version = await version_with_title(session, attempt.brief, ideas[0].title)
            await end_title(session, attempt.artifact_id, version)
        else:
            await end_artifact(session, attempt.artifact_id, ideas, status, done)
