"""Heartbeats of the worker processes, and takeover: a run whose process died is queued again.

A process has a row of its own among the queue's workers. It outlives the queue workers that the process runs
one after the other: each of them ends when it loses the database, while the runs of the process go on.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.exc import NoResultFound
from sqlmodel.ext.asyncio.session import AsyncSession

from scriptwriter.domain import graph
from scriptwriter.domain.kinds import Unreadable
from scriptwriter.services.runs.queue import GENERATE, defer_generation
from scriptwriter.services.runs.records import changed, context_of, ideas_of
from scriptwriter.store.database import transaction
from scriptwriter.store.tables import Transform

LONG_AGO = datetime.min.replace(tzinfo=UTC)

_LOCK = 0x5C21A
"""The advisory lock of `take_over`: two processes at once would queue one run twice."""

_IDLE_LIMIT_MS = 5_000
"""A process that is frozen while it holds the lock loses it after so long."""

_ENTER = text("INSERT INTO procrastinate_workers DEFAULT VALUES RETURNING id")

# Inserted again where it was cleared away: a process that slept for days may still have it.
_BEAT = text("""
    INSERT INTO procrastinate_workers (id, last_heartbeat) OVERRIDING SYSTEM VALUE VALUES (:id, now())
    ON CONFLICT (id) DO UPDATE SET last_heartbeat = excluded.last_heartbeat
""")
_LEAVE = text("DELETE FROM procrastinate_workers WHERE id = :id")

_ALIVE = text(
    "SELECT EXISTS (SELECT FROM procrastinate_workers WHERE id = :id AND last_heartbeat >= :deadline)"
)

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


class FailureDetector:
    """Which processes count as dead, for one process that calls `take_over` again and again.

    A process is dead when its last heartbeat is older than `stalled` seconds. As none can send a heartbeat
    while the database is away, an outage must kill nobody: two calls more than `gap` seconds apart had an
    outage between them (or the caller slept). Then, as at the first call, nobody is dead for `grace` seconds.
    """

    def __init__(self, *, stalled: float, gap: float = 60.0, grace: float = 0.0) -> None:
        self._stalled = timedelta(seconds=stalled)
        self._gap = timedelta(seconds=gap)
        self._grace = timedelta(seconds=grace)
        self._since: datetime | None = None
        self._last: datetime | None = None

    def deadline(self, now: datetime) -> datetime:
        """The moment since which a living process has sent a heartbeat; `now` is the database's clock."""
        if self._since is None or self._last is None or abs(now - self._last) > self._gap:
            self._since = now
        self._last = now
        return now - self._stalled if now - self._since >= self._grace else LONG_AGO


async def beat(process: int | None) -> int:
    """Store a heartbeat of `process`; returns its id, a new one for None."""
    async with transaction() as session:
        connection = await session.connection()
        if process is None:
            return (await connection.execute(_ENTER)).scalar_one()
        await connection.execute(_BEAT, {"id": process})
        return process


async def leave(process: int) -> None:
    """Delete the row of a process that ends: it is dead from now on."""
    async with transaction() as session:
        await (await session.connection()).execute(_LEAVE, {"id": process})


async def take_over(
    detector: FailureDetector,
    *,
    ended: Mapping[int, int],
    process: int | None = None,
    runs_here: Callable[[str], bool] = lambda transform_id: False,
) -> list[str]:
    """Queue every active run that no process has any more; returns the transforms' ids.

    A pending run belongs to its job, and the job to its queue worker. `ended` (job id → worker id) are jobs
    whose work has ended, though their worker could not write so: they count as dead. A running run belongs to
    its process, with a job or without; `process` is the id of the caller, and `runs_here` says whether a run
    (by its transform's id) runs in it.
    """
    async with transaction() as session:
        connection = await session.connection()
        look = {"idle": str(_IDLE_LIMIT_MS), "key": _LOCK}
        deadline = detector.deadline((await connection.execute(_LOOK, look)).scalar_one())
        jobs = {"ended": list(ended), "by": list(ended.values())}
        await connection.execute(_DELETE_LEFT_BEHIND, {"task": GENERATE, "deadline": deadline, **jobs})
        taken = []
        for row in (await connection.execute(_WITHOUT_A_JOB, {"task": GENERATE})).all():
            transform = await session.get_one(Transform, row.id)
            running = transform.streaming_status == "running"
            if running and await _has_a_process(session, transform, deadline, process, runs_here):
                continue
            job = await defer_generation(session, transform.id)
            if running:
                await _count_death(session, transform, job)
            taken.append(transform.id)
        return taken


async def is_alive(session: AsyncSession, process: int, deadline: datetime) -> bool:
    """Whether `process` has sent a heartbeat since `deadline`."""
    found = await (await session.connection()).execute(_ALIVE, {"id": process, "deadline": deadline})
    return found.scalar_one()


async def _has_a_process(
    session: AsyncSession,
    transform: Transform,
    deadline: datetime,
    process: int | None,
    runs_here: Callable[[str], bool],
) -> bool:
    context = context_of(transform)
    owner = None if isinstance(context, Unreadable) else context.process
    if owner is None:
        return False
    return runs_here(transform.id) if owner == process else await is_alive(session, owner, deadline)


async def _count_death(session: AsyncSession, transform: Transform, job: int) -> None:
    """Hand a run to `job`, and count the death of its process, unless it finished an idea before."""
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
