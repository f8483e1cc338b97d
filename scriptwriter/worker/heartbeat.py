"""Owns the watch of the processes over each other: this one's sign of life, its look for what others left."""

import asyncio
from dataclasses import dataclass

import structlog

from scriptwriter.services.runs import takeover
from scriptwriter.worker.growing_draft import DATABASE_AWAY
from scriptwriter.worker.running_attempts import Running

_AGAIN = 1.0

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Rhythm:
    """The times of the watch, in seconds.

    An outage shorter than `gap` is not noticed by who looks, so a sign of life, such an outage and the time
    to connect again must together be shorter than `stalled`. `grace` is what a process needs after a longer
    one to connect and give a sign again.
    """

    heartbeat: float = 4.0
    stalled: float = 16.0
    sweep: float = 2.0
    gap: float = 6.0
    grace: float = 10.0

    def detector(self) -> takeover.FailureDetector:
        """The rule by which others count as dead."""
        return takeover.FailureDetector(stalled=self.stalled, gap=self.gap, grace=self.grace)


USUAL = Rhythm()


async def beat(running: Running, rhythm: Rhythm) -> None:
    """Give a sign of life until cancelled, from when `running` has its id on."""
    while True:
        seconds = _AGAIN
        try:
            if running.process is not None:
                await takeover.beat(running.process)
                seconds = rhythm.heartbeat
        except DATABASE_AWAY as error:
            _log.warning("heartbeat_failed", cause=type(error).__name__)
        except Exception:
            _log.exception("heartbeat_broke")
        await asyncio.sleep(seconds)


async def sweep(running: Running, rhythm: Rhythm) -> None:
    """Queue generations again that would otherwise stay as they are for ever, until cancelled."""
    detector = rhythm.detector()
    while True:
        try:
            ended = running.ended(rhythm.sweep)
            taken = await takeover.take_over(
                detector, ended=ended, process=running.process, runs_here=running.holds
            )
            for transform_id in taken:
                _log.warning("run_taken_over", transform=transform_id)
            running.forget(ended)
        except DATABASE_AWAY as error:
            _log.warning("sweep_failed", cause=type(error).__name__)
        except Exception:
            _log.exception("sweep_broke")
        await asyncio.sleep(rhythm.sweep)
