"""A TCP proxy in front of Postgres that can stall, or disappear.

async with DatabaseProxy(url) as proxy:
    … proxy.url …
    async with proxy.silent(): …    # no byte is forwarded, and no connection is closed
    async with proxy.gone(): …      # every connection is cut, and new ones are refused
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Self

from psycopg.conninfo import conninfo_to_dict


class DatabaseProxy:
    """The proxy; an async context manager."""

    def __init__(self, url: str) -> None:
        self._parameters = conninfo_to_dict(url)
        self._open = asyncio.Event()
        self._open.set()
        self._port = 0
        self._connections: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """The libpq URL of the database through the proxy."""
        user, name = self._parameters["user"], self._parameters["dbname"]
        password = self._parameters.get("password")
        return f"postgresql://{user}{f':{password}' if password else ''}@127.0.0.1:{self._port}/{name}"

    async def __aenter__(self) -> Self:
        await self._listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._leave()

    @asynccontextmanager
    async def silent(self) -> AsyncIterator[None]:
        """Hold back all bytes during the block, and forward them afterwards."""
        self._open.clear()
        try:
            yield
        finally:
            self._open.set()

    @asynccontextmanager
    async def gone(self) -> AsyncIterator[None]:
        """Stop listening and cut every connection during the block."""
        await self._leave()
        try:
            yield
        finally:
            await self._listen()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def _leave(self) -> None:
        self._server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = asyncio.create_task(self._serve(reader, writer))
        self._connections.add(connection)
        connection.add_done_callback(self._connections.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_server, to_server = await self._connect()
        directions = [
            asyncio.create_task(self._pass_on(reader, to_server)),
            asyncio.create_task(self._pass_on(from_server, writer)),
        ]
        try:
            await asyncio.wait(directions, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for direction in directions:
                direction.cancel()
            writer.transport.abort()
            to_server.close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        host, port = str(self._parameters["host"]), int(self._parameters.get("port") or 5432)
        if host.startswith("/"):
            return await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}")
        return await asyncio.open_connection(host, port)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while piece := await reader.read(65536):
                await self._open.wait()
                writer.write(piece)
                await writer.drain()
