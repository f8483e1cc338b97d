"""Owns the job queue's app and the deferring of jobs; knows jobs by their name only, not what they do."""

from datetime import datetime

import procrastinate
from sqlmodel.ext.asyncio.session import AsyncSession

from scriptwriter.store.database import psycopg_connection

GENERATE = "generate"

app = procrastinate.App(connector=procrastinate.PsycopgConnector())
"""Tasks register themselves here; a worker runs it with a connector of its own (`app.with_connector`)."""


async def defer_generation(
    session: AsyncSession, transform_id: str, *, not_before: datetime | None = None
) -> int:
    """Queue the generation of `transform_id`, in the transaction of `session`: both happen, or neither.

    Returns the job's id.
    """
    connection = await psycopg_connection(session)
    job = app.configure_task(GENERATE, connection=connection, schedule_at=not_before)
    return await job.defer_async(transform_id=transform_id)
