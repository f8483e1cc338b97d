"""Owns the shape server's own process: starts it, starts it again when it dies, ends it with this one.

Knows how to reach the server, and nothing of shapes. It imports nothing heavy: the web process waits for it.
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

_PROJECT = Path(__file__).parents[3]
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0
_PATIENCE = 30.0
_STOPPING = 1.5


class ShapeServerNotStarted(Exception):
    """The embedded shape server did not come up."""


class ShapeServerProcess:
    """The embedded shape server in a process of its own, so that it has its own interpreter lock.

    `async with ShapeServerProcess(dsn) as shapes:` gives `shapes.url` and `shapes.secret`; both stay the same
    when the process dies and is started again. Raises ShapeServerNotStarted.
    """

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self.secret = secrets.token_urlsafe(24)
        self.url = ""
        self._process: asyncio.subprocess.Process | None = None
        self._keeping: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """The running process, if there is one."""
        return self._process.pid if self._process and self._process.returncode is None else None

    async def __aenter__(self) -> Self:
        self._process = await self._start(port=0)
        self._keeping = asyncio.create_task(self._keep())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._keeping is not None:
            self._keeping.cancel()
            with suppress(asyncio.CancelledError):
                await self._keeping
        if self._process is not None:
            await _stop(self._process)

    async def _start(self, port: int) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "scriptwriter.embedded.shapes.shape_server",
            "--follow-stdin", "--port", str(port),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, cwd=_PROJECT,
            # In the environment, because every account may read a process's arguments.
            env={**os.environ, "SHAPE_SERVER_DSN": self._dsn, "SHAPE_SERVER_SECRET": self.secret},
            # A Ctrl+C is for the parent; this process ends when the parent closes its stdin.
            start_new_session=True,
        )  # fmt: skip
        assert process.stdout is not None
        try:
            ready = await asyncio.wait_for(process.stdout.readline(), _PATIENCE)
            self.url = json.loads(ready)["url"]
        except (TimeoutError, ValueError) as error:
            await _stop(process)
            raise ShapeServerNotStarted(f"exit status {process.returncode}") from error
        except asyncio.CancelledError:
            await _stop(process)
            raise
        return process

    async def _keep(self) -> None:
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
        await asyncio.wait_for(process.wait(), _STOPPING)
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
