"""An HTTP server that answers with the bytes that a test writes, and notices when its client leaves."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

Saying = Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Told:
    """What came in: the request lines and headers; `left` is set when a client has gone first."""

    url: str = ""
    requests: list[str] = field(default_factory=list)
    left: asyncio.Event = field(default_factory=asyncio.Event)


@asynccontextmanager
async def electric_saying(saying: Saying) -> AsyncIterator[Told]:
    """A server that answers every request by `saying`, and then closes the connection."""
    told = Told()
    open_ones: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        told.requests.append((await reader.readuntil(b"\r\n\r\n")).decode())
        answering = asyncio.create_task(_say(saying, writer))
        leaving = asyncio.create_task(reader.read())
        try:
            await asyncio.wait({answering, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if leaving.done() and not answering.done():
                told.left.set()
        finally:
            answering.cancel()
            leaving.cancel()
            writer.close()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(serve(reader, writer))
        open_ones.add(task)
        task.add_done_callback(open_ones.discard)

    listening = await asyncio.start_server(accept, "127.0.0.1", 0)
    told.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    try:
        yield told
    finally:
        listening.close()
        for task in open_ones:
            task.cancel()
        await asyncio.gather(*open_ones, return_exceptions=True)


async def _say(saying: Saying, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        await saying(writer)
        await writer.drain()
