"""The rows of the job queue, read and put as a test needs them."""

from typing import Any

import psycopg

from scriptwriter.services.runs import attempts
from tests.support.rows import rows


def execute(url: str, statement: str, *parameters: Any) -> list[Any]:
    """What a statement gives, committed."""
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement.encode(), parameters)
        return cursor.fetchall() if cursor.description else []


def queue(url: str) -> list[tuple[str, str]]:
    """The state and the transform of each job."""
    query = "SELECT status::text, args ->> 'transform_id' AS id FROM procrastinate_jobs ORDER BY id"
    return [(job["status"], job["id"]) for job in rows(url, query)]


def process_row(url: str, silent: str = "0 seconds") -> int:
    """A process or worker whose last sign of life was that long ago; its id."""
    [[process]] = execute(
        url,
        "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - %s::interval) RETURNING id",
        silent,
    )
    return process


def taken_by_a_worker(url: str, silent: str = "0 seconds") -> int:
    """The only job is taken by a worker whose last sign of life was that long ago; the job's id."""
    [[job]] = execute(
        url,
        "UPDATE procrastinate_jobs SET status = 'doing', worker_id = %s RETURNING id",
        process_row(url, silent),
    )
    return job


async def begun(transform_id: str, job: int | None = None, process: int | None = None) -> attempts.Attempt:
    """The attempt that begins now."""
    attempt = await attempts.begin(transform_id, job, process)
    assert attempt is not None
    return attempt
