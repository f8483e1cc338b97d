"""Electric's own JavaScript client, run with bun, follows a shape of the embedded shape server."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from tests.conformance.running import SECRET, database, shape_server

_SOURCE = Path(__file__).parent / "official_client"
_BUN = str(Path(sys.executable).with_name("bun"))
_PATIENCE = 30

Rows = list[dict[str, object]]


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the client in it; without a package registry the test cannot be."""
    folder = tmp_path_factory.mktemp("official_client")
    shutil.copytree(_SOURCE, folder, dirs_exist_ok=True)
    try:
        subprocess.run(
            [_BUN, "install", "--no-save"],
            cwd=folder,
            check=True,
            capture_output=True,
            text=True,
            timeout=120,
        )
    except (OSError, subprocess.SubprocessError) as error:
        reason = f"@electric-sql/client could not be installed: {getattr(error, 'stderr', '') or error}"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return folder


@asynccontextmanager
async def _following(folder: Path, url: str, sse: bool) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        _BUN, "follow.js", cwd=folder, stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "SHAPE_URL": url, "SHAPE_SECRET": SECRET, "SHAPE_TABLE": "notes",
             "SHAPE_SSE": "true" if sse else "false"},
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        await process.wait()


async def _shows(process: asyncio.subprocess.Process, wanted: Rows) -> None:
    assert process.stdout is not None
    seen: Rows = []
    try:
        async with asyncio.timeout(_PATIENCE):
            while seen != wanted:
                line = await process.stdout.readline()
                assert line, "the client ended"
                seen = sorted(json.loads(line), key=lambda row: row["id"])
    except TimeoutError:
        pytest.fail(f"the client never showed {wanted}; last it showed {seen}")


@pytest.mark.parametrize("sse", [False, True], ids=["long-poll", "sse"])
async def test_the_official_client_follows_a_shape_through_everything(
    sse: bool, installed: Path, empty_database: str
) -> None:
    """Inserts, updates, deletes, a TRUNCATE and a restart of the server all reach Electric's own client."""
    async with database(empty_database) as connection, AsyncExitStack() as first_server:
        await connection.execute("CREATE TABLE notes (id int PRIMARY KEY, body text, done boolean)")
        await connection.execute("INSERT INTO notes VALUES (1, 'one', true)")
        url = await first_server.enter_async_context(shape_server(empty_database))

        async with _following(installed, url, sse) as client:
            await _shows(client, [{"id": 1, "body": "one", "done": True}])
            await connection.execute("INSERT INTO notes VALUES (2, 'two', NULL), (3, 'three', false)")
            await connection.execute("UPDATE notes SET done = false, body = 'eins' WHERE id = 1")
            await connection.execute("DELETE FROM notes WHERE id = 2")
            await _shows(
                client, [{"id": 1, "body": "eins", "done": False}, {"id": 3, "body": "three", "done": False}]
            )
            await connection.execute("TRUNCATE notes")
            await connection.execute("INSERT INTO notes VALUES (9, 'new', true)")
            await _shows(client, [{"id": 9, "body": "new", "done": True}])
            await first_server.aclose()
            await connection.execute("INSERT INTO notes VALUES (10, 'while it was down', NULL)")
            async with shape_server(empty_database, port=int(url.rpartition(":")[2])):
                await connection.execute("UPDATE notes SET body = 'after' WHERE id = 9")

                await _shows(
                    client,
                    [
                        {"id": 9, "body": "after", "done": True},
                        {"id": 10, "body": "while it was down", "done": None},
                    ],
                )
