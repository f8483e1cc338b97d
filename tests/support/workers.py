"""Worker processes for tests."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import astuple

from scriptwriter.worker.periodic import Rhythm

QUICK = Rhythm(heartbeat=1.0, stalled=8.0, sweep=0.5, gap=3.0, grace=5.0)
"""Short intervals, for tests that wait until a worker counts as dead."""

_IN_RHYTHM = """
import asyncio, sys
from scriptwriter.store import database
from scriptwriter.worker import periodic, queue_worker
from scriptwriter.operations.observability import configure_logs

async def main():
    database.connect(sys.argv[1])
    await queue_worker.work(periodic.Rhythm(*map(float, sys.argv[2:])))

configure_logs(json_lines=False)
asyncio.run(main())
"""


@contextmanager
def worker_process(settings: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A worker with `settings` added to this process's environment; it is killed after the block."""
    with _running([sys.executable, "-m", "scriptwriter", "worker"], settings) as process:
        yield process


@contextmanager
def worker_in_rhythm(url: str, rhythm: Rhythm = QUICK) -> Iterator[subprocess.Popen[bytes]]:
    """A worker on the database at `url` with the intervals of `rhythm`; it is killed after the block."""
    command = [sys.executable, "-c", _IN_RHYTHM, url, *map(str, astuple(rhythm))]
    with _running(command, {"DATABASE_URL": url, "ELECTRIC_URL": ""}) as process:
        yield process


@contextmanager
def _running(command: list[str], settings: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    environment = {**os.environ, "SCRIPTWRITER_ENV": "development", **settings}
    with subprocess.Popen(command, env=environment) as process:
        try:
            yield process
        finally:
            process.kill()
