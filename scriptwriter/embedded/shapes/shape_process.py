"""Runs the shape server in a child process: starts it, restarts it when it dies, and stops it at the end.

This module imports nothing heavy, because its caller imports it while the application starts.
"""

import asyncio
import json
import os
import secrets
import sys
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

_PACKAGE = __name__.rpartition(".")[0]
_IMPORT_ROOT = Path(__file__).parents[_PACKAGE.count(".") + 1]
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0
_STARTS_WITHIN = 30.0
_STOPS_WITHIN = 1.5


class ShapeServerNotStarted(Exception):
    """The shape server did not start."""


class ShapeServerProcess:
    """A shape server with an interpreter lock of its own.

    `async with ShapeServerProcess(dsn) as shapes:` sets `shapes.url` and `shapes.secret`. Both stay the same
    when the process dies and is started again. Raises ShapeServerNotStarted.
    """

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self.secret = secrets.token_urlsafe(24)
        self.url = ""
        self._process: asyncio.subprocess.Process | None = None
        self._restarting: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """The pid of the running process, or None."""
        return self._process.pid if self._process and self._process.returncode is None else None

    async def __aenter__(self) -> Self:
        self._process = await self._start(port=0)
        self._restarting = asyncio.create_task(self._restart())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._restarting is not None:
            self._restarting.cancel()
            with suppress(asyncio.CancelledError):
                await self._restarting
        if self._process is not None:
            await _stop(self._process)

    async def _start(self, port: int) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", f"{_PACKAGE}.shape_server",
            "--follow-stdin", "--port", str(port),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, cwd=_IMPORT_ROOT,
            # In the environment, because every account of the machine can read a process's arguments.
            env={**os.environ, "SHAPE_SERVER_DSN": self._dsn, "SHAPE_SERVER_SECRET": self.secret},
            # Ctrl+C goes to the parent only; this process ends when the parent closes its stdin.
            start_new_session=True,
        )  # fmt: skip
        assert process.stdout is not None
        try:
            ready = await asyncio.wait_for(process.stdout.readline(), _STARTS_WITHIN)
            self.url = json.loads(ready)["url"]
        except (TimeoutError, ValueError) as error:
            await _stop(process)
            raise ShapeServerNotStarted(f"exit status {process.returncode}") from error
        except asyncio.CancelledError:
            await _stop(process)
            raise
        return process

    async def _restart(self) -> None:
        pause = _FIRST_PAUSE
        while True:
            assert self._process is not None
            started = asyncio.get_running_loop().time()
            await self._process.wait()
            if asyncio.get_running_loop().time() - started > 10 * _LONGEST_PAUSE:
                pause = _FIRST_PAUSE
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
            with suppress(ShapeServerNotStarted):
                self._process = await self._start(port=int(self.url.rpartition(":")[2]))


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.stdin is not None:
        process.stdin.close()
    try:
        await asyncio.wait_for(process.wait(), _STOPS_WITHIN)
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
