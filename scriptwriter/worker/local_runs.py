"""The runs of this process. A run outlives the worker of the queue that took its job.

When that worker loses the database, the model goes on, and the ideas are committed once the database is back.
So a run belongs to its process, and not to the worker.
"""

import asyncio
from collections.abc import Iterable, Mapping
from time import monotonic

from scriptwriter.worker.run import run


class LocalRuns:
    """The runs of this process; once `stopping` is set, each has `grace` seconds to end by itself.

    `process` is the id under which the process sends heartbeats; None before the first one.
    """

    def __init__(self, grace: float) -> None:
        self.process: int | None = None
        self.stopping = False
        self._grace = grace
        self._runs: dict[str, asyncio.Task[None]] = {}
        self._ended: dict[int, tuple[int, float]] = {}

    async def run(self, transform_id: str, job: int, worker: int | None) -> None:
        """Run an attempt for `job` of the queue's worker `worker`, and return when it has ended.

        Waits first for the end of an earlier attempt at the same run in this process. Returns sooner when
        the worker is cancelled: the attempt goes on without its job. While the process stops, the attempt is
        cancelled after `grace` seconds, and CancelledError leaves the job to another process.
        """
        self._ended.pop(job, None)
        # An earlier attempt that was stopped, or lost its worker, is about to end: two would pay twice.
        while earlier := self._runs.get(transform_id):
            await self._until_ended(earlier)
        if self.stopping:
            raise asyncio.CancelledError
        current = asyncio.create_task(run(transform_id, job=job, process=self.process))
        self._runs[transform_id] = current
        current.add_done_callback(lambda _: self._runs.pop(transform_id, None))
        try:
            await self._until_ended(current)
            await current
        except asyncio.CancelledError:
            if self.stopping:
                raise
        finally:
            if worker is not None and current.done():
                self._ended[job] = (worker, monotonic())

    def has(self, transform_id: str) -> bool:
        """Whether an attempt at the run goes on here."""
        return transform_id in self._runs

    def ended(self, seconds: float) -> Mapping[int, int]:
        """The jobs (id → worker id) that ended at least `seconds` ago and are not forgotten."""
        before = monotonic() - seconds
        return {job: worker for job, (worker, moment) in self._ended.items() if moment <= before}

    def forget(self, jobs: Iterable[int]) -> None:
        """Forget ended jobs that the queue does not list any more."""
        for job in jobs:
            self._ended.pop(job, None)

    async def close(self) -> None:
        """Cancel every attempt; the rows stay as they are, for the next one."""
        left = [*self._runs.values()]
        for each in left:
            each.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def _until_ended(self, work: asyncio.Task[None]) -> None:
        try:
            await asyncio.wait({work})
        except asyncio.CancelledError:
            if not self.stopping:
                raise
            await asyncio.wait({work}, timeout=self._grace)
            if not work.done():
                work.cancel()
                await asyncio.wait({work})
                raise
