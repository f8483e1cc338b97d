"""Owns which servers this process works with, by settings alone: outside ones, or embedded ones it starts."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from scriptwriter.database import apply_schema
from scriptwriter.embedded import postgres
from scriptwriter.embedded.shape_process import ShapeServerProcess
from scriptwriter.settings import Settings


@dataclass(frozen=True, slots=True)
class ElectricServer:
    """Where shapes come from."""

    url: str
    secret: str | None = field(default=None, repr=False)


@asynccontextmanager
async def database_server(settings: Settings) -> AsyncIterator[str]:
    """The libpq URL of the database, with its schema applied; the embedded server runs meanwhile.

    Raises SchemaError, psycopg.OperationalError or EmbeddedPostgresError.
    """
    async with AsyncExitStack() as stack:
        url = settings.outside_database
        if url is None:
            server = await asyncio.to_thread(postgres.attach, settings.postgres_folder)
            stack.callback(server.close)
            url = server.url()
        await asyncio.to_thread(apply_schema, url)
        yield url


@asynccontextmanager
async def electric_server(settings: Settings, database_url: str) -> AsyncIterator[ElectricServer]:
    """Electric, or the embedded shape server over `database_url`, which runs meanwhile."""
    if settings.electric_url:
        secret = settings.electric_secret
        yield ElectricServer(settings.electric_url, secret.get_secret_value() if secret else None)
        return
    async with ShapeServerProcess(database_url) as server:
        yield ElectricServer(server.url, server.secret)
