"""Starts and stops what a process needs while it runs: servers, connections, and its worker if it has one."""

import asyncio
import gc
import logging
import os
import sys
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any

import httpx

from scriptwriter.api.middleware import shutdown
from scriptwriter.domain.errors import StartRefused
from scriptwriter.operations import process_pool
from scriptwriter.operations.backing import database_server, electric_server
from scriptwriter.operations.observability import configure_logs
from scriptwriter.operations.startup import CANNOT_START, why
from scriptwriter.services.accounts import test_user
from scriptwriter.settings import settings
from scriptwriter.store import database
from scriptwriter.sync import hub
from scriptwriter.worker import queue_worker

log = logging.getLogger(__name__)

READY_PAUSE, READY_PATIENCE = 0.2, 30.0
"""Seconds between two requests that check whether the page answers, and the timeout of one request.

The first request takes long, because it compiles the page.
"""


@asynccontextmanager
async def web() -> AsyncIterator[None]:
    """Start everything that a web process needs, and stop it at the end of the block."""
    async with AsyncExitStack() as stack:
        stack.enter_context(shutdown.on_signals())
        stack.callback(process_pool.close)
        try:
            configure_logs(json_lines=not settings().development, secrets=settings().secrets)
            url = await stack.enter_async_context(connected())
            electric = await stack.enter_async_context(electric_server(settings(), url))
            if settings().development:
                await test_user.seed()
        except CANNOT_START as error:
            print(why(error), file=sys.stderr, flush=True)
            # An exception would print the server's whole traceback before this sentence.
            os._exit(1)
        reader = hub.Hub(electric.url, electric.secret, live_sse=settings().electric_live == "sse")
        await stack.enter_async_context(hub.connect(reader))
        # Imported objects are never freed. Frozen, they do not prolong the collections that block the loop.
        gc.collect()
        gc.freeze()
        await stack.enter_async_context(_beside(_stop_heavy_work()))
        if settings().worker_inside:
            await stack.enter_async_context(_beside(queue_worker.work()))
        if settings().development:
            await stack.enter_async_context(_beside(_announce()))
        yield


async def _stop_heavy_work() -> None:
    """Close the process pool at shutdown: the server waits for open requests, which wait for their jobs."""
    with shutdown.noticed() as stopping:
        await stopping
        process_pool.close()


@asynccontextmanager
async def connected() -> AsyncIterator[str]:
    """Connect this process to its database during the block; yields the libpq URL.

    Raises one of CANNOT_START; StartRefused if a setting is missing, or if a production database has the test
    user.
    """
    if missing := settings().missing:
        raise StartRefused(missing)
    async with database_server(settings()) as url:
        connection = database.connect(url)
        try:
            if not settings().development:
                await test_user.refuse()
            yield url
        finally:
            await connection.close()


@asynccontextmanager
async def _beside(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run `work` as a task during the block, and cancel it at the end."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _announce() -> None:
    """Print the address of the application when the page and this process both answer."""
    page, backend = (os.environ.get(f"REFLEX_{part}_PORT") for part in ("FRONTEND", "BACKEND"))
    if not page or not backend:
        return
    async with httpx.AsyncClient(trust_env=False, timeout=READY_PATIENCE) as client:
        for url in (f"http://127.0.0.1:{backend}/readyz", f"http://127.0.0.1:{page}/"):
            await _answer(client, url)
    print(f"Scriptwriter is ready: http://localhost:{page}", flush=True)


async def _answer(client: httpx.AsyncClient, url: str) -> None:
    """Wait until `url` answers with a status of success."""
    while True:
        with suppress(httpx.HTTPError):
            if (await client.get(url)).is_success:
                return
        await asyncio.sleep(READY_PAUSE)
