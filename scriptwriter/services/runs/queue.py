"""The jobs of the queue: one job for each attempt, with the run's id. The task itself is the worker's."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

import procrastinate
from procrastinate.jobs import Status
from procrastinate.manager import JobManager
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel.ext.asyncio.session import AsyncSession

from scriptwriter.store.database import psycopg_connection

GENERATE = "generate"

app = procrastinate.App(connector=procrastinate.PsycopgConnector())
"""The worker registers its task here, and runs the app with its own connector (`app.with_connector`)."""


async def defer_generation(
    session: AsyncSession, transform_id: str, *, not_before: datetime | None = None
) -> int:
    """Queue a job for the run `transform_id`, in the transaction of `session`; returns the job's id.

    No worker takes the job before `not_before` (None: now).
    """
    connection = await psycopg_connection(session)
    job = app.configure_task(GENERATE, connection=connection, schedule_at=not_before)
    return await job.defer_async(transform_id=transform_id)


async def delete_lost_jobs(session: AsyncSession, silence: float, ended: Mapping[int, int]) -> set[str]:
    """Delete the jobs that no worker works on any more; returns the transforms' ids that have another job.

    These are the jobs of workers without a heartbeat for `silence` seconds, and those in `ended`
    (job id → worker id). They are deleted rather than queued again: their worker may come back, and would end
    a job that another worker has by then.
    """
    jobs = JobManager(_InTransaction(await session.connection()))
    stalled = await jobs.get_stalled_jobs(task_name=GENERATE, seconds_since_heartbeat=silence)
    lost = {job.id for job in stalled}
    waiting = await jobs.list_jobs_async(task=GENERATE, status="todo")
    queued = {str(job.task_kwargs["transform_id"]) for job in waiting}
    # Read after the waiting jobs: a job that a worker takes in between is then in both lists.
    for job in await jobs.list_jobs_async(task=GENERATE, status="doing"):
        assert job.id is not None
        has_ended = ended.get(job.id) == job.worker_id is not None
        if job.id in lost or has_ended:
            # The worker may have ended the job between the two queries.
            with suppress(ProgrammingError):
                async with session.begin_nested():
                    await jobs.finish_job_by_id_async(job.id, Status.ABORTED, delete_job=True)
        else:
            queued.add(str(job.task_kwargs["transform_id"]))
    return queued


class _InTransaction(procrastinate.BaseConnector):
    """Runs the queries of a JobManager on a connection of SQLAlchemy's, in its transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def execute_query_async(self, query: str, **arguments: Any) -> None:
        await self._connection.exec_driver_sql(query, arguments)

    async def execute_query_all_async(self, query: str, **arguments: Any) -> list[dict[str, Any]]:
        rows = await self._connection.exec_driver_sql(query, arguments)
        return [dict(row) for row in rows.mappings()]
