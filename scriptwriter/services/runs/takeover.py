"""Owns generations that no process has any more: finds them in the queue's tables, and queues them again."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.exc import NoResultFound
from sqlmodel.ext.asyncio.session import AsyncSession

from scriptwriter.domain import graph
from scriptwriter.domain.kinds import Unreadable
from scriptwriter.services.runs.graph_steps import ideas_of
from scriptwriter.services.runs.heartbeats import Watch, is_alive
from scriptwriter.services.runs.queue import GENERATE, defer_generation
from scriptwriter.services.runs.transitions import changed, context_of
from scriptwriter.store.database import transaction
from scriptwriter.store.tables import Transform

_ONE_AT_A_TIME = 0x5C21A
"""The advisory lock under which orphans are looked for, so that two workers do not queue one twice."""

_IDLE_LIMIT_MS = 5_000
"""Who is frozen in the midst of this must not keep all others from it for longer."""

_LOOK = text("""
    SELECT now(), set_config('idle_in_transaction_session_timeout', :idle, true), pg_advisory_xact_lock(:key)
""")

# Deleted rather than queued again: a worker that comes back would end the job that another one has now.
_DELETE_LEFT_BEHIND = text("""
    DELETE FROM procrastinate_jobs AS job
    WHERE job.task_name = :task
      AND job.status = 'doing'
      AND (
        NOT EXISTS (
          SELECT FROM procrastinate_workers AS worker
          WHERE worker.id = job.worker_id AND worker.last_heartbeat >= :deadline
        )
        OR (job.id, job.worker_id) IN (SELECT * FROM unnest(CAST(:ended AS bigint[]), CAST(:by AS bigint[])))
      )
""")

# What is locked is being written: it is no orphan, or will be found the next time.
_WITHOUT_A_JOB = text("""
    SELECT transforms.id
    FROM transforms
    WHERE transforms.type = 'llm'
      AND transforms.streaming_status IN ('pending', 'running')
      AND NOT EXISTS (
        SELECT FROM procrastinate_jobs AS job
        WHERE job.task_name = :task
          AND job.status IN ('todo', 'doing')
          AND job.args ->> 'transform_id' = transforms.id
      )
    ORDER BY transforms.created_at
    FOR UPDATE SKIP LOCKED
""")


async def adopt(
    watch: Watch,
    *,
    ended: Mapping[int, int],
    process: int | None = None,
    holds: Callable[[str], bool] = lambda transform_id: False,
) -> list[str]:
    """Queue every generation that nobody has; returns the transforms' ids.

    One that waits has a job, which is dead with its worker, or when it is in `ended` (job id → worker id):
    work that has ended, though its worker could not write so. One that runs is its process's, with a job or
    without; `process` is the one that looks, and `holds` says of a transform's id whether it runs there.
    """
    async with transaction() as session:
        connection = await session.connection()
        look = {"idle": str(_IDLE_LIMIT_MS), "key": _ONE_AT_A_TIME}
        deadline = watch.deadline((await connection.execute(_LOOK, look)).scalar_one())
        jobs = {"ended": list(ended), "by": list(ended.values())}
        await connection.execute(_DELETE_LEFT_BEHIND, {"task": GENERATE, "deadline": deadline, **jobs})
        adopted = []
        for row in (await connection.execute(_WITHOUT_A_JOB, {"task": GENERATE})).all():
            transform = await session.get_one(Transform, row.id)
            running = transform.streaming_status == "running"
            if running and await _has_somebody(session, transform, deadline, process, holds):
                continue
            job = await defer_generation(session, transform.id)
            if running:
                await _bereave(session, transform, job)
            adopted.append(transform.id)
        return adopted


async def _has_somebody(
    session: AsyncSession,
    transform: Transform,
    deadline: datetime,
    process: int | None,
    holds: Callable[[str], bool],
) -> bool:
    """Whether a living process runs it."""
    context = context_of(transform)
    owner = None if isinstance(context, Unreadable) else context.process
    if owner is None:
        return False
    return holds(transform.id) if owner == process else await is_alive(session, owner, deadline)


async def _bereave(session: AsyncSession, transform: Transform, job: int) -> None:
    """Write that a run's process died: it is `job`'s now, and the deaths without progress count."""
    context = context_of(transform)
    if isinstance(context, Unreadable):
        return
    finished = 0
    with suppress(NoResultFound):
        artifact = await ideas_of(session, transform.id)
        finished = len(graph.finished(graph.readable(artifact.partial_data, artifact.data)))
    deaths = 0 if finished > (context.finished_before or 0) else (context.deaths or 0) + 1
    [transform.execution_context] = changed(context, job=job, deaths=deaths).values()
    session.add(transform)
