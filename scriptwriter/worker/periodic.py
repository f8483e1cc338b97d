"""What a worker process repeats beside its runs: its heartbeat, takeover of abandoned runs, and cleanup."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from scriptwriter.services.expiry import clean
from scriptwriter.services.projects.open_tabs import forget_silent
from scriptwriter.services.projects.purging import purge
from scriptwriter.services.runs import takeover
from scriptwriter.store.database import DATABASE_AWAY
from scriptwriter.worker.local_runs import LocalRuns

_HEARTBEAT_AGAIN = 1.0
"""Seconds until the next heartbeat after one that failed."""
_SILENT_TABS = 3.0
_CLEANUP = 600.0
"""Seconds between two cleanups."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Rhythm:
    """The times of heartbeat and takeover, in seconds.

    A takeover does not notice an outage shorter than `gap`, so a heartbeat interval, such an outage and the
    time to connect again must together be shorter than `stalled`. After a longer outage a process needs up to
    `grace` to connect and send a heartbeat.
    """

    heartbeat: float = 4.0
    stalled: float = 16.0
    sweep: float = 2.0
    gap: float = 6.0
    grace: float = 10.0


USUAL = Rhythm()


def start(runs: LocalRuns, rhythm: Rhythm) -> list[asyncio.Task[None]]:
    """Start the repeated tasks of this process; each goes on until it is cancelled."""
    detector = takeover.FailureDetector(stalled=rhythm.stalled, gap=rhythm.gap, grace=rhythm.grace)

    async def heartbeat() -> None:
        if runs.process is not None:
            await takeover.store_heartbeat(runs.process)

    async def sweep() -> None:
        ended = runs.ended(rhythm.sweep)
        taken = await takeover.take_over(detector, ended=ended, process=runs.process, runs_here=runs.has)
        for transform_id in taken:
            _log.warning("run_taken_over", transform=transform_id)
        runs.forget(ended)

    return [
        asyncio.create_task(each)
        for each in (
            _repeat("heartbeat", heartbeat, rhythm.heartbeat, _HEARTBEAT_AGAIN),
            _repeat("sweep", sweep, rhythm.sweep),
            _repeat("silent_tabs", forget_silent, _SILENT_TABS),
            _repeat("cleanup", _clean_up, _CLEANUP),
        )
    ]


async def _clean_up() -> None:
    await clean()
    if purged := await purge():
        _log.info("projects_purged", count=purged)


async def _repeat(
    name: str, act: Callable[[], Awaitable[object]], seconds: float, after_failure: float | None = None
) -> None:
    while True:
        pause = seconds if after_failure is None else after_failure
        try:
            await act()
            pause = seconds
        except DATABASE_AWAY as error:
            _log.warning(f"{name}_failed", cause=type(error).__name__)
        except Exception:
            _log.exception(f"{name}_broke")
        await asyncio.sleep(pause)
