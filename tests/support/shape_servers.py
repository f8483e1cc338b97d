"""Runs the embedded shape server inside a test; knows nothing of what is asked of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import psycopg

from scriptwriter.embedded.shapes.shape_app import ShapeApp
from scriptwriter.embedded.shapes.shape_registry import ShapeRegistry
from scriptwriter.embedded.shapes.shape_server import listen, run

SECRET = "a secret for tests"


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
) -> AsyncIterator[str]:
    """The URL of a shape server over a database, stopped with the block; times as for ShapeApp."""
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
