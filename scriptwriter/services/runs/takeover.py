"""Heartbeats of the worker processes, and takeover: a run whose process died is queued again.

A process has a row in `worker_processes`. It outlives the queue's workers, which the process runs one after
the other: each of them ends when it loses the database, while the runs of the process go on.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, func, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import NoResultFound
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from scriptwriter.domain import graph
from scriptwriter.domain.kinds import Unreadable
from scriptwriter.services.runs.queue import defer_generation, delete_lost_jobs
from scriptwriter.services.runs.records import changed, context_of, ideas_of
from scriptwriter.store.database import transaction
from scriptwriter.store.tables import Transform, WorkerProcess

LONG_AGO = datetime.min.replace(tzinfo=UTC)

_KEPT = timedelta(days=1)
_ACTIVE = ("pending", "running")

_LOCK = 0x5C21A
"""The advisory lock of `take_over`: two concurrent calls would queue one run twice."""

_IDLE_LIMIT_MS = 5_000
"""Milliseconds after which a process that is frozen while it holds the lock loses it."""

_LOOK = text("""
    SELECT now(), set_config('idle_in_transaction_session_timeout', :idle, true), pg_advisory_xact_lock(:key)
""")


class FailureDetector:
    """Decides which worker processes count as dead, for one process that calls `take_over` repeatedly.

    A process counts as dead when its last heartbeat is older than `stalled` seconds. No process can send a
    heartbeat while the database is unavailable, so an outage must not count against it: if two calls are more
    than `gap` seconds apart, there was an outage between them (or the caller was suspended). After that, and
    after the first call, no process counts as dead for `grace` seconds.
    """

    def __init__(self, *, stalled: float, gap: float = 60.0, grace: float = 0.0) -> None:
        self._stalled = timedelta(seconds=stalled)
        self._gap = timedelta(seconds=gap)
        self._grace = timedelta(seconds=grace)
        self._since: datetime | None = None
        self._last: datetime | None = None

    def deadline(self, now: datetime) -> datetime:
        """The time since which every live process has sent a heartbeat; `now` is the database's clock."""
        if self._since is None or self._last is None or abs(now - self._last) > self._gap:
            self._since = now
        self._last = now
        return now - self._stalled if now - self._since >= self._grace else LONG_AGO


async def store_heartbeat(process: int | None) -> int:
    """Store a heartbeat of `process`; returns its id, a new one for None."""
    async with transaction() as session:
        if process is None:
            row = WorkerProcess()
            session.add(row)
            await session.flush()
            assert row.id is not None
            return row.id
        # Insert the row again if it was deleted: the process may have been suspended for days.
        now = {"last_heartbeat": func.now()}
        heartbeat = insert(WorkerProcess).values(id=process, **now)
        await session.exec(heartbeat.on_conflict_do_update(index_elements=["id"], set_=now))
        return process


async def leave(process: int) -> None:
    """Delete the row of a process that ends, so that it counts as dead immediately."""
    async with transaction() as session:
        await session.exec(delete(WorkerProcess).where(col(WorkerProcess.id) == process))


async def forget_dead_processes(session: AsyncSession) -> None:
    """Delete the rows of processes that have been silent for a day."""
    await session.exec(delete(WorkerProcess).where(col(WorkerProcess.last_heartbeat) < func.now() - _KEPT))


async def take_over(
    detector: FailureDetector,
    *,
    ended: Mapping[int, int],
    process: int | None = None,
    runs_here: Callable[[str], bool] = lambda transform_id: False,
) -> list[str]:
    """Queue every active run that no process has any more; returns the transforms' ids.

    A pending run belongs to its job, and the job to the queue's worker that took it. `ended` (job id → worker
    id) are jobs whose work has ended, but whose worker could not record it; they are deleted. A running run
    belongs to its process, with a job or without. `process` is the id of the caller, and `runs_here` says
    whether a run, by its transform's id, runs in the caller.
    """
    async with transaction() as session:
        look = {"idle": str(_IDLE_LIMIT_MS), "key": _LOCK}
        now = (await (await session.connection()).execute(_LOOK, look)).scalar_one()
        deadline = detector.deadline(now)
        active = await session.exec(
            select(Transform.id, Transform.retry_count)
            .where(Transform.type == graph.LLM, col(Transform.streaming_status).in_(_ACTIVE))
            .order_by(col(Transform.created_at))
        )
        runs = active.all()
        # Read the jobs after the runs: a run and its job are committed together, so each run's job is seen.
        queued = await delete_lost_jobs(session, (now - deadline).total_seconds(), ended)
        taken = []
        for transform_id, attempt in runs:
            if transform_id in queued:
                continue
            # Another process is writing a run that is locked, so skip it.
            transform = await session.get(Transform, transform_id, with_for_update={"skip_locked": True})
            if transform is None or transform.streaming_status not in _ACTIVE:
                continue
            if transform.retry_count != attempt:
                continue
            running = transform.streaming_status == "running"
            if running and await _has_a_process(session, transform, deadline, process, runs_here):
                continue
            job = await defer_generation(session, transform.id)
            if running:
                await _count_crash(session, transform, job)
            taken.append(transform.id)
        return taken


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
    if owner == process:
        return runs_here(transform.id)
    row = await session.get(WorkerProcess, owner)
    return row is not None and row.last_heartbeat >= deadline


async def _count_crash(session: AsyncSession, transform: Transform, job: int) -> None:
    """Hand a run to `job`, and count the crash of its process, or start at 0 if that had finished an idea."""
    context = context_of(transform)
    if isinstance(context, Unreadable):
        return
    finished = 0
    with suppress(NoResultFound):
        artifact = await ideas_of(session, transform.id)
        finished = len(graph.finished(graph.readable(artifact.partial_data, artifact.data)))
    crashes = 0 if finished > (context.finished_before or 0) else (context.deaths or 0) + 1
    [transform.execution_context] = changed(context, job=job, deaths=crashes).values()
    session.add(transform)
