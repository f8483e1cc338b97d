"""The production build of this application, running on a free port; knows nothing of browsers."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.support.waiting import wait_until

ROOT = Path(__file__).parents[2]
BUILD_LIMIT = 240.0
PORTS = range(20_000, 32_000)
"""Below the ports that Linux (from 32768) and macOS (from 49152) choose from by themselves."""
_SERVE = """
import sys
from reflex.utils.exec import run_backend_prod
run_backend_prod("127.0.0.1", int(sys.argv[1]), mount_frontend_compiled_app=True)
"""


@dataclass
class Web:
    """A running web process: people type `url`, it listens on `port`, `log` has everything it printed.

    `build` is the folder of its pages, `settings` are those that it was started with.
    """

    url: str
    port: int
    log: Path
    process: subprocess.Popen[bytes]
    build: Path
    settings: Mapping[str, str]

    def answers(self, path: str = "/readyz") -> bool:
        """Whether it serves; fails the test where it has ended instead."""
        assert self.process.poll() is None, f"the web process ended:\n{self.log.read_text()[-4000:]}"
        try:
            with urllib.request.urlopen(f"http://localhost:{self.port}{path}", timeout=2) as response:
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
    """A port that nobody listens on, and that no system gives to an outgoing connection meanwhile."""
    while True:
        port = secrets.choice(PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@contextmanager
def production_build(
    folder: Path, settings: Mapping[str, str], *, port: int | None = None, pages: bool = True
) -> Iterator[Web]:
    """Build and run the application in `folder`, with `settings` above this process's environment.

    Without `pages` only the backend runs, which is there within seconds.
    """
    port = port or free_port()
    command = ["-m", "reflex", "run", "--env", "prod", "--backend-port", str(port)]
    command += [] if pages else ["--backend-only"]
    with _running(command, f"http://localhost:{port}", port, folder, folder / "web", settings) as web:
        yield web


@contextmanager
def same_pages(built: Web, folder: Path, settings: Mapping[str, str]) -> Iterator[Web]:
    """Another web process for the pages of `built`, which it does not build again; its data are in `folder`.

    They know the address that they were built for, so it is the browser that must be led to this process.
    """
    port = free_port()
    prepared = {
        "REFLEX_ENV_MODE": "prod",
        "REFLEX_FRONTEND_PORT": str(built.port),
        "__REFLEX_SKIP_COMPILE": "true",
    }
    command = ["-c", _SERVE, str(port)]
    with _running(command, built.url, port, folder, built.build, prepared | {**settings}) as web:
        yield web


@contextmanager
def _running(
    command: list[str], url: str, port: int, folder: Path, build: Path, settings: Mapping[str, str]
) -> Iterator[Web]:
    environment = {
        **os.environ,
        "REFLEX_WEB_WORKDIR": str(build),
        "REFLEX_STATES_WORKDIR": str(folder / "states"),
        "SCRIPTWRITER_ENV": "development",
        **settings,
    }
    log = folder / "web.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, *command],
            cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            start_new_session=True,
        )  # fmt: skip
    web = Web(url, port, log, process, build, settings)
    try:
        wait_until(web.answers, BUILD_LIMIT)
        yield web
    finally:
        if process.poll() is None:
            web.stop()
