"""Owns the worker: which task runs a generation, when a job is tried again. Knows nothing of models."""

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
from scriptwriter.store.database import database, lasting
from scriptwriter.worker.growing_draft import DATABASE_AWAY
from scriptwriter.worker.heartbeat import USUAL, Rhythm, beat, sweep
from scriptwriter.worker.housekeeping import clean_up, forget
from scriptwriter.worker.running_attempts import Running

_FORGOTTEN = 86_400.0
"""Seconds of silence after which the row of a process is cleared away; who is dead is decided in `vigil`."""
_RESTART = 1.0
_CONNECTING = 5.0
_POLLING = 1.0
_GRACE = 8.0
_GRACE_BESIDE_WEB = 1.0
"""Seconds a stopping process lets its generations go on; Reflex kills its backend after two."""
_LOST = 2 * _GRACE
"""Seconds after which a worker that was told to end has not heard it."""

_log = structlog.get_logger(__name__)


class _UntilItEnds(BaseRetryStrategy):
    """What a stopping worker left goes on at once; what lost its database, a little later."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision:
        seconds = 2 ** min(job.attempts, 3)
        if isinstance(exception, asyncio.CancelledError | JobAborted):
            seconds = 0
        return RetryDecision(retry_in={"seconds": seconds})


@app.task(name=GENERATE, retry=_UntilItEnds(), pass_context=True)
async def generate(context: procrastinate.JobContext, transform_id: str) -> None:
    """Run the generation of `transform_id`."""
    running: Running = context.additional_context["running"]
    assert context.job.id is not None
    await running.join(transform_id, context.job.id, context.job.worker_id)


def connector() -> procrastinate.PsycopgConnector:
    """The queue's way into the database of this process."""
    return procrastinate.PsycopgConnector(
        conninfo=database().url, kwargs=lasting(database().url), min_size=1, max_size=4, timeout=_CONNECTING
    )


async def work(rhythm: Rhythm = USUAL) -> None:
    """Run generations until cancelled, whatever happens to the database meanwhile.

    Uses the database of this process (`database.connect` comes first).
    """
    running = Running(_GRACE_BESIDE_WEB if settings().worker_inside else _GRACE)
    beside = (beat(running, rhythm), sweep(running, rhythm), forget(), clean_up())
    watch = [asyncio.create_task(each) for each in beside]
    try:
        while True:
            try:
                running.process = await takeover.beat(running.process)
                await _work(running, rhythm)
            except Exception as error:
                _log.warning("worker_stopped", cause=type(error).__name__)
            _end_where_asked()
            await asyncio.sleep(_RESTART)
    finally:
        running.stopping = True
        await running.close()
        for each in watch:
            each.cancel()
        await asyncio.gather(*watch, return_exceptions=True)
        with suppress(*DATABASE_AWAY):
            if running.process is not None:
                await takeover.leave(running.process)


def _end_where_asked() -> None:
    """Go on with a cancellation that was lost on the way: a connection that is being opened swallows it."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


async def _work(running: Running, rhythm: Rhythm) -> None:
    """One worker's life; returns or raises where it lost its database."""
    worker = app.with_connector(connector())
    async with worker.open_async():
        _end_where_asked()
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
                update_heartbeat_interval=rhythm.heartbeat,
                stalled_worker_timeout=_FORGOTTEN,
                additional_context={"running": running},
            )
        )
        try:
            await asyncio.shield(life)
        except asyncio.CancelledError:
            running.stopping = True
            while not life.done():
                life.cancel()
                await asyncio.wait({life}, timeout=_LOST)
            raise
