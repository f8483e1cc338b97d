"""Owns the worker: which task runs a generation, when a job is tried again. Knows nothing of models."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime

import procrastinate
import structlog
from procrastinate.exceptions import ConnectorException, JobAborted
from procrastinate.jobs import Job
from procrastinate.retry import BaseRetryStrategy, RetryDecision

from scriptwriter.database import database
from scriptwriter.generation.run import run
from scriptwriter.services.jobs import GENERATE, app
from scriptwriter.settings import settings

_HEARTBEAT = 5.0
_STALLED = 20.0
"""Seconds without a heartbeat after which a worker counts as dead, and its jobs go to the others."""
_RESCUE = 5.0
_RESTART = 1.0
_POLLING = 1.0
_GRACE = 8.0
_GRACE_BESIDE_WEB = 1.0
"""Seconds a stopping worker lets its generations go on; Reflex kills its backend after two."""

_log = structlog.get_logger(__name__)


class _UntilItEnds(BaseRetryStrategy):
    """What a stopping worker left goes on at once; what lost its database, a little later."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision:
        left = isinstance(exception, asyncio.CancelledError | JobAborted)
        return RetryDecision(retry_in={"seconds": 0 if left else min(2**job.attempts, 60)})


@app.task(name=GENERATE, retry=_UntilItEnds())
async def generate(transform_id: str) -> None:
    """Run the generation of `transform_id`."""
    await run(transform_id)


async def work() -> None:
    """Run generations until cancelled, whatever happens to the database meanwhile.

    Uses the database of this process (`database.connect` comes first).
    """
    while True:
        try:
            await _work()
        except Exception as error:
            _log.warning("worker_stopped", cause=type(error).__name__)
        await asyncio.sleep(_RESTART)


async def _work() -> None:
    """One worker's life; returns or raises where it lost its database."""
    connector = procrastinate.PsycopgConnector(conninfo=database().url, min_size=1, max_size=4)
    worker = app.with_connector(connector)
    async with worker.open_async():
        rescue = asyncio.create_task(_rescue(worker))
        try:
            await worker.run_worker_async(
                concurrency=settings().worker_concurrency,
                install_signal_handlers=False,
                listen_notify=True,
                # A retry that was put off is found by looking, not by a notification.
                fetch_job_polling_interval=_POLLING,
                shutdown_graceful_timeout=_GRACE_BESIDE_WEB if settings().worker_inside else _GRACE,
                delete_jobs="successful",
                update_heartbeat_interval=_HEARTBEAT,
                stalled_worker_timeout=_STALLED,
            )
        finally:
            rescue.cancel()
            with suppress(asyncio.CancelledError):
                await rescue


async def _rescue(worker: procrastinate.App) -> None:
    """Queue the jobs of dead workers again."""
    while True:
        with suppress(ConnectorException):
            for job in await worker.job_manager.get_stalled_jobs(seconds_since_heartbeat=_STALLED):
                _log.warning("job_rescued", **job.task_kwargs)
                # Another worker may have been faster, and then this raises.
                with suppress(ConnectorException):
                    await worker.job_manager.retry_job(job, retry_at=datetime.now(UTC))
        await asyncio.sleep(_RESCUE)
