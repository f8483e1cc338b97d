"""Worker processes, for tests of what one does about another."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple

from scriptwriter.generation.vigil import USUAL, Rhythm

QUICK = Rhythm(heartbeat=1.0, stalled=8.0, sweep=0.5, gap=3.0, grace=5.0)
"""For tests that wait until somebody counts as dead."""

_WORKER = """
import asyncio, sys
from scriptwriter import database
from scriptwriter.generation import jobs, vigil
from scriptwriter.observability import configure_logs

async def main():
    database.connect(sys.argv[1])
    await jobs.work(vigil.Rhythm(*map(float, sys.argv[2:])))

configure_logs(json_lines=False)
asyncio.run(main())
"""


@contextmanager
def worker_process(url: str, rhythm: Rhythm = USUAL) -> Iterator[subprocess.Popen[bytes]]:
    """A worker in a process of its own, killed at the end; the model is the one of this environment."""
    environment = os.environ | {"DATABASE_URL": url, "ELECTRIC_URL": "", "SCRIPTWRITER_ENV": "development"}
    command = [sys.executable, "-c", _WORKER, url, *map(str, astuple(rhythm))]
    with subprocess.Popen(command, env=environment) as process:
        try:
            yield process
        finally:
            process.kill()
