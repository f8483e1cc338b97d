"""The shape server in a process of its own: restarted when it dies, ended with its parent."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx

from scriptwriter.embedded.shapes.shape_process import ShapeServerProcess
from tests.conformance.shape_requests import first_sync
from tests.support.shape_servers import database

_PROJECT = Path(__file__).parents[2]
_PATIENCE = 30
_PARENT = """
import asyncio, os, sys
from scriptwriter.embedded.shapes.shape_process import ShapeServerProcess

async def main():
    async with ShapeServerProcess(sys.argv[1]) as shapes:
        print(shapes.pid, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


def _told_by_system(pid: int, file: str, column: str) -> str:
    if (process := Path(f"/proc/{pid}")).parent.is_dir():
        return (process / file).read_text() if process.is_dir() else ""
    return subprocess.run(["ps", "-o", f"{column}=", "-p", str(pid)], capture_output=True, text=True).stdout


def _is_running(pid: int) -> bool:
    # A zombie is an end too: whether it is reaped depends on the machine's first process.
    try:
        state = _told_by_system(pid, "stat", "stat").rpartition(")")[2].strip()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state[:1] not in ("", "Z")


async def _gone(pid: int) -> None:
    async with asyncio.timeout(_PATIENCE):
        while _is_running(pid):  # noqa: ASYNC110  another process' end is no event of this loop
            await asyncio.sleep(0.02)


async def _synced(shapes: ShapeServerProcess) -> int:
    async with (
        asyncio.timeout(_PATIENCE),
        httpx.AsyncClient(base_url=shapes.url, params={"secret": shapes.secret}) as http,
    ):
        while True:
            try:
                _, _, messages = await first_sync(http, table="notes")
                return len(messages)
            except httpx.TransportError:
                await asyncio.sleep(0.05)


async def test_a_killed_shape_server_comes_back_under_the_same_address(empty_database: str) -> None:
    """Same port, same secret; and leaving the block ends the process."""
    async with database(empty_database) as connection:
        await connection.execute("CREATE TABLE notes (id int PRIMARY KEY)")
        async with ShapeServerProcess(empty_database) as shapes:
            before, url = await _synced(shapes), shapes.url
            first = shapes.pid
            assert first is not None
            os.kill(first, signal.SIGKILL)
            await _gone(first)

            after = await _synced(shapes)

            second = shapes.pid
            assert (before, shapes.url) == (after, url)
            assert second is not None and second != first
        await _gone(second)


async def test_the_shape_server_ends_when_its_parent_is_killed(empty_database: str) -> None:
    """Even kill -9 of the web process leaves no shape server behind."""
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _PARENT, empty_database, cwd=_PROJECT, stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    child = int(await asyncio.wait_for(parent.stdout.readline(), _PATIENCE))

    parent.kill()
    await parent.wait()

    await _gone(child)


async def test_neither_the_dsn_nor_the_secret_is_in_the_arguments(empty_database: str) -> None:
    """Every account of the machine may read a process's arguments."""
    async with ShapeServerProcess(empty_database) as shapes:
        assert shapes.pid is not None

        arguments = _told_by_system(shapes.pid, "cmdline", "args")

        assert "shape_server" in arguments
        assert shapes.secret not in arguments
        assert empty_database not in arguments
        assert shapes.url.startswith("http://127.0.0.1:")
