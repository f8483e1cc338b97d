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
_LIMIT = 30
_PARENT = """
import asyncio, os, sys
from scriptwriter.embedded.shapes.shape_process import ShapeServerProcess

async def main():
    async with ShapeServerProcess(sys.argv[1]) as shapes:
        print(shapes.pid, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


def _process_information(pid: int, file: str, column: str) -> str:
    """The file under /proc, or where there is no /proc the column of `ps`, for a process; "" without it."""
    if (process := Path(f"/proc/{pid}")).parent.is_dir():
        return (process / file).read_text() if process.is_dir() else ""
    return subprocess.run(["ps", "-o", f"{column}=", "-p", str(pid)], capture_output=True, text=True).stdout


def _is_running(pid: int) -> bool:
    # A zombie process has ended; when it is reaped depends on the machine's init process.
    try:
        state = _process_information(pid, "stat", "stat").rpartition(")")[2].strip()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state[:1] not in ("", "Z")


async def _gone(pid: int) -> None:
    """Wait until the process has ended."""
    async with asyncio.timeout(_LIMIT):
        while _is_running(pid):  # noqa: ASYNC110  another process sets no event here
            await asyncio.sleep(0.02)


async def _synced(shapes: ShapeServerProcess) -> int:
    """The number of messages of a first sync, as soon as the server answers."""
    async with (
        asyncio.timeout(_LIMIT),
        httpx.AsyncClient(base_url=shapes.url, params={"secret": shapes.secret}) as http,
    ):
        while True:
            try:
                _, _, messages = await first_sync(http, table="notes")
                return len(messages)
            except httpx.TransportError:
                await asyncio.sleep(0.05)


async def test_a_killed_shape_server_restarts_with_the_same_url(empty_database: str) -> None:
    """And with the same secret. Leaving the block ends the process."""
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
    """The parent is killed with SIGKILL, so it cannot end the server itself."""
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _PARENT, empty_database, cwd=_PROJECT, stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    child = int(await asyncio.wait_for(parent.stdout.readline(), _LIMIT))

    parent.kill()
    await parent.wait()

    await _gone(child)


async def test_the_arguments_of_the_process_contain_no_secret(empty_database: str) -> None:
    """Every account of the machine can read a process's arguments, so DSN and secret are passed otherwise."""
    async with ShapeServerProcess(empty_database) as shapes:
        assert shapes.pid is not None

        arguments = _process_information(shapes.pid, "cmdline", "args")

        assert "shape_server" in arguments
        assert shapes.secret not in arguments
        assert empty_database not in arguments
        assert shapes.url.startswith("http://127.0.0.1:")
