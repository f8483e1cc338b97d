"""The system under measurement: PostgreSQL, shape server, and the web process in its production build.

With DATABASE_URL and ELECTRIC_URL set, those servers are used.
"""

import asyncio
import os
import secrets
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil

from scriptwriter.api.auth.session_cookie import COOKIE
from scriptwriter.operations.backing import database_server, electric_server
from scriptwriter.services.accounts import test_user
from scriptwriter.settings import Settings
from scriptwriter.store import database
from tests.support.budgets import UNLIMITED

_PROJECT = Path(__file__).parents[1]
_BUILD_SECONDS = 600.0
_STOP_SECONDS = 15.0


@dataclass(frozen=True)
class Stack:
    """The running system: its URL, the environment for processes that write into it, and its process ids."""

    url: str
    environment: dict[str, str] = field(repr=False)
    pids: dict[str, int]

    async def session(self) -> tuple[str, str]:
        """Name and value of a session cookie of the test user."""
        async with httpx.AsyncClient(base_url=self.url) as client:
            answer = await client.post("/api/session/test-user", headers={"origin": self.url})
        return COOKIE, answer.cookies[COOKIE]


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder that the embedded PostgreSQL's account can enter. It is deleted at the end."""
    folder = Path(tempfile.gettempdir()) / f"scriptwriter-benchmark-{secrets.token_hex(6)}"
    folder.mkdir(mode=0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def stack(folder: Path, live: str) -> AsyncIterator[Stack]:
    """The running system, with all of its files in `folder`.

    `live` is "sse" or "long-poll". This process is connected to its database, too. REFLEX_WEB_WORKDIR keeps
    the build for the next run.
    """
    settings = Settings(SCRIPTWRITER_DATA_DIR=folder / "data")  # pyright: ignore[reportCallIssue]
    async with database_server(settings) as dsn, electric_server(settings, dsn) as electric:
        connection = database.connect(dsn)
        try:
            await test_user.seed()
            environment = {
                "DATABASE_URL": dsn,
                "ELECTRIC_URL": electric.url,
                "ELECTRIC_SECRET": electric.secret or "",
                "ELECTRIC_LIVE": live,
                "EMBEDDED_WORKER": "false",
                "SCRIPTWRITER_ENV": "development",
                "SCRIPTWRITER_DATA_DIR": str(folder / "data"),
                "REFLEX_WEB_WORKDIR": os.environ.get("REFLEX_WEB_WORKDIR", str(folder / "web")),
                **UNLIMITED,
            }
            async with _web(folder, os.environ | environment) as (url, pid):
                yield Stack(url, environment, {"web": pid, **_servers(folder)})
        finally:
            await connection.close()


@asynccontextmanager
async def _web(folder: Path, environment: dict[str, str]) -> AsyncIterator[tuple[str, int]]:
    port = _free_port()
    url = f"http://localhost:{port}"
    with (folder / "web.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "reflex", "run", "--env", "prod", "--frontend-port", str(port),
            cwd=_PROJECT, env=environment, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True,
        )  # fmt: skip
    try:
        await _ready(process, url, folder / "web.log")
        yield url, process.pid
    finally:
        await _stop(process)


async def _ready(process: asyncio.subprocess.Process, url: str, log: Path) -> None:
    async with asyncio.timeout(_BUILD_SECONDS), httpx.AsyncClient(base_url=url) as client:
        while process.returncode is None:
            try:
                if (await client.get("/readyz")).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.3)
    output = await asyncio.to_thread(log.read_text, errors="replace")
    raise RuntimeError(f"The web process ended:\n{output[-3000:]}")


async def _stop(process: asyncio.subprocess.Process) -> None:
    for kind in (signal.SIGINT, signal.SIGKILL):
        try:
            # The whole process group, as Reflex starts further processes.
            os.killpg(process.pid, kind)
            await asyncio.wait_for(process.wait(), _STOP_SECONDS)
        except TimeoutError:
            continue
        except ProcessLookupError:
            return


def _servers(folder: Path) -> dict[str, int]:
    """The process ids of the embedded servers."""
    found: dict[str, int] = {}
    for child in psutil.Process().children():
        if "scriptwriter.embedded.shapes.shape_server" in child.cmdline():
            found["shape server"] = child.pid
    for file in folder.glob("data/**/postmaster.pid"):
        found["postgres"] = int(file.read_text().split()[0])
    return found


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
