"""The shape server of a test: an embedded one, or the Electric that ELECTRIC_URL names."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import psycopg
import pytest

from scriptwriter.embedded.shapes.shape_app import ShapeApp
from scriptwriter.embedded.shapes.shape_registry import ShapeRegistry
from scriptwriter.embedded.shapes.shape_server import listen, run
from tests.support import outside_electric

SECRET = outside_electric.SECRET if outside_electric.URL else "a secret for tests"


@asynccontextmanager
async def shape_server(
    dsn: str,
    *,
    port: int = 0,
    long_poll: float = 20,
    sse_lifetime: float = 60,
    sse_keep_alive: float = 21,
    beyond_end: float = 10,
    database_wait: float = 5,
    idle_seconds: float = 300,
    allow_deletion: bool = False,
    sse_in_parts: bool = False,
    is_stopped: bool = False,
) -> AsyncIterator[str]:
    """The URL of a shape server over a database, stopped with the block; times as for ShapeApp.

    An outside Electric keeps its own times. A test that only shortens them takes longer there. One that needs
    other times, or a server that it stops (`is_stopped`), is skipped.
    """
    if outside_electric.URL:
        outside_electric.demand_database(dsn)
        if is_stopped or (port, sse_keep_alive, database_wait, idle_seconds) != (0, 21, 5, 300):
            pytest.skip("needs a shape server that the test can set and stop")
        yield outside_electric.URL
        return
    listening, stop = listen("127.0.0.1", port), asyncio.Event()
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    registry = ShapeRegistry(dsn, idle_seconds=idle_seconds)
    app = ShapeApp(
        registry,
        SECRET,
        long_poll=long_poll,
        sse_lifetime=sse_lifetime,
        sse_keep_alive=sse_keep_alive,
        beyond_end=beyond_end,
        database_wait=database_wait,
        allow_deletion=allow_deletion,
        sse_in_parts=sse_in_parts,
    )
    serving = asyncio.create_task(run(registry, app, listening, stop))
    try:
        yield url
    finally:
        stop.set()
        await serving


@asynccontextmanager
async def client(url: str) -> AsyncIterator[httpx.AsyncClient]:
    """An HTTP client of the server that sends the secret and waits as long as a live request may take."""
    # No certificate comes: to load the authorities that could vouch for one takes longer than to ask.
    parameters = {"secret": SECRET}
    async with httpx.AsyncClient(base_url=url, params=parameters, timeout=60, verify=False) as http:
        yield http


@asynccontextmanager
async def database(dsn: str) -> AsyncIterator[psycopg.AsyncConnection]:
    """A connection on which every statement commits by itself."""
    connection = await psycopg.AsyncConnection.connect(dsn, autocommit=True)
    try:
        yield connection
    finally:
        await connection.close()
