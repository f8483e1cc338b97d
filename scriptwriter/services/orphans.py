"""Owns generations that no worker has any more: finds them in the queue's tables, and queues them again."""

from collections.abc import Mapping

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from scriptwriter.database import transaction
from scriptwriter.services.jobs import GENERATE, defer_generation

_ONE_AT_A_TIME = 0x5C21A
"""The advisory lock under which orphans are looked for, so that two workers do not queue one twice."""

_LOCK = text("SELECT pg_advisory_xact_lock(:key)")

# Deleted rather than queued again: a worker that comes back would end the job that another one has now.
_DELETE_LEFT_BEHIND = text("""
    DELETE FROM procrastinate_jobs AS job
    WHERE job.task_name = :task
      AND job.status = 'doing'
      AND (
        NOT EXISTS (
          SELECT FROM procrastinate_workers AS worker
          WHERE worker.id = job.worker_id
            AND worker.last_heartbeat > now() - make_interval(secs => :stalled)
        )
        OR (job.id, job.worker_id) IN (SELECT * FROM unnest(CAST(:ended AS bigint[]), CAST(:by AS bigint[])))
      )
""")

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
""")

_LIVE = text("SELECT EXISTS (SELECT FROM procrastinate_jobs WHERE id = :id AND status IN ('todo', 'doing'))")


async def adopt(*, stalled: float, ended: Mapping[int, int]) -> list[str]:
    """Queue every generation that has no living job; returns the transforms' ids.

    A job is dead when its worker gave no heartbeat for `stalled` seconds, or when it is in `ended`
    (job id → worker id): work that has ended, though its worker could not write so.
    """
    async with transaction() as session:
        connection = await session.connection()
        await connection.execute(_LOCK, {"key": _ONE_AT_A_TIME})
        jobs = {"ended": list(ended), "by": list(ended.values())}
        await connection.execute(_DELETE_LEFT_BEHIND, {"task": GENERATE, "stalled": stalled, **jobs})
        found = [row.id for row in await connection.execute(_WITHOUT_A_JOB, {"task": GENERATE})]
        for transform_id in found:
            await defer_generation(session, transform_id)
        return found


async def is_live(session: AsyncSession, job: int) -> bool:
    """Whether a worker has the job, or will have it."""
    return (await (await session.connection()).execute(_LIVE, {"id": job})).scalar_one()
