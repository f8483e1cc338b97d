"""Workers in processes of their own."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager


@contextmanager
def worker_process(settings: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A worker with `settings` above this process's environment, killed at the end."""
    environment = {**os.environ, "SCRIPTWRITER_ENV": "development", **settings}
    command = [sys.executable, "-m", "scriptwriter", "worker"]
    with subprocess.Popen(command, env=environment) as process:
        try:
            yield process
        finally:
            process.kill()
