"""A worker's attempt at a run: begin it, and commit drafts while the ideas grow.

The number of the attempt is the fence: a write of an attempt that is not the current one any more changes
nothing and raises Superseded. How an attempt ends is in `ending`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import bindparam, update
from sqlmodel import col, select

from scriptwriter.domain import graph
from scriptwriter.domain.errors import GenerationError, Superseded
from scriptwriter.domain.graph import Brief, Idea
from scriptwriter.domain.kinds import Unreadable
from scriptwriter.services.runs.records import (
    brief_of,
    changed,
    ideas_of,
    offered,
    readable_context,
    transition,
)
from scriptwriter.services.runs.retrying import next_attempt, prompt_of
from scriptwriter.store.database import database, transaction
from scriptwriter.store.tables import Artifact, Transform

MOST_CRASHES = 5
"""A run fails after this many of its worker processes in a row have died without finishing an idea."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """The data of one attempt for the worker that runs it; `number` is the fencing token.

    `ideas` are those of earlier attempts, each at its place; `slots` are the places to write, from 0;
    `skipped` are the places that a person has given up. `retries` and `retries_left` count automatic retries.
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
        """The finished ones of `ideas`."""
        return graph.finished(self.ideas)


async def begin(transform_id: str, job: int | None = None, process: int | None = None) -> Attempt | None:
    """Begin an attempt for the queue's job `job` in the worker process `process`.

    If the run is already `running`, its process has died, and this begins its next attempt. Returns None if
    the run has ended, or if it is `running` for another job. Raises GenerationError: `run_unreadable`,
    `interrupted_too_often` after MOST_CRASHES, and the errors of `offered` if ideas are left to write.
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
        context = readable_context(transform)
        if transform.streaming_status == "running":
            if context.job not in (None, job):
                return None
            if (context.deaths or 0) >= MOST_CRASHES:
                raise GenerationError("interrupted_too_often", times=MOST_CRASHES, finished=finished)
            await next_attempt(session, transform, interrupted=True)
            await session.refresh(transform)
            context = readable_context(transform)
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
    """Raises Superseded where the run was stopped, or another attempt has begun."""
    async with transaction() as session:
        transform = await session.get(Transform, attempt.transform_id)
        current = transform and (transform.streaming_status, transform.retry_count)
        if current != ("running", attempt.number):
            raise Superseded(attempt.transform_id)


async def save_draft(attempt: Attempt, ideas: Sequence[Idea]) -> None:
    """Commit the ideas written so far, and the progress. Raises Superseded."""
    columns = graph.listed(ideas)
    progress = graph.progress(columns["finished_ideas"], attempt.brief.count)
    values = {
        "of_transform": attempt.transform_id,
        "of_attempt": attempt.number,
        "of_artifact": attempt.artifact_id,
        "draft": graph.to_json(ideas),
        "finished": columns["finished_ideas"],
        "told": columns["titles"],
        "done": progress,
    }
    async with database().engine.begin() as connection:
        before = (await connection.execute(_DRAFT, values)).first()
        if before is not None and before[0] != progress:
            await connection.execute(_PROGRESS, values)
    if before is None:
        raise Superseded(attempt.transform_id)


# The statements of `save_draft`, which runs up to ten times a second for each run, are built once.
_FENCE = (
    select(col(Transform.project_id), col(Transform.progress_percentage).label("progress"))
    .where(
        col(Transform.id) == bindparam("of_transform"),
        col(Transform.streaming_status) == "running",
        col(Transform.retry_count) == bindparam("of_attempt"),
    )
    # The lock makes a stop wait until this draft is committed, so that the stop keeps the draft's words.
    .with_for_update(key_share=True)
    .cte("fence")
)
_DRAFT = (
    update(Artifact)
    .where(col(Artifact.id) == bindparam("of_artifact"), col(Artifact.project_id) == _FENCE.c.project_id)
    .values(
        partial_data=bindparam("draft"),
        streaming_progress=bindparam("done"),
        finished_ideas=bindparam("finished"),
        titles=bindparam("told"),
    )
    .returning(_FENCE.c.progress)
    .execution_options(synchronize_session=False)
)
_PROGRESS = (
    update(Transform)
    .where(col(Transform.id) == bindparam("of_transform"))
    .values(progress_percentage=bindparam("done"))
)
