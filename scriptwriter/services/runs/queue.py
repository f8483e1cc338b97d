"""The job queue: its app, and the deferring of jobs. The task itself is the worker's."""

from datetime import datetime

import procrastinate
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
