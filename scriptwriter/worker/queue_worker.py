"""Takes jobs from the queue for as long as the process runs, and hands each to `local_runs`."""

import asyncio
from contextlib import suppress

import procrastinate
import structlog
from procrastinate.exceptions import JobAborted
from procrastinate.jobs import Job
from procrastinate.retry import BaseRetryStrategy, RetryDecision

from scriptwriter.services.runs import takeover
from scriptwriter.services.runs.queue import GENERATE, app
from scriptwriter.settings import settings
from scriptwriter.store.database import DATABASE_AWAY, database, lasting
from scriptwriter.worker import periodic
from scriptwriter.worker.local_runs import LocalRuns
from scriptwriter.worker.periodic import USUAL, Rhythm

_WORKERS_KEPT = 86_400.0
"""Seconds of silence after which the queue forgets a worker. `takeover` decides which worker is dead."""
_RESTART = 1.0
_CONNECTING = 5.0
_POLLING = 1.0
_GRACE = 8.0
_GRACE_BESIDE_WEB = 1.0
"""Seconds that a stopping process lets its runs go on; Reflex kills its backend after two."""
_CANCEL_AGAIN = 2 * _GRACE
"""Seconds after which a worker that goes on in spite of its cancellation is cancelled again."""

_log = structlog.get_logger(__name__)


class _UntilItEnds(BaseRetryStrategy):
    """Retry a job at once after a cancellation, and a little later after a loss of the database."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision:
        seconds = 2 ** min(job.attempts, 3)
        if isinstance(exception, asyncio.CancelledError | JobAborted):
            seconds = 0
        return RetryDecision(retry_in={"seconds": seconds})


@app.task(name=GENERATE, retry=_UntilItEnds(), pass_context=True)
async def generate(context: procrastinate.JobContext, transform_id: str) -> None:
    """The task of a job: an attempt at the run `transform_id`."""
    runs: LocalRuns = context.additional_context["runs"]
    assert context.job.id is not None
    await runs.run(transform_id, context.job.id, context.job.worker_id)


def connector() -> procrastinate.PsycopgConnector:
    """The queue's connections to the database of this process."""
    return procrastinate.PsycopgConnector(
        conninfo=database().url, kwargs=lasting(database().url), min_size=1, max_size=4, timeout=_CONNECTING
    )


async def work(rhythm: Rhythm = USUAL) -> None:
    """Run attempts until cancelled; go on through every loss of the database.

    Uses the database of this process (`database.connect` comes first).
    """
    runs = LocalRuns(_GRACE_BESIDE_WEB if settings().worker_inside else _GRACE)
    repeated = periodic.start(runs, rhythm)
    try:
        while True:
            try:
                runs.process = await takeover.store_heartbeat(runs.process)
                await _work(runs, rhythm)
            except Exception as error:
                _log.warning("worker_stopped", cause=type(error).__name__)
            _raise_if_cancelled()
            await asyncio.sleep(_RESTART)
    finally:
        runs.stopping = True
        await runs.close()
        for each in repeated:
            each.cancel()
        await asyncio.gather(*repeated, return_exceptions=True)
        with suppress(*DATABASE_AWAY):
            if runs.process is not None:
                await takeover.leave(runs.process)


def _raise_if_cancelled() -> None:
    """Raise the CancelledError that was swallowed while a connection was being opened."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


async def _work(runs: LocalRuns, rhythm: Rhythm) -> None:
    """Run one worker of the queue; returns or raises when it has lost the database."""
    worker = app.with_connector(connector())
    async with worker.open_async():
        _raise_if_cancelled()
        working = asyncio.create_task(
            worker.run_worker_async(
                concurrency=settings().worker_concurrency,
                install_signal_handlers=False,
                listen_notify=True,
                # A job that is scheduled for later is found by polling, not by a notification.
                fetch_job_polling_interval=_POLLING,
                # LocalRuns gives the runs their time to end: it knows whether the process stops.
                shutdown_graceful_timeout=0,
                delete_jobs="successful",
                update_heartbeat_interval=rhythm.heartbeat,
                stalled_worker_timeout=_WORKERS_KEPT,
                additional_context={"runs": runs},
            )
        )
        try:
            await asyncio.shield(working)
        except asyncio.CancelledError:
            runs.stopping = True
            while not working.done():
                working.cancel()
                await asyncio.wait({working}, timeout=_CANCEL_AGAIN)
            raise
