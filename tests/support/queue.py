"""Read and write the rows of the job queue."""

from typing import Any

import psycopg

from scriptwriter.services.runs import attempts
from tests.support.rows import rows


def execute(url: str, statement: str, *parameters: Any) -> list[Any]:
    """Run a statement, commit it, and return its rows."""
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement.encode(), parameters)
        return cursor.fetchall() if cursor.description else []


def queue(url: str) -> list[tuple[str, str]]:
    """The status and the transform id of each job."""
    query = "SELECT status::text, args ->> 'transform_id' AS id FROM procrastinate_jobs ORDER BY id"
    return [(job["status"], job["id"]) for job in rows(url, query)]


def process_row(url: str, silent: str = "0 seconds") -> int:
    """Insert a worker process whose last heartbeat was `silent` ago; returns its id."""
    return _row(url, "worker_processes", silent)


def taken_by_a_worker(url: str, silent: str = "0 seconds") -> int:
    """Assign the only job to a queue worker whose last heartbeat was `silent` ago; returns the job's id."""
    [[job]] = execute(
        url,
        "UPDATE procrastinate_jobs SET status = 'doing', worker_id = %s RETURNING id",
        _row(url, "procrastinate_workers", silent),
    )
    return job


def age_all_heartbeats(url: str) -> None:
    """Set the last heartbeat of every worker process and every queue worker to a minute ago."""
    for table in ("worker_processes", "procrastinate_workers"):
        execute(url, f"UPDATE {table} SET last_heartbeat = now() - interval '1 minute'")


def _row(url: str, table: str, silent: str) -> int:
    query = f"INSERT INTO {table} (last_heartbeat) VALUES (now() - %s::interval) RETURNING id"
    [[id]] = execute(url, query, silent)
    return id


async def begun(transform_id: str, job: int | None = None, process: int | None = None) -> attempts.Attempt:
    """Begin an attempt now and return it."""
    attempt = await attempts.begin(transform_id, job, process)
    assert attempt is not None
    return attempt
