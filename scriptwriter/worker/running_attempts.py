"""Owns the generations that run in this process. Knows the job that asks for one, not the queue it is from.

A generation outlives the worker that took its job when that worker only lost its database: the model goes on,
and what it writes is committed when the database is back. It is this process's, not that worker's.
"""

import asyncio
from collections.abc import Iterable, Mapping
from time import monotonic

from scriptwriter.worker.attempt import run


class Running:
    """The generations of one process; after `stopping` is set, each has `grace` seconds to end by itself.

    `process` is the id under which the process gives signs of life; None before the first one.
    """

    def __init__(self, grace: float) -> None:
        self.process: int | None = None
        self.stopping = False
        self._grace = grace
        self._runs: dict[str, asyncio.Task[None]] = {}
        self._ended: dict[int, tuple[int, float]] = {}

    async def join(self, transform_id: str, job: int, worker: int | None) -> None:
        """Run the generation for `job` of `worker`, after an earlier run of it here; returns when it ended.

        Returns sooner when that worker gives up: the run goes on without it, and needs no job. Where the
        process is stopping, the run ends, and the job is for another process: raises CancelledError.
        """
        self._ended.pop(job, None)
        # One that was stopped or lost its worker is about to end; two would pay the model twice.
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

    def holds(self, transform_id: str) -> bool:
        """Whether it runs here."""
        return transform_id in self._runs

    def ended(self, seconds: float) -> Mapping[int, int]:
        """The jobs that ended at least `seconds` ago and are not forgotten, with their worker."""
        before = monotonic() - seconds
        return {job: worker for job, (worker, moment) in self._ended.items() if moment <= before}

    def forget(self, jobs: Iterable[int]) -> None:
        """The queue knows that these have ended."""
        for job in jobs:
            self._ended.pop(job, None)

    async def close(self) -> None:
        """End every run; the rows stay as they are, for the next attempt."""
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
