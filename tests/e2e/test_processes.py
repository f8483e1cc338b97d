"""Starting and stopping the whole application, as a person at a terminal does."""

import asyncio
from pathlib import Path

import httpx
import psutil
import psycopg

from scriptwriter.embedded.postgres import launcher
from scriptwriter.operations.backing import NAME
from scriptwriter.services.projects import catalog
from scriptwriter.store.database import connect
from tests.support.programs import bearer
from tests.support.rooms import Room
from tests.support.shape_follower import caught_up, streaming
from tests.support.waiting import LIMIT, wait_until
from tests.support.web import Web, production_build


def processes_of(folder: Path) -> list[psutil.Process]:
    """Every process that works in `folder`, including detached ones."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.status() != psutil.STATUS_ZOMBIE and str(folder) in " ".join(process.cmdline()):
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


async def stop_while_followed(running: Web, url: str) -> list[psutil.Process]:
    """Press Ctrl+C while a program follows a project, as tabs do; returns the processes that still run."""
    connection = connect(url)
    room = Room(await catalog.create("kept", "一个项目"), owner="kept")
    headers = await bearer(room.owner)
    await connection.close()
    async with (
        httpx.AsyncClient(base_url=running.url, headers=headers, timeout=LIMIT) as http,
        streaming(http, await caught_up(http, room)) as stream,
    ):
        left = await asyncio.to_thread(running.stop)
        async with asyncio.timeout(LIMIT):
            await stream.ended.wait()
    return left


def test_ctrl_c_leaves_no_process_and_the_next_start_finds_the_data(tmp_path: Path) -> None:
    """Web process, shape server, worker, supervisor and Postgres end; the rows are kept."""
    data = tmp_path / "data"
    settings = {"SCRIPTWRITER_DATA_DIR": str(data)}
    for unset in ("DATABASE_URL", "ELECTRIC_URL", "ELECTRIC_SECRET"):
        settings[unset] = ""
    with production_build(tmp_path, settings) as running:
        with (
            launcher.attach(data / "postgres", name=NAME) as server,
            psycopg.connect(server.url()) as connection,
        ):
            connection.execute("INSERT INTO users (id, username) VALUES ('kept', 'kept')")
            url = server.url()
        assert processes_of(data)

        assert asyncio.run(stop_while_followed(running, url)) == []

    wait_until(lambda: not processes_of(data))
    with launcher.attach(data / "postgres", name=NAME) as server, psycopg.connect(server.url()) as connection:
        names = connection.execute("SELECT username FROM users ORDER BY username").fetchall()
    assert names == [("kept",), ("testuser",)]
    wait_until(lambda: not processes_of(data))
