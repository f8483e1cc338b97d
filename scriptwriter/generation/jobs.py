"""Owns the worker: which task runs a generation, when a job is tried again. Knows nothing of models."""

import asyncio
from contextlib import suppress

import procrastinate
import structlog
from procrastinate.exceptions import JobAborted
from procrastinate.jobs import Job
from procrastinate.retry import BaseRetryStrategy, RetryDecision

from scriptwriter.database import database
from scriptwriter.generation.draft import DATABASE_AWAY
from scriptwriter.generation.running import Running, StillRunning
from scriptwriter.services.cleaning import clean
from scriptwriter.services.jobs import GENERATE, app
from scriptwriter.services.orphans import adopt
from scriptwriter.services.presence import forget_silent
from scriptwriter.services.purges import purge
from scriptwriter.settings import settings

_HEARTBEAT = 4.0
_STALLED = 16.0
"""Seconds without a heartbeat after which a worker counts as dead, and its jobs go to the others."""
_SWEEP = 3.0
"""Seconds between two looks for generations that no living job has."""
_CLEANING = 600.0
"""Seconds between two cleanings of what has expired."""
_PURGE = 3600.0
"""Seconds between two looks for projects that were deleted too long ago to be restored."""
_RESTART = 1.0
_CONNECTING = 5.0
_POLLING = 1.0
_GRACE = 8.0
_GRACE_BESIDE_WEB = 1.0
"""Seconds a stopping process lets its generations go on; Reflex kills its backend after two."""
_STILL_RUNNING = 20
"""Seconds until the job of a run that outlived its worker is tried again: should its process die as well."""

_log = structlog.get_logger(__name__)


class _UntilItEnds(BaseRetryStrategy):
    """What a stopping worker left goes on at once; what lost its database, a little later."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision:
        seconds = 2 ** min(job.attempts, 3)
        if isinstance(exception, asyncio.CancelledError | JobAborted):
            seconds = 0
        elif isinstance(exception, StillRunning):
            seconds = _STILL_RUNNING
        return RetryDecision(retry_in={"seconds": seconds})


@app.task(name=GENERATE, retry=_UntilItEnds(), pass_context=True)
async def generate(context: procrastinate.JobContext, transform_id: str) -> None:
    """Run the generation of `transform_id`."""
    running: Running = context.additional_context["running"]
    assert context.job.id is not None
    await running.join(transform_id, context.job.id, context.job.worker_id)


async def work() -> None:
    """Run generations until cancelled, whatever happens to the database meanwhile.

    Uses the database of this process (`database.connect` comes first).
    """
    running = Running(_GRACE_BESIDE_WEB if settings().worker_inside else _GRACE)
    try:
        while True:
            try:
                await _work(running)
            except Exception as error:
                _log.warning("worker_stopped", cause=type(error).__name__)
            await asyncio.sleep(_RESTART)
    finally:
        running.stopping = True
        await running.close()


async def _work(running: Running) -> None:
    """One worker's life; returns or raises where it lost its database."""
    connector = procrastinate.PsycopgConnector(
        conninfo=database().url, min_size=1, max_size=4, timeout=_CONNECTING
    )
    worker = app.with_connector(connector)
    async with worker.open_async():
        # Side by side: a large project that goes must not keep a generation waiting.
        sweep = asyncio.gather(_sweep(running), _purge())
        life = asyncio.create_task(
            worker.run_worker_async(
                concurrency=settings().worker_concurrency,
                install_signal_handlers=False,
                listen_notify=True,
                # A retry that was put off is found by looking, not by a notification.
                fetch_job_polling_interval=_POLLING,
                # Who waits, and how long, is decided where it is known whether the process stops.
                shutdown_graceful_timeout=0,
                delete_jobs="successful",
                update_heartbeat_interval=_HEARTBEAT,
                stalled_worker_timeout=_STALLED,
                additional_context={"running": running},
            )
        )
        try:
            await asyncio.shield(life)
        except asyncio.CancelledError:
            running.stopping = True
            life.cancel()
            await asyncio.wait({life})
            raise
        finally:
            sweep.cancel()
            with suppress(asyncio.CancelledError):
                await sweep


async def _sweep(running: Running) -> None:
    """Queue generations again that would otherwise stay as they are for ever; forget tabs; clean up."""
    clock, cleaned = asyncio.get_running_loop().time, -_CLEANING
    while True:
        try:
            ended = running.ended(_SWEEP)
            for transform_id in await adopt(stalled=_STALLED, ended=ended):
                _log.warning("generation_adopted", transform=transform_id)
            running.forget(ended)
            await forget_silent()
            if clock() - cleaned >= _CLEANING:
                cleaned = clock()
                await clean()
        except DATABASE_AWAY as error:
            _log.warning("sweep_failed", cause=type(error).__name__)
        await asyncio.sleep(_SWEEP)


async def _purge() -> None:
    """Remove what was deleted long ago, for ever."""
    while True:
        try:
            if purged := await purge():
                _log.info("projects_purged", count=purged)
        except DATABASE_AWAY as error:
            _log.warning("purge_failed", cause=type(error).__name__)
        await asyncio.sleep(_PURGE)
