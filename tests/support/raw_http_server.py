"""An HTTP server that sends the bytes that a test writes, and notices when its client disconnects."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

Responder = Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Received:
    """What the server received: request lines with headers. `left` is set when a client disconnects first."""

    url: str = ""
    requests: list[str] = field(default_factory=list)
    left: asyncio.Event = field(default_factory=asyncio.Event)


@asynccontextmanager
async def raw_http_server(respond: Responder) -> AsyncIterator[Received]:
    """A server that answers every request with `respond` and then closes the connection."""
    received = Received()
    connections: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.requests.append((await reader.readuntil(b"\r\n\r\n")).decode())
        answering = asyncio.create_task(_respond(respond, writer))
        leaving = asyncio.create_task(reader.read())
        try:
            await asyncio.wait({answering, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if leaving.done() and not answering.done():
                received.left.set()
        finally:
            answering.cancel()
            leaving.cancel()
            writer.close()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(serve(reader, writer))
        connections.add(task)
        task.add_done_callback(connections.discard)

    listening = await asyncio.start_server(accept, "127.0.0.1", 0)
    received.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    try:
        yield received
    finally:
        listening.close()
        for task in connections:
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)


async def _respond(respond: Responder, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        await respond(writer)
        await writer.drain()
