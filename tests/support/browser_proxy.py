"""A TCP proxy between browsers and a server that can stall.

async with BrowserProxy(server_port) as proxy:
    … proxy.port …
    proxy.stall()
    proxy.resume()
"""

import asyncio
from contextlib import suppress
from typing import Self


class BrowserProxy:
    """Forwards bytes in both directions. While it stalls nothing arrives, and no connection is closed."""

    def __init__(self, server_port: int) -> None:
        self.port = 0
        self.connections = 0
        self._server_port = server_port
        self._open = asyncio.Event()
        self._open.set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._listening = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._listening.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._listening.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def stall(self) -> None:
        """Hold back everything that is sent from now on."""
        self._open.clear()

    def forward_to(self, server_port: int) -> None:
        """Connect new connections to another server from now on."""
        self._server_port = server_port

    def resume(self) -> None:
        """Forward what was held back, and everything after it."""
        self._open.set()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            from_server, to_server = await asyncio.open_connection("127.0.0.1", self._server_port)
            both = [self._pass_on(reader, to_server), self._pass_on(from_server, writer)]
            await asyncio.gather(*both, return_exceptions=True)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(OSError):
                while piece := await reader.read(65536):
                    await self._open.wait()
                    writer.write(piece)
                    await writer.drain()
            # Hold back the end of a connection as well.
            await self._open.wait()
        finally:
            writer.close()
