"""The production build of this application, running on a free port; knows nothing of browsers."""

import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.support.waiting import wait_until

ROOT = Path(__file__).parents[2]
BUILD_LIMIT = 240.0


@dataclass
class Web:
    """A running web process; `log` is the file with everything it printed."""

    url: str
    log: Path
    process: subprocess.Popen[bytes]

    def answers(self, path: str = "/readyz") -> bool:
        """Whether it serves; fails the test where it has ended instead."""
        assert self.process.poll() is None, f"the web process ended:\n{self.log.read_text()[-4000:]}"
        try:
            with urllib.request.urlopen(self.url + path, timeout=2) as response:
                return response.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def stop(self) -> list[psutil.Process]:
        """Ctrl+C; returns the processes that are left after that, of all it had started."""
        started = [*psutil.Process(self.process.pid).children(recursive=True)]
        os.killpg(self.process.pid, signal.SIGINT)
        self.process.wait(30)
        _, alive = psutil.wait_procs(started, timeout=10)
        return alive


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def production_build(
    folder: Path, settings: Mapping[str, str], *, port: int | None = None, pages: bool = True
) -> Iterator[Web]:
    """Build and run the application in `folder`, with `settings` above this process's environment.

    Without `pages` only the backend runs, which is there within seconds.
    """
    port = port or free_port()
    command = [sys.executable, "-m", "reflex", "run", "--env", "prod", "--backend-port", str(port)]
    environment = {
        **os.environ,
        "REFLEX_WEB_WORKDIR": str(folder / "web"),
        "REFLEX_STATES_WORKDIR": str(folder / "states"),
        "SCRIPTWRITER_ENV": "development",
        **settings,
    }
    log = folder / "web.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, *([] if pages else ["--backend-only"])], cwd=ROOT, env=environment,
            stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip
    web = Web(f"http://localhost:{port}", log, process)
    try:
        wait_until(web.answers, BUILD_LIMIT)
        yield web
    finally:
        if process.poll() is None:
            web.stop()
