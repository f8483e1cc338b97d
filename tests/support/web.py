"""This application in production mode on a free port of this machine, with its pages or without."""

import gzip
import os
import secrets
import shutil
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
from filelock import FileLock

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


@dataclass(frozen=True)
class Pages:
    """Production pages in Reflex's folder `build`, which call the backend at `url`."""

    build: Path
    url: str


def build_pages(folder: Path, settings: Mapping[str, str]) -> Pages:
    """The production pages for `settings`, built in `folder` by the first process that asks for them.

    All processes must ask with the settings that pages show: models, currency, sign-in, environment.
    """
    folder.mkdir(exist_ok=True)
    address, log = folder / "address", folder / "build.log"
    with FileLock(folder / "lock", timeout=BUILD_LIMIT):
        if not address.exists():
            port = free_port()
            command = ["-m", "reflex", "export", "--frontend-only", "--no-zip", "--env", "prod"]
            ports = {"REFLEX_FRONTEND_PORT": str(port), "REFLEX_BACKEND_PORT": str(port)}
            environment = _environment(folder, settings, folder / "web") | ports
            with log.open("wb") as output:
                built = subprocess.run(
                    [sys.executable, *command], cwd=ROOT, env=environment,
                    stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=False, timeout=BUILD_LIMIT,
                )  # fmt: skip
            assert built.returncode == 0, f"the pages were not built:\n{log.read_text()[-4000:]}"
            address.write_text(f"http://localhost:{port}")
    return Pages(folder / "web", address.read_text())


@contextmanager
def serve(pages: Pages, folder: Path, settings: Mapping[str, str]) -> Iterator[Web]:
    """Run the application in `folder` with a copy of `pages`, in which its own address replaces theirs."""
    port = free_port()
    build, url = folder / "web", f"http://localhost:{port}"
    _copy(pages, build, url)
    with _serving(url, port, port, folder, build, settings) as web:
        yield web


@contextmanager
def same_pages(built: Web, folder: Path, settings: Mapping[str, str]) -> Iterator[Web]:
    """Another web process for the pages of `built`, which it does not build again; its data are in `folder`.

    The pages call the address of `built`: the caller leads the browser from there to this process.
    """
    with _serving(built.url, built.port, free_port(), folder, built.build, settings) as web:
        yield web


def _copy(pages: Pages, build: Path, url: str) -> None:
    """Copy what the server reads of `pages` to `build`, with `url` in place of their own."""
    shutil.copytree(pages.build, build, ignore=shutil.ignore_patterns("node_modules"))
    # The scheme differs between the addresses of the API and of the websocket.
    before, after = (each.partition(":")[2].encode() for each in (pages.url, url))
    for path in (build / "build").rglob("*"):
        if path.is_file():
            opened = gzip.decompress if path.suffix == ".gz" else bytes
            closed = gzip.compress if path.suffix == ".gz" else bytes
            content = opened(path.read_bytes())
            if before in content:
                path.write_bytes(closed(content.replace(before, after)))


@contextmanager
def _serving(
    url: str, public_port: int, port: int, folder: Path, build: Path, settings: Mapping[str, str]
) -> Iterator[Web]:
    """Serve what is built in `build`; pages and browsers know it by `url`, at `public_port`."""
    prepared = {
        "REFLEX_ENV_MODE": "prod",
        "REFLEX_FRONTEND_PORT": str(public_port),
        "__REFLEX_SKIP_COMPILE": "true",
    }
    with _running(["-c", _SERVE, str(port)], url, port, folder, build, prepared | {**settings}) as web:
        yield web


@contextmanager
def _running(
    command: list[str], url: str, port: int, folder: Path, build: Path, settings: Mapping[str, str]
) -> Iterator[Web]:
    environment = _environment(folder, settings, build)
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


def _environment(folder: Path, settings: Mapping[str, str], build: Path) -> dict[str, str]:
    """This process's environment, `settings` above it, and Reflex's own folders."""
    return {
        **os.environ,
        "REFLEX_WEB_WORKDIR": str(build),
        "REFLEX_STATES_WORKDIR": str(folder / "states"),
        "SCRIPTWRITER_ENV": "development",
        **settings,
    }
