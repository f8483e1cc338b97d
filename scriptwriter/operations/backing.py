"""The PostgreSQL and Electric servers that this process uses: those of the settings, or embedded ones."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field

from scriptwriter.embedded.postgres import launcher
from scriptwriter.embedded.shapes.shape_process import ShapeServerProcess
from scriptwriter.settings import Settings
from scriptwriter.store.database import apply_schema

NAME = "scriptwriter"
"""The name of the embedded database, and of its superuser."""
KEEP_SECONDS = 1.0
"""Seconds between two checks that the embedded Postgres has its supervisor."""


@dataclass(frozen=True, slots=True)
class ElectricServer:
    """The address and secret of an Electric server."""

    url: str
    secret: str | None = field(default=None, repr=False)


@asynccontextmanager
async def database_server(settings: Settings) -> AsyncIterator[str]:
    """The libpq URL of the database, with its schema applied. An embedded server runs during the block.

    Raises SchemaError, psycopg.OperationalError or EmbeddedPostgresError.
    """
    async with AsyncExitStack() as stack:
        url = settings.outside_database
        if url is None:
            server = await asyncio.to_thread(launcher.attach, settings.postgres_folder, name=NAME)
            stack.callback(server.close)
            keeping = asyncio.create_task(_keep(server), name="embedded postgres")
            stack.callback(keeping.cancel)
            url = server.url()
        await asyncio.to_thread(apply_schema, url)
        yield url


async def _keep(server: launcher.EmbeddedPostgres) -> None:
    """Start the embedded server again whenever its supervisor was killed."""
    while True:
        await asyncio.sleep(KEEP_SECONDS)
        with suppress(launcher.EmbeddedPostgresError):
            await asyncio.to_thread(server.ensure)


@asynccontextmanager
async def electric_server(settings: Settings, database_url: str) -> AsyncIterator[ElectricServer]:
    """The Electric server. An embedded shape server over `database_url` runs during the block."""
    if settings.electric_url:
        secret = settings.electric_secret
        yield ElectricServer(settings.electric_url, secret.get_secret_value() if secret else None)
        return
    async with ShapeServerProcess(database_url) as server:
        yield ElectricServer(server.url, server.secret)
